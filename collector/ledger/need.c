/* SPDX-License-Identifier: Apache-2.0 */
#include "need.h"

#include <string.h>

#include "fit.h"
#include "unit.h"

struct serving {
	struct scene *scene;
	const struct course *course;
	struct table of; /* occurrence -> struct asked */
	struct table taken;
	struct table *loose;
};

/* Where an occurrence stands: the unit that comes first, and all its places. */
struct asked {
	const struct unit *unit;
	struct list events; /* struct unit_event */
};

static int
collect(struct serving *v, const struct unit *u)
{
	struct arena *a = v->scene->arena;

	for (size_t i = 0; i < u->events.count; i++) {
		struct unit_event *event = u->events.at[i];
		struct asked *asked = table_get(&v->of, event->occurrence);

		if (!asked) {
			asked = arena_alloc(a, sizeof *asked);
			if (!asked ||
			    table_put(&v->of, a, event->occurrence, asked))
				return -1;
			asked->unit = u;
		}
		if (list_add(&asked->events, a, event))
			return -1;
	}
	return 0;
}

/* The definition an occurrence is judged by, if it is one that it means. */
static const struct definition *
judging(struct serving *v, const struct occurrence *o,
    const struct asked *asked, struct fit_moment *at)
{
	const struct unit_slot *slot =
	    asked ? unit_slot_at(asked->unit, o->start_us) : NULL;
	const struct definition *d;

	if (slot) {
		*at = fit_at_end(v->scene, slot->slot->end_us);
		return unit_fits(v->scene, asked->unit, slot->definition,
			   slot->job, asked->events.at[0], slot->slot->end_us)
			   ? slot->definition
			   : NULL;
	}
	d = course_at(v->course, o->time_us);
	*at = fit_at(v->scene, o->time_us);
	return d && fit_definition(v->scene, d, o, *at) ? d : NULL;
}

static bool
agrees(const struct check *c, const struct occurrence *o,
    const struct occurrence *need)
{
	for (size_t i = 0; i < c->by_count; i++) {
		const char *a = occurrence_value(o, c->by[i]);
		const char *b = occurrence_value(need, c->by[i]);

		if (!a || !b || strcmp(a, b) != 0)
			return false;
	}
	return true;
}

static size_t
first_at(const struct list *l, int64_t us)
{
	size_t lo = 0, hi = l->count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct occurrence *o = l->at[mid];

		if (o->time_us < us)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* The earliest free need that serves. */
static int
find(struct serving *v, const struct check *c, const struct occurrence *o,
    struct fit_moment at, const struct occurrence **found, struct err *err)
{
	*found = NULL;
	for (size_t i = 0; i < c->need_count; i++) {
		const struct list *l =
		    scene_occurrences(v->scene, c->needs[i].event, err);

		if (!l)
			return -1;
		for (size_t k = first_at(l, o->time_us + c->within_lo_us);
		     k < l->count; k++) {
			const struct occurrence *need = l->at[k];

			if (need->time_us > o->time_us + c->within_hi_us ||
			    (*found && occurrence_order(need, *found) >= 0))
				break;
			if (!need->usable || table_get(&v->taken, need) ||
			    !agrees(c, o, need) ||
			    !fit_selector(v->scene, &c->needs[i], need, at))
				continue;
			*found = need;
			break;
		}
	}
	return 0;
}

static int
serve(struct serving *v, const struct occurrence *o, struct err *err)
{
	const struct asked *asked = table_get(&v->of, o);
	const struct definition *d;
	const struct occurrence *need;
	struct fit_moment at;

	d = judging(v, o, asked, &at);
	if (!d || d->check->kind != CHECK_EACH)
		return 0;
	if (find(v, d->check, o, at, &need, err))
		return -1;
	if (!need)
		return 0;
	for (size_t i = 0; asked && i < asked->events.count; i++) {
		struct unit_event *event = asked->events.at[i];

		event->served.by = need;
	}
	if (!asked &&
	    table_put(v->loose, v->scene->arena, o, (void *)(uintptr_t)need))
		return -1;
	return table_put(&v->taken, v->scene->arena, need, v);
}

/* All occurrences that some definition of the kind `each` asks for. */
static int
gather(struct serving *v, struct list *all, struct err *err)
{
	struct table seen = {0};

	for (size_t i = 0; i < v->course->count; i++) {
		const struct definition *d = v->course->parts[i].definition;
		const struct list *l;

		if (!d || d->check->kind != CHECK_EACH ||
		    table_get(&seen, d->check->of.event))
			continue;
		l = scene_occurrences(v->scene, d->check->of.event, err);
		if (!l ||
		    table_put(&seen, v->scene->arena, d->check->of.event, v))
			return -1;
		for (size_t k = 0; k < l->count; k++)
			if (list_add(all, v->scene->arena, l->at[k]))
				return -1;
	}
	return seen.count > 1 ? list_sort(all, occurrence_order) : 0;
}

int
need_serve(struct scene *s, const struct course *c, const struct list *units,
    struct table *loose, struct err *err)
{
	struct serving v = {.scene = s, .course = c, .loose = loose};
	struct list all = {0};

	if (gather(&v, &all, err))
		goto fail;
	if (all.count == 0)
		return 0;
	for (size_t i = 0; i < units->count; i++)
		if (collect(&v, units->at[i]))
			goto fail;
	for (size_t i = 0; i < all.count; i++)
		if (serve(&v, all.at[i], err))
			goto fail;
	return 0;
fail:
	if (!err->text[0])
		err_set(err, "no memory to match the events of %s", c->id);
	return -1;
}
