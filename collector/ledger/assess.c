/* SPDX-License-Identifier: Apache-2.0 */
#include "assess.h"

#include <string.h>

#include "assay/stamp.h"
#include "fit.h"
#include "judge.h"
#include "mix.h"
#include "need.h"
#include "sentence.h"
#include "stretch.h"
#include "watch.h"

#define SPAN_DAYS 90

struct assessing {
	struct assess *assess;
	struct scene *scene;
	struct watch_seen seen;
	uint64_t *judged;
};

/* When the check was adopted: the later of the day its row names and the first
 * edition of the unbroken run that holds the row. STRETCH_FOREVER: it is not.
 */
static int64_t
adopted_at(const struct scene *s, const char *check)
{
	const struct registry_adopt *row;
	int64_t at_us, on_us;
	size_t i;

	if (!s->isms_now)
		return STRETCH_FOREVER;
	row = registry_adopted(s->isms_now->registry, check);
	if (!row)
		return STRETCH_FOREVER;
	i = edition_at(&s->isms, s->as_of_us);
	while (
	    i > 0 && registry_adopted(s->isms.at[i - 1].text->registry, check))
		i--;
	at_us = s->isms.at[i].time_us;
	if (calendar_date(row->on, s->zone, &on_us) && on_us > at_us)
		at_us = on_us;
	return at_us <= s->as_of_us ? at_us : STRETCH_FOREVER;
}

static void
hash_events(struct unit *u)
{
	for (size_t i = 0; i < u->events.count; i++) {
		struct unit_event *e = u->events.at[i];

		e->hash = mix(e->occurrence->hash, e->taken);
		if (e->served.by)
			e->hash = mix(e->hash, e->served.by->hash);
	}
}

/* Mark where an occurrence is looked for. */
static int
mark(struct stretches *changed, struct arena *a, const struct occurrence *o)
{
	return stretch_add(changed, a, o->start_us, o->start_us + 1) ||
		       stretch_add(changed, a, o->time_us, o->time_us + 1) ||
		       stretch_add(changed, a, o->time_us, o->to_us)
		   ? -1
		   : 0;
}

/* Where the events of a unit differ from what they were. */
static int
compare_events(struct stretches *changed, struct arena *a,
    const struct unit *was, const struct unit *is)
{
	size_t i = 0, k = 0;

	while (i < was->events.count || k < is->events.count) {
		const struct unit_event *old = NULL, *new = NULL;
		int order;

		if (i < was->events.count)
			old = was->events.at[i];
		if (k < is->events.count)
			new = is->events.at[k];
		order = old && new
			    ? occurrence_order(old->occurrence, new->occurrence)
			: old ? -1
			      : 1;
		i += order <= 0;
		k += order >= 0;
		if (order == 0 && old && new && old->hash == new->hash)
			continue;
		if (order <= 0 && old && mark(changed, a, old->occurrence))
			return -1;
		if (order >= 0 && new &&mark(changed, a, new->occurrence))
			return -1;
	}
	return 0;
}

/* All that a verdict rests on but events and coverage. */
static uint64_t
key_of(const struct assessing *g, const struct unit *u, size_t i,
    const struct watch *w)
{
	const struct unit_slot *slot = &u->more[i];
	const struct occurrence *taken = judge_taken(u, i);
	const struct registry *r = scene_registry(g->scene, slot->slot->end_us);
	uint64_t key = mix(slot->definition->hash, u->kind);

	if (u->declared && u->kind == CHECK_JOB)
		key = declared_hash(slot->job, key);
	key = mix_pointer(key, taken ? taken->entry : NULL);
	key = fit_registers(g->scene, slot->definition, r, key);
	return watch_key(w, key);
}

/* The unit's own copy of an occurrence of the scene before. */
static const struct occurrence *
same_occurrence(const struct unit *u, const struct occurrence *old)
{
	for (size_t i = unit_first_start(u, old->start_us);
	     i < u->by_start.count; i++) {
		const struct unit_event *e = u->by_start.at[i];

		if (e->occurrence->start_us != old->start_us)
			break;
		if (e->occurrence->entry == old->entry)
			return e->occurrence;
	}
	return NULL;
}

