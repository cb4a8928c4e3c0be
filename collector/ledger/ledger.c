/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger.h"

#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "assay/crypto.h"
#include "assay/encode.h"
#include "assay/stamp.h"
#include "assay/verify.h"
#include "edition.h"
#include "facts.h"
#include "list.h"
#include "names.h"
#include "span.h"

/* The log up to a point, and the last answer to it. Two arenas take turns: an
 * answer keeps verdicts of the one before. */
struct view {
	size_t taken; /* of the ledger's entries */
	struct verify *verify;
	struct arena arenas[2];
	struct answer answer;
	bool answered;
	unsigned turn; /* of the arena that holds the answer */
};

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
	struct view live;  /* all entries */
	struct view *past; /* the last known_at that was not all */
	const struct view *last;
	uint64_t judged;
};

static void
view_clear(struct view *v)
{
	verify_free(v->verify);
	arena_clear(&v->arenas[0]);
	arena_clear(&v->arenas[1]);
}

struct ledger *
ledger_new(struct err *err)
{
	struct ledger *l = calloc(1, sizeof *l);

	if (!l)
		goto fail;
	l->names = names_new();
	l->crypto = crypto_new(err);
	l->utc = zone_new_utc();
	l->shelf = l->names ? edition_shelf_new(l->names) : NULL;
	if (!l->crypto || !l->utc || !l->shelf)
		goto fail;
	l->live.verify = verify_new(l->crypto, err);
	if (l->live.verify)
		return l;
fail:
	if (!l || !l->names || !l->utc || !l->shelf)
		err_set(err, "no memory for a ledger");
	ledger_free(l);
	return NULL;
}

void
ledger_free(struct ledger *l)
{
	if (!l)
		return;
	view_clear(&l->live);
	if (l->past)
		view_clear(l->past);
	free(l->past);
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
	enum verify_arrival arrival;

	e = entry_new(&l->arena, l->names, l->crypto, r, err);
	if (!e)
		return -1;
	if (grow_known(l))
		goto fail;
	place = place_of(l->known, l->known_room, e->lineage, e->sequence);
	if (*place)
		return 0; /* the first in the log stands */
	/* What cannot be right as it stands seals nothing, and is kept. */
	if (verify_add(l->live.verify, r, &arrival, err))
		return -1;
	e->index = index;
	e->place = l->entries.count;
	if (list_add(&l->entries, &l->arena, e))
		goto fail;
	*place = e;
	l->counted += entry_is_counted(e);
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

/* Let a view's own verify know its entries. */
static int
tell_verify(struct ledger *l, struct view *v, size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		const struct entry *e = l->entries.at[i];
		enum verify_arrival arrival;
		uint8_t agent[16] = {0}, epoch[16] = {0};
		struct record r;
		int result;

		if (e->bytes.len) {
			if (record_decode(e->bytes, &r, err))
				return -1;
			result = verify_add(v->verify, &r, &arrival, err);
			record_clear(&r);
		} else {
			encode_unuuid(slice_of(e->agent), agent);
			encode_unhex(slice_of(e->epoch), epoch, sizeof epoch);
			result = verify_add_leaf(v->verify, agent, epoch,
			    e->sequence, e->leaf, &arrival, err);
		}
		if (result)
			return -1;
	}
	return 0;
}

static struct view *
view_past(struct ledger *l, size_t count, struct err *err)
{
	struct view *v = l->past;

	if (v && v->taken == count)
		return v;
	if (v)
		view_clear(v);
	free(v);
	l->past = v = calloc(1, sizeof *v);
	if (!v) {
		err_set(err, "no memory to look back");
		return NULL;
	}
	v->verify = verify_new(l->crypto, err);
	if (!v->verify || tell_verify(l, v, count, err))
		return NULL;
	v->taken = count;
	return v;
}

static int
view_answer(struct ledger *l, struct view *v, size_t count, int64_t as_of_us,
    uint64_t known_at, struct err *err)
{
	struct arena *arena = &v->arenas[!v->turn];
	struct answer answer = {.report = {0}};
	struct scene_given given = {arena, l->names, l->shelf, NULL,
	    &l->entries, count, l->utc, as_of_us,
	    v->answered ? &v->answer.scene.coverage : NULL};
	struct facts *facts;

	arena_clear(arena);
	facts = arena_alloc(arena, sizeof *facts);
	if (!facts)
		return err_set(err, "no memory to weigh records");
	given.facts = facts;
	if (facts_build(
		facts, arena, l->names, &l->entries, count, v->verify, err) ||
	    scene_set(&answer.scene, &given, err) ||
	    answer_make(&answer, v->answered ? &v->answer : NULL, known_at,
		&l->judged, err))
		return -1;
	v->answer = answer;
	v->answered = true;
	v->turn = !v->turn;
	v->taken = count;
	return 0;
}

const struct report *
ledger_report(
    struct ledger *l, int64_t as_of_us, uint64_t known_at, struct err *err)
{
	struct view *v = &l->live;
	size_t count = l->entries.count;

	err->text[0] = 0;
	if (as_of_us < 0 ||
	    as_of_us >= stamp_days(9999, 1, 1) * STAMP_US_PER_DAY) {
		err_set(err, "the moment asked about is outside the years "
			     "1970 to 9998");
		return NULL;
	}
	if (known_at > l->counted)
		known_at = l->counted;
	if (known_at < l->counted) {
		count = entries_known(l, known_at);
		v = view_past(l, count, err);
	}
	if (!v || view_answer(l, v, count, as_of_us, known_at, err))
		return NULL;
	l->last = v;
	return &v->answer.report;
}
