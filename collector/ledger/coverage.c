/* SPDX-License-Identifier: Apache-2.0 */
#include "coverage.h"

#include <string.h>

#include "designation.h"
#include "step.h"

#define ALIVE_US INT64_C(180000000) /* two heartbeats at most so far apart */

struct build {
	struct coverage *coverage;
	struct arena *arena;
	const struct facts *facts;
	const struct host_names *hosts;
	const char *agent_class;
	struct table standings; /* heartbeat -> struct designation_standings */
};

struct coverage_host *
coverage_host(const struct coverage *c, const char *name)
{
	return table_get(&c->by_name, name);
}

struct coverage_class *
coverage_class(const struct coverage_host *h, const char *name)
{
	for (size_t i = 0; i < h->classes.count; i++) {
		struct coverage_class *c = h->classes.at[i];

		if (c->name == name)
			return c;
	}
	return NULL;
}

struct coverage_source *
coverage_source(
    const struct coverage_host *h, const char *agent, const char *id)
{
	for (size_t i = 0; i < h->sources.count; i++) {
		struct coverage_source *s = h->sources.at[i];

		if (s->id == id && s->agent == agent)
			return s;
	}
	return NULL;
}

static struct coverage_host *
need_host(struct build *b, const char *name)
{
	struct coverage_host *h = coverage_host(b->coverage, name);

	if (h)
		return h;
	h = arena_alloc(b->arena, sizeof *h);
	if (!h || list_add(&b->coverage->hosts, b->arena, h) ||
	    table_put(&b->coverage->by_name, b->arena, name, h))
		return NULL;
	h->name = name;
	return h;
}

static struct coverage_class *
need_class(struct build *b, struct coverage_host *h, const char *name)
{
	struct coverage_class *c = coverage_class(h, name);

	if (c)
		return c;
	c = arena_alloc(b->arena, sizeof *c);
	if (!c || list_add(&h->classes, b->arena, c))
		return NULL;
	c->name = name;
	c->first_us = INT64_MAX;
	return c;
}

static struct coverage_source *
need_source(struct build *b, struct coverage_host *h, const char *agent,
    const struct entry_source *listed)
{
	struct coverage_source *s = coverage_source(h, agent, listed->id);

	if (s)
		return s;
	s = arena_alloc(b->arena, sizeof *s);
	if (!s || list_add(&h->sources, b->arena, s))
		return NULL;
	s->agent = agent;
	s->id = listed->id;
	s->from_us = INT64_MAX;
	s->through_us = INT64_MIN;
	return s;
}

/* ---- which sources there are ---- */

static int
list_source(struct build *b, struct coverage_host *h, const struct entry *e,
    const struct entry_source *listed)
{
	struct coverage_source *s = need_source(b, h, e->agent, listed);

	if (!s)
		return -1;
	s->last = listed;
	if (listed->from_us < s->from_us)
		s->from_us = listed->from_us;
	s->lines += listed->lines;
	s->known += listed->known;
	s->ignored += listed->ignored;
	s->unknown += listed->unknown;
	for (size_t i = 0; i < listed->provide_count; i++) {
		struct coverage_class *c =
		    need_class(b, h, listed->provides[i]);

		if (!c)
			return -1;
		if (e->time_us < c->first_us)
			c->first_us = e->time_us;
	}
	return 0;
}

static int
list_sources(struct build *b)
{
	const struct list *beats = &b->facts->heartbeats;

	for (size_t i = 0; i < beats->count; i++) {
		const struct entry *e = beats->at[i];
		const struct entry_heartbeat *beat = e->heartbeat;
		struct coverage_host *h;
		struct coverage_class *alive;

		if (!e->host || e->from_collector)
			continue;
		h = need_host(b, host_of(b->hosts, e));
		alive = h ? need_class(b, h, b->agent_class) : NULL;
		if (!alive)
			return -1;
		if (e->time_us < alive->first_us)
			alive->first_us = e->time_us;
		for (size_t k = 0; k < beat->source_count; k++)
			if (list_source(b, h, e, &beat->sources[k]))
				return -1;
		for (size_t k = 0; k < beat->closed_count; k++)
			if (list_add(&h->closed, b->arena, &beat->closed[k]))
				return -1;
	}
	return 0;
}

/* ---- what is covered ---- */

static int
on_step(void *arg, const struct entry *e, const char *source, int64_t from_us,
    int64_t to_us)
{
	struct build *b = arg;
	struct coverage_host *h;
	struct coverage_source *s;

	if (!e->host)
		return 0;
	h = coverage_host(b->coverage, host_of(b->hosts, e));
	if (!source)
		return to_us - from_us > ALIVE_US
			   ? 0
			   : stretch_add(&h->alive, b->arena, from_us, to_us);
	s = coverage_source(h, e->agent, source);
	/* A source that was only ever listed under another host's name. */
	return s ? stretch_add(&s->covered, b->arena, from_us, to_us) : 0;
}

