/* SPDX-License-Identifier: Apache-2.0 */
#include "judge.h"

#include <assert.h>

#include "fit.h"
#include "sentence.h"
#include "stretch.h"

#define MINUTE_US INT64_C(60000000)

/* One slot being judged. */
struct judging {
	struct scene *scene;
	const struct unit *unit;
	const struct watch *watch;
	struct unit_slot *slot;
	const struct definition *definition;
	const struct check *check;
	const struct occurrence *not_ours; /* taken by the slot before */
	int64_t start_us, end_us, due_us;
	struct sentence words;
	bool failed;
};

const struct occurrence *
judge_taken(const struct unit *u, size_t i)
{
	return i > 0 ? u->more[i - 1].taken : NULL;
}

void
judge_needs(const struct check *c, struct buf *out)
{
	for (size_t i = 0; i < c->need_count; i++) {
		if (i)
			buf_puts(out, " or ");
		buf_puts(out, c->needs[i].event);
	}
}

/* Keep a text in the scene's arena. */
static const char *
keep(struct judging *j, struct buf *text)
{
	const char *copy =
	    text->failed ? NULL : arena_copy(j->scene->arena, buf_slice(text));

	if (!copy)
		j->failed = true;
	buf_clear(text);
	return copy;
}

/* Give the verdict. */
static void
find(struct judging *j, enum slot_state state, const char *code)
{
	struct buf text = {0};

	j->slot->found = state;
	j->slot->found_code = code;
	sentence_put(&text, code, &j->words);
	j->slot->found_reason = keep(j, &text);
}

/* The same, with what was not watched of [from, to) in the reason. */
static void
find_hole(struct judging *j, enum slot_state state, const char *code,
    const struct watch *w, int64_t from_us, int64_t to_us)
{
	struct buf text = {0};

	watch_explain(w, from_us, to_us, &text);
	j->words.hole = keep(j, &text);
	find(j, state, code);
}

static int64_t
missing(struct judging *j, int64_t from_us, int64_t to_us)
{
	int64_t us = watch_missing(j->watch, j->scene->arena, from_us, to_us);

	if (us < 0)
		j->failed = true;
	return us;
}

/* The next event of the slot from place *i on in the order of starts, if it is
 * one the check means and not taken; it must start before to_us. */
static const struct unit_event *
next_by_start(struct judging *j, size_t *i, int64_t to_us)
{
	const struct unit *u = j->unit;

	while (*i < u->by_start.count) {
		const struct unit_event *event = u->by_start.at[(*i)++];

		if (event->occurrence->start_us >= to_us)
			return NULL;
		if (event->occurrence != j->not_ours &&
		    unit_fits(j->scene, u, j->definition, j->slot->job, event,
			j->end_us))
			return event;
	}
	return NULL;
}

/* ---- every ---- */

/* What the occurrences of a slot amount to. */
struct outcomes {
	const struct occurrence *pass, *warn, *fail, *doubtful; /* earliest */
	int64_t doubtful_count;
	bool pass_is_trusted; /* some pass is not below the check's trust */
};

static bool
ended_in_time(const struct judging *j, const struct occurrence *o)
{
	return !o->runs ||
	       (o->end_us != OCCURRENCE_NO_END && o->end_us <= j->due_us);
}

static void
weigh(const struct judging *j, struct outcomes *sum, const struct occurrence *o)
{
	const struct occurrence **into = NULL;

	if (!o->usable) {
		sum->doubtful_count++;
		into = &sum->doubtful;
	} else if (o->runs && o->end_us == OCCURRENCE_NO_END) {
		into = &sum->fail;
	} else if (o->outcome == VOCAB_FAILURE) {
		into = &sum->fail;
	} else if (!ended_in_time(j, o) && o->outcome != VOCAB_NONE) {
		into = &sum->warn;
	} else if (o->outcome == VOCAB_WARNING) {
		into = &sum->warn;
	} else if (o->outcome == VOCAB_SUCCESS) {
		into = &sum->pass;
		if (o->trust <= j->definition->trust)
			sum->pass_is_trusted = true;
	}
	if (into && !*into)
		*into = o;
}

/* A success that came late: within a quarter of the period after its end, for
 * periods of a month and longer. */
