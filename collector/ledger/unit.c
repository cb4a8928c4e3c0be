/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <string.h>

#include "assay/buf.h"
#include "episode.h"
#include "fit.h"
#include "stretch.h"
#include "walk.h"

struct making {
	struct scene *scene;
	const struct course *course;
	const struct check *check; /* says of which kind units are */
	struct list declared;
	struct list *into;
	struct table by_id;
};

/* The unit of an id (a name), new if need be. */
static struct unit *
unit_of(struct making *m, const char *id)
{
	struct unit *u = table_get(&m->by_id, id);

	if (u)
		return u;
	u = arena_alloc(m->scene->arena, sizeof *u);
	if (!u || list_add(m->into, m->scene->arena, u) ||
	    table_put(&m->by_id, m->scene->arena, id, u))
		return NULL;
	u->id = id;
	u->kind = m->check->unit;
	if (u->kind == CHECK_HOST)
		u->host = id;
	return u;
}

static int
add_event(
    struct making *m, struct unit *u, const struct occurrence *o, bool taken)
{
	struct unit_event *event = arena_alloc(m->scene->arena, sizeof *event);

	if (!u || !event)
		return -1;
	event->occurrence = o;
	event->taken = taken;
	return list_add(&u->events, m->scene->arena, event);
}

static const char *
at_host(struct making *m, const char *what, const char *host)
{
	struct buf id = {0};
	const char *name;

	buf_printf(&id, "%s@%s", what, host);
	name = id.failed ? NULL : names_get(m->scene->names, buf_slice(&id));
	buf_clear(&id);
	return name;
}

/* Does a declared job take the occurrence: matches any (in any edition), and
 * one in force at its time or later? */
static bool
job_has(const struct making *m, const struct declared *d,
    const struct occurrence *o, bool *taken)
{
	const struct editions *isms = &m->scene->isms;
	size_t now = edition_at(isms, o->time_us);
	const struct registry_job *last = NULL;
	bool matches = false, any = false;

	*taken = false;
	for (size_t i = 0; i < isms->count; i++) {
		const struct registry_job *job = d->rows[i].job;

		if (!job)
			continue;
		if (job != last)
			matches = declared_matches(m->scene, job, o);
		last = job;
		any = any || matches;
		*taken = *taken || (matches && i >= now);
	}
	return any;
}

static int
add_to_jobs(struct making *m, const struct occurrence *o)
{
	bool observed = true;
	struct unit *u;
	const char *id;

	for (size_t i = 0; i < m->declared.count; i++) {
		const struct declared *d = m->declared.at[i];
		bool taken;

		if (!job_has(m, d, o, &taken))
			continue;
		observed = observed && !taken;
		if (add_event(m, unit_of(m, d->id), o, taken))
			return -1;
	}
	if (!observed)
		return 0;
	id = at_host(m, o->job ? o->job : o->program, o->host);
	u = id ? unit_of(m, id) : NULL;
	if (!u)
		return -1;
	u->host = o->host;
	return add_event(m, u, o, false);
}

static int
add_to_user(struct making *m, const struct occurrence *o)
{
	const char *field = names_find(m->scene->names, SLICE("user"));
	const char *user = field ? occurrence_value(o, field) : NULL;
	const char *id = user ? at_host(m, user, o->host) : NULL;
	struct unit *u = id ? unit_of(m, id) : NULL;

	if (!user)
		return 0;
	if (!u)
		return -1;
	u->host = o->host;
	return add_event(m, u, o, false);
}

static const char *
value(const void *arg, const char *column)
{
	return occurrence_value(arg, column);
}

static int
add_to_row(struct making *m, const struct occurrence *o)
{
	const char *id = declared_row_id(m->scene, m->check, value, o);
	struct unit *u = id ? table_get(&m->by_id, id) : NULL;

	return u ? add_event(m, u, o, false) : 0;
}

static int
assign(struct making *m, const struct occurrence *o)
{
	const char *id;

	switch (m->check->unit) {
	case CHECK_HOST:
		return add_event(m, unit_of(m, o->host), o, false);
	case CHECK_JOB:
		return add_to_jobs(m, o);
	case CHECK_USER:
		return add_to_user(m, o);
	case CHECK_ROW:
		return add_to_row(m, o);
	default:
		id = names_of(m->scene->names, "organisation");
		return id ? add_event(m, unit_of(m, id), o, false) : -1;
	}
}

