/* SPDX-License-Identifier: Apache-2.0 */
#include "grade.h"

#include <inttypes.h>
#include <string.h>

#include "assay/stamp.h"
#include "episode.h"
#include "judge.h"
#include "sentence.h"
#include "stretch.h"

/* A slot and whose it is. */
struct place {
	const struct unit *unit;
	const struct slot *slot;
};

/* What is found over all slots of a check. */
struct sums {
	struct rating_counts counts;
	int64_t counted, retrospective, below;
	int64_t seen, met; /* over counted and open slots */
	int64_t earliest_us, next_due_us;
	struct place deviates, unknown; /* the first of each */
	struct place twice; /* the second of two in a row that are neither */
	const struct unit *ineffective, *unsure; /* first units rated so */
};

struct grading {
	const struct assess *assess;
	struct scene *scene;
	struct report_check *into;
	enum framework_mode mode;
	int tolerance_percent;
	struct sums sums;
};

/* Least (start, unit); units come by id, so the first seen stands. */
static void
keep_first(struct place *first, const struct unit *u, const struct slot *s)
{
	if (!first->slot || s->start_us < first->slot->start_us)
		*first = (struct place){u, s};
}

static void
sum_slot(struct grading *g, const struct unit *u, const struct slot *s)
{
	struct sums *sums = &g->sums;

	if (s->state == SLOT_OPEN) {
		g->into->counts.of[SLOT_OPEN]++;
		if (s->due_us < sums->next_due_us)
			sums->next_due_us = s->due_us;
	}
	if (s->state == SLOT_OPEN || s->counted) {
		sums->seen += (int64_t)s->seen;
		sums->met += (int64_t)s->met;
	}
	if (!s->counted)
		return;
	rating_count(&sums->counts, s->state);
	sums->counted++;
	sums->retrospective += s->retrospective;
	sums->below += s->state == SLOT_PASS && s->below;
	if (s->start_us < sums->earliest_us)
		sums->earliest_us = s->start_us;
	if (slot_deviates(s->state))
		keep_first(&sums->deviates, u, s);
	if (s->state == SLOT_UNKNOWN)
		keep_first(&sums->unknown, u, s);
	g->into->covered_us += s->watched_us;
	g->into->period_us += s->end_us - s->start_us;
}

static void
sum_unit(struct grading *g, const struct unit *u)
{
	struct rating_counts counts = {{0}};
	bool before = false;

	if (u->next_due_us < g->sums.next_due_us)
		g->sums.next_due_us = u->next_due_us;
	for (size_t i = 0; i < u->slot_count; i++) {
		const struct slot *s = &u->slots[i];
		bool bad = slot_deviates(s->state) || s->state == SLOT_UNKNOWN;

		sum_slot(g, u, s);
		if (!s->counted || s->state == SLOT_NONE ||
		    s->state == SLOT_EXCEPTED)
			continue;
		rating_count(&counts, s->state);
		if (bad && before)
			keep_first(&g->sums.twice, u, s);
		before = bad;
	}
	switch (rating_of(
	    &counts, g->tolerance_percent, g->assess->now->check->fatal)) {
	case RATING_INEFFECTIVE:
		g->into->units_ineffective++;
		if (!g->sums.ineffective)
			g->sums.ineffective = u;
		break;
	case RATING_UNKNOWN:
		if (rating_unknown(&counts) == 0)
			break;
		g->into->units_unknown++;
		if (!g->sums.unsure)
			g->sums.unsure = u;
		break;
	default:
		break;
	}
}

static bool
population_is_declared(const struct grading *g)
{
	const struct check *c = g->assess->now->check;
	const struct registry *r;

	if (!g->scene->isms_now)
		return false;
	r = g->scene->isms_now->registry;
	switch (c->unit) {
	case CHECK_HOST:
	case CHECK_USER:
		return registry_host(r, 0) != NULL;
	case CHECK_JOB:
		return registry_job(r, 0) != NULL;
	case CHECK_ROW:
		return registry_has(r, c->register_name);
	default:
		return registry_scope(r)->scope != NULL;
	}
}

/* ---- the caps ---- */

static void
cap(struct buf *out, bool *capped)
{
	buf_puts(out, *capped ? "; " : "; at best partly: ");
	*capped = true;
}