/* Take over the verdict on the same slot when nothing it rests on changed. */
static bool
stands(const struct assessing *g, const struct unit *u, size_t i,
    const struct unit_slot *old, const struct watch *w,
    const struct stretches *changed)
{
	struct unit_slot *slot = &u->more[i];
	struct slot *is = slot->slot;
	const struct slot *was = old->slot;
	const struct occurrence *taken = NULL;
	const char *reason;

	if (was->start_us != is->start_us || was->end_us != is->end_us ||
	    was->due_us != is->due_us || old->key != slot->key ||
	    (old->found == SLOT_OPEN) != (g->scene->as_of_us < is->due_us) ||
	    stretch_overlap(changed, old->from_us, old->to_us) ||
	    watch_changed(w, old->from_us, old->to_us))
		return false;
	if (old->taken) {
		taken = same_occurrence(u, old->taken);
		if (!taken)
			return false;
	}
	reason = arena_copy(g->scene->arena, slice_of(old->found_reason));
	if (!reason)
		return false;
	slot->from_us = old->from_us;
	slot->to_us = old->to_us;
	slot->taken = taken;
	slot->found = old->found;
	slot->found_code = old->found_code;
	slot->found_reason = reason;
	is->below = was->below;
	is->seen = was->seen;
	is->met = was->met;
	is->watched_us = was->watched_us;
	return true;
}

/* An exception of the check for the slot, NULL when there is none. */
static const struct registry_exception *
exception_for(
    const struct assessing *g, const struct unit *u, const struct slot *slot)
{
	const struct scene *s = g->scene;
	const struct registry_exception *e;
	int64_t us;

	if (!s->isms_now)
		return NULL;
	for (size_t i = 0; (e = registry_exception(s->isms_now->registry, i));
	     i++) {
		if (strcmp(e->check, g->assess->course->id) != 0 ||
		    (e->unit && strcmp(e->unit, u->id) != 0))
			continue;
		if (calendar_date(e->from, s->zone, &us) && us > slot->start_us)
			continue;
		if (calendar_date(e->to, s->zone, &us) && slot->end_us > us)
			continue;
		return e;
	}
	return NULL;
}

/* What a reader sees: the verdict, or the exception from it. */
static int
publish(const struct assessing *g, const struct unit *u, size_t i,
    const struct watch *w)
{
	const struct unit_slot *slot = &u->more[i];
	struct slot *is = slot->slot;
	const struct registry_exception *e = NULL;
	struct sentence words = {.unit = u->id};
	struct buf text = {0};

	is->state = slot->found;
	is->code = slot->found_code;
	is->reason = slot->found_reason;
	is->retrospective = is->start_us < watch_first(w) ||
			    is->start_us < g->assess->course->first_us;
	if (slot_deviates(is->state) || is->state == SLOT_UNKNOWN ||
	    is->state == SLOT_WARN)
		e = exception_for(g, u, is);
	if (!e)
		return 0;
	words.by = e->by;
	words.reason = e->reason;
	words.state = slot_state_name(is->state);
	sentence_put(&text, "excepted", &words);
	is->state = SLOT_EXCEPTED;
	is->code = "excepted";
	is->below = false;
	is->reason =
	    text.failed ? NULL : arena_copy(g->scene->arena, buf_slice(&text));
	buf_clear(&text);
	return is->reason ? 0 : -1;
}

/* Which slots are rated: closed, ended within the period, and once a live one
 * has closed, live. */
static void
count_slots(const struct assessing *g, const struct unit *u)
{
	int64_t as_of_us = g->scene->as_of_us;
	bool live = false;

	for (size_t i = 0; i < u->slot_count; i++)
		live = live || (u->slots[i].state != SLOT_OPEN &&
				   !u->slots[i].retrospective);
	for (size_t i = 0; i < u->slot_count; i++) {
		struct slot *s = &u->slots[i];

		s->counted = s->state != SLOT_OPEN &&
			     s->end_us > as_of_us - g->assess->span_us &&
			     s->end_us <= as_of_us &&
			     !(live && s->retrospective);
	}
}