static const struct occurrence *
find_late(struct judging *j)
{
	int64_t until_us = j->end_us + (j->end_us - j->start_us) / 4;
	size_t i = unit_first_start(j->unit, j->end_us);
	const struct unit_event *event;

	if (j->definition->calendar.period < CALENDAR_MONTH)
		return NULL;
	if (until_us > j->slot->to_us)
		j->slot->to_us = until_us;
	while ((event = next_by_start(j, &i, until_us))) {
		const struct occurrence *o = event->occurrence;

		if (o->usable && o->outcome == VOCAB_SUCCESS &&
		    (!o->runs || o->end_us != OCCURRENCE_NO_END))
			return o;
	}
	return NULL;
}

static void
judge_nothing(struct judging *j)
{
	int64_t missing_us = missing(j, j->start_us, j->due_us);
	int64_t span_us = j->due_us - j->start_us;

	j->words.start_us = j->start_us;
	if (missing_us == 0) {
		find(j, SLOT_MISSED, "every.missed");
	} else if (j->definition->calendar.period >= CALENDAR_WEEK &&
		   missing_us * 100 <= span_us) {
		j->words.minutes = (missing_us + MINUTE_US - 1) / MINUTE_US;
		find_hole(j, SLOT_MISSED, "every.mostly", j->watch, j->start_us,
		    j->due_us);
	} else {
		find_hole(j, SLOT_UNKNOWN, "every.unknown", j->watch,
		    j->start_us, j->due_us);
	}
}

static void
judge_every(struct judging *j)
{
	struct outcomes sum = {0};
	size_t i = unit_first_start(j->unit, j->start_us);
	const struct unit_event *event;
	const struct occurrence *o;

	while ((event = next_by_start(j, &i, j->end_us))) {
		j->slot->slot->seen++;
		weigh(j, &sum, event->occurrence);
	}
	o = sum.pass   ? sum.pass
	    : sum.warn ? sum.warn
	    : sum.fail ? sum.fail
		       : sum.doubtful;
	if (!o) {
		o = find_late(j);
		j->slot->taken = o;
	}
	if (!o) {
		judge_nothing(j);
		return;
	}
	j->words.start_us = o->start_us;
	j->words.end_us = j->end_us;
	j->words.trust = entry_trust_name(o->trust);
	j->words.n = sum.doubtful_count;
	if (sum.pass) {
		j->slot->slot->below = !sum.pass_is_trusted;
		find(j, SLOT_PASS,
		    sum.pass_is_trusted ? "every.pass" : "every.below");
	} else if (sum.warn) {
		j->words.end_us = o->end_us;
		find(j, SLOT_WARN,
		    ended_in_time(j, o) ? "every.warn" : "every.overdue");
	} else if (sum.fail) {
		find(j, SLOT_FAIL,
		    o->runs && o->end_us == OCCURRENCE_NO_END ? "every.unended"
							      : "every.fail");
	} else if (sum.doubtful) {
		find(j, SLOT_UNKNOWN, "every.doubtful");
	} else {
		find(j, SLOT_LATE, "every.late");
	}
}

/* ---- never ---- */

struct hits {
	const struct occurrence *fail, *warn, *doubtful; /* earliest */
	int64_t fails, warns, doubtfuls;
};

static void
hit(struct hits *h, const struct occurrence *o)
{
	bool warns = o->outcome == VOCAB_WARNING;
	const struct occurrence **first = !o->usable ? &h->doubtful
					  : warns    ? &h->warn
						     : &h->fail;

	if (!*first)
		*first = o;
	h->doubtfuls += !o->usable;
	h->warns += o->usable && warns;
	h->fails += o->usable && !warns;
}

static struct hits
find_hits(struct judging *j)
{
	const struct unit *u = j->unit;
	struct hits h = {0};
	size_t i = unit_first_time(u, j->start_us);

	/* Lost lines have a length and may begin long before. */
	if (i > 0 && u->events.count) {
		const struct unit_event *event = u->events.at[0];

		if (event->occurrence->classes)
			i = 0;
	}
	for (; i < u->events.count; i++) {
		const struct unit_event *event = u->events.at[i];
		const struct occurrence *o = event->occurrence;

		if (o->time_us >= j->end_us)
			break;
		if ((o->time_us >= j->start_us ||
			(o->classes && o->to_us > j->start_us)) &&
		    unit_fits(j->scene, u, j->definition, j->slot->job, event,
			j->end_us))
			hit(&h, o);
	}
	return h;
}