static void
cap_by_units(const struct grading *g, struct buf *out, bool *capped)
{
	const struct sums *s = &g->sums;

	if (s->ineffective) {
		cap(out, capped);
		buf_printf(
		    out, "unit %s alone is ineffective", s->ineffective->id);
	}
	if (s->unsure) {
		cap(out, capped);
		buf_printf(out, "unit %s alone is unknown", s->unsure->id);
	}
	if (s->twice.slot) {
		cap(out, capped);
		buf_printf(out, "%s deviates or is unknown twice in a row, ",
		    s->twice.unit->id);
		sentence_time(out, s->twice.slot->start_us);
	}
}

/* Append all that keeps the check from being effective. */
static bool
put_caps(const struct grading *g, struct buf *out)
{
	const struct sums *s = &g->sums;
	bool capped = false;

	cap_by_units(g, out, &capped);
	if (rating_is_wavering(&s->counts)) {
		cap(out, &capped);
		buf_printf(out,
		    "%" PRId64 " of %" PRId64 " slots warn or are unknown",
		    s->counts.of[SLOT_WARN] + rating_unknown(&s->counts),
		    rating_all(&s->counts));
	}
	if (!g->assess->adopted) {
		cap(out, &capped);
		buf_puts(out, "not adopted in the policy");
	}
	if (!population_is_declared(g)) {
		cap(out, &capped);
		buf_puts(out, "population not declared");
	}
	if (g->mode == FRAMEWORK_FACET) {
		cap(out, &capped);
		buf_puts(out, "logs show only a facet of this control");
	}
	if (s->below) {
		cap(out, &capped);
		buf_printf(out,
		    "%" PRId64 " slots pass on evidence any local user could "
		    "have written",
		    s->below);
	}
	if (s->retrospective == s->counted) {
		cap(out, &capped);
		buf_puts(out, "every slot began before assay watched");
	}
	return capped;
}

/* ---- the rating and its sentence ---- */

static void
put_seen(const struct grading *g, int64_t seen, int64_t met, struct buf *out)
{
	const struct check *c = g->assess->now->check;

	buf_printf(out, "%" PRId64 " %s seen", seen, c->of.event);
	if (c->kind == CHECK_EACH) {
		buf_printf(out, ", %" PRId64 " with ", met);
		judge_needs(c, out);
	}
}

static void
put_unadopted(const struct grading *g, struct buf *out)
{
	put_seen(g, g->sums.seen, g->sums.met, out);
	buf_puts(out, "; not adopted in the policy");
}

static enum rating
put_idle(const struct grading *g, struct buf *out)
{
	buf_printf(out, "nothing was due in %" PRId64 " slots",
	    g->sums.counts.of[SLOT_NONE] + g->sums.counts.of[SLOT_EXCEPTED]);
	return RATING_NOT_EXERCISED;
}

static enum rating
put_effective(const struct grading *g, struct buf *out)
{
	const struct rating_counts *c = &g->sums.counts;
	int64_t as_of_us = g->scene->as_of_us;
	int64_t days = (as_of_us - g->sums.earliest_us) / STAMP_US_PER_DAY;
	int64_t all_days = g->assess->span_us / STAMP_US_PER_DAY;

	buf_printf(out,
	    "%" PRId64 " of %" PRId64 " slots, %" PRId64 " of %" PRId64 " days",
	    c->of[SLOT_PASS] + c->of[SLOT_WARN], rating_all(c),
	    days < all_days ? days : all_days, all_days);
	return put_caps(g, out) ? RATING_PARTLY : RATING_EFFECTIVE;
}