static int
on_standings(void *arg, const struct entry *e,
    const struct step_standing *known, size_t count)
{
	struct build *b = arg;
	struct designation_standings *s = arena_alloc(b->arena, sizeof *s);

	if (!s)
		return -1;
	*s = (struct designation_standings){known, count};
	return table_put(&b->standings, b->arena, e, s);
}

static bool
provides(const struct coverage_source *s, const char *class)
{
	for (size_t i = 0; i < s->last->provide_count; i++)
		if (s->last->provides[i] == class)
			return true;
	return false;
}

static bool
is_of_gap(const struct coverage_source *s, const struct entry *e, bool known)
{
	if (known)
		return s->agent == e->agent && s->id == e->gap->source;
	for (size_t i = 0; i < e->gap->class_count; i++)
		if (provides(s, e->gap->classes[i]))
			return true;
	return false;
}

static int
take_gaps(struct build *b)
{
	for (size_t i = 0; i < b->facts->gaps.count; i++) {
		const struct entry *e = b->facts->gaps.at[i];
		int64_t from_us = e->gap->from_us, to_us = e->gap->to_us;
		struct coverage_host *h;
		bool known;

		h = e->host ? coverage_host(b->coverage, host_of(b->hosts, e))
			    : NULL;
		if (!h)
			continue;
		known = coverage_source(h, e->agent, e->gap->source) != NULL;
		for (size_t k = 0; k < h->sources.count; k++) {
			struct coverage_source *s = h->sources.at[k];

			if (is_of_gap(s, e, known) &&
			    stretch_cut(&s->covered, b->arena, from_us,
				to_us > from_us ? to_us : from_us + 1))
				return -1;
		}
	}
	return 0;
}

static int
take_fork(
    struct build *b, struct coverage_host *h, const struct stretches *forked)
{
	struct stretches rest;

	h->forked = *forked;
	for (size_t k = 0; k < h->sources.count; k++) {
		struct coverage_source *s = h->sources.at[k];

		if (stretch_subtract(&rest, b->arena, &s->covered, forked))
			return -1;
		s->covered = rest;
	}
	if (stretch_subtract(&rest, b->arena, &h->alive, forked))
		return -1;
	h->alive = rest;
	return 0;
}

static int
take_forks(struct build *b, const struct table *forked)
{
	for (size_t i = 0; i < forked->room; i++) {
		const struct table_entry *at = &forked->at[i];
		struct coverage_host *h =
		    at->key ? need_host(b, at->key) : NULL;

		if (at->key && (!h || take_fork(b, h, at->value)))
			return -1;
	}
	return 0;
}

/* Covered where one source is designated for it and all that are cover. */
static int
cover_class(
    struct build *b, const struct coverage_host *h, struct coverage_class *c)
{
	struct stretches all = {0}, missing = {0}, part, sum;

	if (c->name == b->agent_class)
		return stretch_unite(&c->covered, b->arena, &h->alive, &all);
	for (size_t i = 0; i < h->sources.count; i++) {
		const struct coverage_source *s = h->sources.at[i];

		if (s->last->program || !provides(s, c->name))
			continue;
		if (stretch_unite(&sum, b->arena, &all, &s->designated))
			return -1;
		all = sum;
		if (stretch_subtract(
			&part, b->arena, &s->designated, &s->covered) ||
		    stretch_unite(&sum, b->arena, &missing, &part))
			return -1;
		missing = sum;
	}
	return stretch_subtract(&c->covered, b->arena, &all, &missing);
}

/* ---- order, and what changed ---- */

static int
host_by_name(const void *a, const void *b)
{
	const struct coverage_host *ha = a, *hb = b;

	return strcmp(ha->name, hb->name);
}

static int
class_by_name(const void *a, const void *b)
{
	const struct coverage_class *ca = a, *cb = b;

	return strcmp(ca->name, cb->name);
}

static int
source_by_id(const void *a, const void *b)
{
	const struct coverage_source *sa = a, *sb = b;
	int order = strcmp(sa->id, sb->id);

	return order ? order : strcmp(sa->agent, sb->agent);
}

static int
closed_by_time(const void *a, const void *b)
{
	const struct entry_unknown *ua = a, *ub = b;
	int order;

	if (ua->from_us != ub->from_us)
		return ua->from_us < ub->from_us ? -1 : 1;
	order = strcmp(ua->program, ub->program);
	if (order == 0)
		order = strcmp(ua->class, ub->class);
	if (order == 0 && ua->through_us != ub->through_us)
		order = ua->through_us < ub->through_us ? -1 : 1;
	if (order == 0 && ua->lines != ub->lines)
		order = ua->lines < ub->lines ? -1 : 1;
	return order;
}