static int
assess_unit(struct assessing *g, struct unit *u, const struct unit *was)
{
	static const struct unit nothing;
	struct stretches changed = {0};
	size_t old = 0;

	if (!was)
		was = &nothing;
	if (compare_events(&changed, g->scene->arena, was, u))
		return -1;
	for (size_t i = 0; i < u->slot_count; i++) {
		struct unit_slot *slot = &u->more[i];
		struct watch w;

		if (watch_of(&w, g->scene, u, slot, &g->seen))
			return -1;
		slot->key = key_of(g, u, i, &w);
		while (old < was->slot_count &&
		       was->slots[old].start_us < slot->slot->start_us)
			old++;
		if (old == was->slot_count ||
		    !stands(g, u, i, &was->more[old], &w, &changed)) {
			++*g->judged;
			if (judge_slot(g->scene, u, i, &w))
				return -1;
		}
		if (publish(g, u, i, &w))
			return -1;
	}
	count_slots(g, u);
	return 0;
}

static int
assess_units(struct assessing *g, const struct assess *before)
{
	struct list *units = &g->assess->units;
	size_t old = 0;

	for (size_t i = 0; i < units->count; i++) {
		struct unit *u = units->at[i];
		const struct unit *was = NULL;

		while (before && old < before->units.count) {
			was = before->units.at[old];
			if (strcmp(was->id, u->id) >= 0)
				break;
			old++;
			was = NULL;
		}
		if (was && was->id != u->id)
			was = NULL;
		hash_events(u);
		if (assess_unit(g, u, was))
			return -1;
	}
	return 0;
}

/* What was seen belongs to no unit: no host was watched. It is said all the
 * same. */
static void
count_loose(
    struct assessing *g, const struct list *all, const struct table *served)
{
	struct assess *a = g->assess;
	const struct check *c = a->now->check;

	if (a->units.count > 0 || c->unit != CHECK_HOST ||
	    (c->kind != CHECK_NEVER && c->kind != CHECK_EACH))
		return;
	for (size_t i = 0; i < all->count; i++) {
		const struct occurrence *o = all->at[i];
		const struct definition *d = course_at(a->course, o->time_us);

		if (!d || strcmp(o->kind, c->of.event) != 0 ||
		    o->time_us <= g->scene->as_of_us - a->span_us ||
		    !fit_definition(
			g->scene, d, o, fit_at(g->scene, o->time_us)))
			continue;
		a->loose_seen++;
		a->loose_met += table_get(served, o) != NULL;
	}
}

int
assess_check(struct assess *a, struct scene *s, const struct course *c,
    const struct assess *before, uint64_t *judged, struct err *err)
{
	struct assessing g = {a, s, {{0}, {0}}, judged};
	int64_t adopted_us = adopted_at(s, c->id);
	struct list all;
	struct table loose = {0};
	int days;

	*a = (struct assess){.course = c};
	a->now = course_near(c, s->as_of_us);
	a->in_force = course_at(c, s->as_of_us) != NULL;
	a->adopted = adopted_us != STRETCH_FOREVER;
	days = 4 * calendar_days(a->now->calendar.period);
	a->span_us = (days > SPAN_DAYS ? days : SPAN_DAYS) * STAMP_US_PER_DAY;
	if (unit_list(&a->units, &all, s, c, adopted_us, err) ||
	    need_serve(s, c, &a->units, &loose, err))
		return -1;
	count_loose(&g, &all, &loose);
	if ((a->now->check->unit == CHECK_ORGANISATION ||
		a->now->check->unit == CHECK_ROW) &&
	    watch_see(&g.seen, s, &all))
		goto fail;
	if (assess_units(&g, before) == 0 && !s->registers.failed)
		return 0;
fail:
	return err_set(err, "no memory to assess check %s", c->id);
}