/* The kinds that some definition of the check asks for, merged in order. */
static int
gather(struct making *m, struct list *all, struct err *err)
{
	struct arena *a = m->scene->arena;
	struct table seen = {0};

	for (size_t i = 0; i < m->course->count; i++) {
		const struct definition *d = m->course->parts[i].definition;
		const char *kind = d ? d->check->of.event : NULL;
		const struct list *l;

		if (!d || table_get(&seen, kind))
			continue;
		l = scene_occurrences(m->scene, kind, err);
		if (!l || table_put(&seen, a, kind, all))
			return -1;
		for (size_t k = 0; k < l->count; k++)
			if (list_add(all, a, l->at[k]))
				return -1;
	}
	return seen.count > 1 ? list_sort(all, occurrence_order) : 0;
}

/* Units that need no occurrence: declared ones, hosts, the organisation. */
static int
add_silent(struct making *m, int64_t adopted_us)
{
	const struct list *hosts = &m->scene->coverage.hosts;
	const char *id;

	for (size_t i = 0; i < m->declared.count; i++) {
		const struct declared *d = m->declared.at[i];
		struct unit *u = unit_of(m, d->id);

		if (!u)
			return -1;
		u->declared = d;
	}
	for (size_t i = 0; m->check->unit == CHECK_HOST && i < hosts->count;
	     i++) {
		const struct coverage_host *h = hosts->at[i];

		if (!unit_of(m, h->name))
			return -1;
	}
	if (m->check->unit != CHECK_ORGANISATION ||
	    adopted_us == STRETCH_FOREVER)
		return 0;
	id = names_of(m->scene->names, "organisation");
	return id && unit_of(m, id) ? 0 : -1;
}

static int
by_start(const void *a, const void *b)
{
	const struct unit_event *ea = a, *eb = b;
	int64_t sa = ea->occurrence->start_us, sb = eb->occurrence->start_us;

	if (sa != sb)
		return sa < sb ? -1 : 1;
	return occurrence_order(ea->occurrence, eb->occurrence);
}

static int
by_id(const void *a, const void *b)
{
	const struct unit *ua = a, *ub = b;

	return strcmp(ua->id, ub->id);
}

static int
finish(struct making *m, struct unit *u, int64_t adopted_us)
{
	for (size_t i = 0; i < u->events.count; i++)
		if (list_add(&u->by_start, m->scene->arena, u->events.at[i]))
			return -1;
	if (list_sort(&u->by_start, by_start) ||
	    episode_find(u, m->scene, m->course, adopted_us))
		return -1;
	return walk_slots(u, m->scene, m->course);
}

int
unit_list(struct list *into, struct list *all, struct scene *s,
    const struct course *c, int64_t adopted_us, struct err *err)
{
	struct making m = {
	    s, c, course_near(c, s->as_of_us)->check, {0}, into, {0}};
	size_t kept = 0;

	*into = *all = (struct list){0};
	if (declared_list(&m.declared, s, m.check) ||
	    add_silent(&m, adopted_us) || gather(&m, all, err))
		goto fail;
	for (size_t i = 0; i < all->count; i++)
		if (assign(&m, all->at[i]))
			goto fail;
	for (size_t i = 0; i < into->count; i++) {
		struct unit *u = into->at[i];

		if (finish(&m, u, adopted_us))
			goto fail;
		if (u->episode_count)
			into->at[kept++] = u;
	}
	into->count = kept;
	if (list_sort(into, by_id) == 0)
		return 0;
fail:
	if (!err->text[0])
		err_set(err, "no memory for the units of check %s", c->id);
	return -1;
}

size_t
unit_first_start(const struct unit *u, int64_t us)
{
	size_t lo = 0, hi = u->by_start.count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct unit_event *e = u->by_start.at[mid];

		if (e->occurrence->start_us < us)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

size_t
unit_first_time(const struct unit *u, int64_t us)
{
	size_t lo = 0, hi = u->events.count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct unit_event *e = u->events.at[mid];

		if (e->occurrence->time_us < us)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

bool
unit_fits(struct scene *s, const struct unit *u, const struct definition *d,
    const struct registry_job *job, const struct unit_event *event,
    int64_t end_us)
{
	if (u->kind == CHECK_JOB && u->declared &&
	    (!job || !declared_matches(s, job, event->occurrence)))
		return false;
	return fit_definition(s, d, event->occurrence, fit_at_end(s, end_us));
}

struct unit_slot *
unit_slot_at(const struct unit *u, int64_t us)
{
	size_t lo = 0, hi = u->slot_count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (u->slots[mid].end_us <= us)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < u->slot_count && u->slots[lo].start_us <= us ? &u->more[lo]
								 : NULL;
}