static void
put_bad(const struct grading *g, enum rating rating, struct buf *out)
{
	const struct rating_counts *c = &g->sums.counts;
	const struct slot *first = g->sums.deviates.slot;
	const struct slot *unknown = g->sums.unknown.slot;

	if (rating == RATING_INEFFECTIVE) {
		buf_printf(out,
		    "%" PRId64 " of %" PRId64 " slots deviate (%" PRId64
		    " failed, %" PRId64 " late, %" PRId64 " missed); %s",
		    rating_deviating(c), rating_seen(c), c->of[SLOT_FAIL],
		    c->of[SLOT_LATE], c->of[SLOT_MISSED], first->reason);
	} else if (rating == RATING_PARTLY) {
		struct place either = g->sums.deviates;

		if (unknown)
			keep_first(&either, g->sums.unknown.unit, unknown);
		/* At one start the unit with the lesser id comes first. */
		if (unknown && first && unknown->start_us == first->start_us &&
		    strcmp(g->sums.unknown.unit->id,
			g->sums.deviates.unit->id) < 0)
			either = g->sums.unknown;
		buf_printf(out,
		    "%" PRId64 " of %" PRId64 " slots deviate, %" PRId64
		    " unknown; %s",
		    rating_deviating(c), rating_all(c), rating_unknown(c),
		    either.slot->reason);
	} else {
		buf_printf(out,
		    "%" PRId64 " of %" PRId64 " slots unknown, %" PRId64
		    " deviate; %s",
		    rating_unknown(c), rating_all(c), rating_deviating(c),
		    unknown->reason);
	}
}

static enum rating
put_unclosed(const struct grading *g, struct buf *out)
{
	if (g->sums.next_due_us == STRETCH_FOREVER)
		return put_idle(g, out);
	buf_puts(out, "no slot closed yet, the first is due ");
	sentence_time(out, g->sums.next_due_us);
	return RATING_UNKNOWN;
}

static enum rating
grade(const struct grading *g, struct buf *out, bool *left_out)
{
	const struct check *c = g->assess->now->check;
	enum rating rating;

	*left_out = c->shown && !g->assess->adopted;
	if (g->assess->units.count == 0 && episode_is_built_in(c)) {
		*left_out = true;
		buf_puts(out, "no agent had watched any host by then");
		return RATING_UNKNOWN;
	}
	if (g->assess->units.count == 0 && g->assess->loose_seen > 0) {
		put_seen(g, g->assess->loose_seen, g->assess->loose_met, out);
		buf_puts(out, "; no host was watched");
		return RATING_UNKNOWN;
	}
	if (g->assess->units.count == 0) {
		buf_puts(out, "none declared, none seen: `assay-collector init "
			      "--from-observed` writes a first inventory");
		return RATING_UNKNOWN;
	}
	if (g->sums.counted == 0) {
		*left_out = true;
		return put_unclosed(g, out);
	}
	if (*left_out) {
		put_unadopted(g, out);
		return RATING_UNKNOWN;
	}
	rating = rating_of(&g->sums.counts, g->tolerance_percent, c->fatal);
	if (rating == RATING_NOT_EXERCISED) {
		*left_out = true;
		return put_idle(g, out);
	}
	if (rating == RATING_EFFECTIVE)
		return put_effective(g, out);
	put_bad(g, rating, out);
	return rating;
}

static int
list_units(struct grading *g)
{
	const struct list *units = &g->assess->units;
	struct report_unit *into =
	    arena_array(g->scene->arena, units->count + 1, sizeof *into);

	if (!into)
		return -1;
	for (size_t i = 0; i < units->count; i++) {
		const struct unit *u = units->at[i];

		into[i] = (struct report_unit){u->id, u->slots, u->slot_count};
		sum_unit(g, u);
	}
	g->into->unit = into;
	g->into->units = units->count;
	return 0;
}

int
grade_check(struct report_check *into, bool *left_out, const struct assess *a,
    struct scene *s, enum framework_mode mode)
{
	const struct check *c = a->now->check;
	struct grading g = {a, s, into, mode, 0, {.counted = 0}};
	struct buf text = {0};
	int64_t open;

	*into = (struct report_check){.id = a->course->id,
	    .kind = check_kind_name(c->kind),
	    .event = c->of.event,
	    .control = c->control,
	    .adopted = a->adopted};
	if (a->adopted)
		into->criterion =
		    registry_adopted(s->isms_now->registry, a->course->id)
			->criterion;
	if (c->kind == CHECK_EVERY && !c->key_check)
		g.tolerance_percent = 5;
	g.sums.earliest_us = g.sums.next_due_us = STRETCH_FOREVER;
	if (list_units(&g))
		return -1;
	open = into->counts.of[SLOT_OPEN];
	into->counts = g.sums.counts;
	into->counts.of[SLOT_OPEN] = open;
	into->rating = grade(&g, &text, left_out);
	into->reason =
	    text.failed ? NULL : arena_copy(s->arena, buf_slice(&text));
	buf_clear(&text);
	return into->reason ? 0 : -1;
}