static void
judge_never(struct judging *j)
{
	struct hits h = find_hits(j);
	const struct occurrence *o = h.fail   ? h.fail
				     : h.warn ? h.warn
					      : h.doubtful;
	const struct entry_unknown *closed;

	j->slot->slot->seen = (size_t)(h.fails + h.warns + h.doubtfuls);
	j->words.start_us = j->start_us;
	j->words.end_us = j->end_us;
	if (o)
		j->words.time_us = o->time_us;
	if (h.fail) {
		j->words.n = h.fails;
		find(j, SLOT_FAIL, "never.fail");
	} else if (h.warn) {
		j->words.n = h.warns;
		find(j, SLOT_WARN, "never.warn");
	} else if (h.doubtful) {
		j->words.n = h.doubtfuls;
		find(j, SLOT_UNKNOWN, "never.doubtful");
	} else if ((closed = watch_closed(j->watch, j->start_us, j->end_us))) {
		j->words.n = closed->lines;
		j->words.program = closed->program;
		j->words.time_us = closed->from_us;
		find(j, SLOT_UNKNOWN, "never.closed");
	} else if (missing(j, j->start_us, j->end_us) == 0) {
		find(j, SLOT_PASS, "never.pass");
	} else {
		find_hole(j, SLOT_UNKNOWN, "never.unknown", j->watch,
		    j->start_us, j->end_us);
	}
}

/* ---- each ---- */

struct pairs {
	int64_t count, served, doubtful;
	const struct occurrence *fail;	 /* first without its need, watched */
	const struct occurrence *window; /* first without, not watched */
	enum entry_trust lowest; /* of what is below the check's trust */
	bool below;
};

static void
lower(const struct judging *j, struct pairs *p, const struct occurrence *o)
{
	if (o->trust <= j->definition->trust)
		return;
	p->below = true;
	if (o->trust > p->lowest)
		p->lowest = o->trust;
}

/* The window in which a need would have been heard of. */
static struct stretch
window_of(struct judging *j, const struct occurrence *o)
{
	struct stretch s = {o->time_us + j->check->within_lo_us,
	    o->time_us + j->check->within_hi_us + 1};

	if (s.from_us < j->slot->from_us)
		j->slot->from_us = s.from_us;
	if (s.to_us > j->slot->to_us)
		j->slot->to_us = s.to_us;
	return s;
}

static void
pair(struct judging *j, struct pairs *p, const struct unit_event *event)
{
	const struct occurrence *o = event->occurrence;
	struct stretch window = window_of(j, o);
	const char *host = o->host;
	struct watch watch;

	p->count++;
	p->doubtful += !o->usable;
	lower(j, p, o);
	if (event->served.by) {
		p->served++;
		lower(j, p, event->served.by);
		return;
	}
	if (!o->usable)
		return;
	watch_host(&watch, j->scene, &host, j->check);
	if (watch_missing(
		&watch, j->scene->arena, window.from_us, window.to_us) == 0) {
		if (!p->fail)
			p->fail = o;
	} else if (!p->window) {
		p->window = o;
	}
}

static void
judge_window(struct judging *j, const struct occurrence *o)
{
	struct stretch window = window_of(j, o);
	const char *host = o->host;
	struct watch watch;

	watch_host(&watch, j->scene, &host, j->check);
	find_hole(j, SLOT_UNKNOWN, "each.window", &watch, window.from_us,
	    window.to_us);
}

static void
judge_each(struct judging *j)
{
	struct pairs p = {.lowest = ENTRY_KERNEL};
	size_t i = unit_first_start(j->unit, j->start_us);
	const struct unit_event *event;
	struct buf needs = {0};

	while ((event = next_by_start(j, &i, j->end_us)))
		pair(j, &p, event);
	judge_needs(j->check, &needs);
	j->words.need = keep(j, &needs);
	j->words.start_us = j->start_us;
	j->words.end_us = j->end_us;
	j->words.k = p.served;
	j->words.m = p.count;
	j->words.n = p.doubtful;
	j->words.trust = entry_trust_name(p.lowest);
	j->slot->slot->seen = (size_t)p.count;
	j->slot->slot->met = (size_t)p.served;
	if (p.fail) {
		j->words.time_us = p.fail->time_us;
		find(j, SLOT_FAIL, "each.fail");
	} else if (p.window) {
		j->words.time_us = p.window->time_us;
		judge_window(j, p.window);
	} else if (p.doubtful) {
		find(j, SLOT_UNKNOWN, "each.doubtful");
	} else if (missing(j, j->start_us, j->end_us) != 0) {
		find_hole(j, SLOT_UNKNOWN, "each.unknown", j->watch,
		    j->start_us, j->end_us);
	} else if (p.count == 0) {
		find(j, SLOT_NONE, "each.none");
	} else {
		j->slot->slot->below = p.below;
		find(j, SLOT_PASS, p.below ? "each.below" : "each.pass");
	}
}

