/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger.h"

#include <stdlib.h>
#include <string.h>

#include "assay/crypto.h"
#include "assay/stamp.h"
#include "entry.h"
#include "list.h"
#include "names.h"
#include "view.h"

struct ledger {
	struct arena arena;
	struct names *names;
	struct crypto *crypto;
	struct zone *utc;
	struct edition_shelf *shelf;
	struct list entries;  /* struct entry in the order of the log */
	struct entry **known; /* by (lineage, sequence), open addressing */
	size_t known_room;
	uint64_t counted;
	uint64_t judged;
	struct view *live;	   /* all entries */
	struct view *past;	   /* the last known_at that was not all */
	const struct answer *last; /* what the readers below read */
};

static struct view *
look(struct ledger *l, struct err *err)
{
	struct view_given given = {
	    l->names, l->crypto, l->shelf, l->utc, &l->entries};

	return view_new(&given, err);
}

struct ledger *
ledger_new(struct err *err)
{
	struct ledger *l = calloc(1, sizeof *l);

	err->text[0] = 0;
	if (!l)
		goto fail;
	l->names = names_new();
	l->crypto = crypto_new(err);
	l->utc = zone_new_utc();
	l->shelf = l->names ? edition_shelf_new(l->names) : NULL;
	if (!l->crypto || !l->utc || !l->shelf)
		goto fail;
	l->live = look(l, err);
	if (l->live)
		return l;
fail:
	if (!err->text[0])
		err_set(err, "no memory for a ledger");
	ledger_free(l);
	return NULL;
}

void
ledger_free(struct ledger *l)
{
	if (!l)
		return;
	view_free(l->live);
	view_free(l->past);
	edition_shelf_free(l->shelf);
	zone_free(l->utc);
	crypto_free(l->crypto);
	names_free(l->names);
	free(l->known);
	arena_clear(&l->arena);
	free(l);
}

/* ---- adding ---- */

static struct entry **
place_of(
    struct entry **known, size_t room, const char *lineage, uint64_t sequence)
{
	uint64_t h = ((uint64_t)(uintptr_t)lineage ^ sequence << 20) *
		     UINT64_C(0x9e3779b97f4a7c15);
	size_t i = (h >> 24) & (room - 1);

	while (known[i] &&
	       (known[i]->lineage != lineage || known[i]->sequence != sequence))
		i = (i + 1) & (room - 1);
	return &known[i];
}

static int
grow_known(struct ledger *l)
{
	size_t room = l->known_room ? l->known_room * 2 : 1024;
	struct entry **known;

	if (l->entries.count < l->known_room / 2)
		return 0;
	known = calloc(room, sizeof(struct entry *));
	if (!known)
		return -1;
	for (size_t i = 0; i < l->entries.count; i++) {
		struct entry *e = l->entries.at[i];

		*place_of(known, room, e->lineage, e->sequence) = e;
	}
	free(l->known);
	l->known = known;
	l->known_room = room;
	return 0;
}

int
ledger_add_record(
    struct ledger *l, uint64_t index, const struct record *r, struct err *err)
{
	struct entry *e, **place;

	e = entry_new(&l->arena, l->names, l->crypto, r, err);
	if (!e)
		return -1;
	if (grow_known(l))
		goto fail;
	place = place_of(l->known, l->known_room, e->lineage, e->sequence);
	if (*place)
		return 0; /* the first in the log stands */
	e->index = index;
	e->place = l->entries.count;
	if (list_add(&l->entries, &l->arena, e))
		goto fail;
	if (view_add(l->live, r, err)) {
		l->entries.count--;
		return -1;
	}
	*place = e;
	l->counted += entry_is_counted(e);
	l->last = NULL;
	return 0;
fail:
	return err_set(err, "no memory for another record");
}

int
ledger_add(
    struct ledger *l, uint64_t index, struct slice bytes, struct err *err)
{
	struct record r;
	int result;

	if (record_decode(bytes, &r, err))
		return -1;
	result = ledger_add_record(l, index, &r, err);
	record_clear(&r);
	return result;
}

uint64_t
ledger_known(const struct ledger *l)
{
	return l->counted;
}

uint64_t
ledger_judged(const struct ledger *l)
{
	return l->judged;
}

/* ---- asking ---- */

int64_t
ledger_latest_us(struct ledger *l)
{
	struct err err;
	int64_t us = 0;

	return view_latest(l->live, &us, &err) ? 0 : us;
}

/* How many entries are seen by one who knows so many counted records. */
static size_t
entries_known(const struct ledger *l, uint64_t known_at)
{
	uint64_t counted = 0;
	size_t i = 0;

	for (; i < l->entries.count; i++) {
		counted += entry_is_counted(l->entries.at[i]);
		if (counted > known_at)
			break;
	}
	return i;
}

/* The view of the first entries; it goes on from the one asked for last when
 * that saw less. */