/* Mark where lines that were not understood came or went. */
static int
compare_closed(struct build *b, struct coverage_host *h, const struct list *old)
{
	size_t i = 0, k = 0;

	while (i < h->closed.count || k < old->count) {
		const struct entry_unknown *u = NULL;
		int order = i == h->closed.count ? 1
			    : k == old->count
				? -1
				: closed_by_time(h->closed.at[i], old->at[k]);

		if (order < 0)
			u = h->closed.at[i];
		else if (order > 0)
			u = old->at[k];
		i += order <= 0;
		k += order >= 0;
		if (u && stretch_add(&h->changed, b->arena, u->from_us,
			     u->through_us + 1))
			return -1;
	}
	return 0;
}

/* Mark the stretches of a that b has not, whole: a sentence names both ends. */
static int
mark_alone(struct stretches *changed, struct arena *arena,
    const struct stretches *a, const struct stretches *b)
{
	for (size_t i = 0; i < a->count; i++) {
		const struct stretch *s = &a->at[i];
		size_t k = stretch_find(b, s->from_us);

		if (k < b->count && b->at[k].from_us == s->from_us &&
		    b->at[k].to_us == s->to_us)
			continue;
		if (stretch_add(changed, arena, s->from_us, s->to_us))
			return -1;
	}
	return 0;
}

/* A class that nothing provides any more was somewhere covered before. */
static int
mark_lost_classes(
    struct build *b, struct coverage_host *h, const struct coverage_host *old)
{
	for (size_t i = 0; i < old->classes.count; i++) {
		const struct coverage_class *c = old->classes.at[i];

		if (coverage_class(h, c->name))
			continue;
		for (size_t k = 0; k < c->covered.count; k++)
			if (stretch_add(&h->changed, b->arena,
				c->covered.at[k].from_us,
				c->covered.at[k].to_us))
				return -1;
	}
	return 0;
}

static int
compare(struct build *b, struct coverage_host *h, const struct coverage *before)
{
	static const struct coverage_host nothing;
	const struct coverage_host *old = coverage_host(before, h->name);

	if (!old)
		old = &nothing;
	if (mark_alone(&h->changed, b->arena, &h->forked, &old->forked) ||
	    mark_alone(&h->changed, b->arena, &old->forked, &h->forked) ||
	    mark_lost_classes(b, h, old) || compare_closed(b, h, &old->closed))
		return -1;
	for (size_t i = 0; i < h->classes.count; i++) {
		struct coverage_class *c = h->classes.at[i];
		const struct coverage_class *was = coverage_class(old, c->name);

		if (stretch_differ(&c->changed, b->arena, &c->covered,
			was ? &was->covered : &nothing.alive))
			return -1;
	}
	for (size_t i = 0; i < h->sources.count; i++) {
		struct coverage_source *s = h->sources.at[i];
		const struct coverage_source *was =
		    coverage_source(old, s->agent, s->id);

		if (stretch_differ(&s->changed, b->arena, &s->covered,
			was ? &was->covered : &nothing.alive))
			return -1;
	}
	return 0;
}

static int
finish_host(
    struct build *b, struct coverage_host *h, const struct coverage *before)
{
	for (size_t i = 0; i < h->classes.count; i++)
		if (cover_class(b, h, h->classes.at[i]))
			return -1;
	if (list_sort(&h->classes, class_by_name) ||
	    list_sort(&h->sources, source_by_id) ||
	    list_sort(&h->closed, closed_by_time))
		return -1;
	for (size_t i = 0; i < h->sources.count; i++) {
		struct coverage_source *s = h->sources.at[i];

		for (size_t k = 0; k < b->facts->starts.count; k++) {
			const struct entry *e = b->facts->starts.at[k];

			if (e->agent == s->agent && e->start->simulated)
				s->simulated = true;
		}
	}
	return before ? compare(b, h, before) : 0;
}

int
coverage_build(struct coverage *c, struct arena *a, struct names *n,
    const struct facts *f, const struct host_names *h,
    const struct table *forked, const struct coverage *before, struct err *err)
{
	struct build b = {c, a, f, h, names_of(n, "agent"), {0}};
	const struct step_teller tell = {on_step, on_standings, &b};
	const struct designation_given given = {c, a, f, h, &b.standings};

	*c = (struct coverage){0};
	if (!b.agent_class || list_sources(&b) || step_walk(f, a, &tell) ||
	    designation_find(&given) || take_gaps(&b) || take_forks(&b, forked))
		goto fail;
	for (size_t i = 0; i < c->hosts.count; i++)
		if (finish_host(&b, c->hosts.at[i], before))
			goto fail;
	for (size_t i = 0; before && i < before->hosts.count; i++) {
		const struct coverage_host *old = before->hosts.at[i];

		c->lost_host = c->lost_host || !coverage_host(c, old->name);
	}
	if (list_sort(&c->hosts, host_by_name) == 0)
		return 0;
fail:
	return err_set(err, "no memory for the coverage of hosts");
}
