/* SPDX-License-Identifier: Apache-2.0 */
#include "episode.h"

#include <string.h>

#include "fit.h"
#include "stretch.h"

bool
episode_is_built_in(const struct check *c)
{
	static const char *const built_in[] = {
	    "log.loss", "log.tamper", "log.fork", "clock.state"};

	for (size_t i = 0; i < sizeof built_in / sizeof *built_in; i++)
		if (strcmp(c->of.event, built_in[i]) == 0)
			return true;
	return false;
}

/* Does a unit of a host begin when its host is first watched? */
static bool
is_by_coverage(const struct definition *d)
{
	return d->check->kind == CHECK_NEVER || d->check->kind == CHECK_EACH ||
	       episode_is_built_in(d->check);
}

/* The first instant from us on at which all classes are covered. */
static int64_t
first_watched(const struct coverage_host *h, const struct check *c, int64_t us)
{
	bool moved = true;

	while (moved) {
		moved = false;
		for (size_t i = 0; i < c->watch_count; i++) {
			const struct coverage_class *class =
			    coverage_class(h, c->watch[i]);
			const struct stretches *spans =
			    class ? &class->covered : NULL;
			size_t at = spans ? stretch_find(spans, us) : 0;

			if (!spans || at == spans->count)
				return STRETCH_FOREVER;
			if (spans->at[at].from_us > us) {
				us = spans->at[at].from_us;
				moved = true;
			}
		}
	}
	return us;
}

/* The first instant from us on at which the host is watched by the definition
 * then in force. */
static int64_t
by_coverage(const struct unit *u, const struct scene *s, const struct course *c,
    int64_t us)
{
	const struct coverage_host *h = coverage_host(&s->coverage, u->id);

	for (size_t i = 0; h && i < c->count; i++) {
		const struct definition *d = c->parts[i].definition;
		int64_t from_us = c->parts[i].from_us;
		int64_t to_us = i + 1 < c->count ? c->parts[i + 1].from_us
						 : STRETCH_FOREVER;
		int64_t at_us;

		if (to_us <= us || !d || d->check->unit != u->kind ||
		    !is_by_coverage(d))
			continue;
		at_us = first_watched(h, d->check, from_us > us ? from_us : us);
		if (at_us < to_us)
			return at_us;
	}
	return STRETCH_FOREVER;
}

/* Failed logins make no units: attackers would. */
static bool
may_begin(const struct occurrence *o)
{
	return o->outcome != VOCAB_FAILURE || strncmp(o->kind, "auth.", 5) != 0;
}

static int64_t
by_event(
    const struct unit *u, struct scene *s, const struct course *c, int64_t us)
{
	for (size_t i = unit_first_time(u, us); i < u->events.count; i++) {
		const struct unit_event *event = u->events.at[i];
		const struct occurrence *o = event->occurrence;
		const struct definition *d = course_at(c, o->time_us);

		if (!d || d->check->unit != u->kind || !may_begin(o) ||
		    (u->kind == CHECK_HOST && is_by_coverage(d)) ||
		    (u->declared && u->kind == CHECK_JOB && !event->taken))
			continue;
		if (fit_definition(s, d, o, fit_at(s, o->time_us)))
			return o->start_us;
	}
	return STRETCH_FOREVER;
}

/* When something of the unit was first observed, from us on. */
static int64_t
observed(
    const struct unit *u, struct scene *s, const struct course *c, int64_t us)
{
	int64_t a, b;

	if (u->kind == CHECK_ROW)
		return STRETCH_FOREVER;
	a = by_event(u, s, c, us);
	b = u->kind == CHECK_HOST ? by_coverage(u, s, c, us) : STRETCH_FOREVER;
	return a < b ? a : b;
}

static void
add(struct unit *u, const struct scene *s, int64_t origin_us, int64_t stop_us)
{
	if (origin_us <= s->as_of_us)
		u->episodes[u->episode_count++] =
		    (struct unit_episode){origin_us, stop_us};
}

static int64_t
least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int
episode_find(
    struct unit *u, struct scene *s, const struct course *c, int64_t adopted_us)
{
	const struct declared_run *runs =
	    u->declared ? u->declared->runs : NULL;
	size_t count = u->declared ? u->declared->run_count : 0;
	int64_t origin_us = observed(u, s, c, INT64_MIN);

	u->episodes = arena_array(s->arena, count + 1, sizeof *u->episodes);
	if (!u->episodes)
		return -1;
	if (u->kind == CHECK_ORGANISATION)
		origin_us = least(origin_us, adopted_us);
	if (count == 0) {
		add(u, s, origin_us, STRETCH_FOREVER);
		return 0;
	}
	add(u, s, least(origin_us, runs[0].origin_us), runs[0].limit_us);
	for (size_t i = 0; i < count && runs[i].ended; i++) {
		int64_t ended_us = runs[i].ended_us;

		origin_us = observed(u, s, c, ended_us);
		if (i + 1 < count)
			origin_us = least(origin_us, runs[i + 1].origin_us);
		if (origin_us < ended_us)
			origin_us = ended_us;
		add(u, s, origin_us,
		    i + 1 < count ? runs[i + 1].limit_us : STRETCH_FOREVER);
	}
	return 0;
}