static struct view *
look_back(struct ledger *l, size_t count, struct err *err)
{
	if (l->past && view_count(l->past) > count) {
		view_free(l->past);
		l->past = NULL;
	}
	if (!l->past)
		l->past = look(l, err);
	while (l->past && view_count(l->past) < count)
		if (view_add(l->past, NULL, err)) {
			view_free(l->past);
			l->past = NULL;
		}
	return l->past;
}

const struct report *
ledger_report(
    struct ledger *l, int64_t as_of_us, uint64_t known_at, struct err *err)
{
	struct view *v = l->live;

	err->text[0] = 0;
	l->last = NULL;
	if (as_of_us < 0 ||
	    as_of_us >= stamp_days(9999, 1, 1) * STAMP_US_PER_DAY) {
		err_set(err, "the moment asked about is outside the years "
			     "1970 to 9998");
		return NULL;
	}
	if (known_at > l->counted)
		known_at = l->counted;
	if (known_at < l->counted)
		v = look_back(l, entries_known(l, known_at), err);
	if (v)
		l->last = view_answer(v, as_of_us, known_at, &l->judged, err);
	return l->last ? &l->last->report : NULL;
}

/* ---- what lies behind an answer ---- */

/* Does a check of the control ask for this kind of event? */
static bool
is_asked_for(const struct answer *a, const char *control, const char *kind)
{
	for (size_t i = 0; i < a->assessed.count; i++) {
		const struct assess *it = a->assessed.at[i];
		const struct check *c = it->now->check;

		if (strcmp(c->control, control) != 0)
			continue;
		if (c->of.event == kind)
			return true;
		for (size_t k = 0; k < c->need_count; k++)
			if (c->needs[k].event == kind)
				return true;
	}
	return false;
}

static bool
is_about(const struct entry_event *e, const char *framework, const char *id)
{
	size_t len = strlen(framework);

	for (size_t i = 0; i < e->control_count; i++) {
		const char *control = e->controls[i];

		if (strncmp(control, framework, len) == 0 &&
		    control[len] == ':' && strcmp(control + len + 1, id) == 0)
			return true;
	}
	return false;
}

void
ledger_events(const struct ledger *l, const char *control, int64_t from_us,
    int64_t to_us, ledger_event_fn *visit, void *arg)
{
	const struct answer *a = l->last;
	const struct list *events = a ? &a->scene.facts->events : NULL;

	for (size_t i = 0; a && i < events->count; i++) {
		const struct entry *e = events->at[i];
		struct ledger_event event = {e->index, e->time_us,
		    host_of(&a->scene.hosts, e), e->event->kind,
		    vocab_outcome_name(e->event->outcome), e->event->rule,
		    !e->event->ambiguous && !e->event->doubtful &&
			(e->event->trust != ENTRY_NET || e->from_collector)};

		if (e->time_us < from_us || e->time_us >= to_us ||
		    e->time_us > a->scene.as_of_us)
			continue;
		if (control &&
		    !is_about(e->event, a->report.framework, control) &&
		    !is_asked_for(a, control, e->event->kind))
			continue;
		if (!visit(arg, &event))
			return;
	}
}

void
ledger_gaps(const struct ledger *l, int64_t from_us, int64_t to_us,
    ledger_gap_fn *visit, void *arg)
{
	const struct answer *a = l->last;
	const struct list *gaps = a ? &a->scene.facts->gaps : NULL;

	for (size_t i = 0; a && i < gaps->count; i++) {
		const struct entry *e = gaps->at[i];
		const struct entry_gap *g = e->gap;
		struct ledger_gap gap = {e->index, host_of(&a->scene.hosts, e),
		    g->source, (const char *const *)g->classes, g->class_count,
		    g->from_us,
		    g->to_us > g->from_us ? g->to_us : g->from_us + 1,
		    g->reason, g->recovered};

		if (gap.from_us < to_us && gap.to_us > from_us &&
		    !visit(arg, &gap))
			return;
	}
}

void
ledger_acts(const struct ledger *l, int64_t from_us, int64_t to_us,
    ledger_act_fn *visit, void *arg)
{
	const struct answer *a = l->last;
	const struct list *acts = a ? &a->scene.facts->acts : NULL;

	for (size_t i = 0; a && i < acts->count; i++) {
		const struct entry *e = acts->at[i];
		struct ledger_act act = {e->index, e->time_us, e->act->kind,
		    e->act->actor, e->act->reason};

		if (e->time_us >= from_us && e->time_us < to_us &&
		    !visit(arg, &act))
			return;
	}
}

void
ledger_covers(const struct ledger *l, ledger_cover_fn *visit, void *arg)
{
	const struct answer *a = l->last;
	const struct list *hosts = a ? &a->scene.coverage.hosts : NULL;

	for (size_t i = 0; a && i < hosts->count; i++) {
		const struct coverage_host *h = hosts->at[i];

		for (size_t k = 0; k < h->classes.count; k++) {
			const struct coverage_class *c = h->classes.at[k];
			struct ledger_cover cover = {
			    h->name, c->name, &c->covered, &h->forked};

			if (!visit(arg, &cover))
				return;
		}
	}
}