/* ---- share ---- */

static bool
is_below(int64_t good, int64_t count, int64_t at_least)
{
	return good * 1000000 < at_least * count;
}

static void
judge_share(struct judging *j)
{
	struct pairs p = {.lowest = ENTRY_KERNEL};
	size_t i = unit_first_start(j->unit, j->start_us);
	int64_t at_least = j->definition->at_least;
	const struct unit_event *event;

	while ((event = next_by_start(j, &i, j->end_us))) {
		const struct occurrence *o = event->occurrence;

		p.count++;
		if (!ended_in_time(j, o) ||
		    !fit_is_good(j->scene, j->definition, o,
			fit_at_end(j->scene, j->end_us)))
			continue;
		p.doubtful += !o->usable;
		p.served += o->usable;
		if (o->usable)
			lower(j, &p, o);
	}
	j->words.start_us = j->start_us;
	j->words.end_us = j->end_us;
	j->words.k = p.served;
	j->words.m = p.count;
	j->words.n = p.doubtful;
	j->words.at_least = j->definition->at_least_text;
	j->words.trust = entry_trust_name(p.lowest);
	j->slot->slot->seen = (size_t)p.count;
	j->slot->slot->met = (size_t)p.served;
	if (p.count && is_below(p.served + p.doubtful, p.count, at_least)) {
		find(j, SLOT_FAIL, "share.fail");
	} else if (p.count && is_below(p.served, p.count, at_least)) {
		find(j, SLOT_UNKNOWN, "share.doubtful");
	} else if (missing(j, j->start_us, j->end_us) != 0) {
		find_hole(j, SLOT_UNKNOWN, "share.unknown", j->watch,
		    j->start_us, j->end_us);
	} else if (p.count == 0) {
		find(j, SLOT_NONE, "share.none");
	} else {
		j->slot->slot->below = p.below;
		find(j, SLOT_PASS, p.below ? "share.below" : "share.pass");
	}
}

static void
judge_kind(struct judging *j)
{
	static void (*const judges[])(struct judging * j) = {
	    judge_every, judge_each, judge_never, judge_share};

	judges[j->check->kind](j);
}

/* The first that holds of what does not depend on the kind of check. */
static void
judge(struct judging *j)
{
	const char *name = fit_missing_register(
	    j->definition, scene_registry(j->scene, j->end_us));
	const char *host;
	struct stretch when;

	judge_kind(j);
	if (j->scene->as_of_us < j->due_us) {
		find(j, SLOT_OPEN, "open");
	} else if (watch_forked(
		       j->watch, j->start_us, j->end_us, &host, &when)) {
		j->words.host = host;
		j->words.from_us = when.from_us;
		j->words.to_us = when.to_us;
		find(j, SLOT_UNKNOWN, "fork");
	} else if (name) {
		j->words.name = name;
		find(j, SLOT_UNKNOWN, "register");
	} else {
		return;
	}
	j->slot->taken = NULL;
	j->slot->slot->below = false;
}

int
judge_slot(
    struct scene *s, const struct unit *u, size_t i, const struct watch *w)
{
	struct unit_slot *slot = &u->more[i];
	const struct slot *times = slot->slot;
	struct judging j = {.scene = s,
	    .unit = u,
	    .watch = w,
	    .slot = slot,
	    .definition = slot->definition,
	    .check = slot->definition->check,
	    .not_ours = judge_taken(u, i),
	    .start_us = times->start_us,
	    .end_us = times->end_us,
	    .due_us = times->due_us};

	slot->from_us = times->start_us;
	slot->to_us = times->end_us;
	if (j.check->kind == CHECK_EVERY)
		slot->to_us = times->due_us;
	j.words.unit = u->id;
	j.words.event = j.check->of.event;
	j.words.due_us = times->due_us;
	judge(&j);
	slot->slot->watched_us = times->end_us - times->start_us -
				 missing(&j, times->start_us, times->end_us);
	return j.failed ? -1 : 0;
}
