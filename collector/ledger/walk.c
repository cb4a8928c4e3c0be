/* SPDX-License-Identifier: Apache-2.0 */
#include "walk.h"

#include <string.h>

#include "stretch.h"

struct walk {
	struct unit *unit;
	struct scene *scene;
	const struct course *course;
	size_t room;
};

/* How slots are aligned at a moment. A declared job's own time stands first. */
static struct calendar
alignment(const struct walk *w, int64_t us)
{
	struct calendar c = course_near(w->course, us)->calendar;
	const struct registry_job *job = NULL;

	if (w->unit->declared && w->unit->kind == CHECK_JOB)
		job = declared_job(w->scene, w->unit->declared, us);
	if (job && job->starts)
		calendar_clock(slice_of(job->starts), &c.starts_min);
	return c;
}

static int64_t
end_of_slot(const struct walk *w, int64_t start_us)
{
	const struct zone *z = w->scene->zone;
	struct calendar c = alignment(w, start_us);
	int64_t end_us = calendar_after(c, z, start_us);
	int64_t us = start_us;

	while ((us = course_next(w->course, us)) <= end_us &&
	       us != STRETCH_FOREVER) {
		struct calendar changed = alignment(w, us);

		if (calendar_equal(c, changed))
			continue;
		c = changed;
		end_us = calendar_after(c, z, us);
	}
	return end_us;
}

static int
reserve(struct walk *w)
{
	struct unit *u = w->unit;
	size_t room = w->room ? w->room * 2 : 32;
	struct slot *slots;
	struct unit_slot *more;

	if (u->slot_count < w->room)
		return 0;
	slots = arena_array(w->scene->arena, room, sizeof *slots);
	more = arena_array(w->scene->arena, room, sizeof *more);
	if (!slots || !more)
		return -1;
	if (u->slot_count) {
		memcpy(slots, u->slots, u->slot_count * sizeof *slots);
		memcpy(more, u->more, u->slot_count * sizeof *more);
	}
	u->slots = slots;
	u->more = more;
	w->room = room;
	return 0;
}

static int
add(struct walk *w, int64_t start_us, int64_t end_us)
{
	const struct definition *d =
	    course_judging(w->course, start_us, end_us);
	struct unit *u = w->unit;

	if (!d || d->check->unit != u->kind)
		return 0;
	if (start_us >= w->scene->as_of_us) {
		if (end_us + d->grace_us < u->next_due_us)
			u->next_due_us = end_us + d->grace_us;
		return 0;
	}
	if (reserve(w))
		return -1;
	u->slots[u->slot_count] = (struct slot){.start_us = start_us,
	    .end_us = end_us,
	    .due_us = end_us + d->grace_us,
	    .state = SLOT_OPEN};
	u->more[u->slot_count] = (struct unit_slot){.definition = d};
	if (u->declared && u->kind == CHECK_JOB)
		u->more[u->slot_count].job =
		    declared_job(w->scene, u->declared, end_us);
	u->slot_count++;
	return 0;
}

/* The slots of an episode, and the one to come after as_of. */
static int
walk_episode(struct walk *w, const struct unit_episode *e)
{
	int64_t as_of_us = w->scene->as_of_us, start_us, end_us;

	start_us = calendar_at(
	    alignment(w, e->origin_us), w->scene->zone, e->origin_us);
	do {
		if (start_us == STRETCH_FOREVER)
			return 0;
		end_us = end_of_slot(w, start_us);
		if (end_us == STRETCH_FOREVER || end_us > e->stop_us)
			return 0;
		if (add(w, start_us, end_us))
			return -1;
		if (start_us >= as_of_us)
			return 0;
		start_us = end_us;
	} while (true);
}

int
walk_slots(struct unit *u, struct scene *s, const struct course *c)
{
	struct walk w = {u, s, c, 0};

	u->next_due_us = STRETCH_FOREVER;
	for (size_t i = 0; i < u->episode_count; i++)
		if (walk_episode(&w, &u->episodes[i]))
			return -1;
	/* Slots move as arrays grow: point to them when they stand. */
	for (size_t i = 0; i < u->slot_count; i++)
		u->more[i].slot = &u->slots[i];
	return 0;
}
