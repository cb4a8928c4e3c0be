/* SPDX-License-Identifier: Apache-2.0 */
#include "assay/verify.h"

#include <stdlib.h>
#include <string.h>

#include "verify_state.h"

/* ---- life ---- */

struct verify *
verify_new(struct crypto *c, struct err *err)
{
	struct verify *v = calloc(1, sizeof *v);

	if (!v) {
		err_set(err, "verify: out of memory");
		return NULL;
	}
	v->c = c;
	return v;
}

static void
free_epoch(struct epoch *e)
{
	spans_clear(&e->spans);
	free(e->starts);
	free(e->notes);
	free(e);
}

static void
free_agent(struct agent *a)
{
	for (size_t i = 0; i < a->epochs.count; i++)
		free_epoch(verify_epoch_at(a, i));
	free(a->epochs.items);
	free(a->keys);
	free(a->pending);
	free(a);
}

void
verify_free(struct verify *v)
{
	if (!v)
		return;
	for (size_t i = 0; i < v->agents.count; i++)
		free_agent(verify_agent_at(v, i));
	free(v->agents.items);
	free(v->changes);
	free(v);
}

/* ---- what starts and seals say ---- */

static size_t
find_key(const struct agent *a, const char *id)
{
	for (size_t i = 0; i < a->key_count; i++)
		if (!strcmp(a->keys[i].public.id, id))
			return i;
	return NO_KEY;
}

static int
add_note(struct epoch *e, enum verify_kind kind, uint64_t sequence,
    const uint8_t leaf[CHAIN_LEN])
{
	struct note *notes;

	for (size_t i = 0; i < e->note_count; i++)
		if (!memcmp(e->notes[i].leaf, leaf, CHAIN_LEN))
			return 0;
	notes = verify_grow(e->notes, e->note_count, sizeof *notes);
	if (!notes)
		return -1;
	e->notes = notes;
	notes += e->note_count++;
	*notes = (struct note){.kind = kind, .sequence = sequence};
	memcpy(notes->leaf, leaf, CHAIN_LEN);
	return 0;
}

/* A seal of a known key: good, it becomes a span; else a note. */
static int
take_seal(struct epoch *e, size_t key, const struct chain_seal *seal,
    const uint8_t leaf[CHAIN_LEN], struct err *err)
{
	static const uint8_t zeros[CHAIN_LEN];
	struct key *k = &e->agent->keys[key];
	struct span span = {
	    .first = seal->first, .last = seal->last, .key = key};
	bool good;

	if (chain_seal_check(seal, &k->public, &good, err))
		return -1;
	if (!good ||
	    (seal->first == 1 && memcmp(seal->prev, zeros, CHAIN_LEN) != 0))
		return add_note(e, VERIFY_SEAL_BAD, seal->last + 1, leaf);
	memcpy(span.prev, seal->prev, CHAIN_LEN);
	memcpy(span.head, seal->head, CHAIN_LEN);
	memcpy(span.leaf, leaf, CHAIN_LEN);
	if (spans_add(&e->spans, &span))
		return -1;
	k->good++;
	return 0;
}

/* Seals that waited for this key. */
static int
take_pending(struct agent *a, size_t key, struct err *err)
{
	size_t kept = 0, i = 0;
	int result = 0;

	for (; i < a->pending_count && !result; i++) {
		struct pending *p = &a->pending[i];

		if (strcmp(p->seal.key, a->keys[key].public.id) != 0) {
			a->pending[kept++] = *p;
			continue;
		}
		result = take_seal(verify_epoch_for(a, p->seal.epoch), key,
		    &p->seal, p->leaf, err);
		if (result)
			a->pending[kept++] = *p;
	}
	for (; i < a->pending_count; i++)
		a->pending[kept++] = a->pending[i];
	a->pending_count = kept;
	return result;
}

static int
add_key(struct agent *a, const struct crypto_public *public, size_t *key,
    struct err *err)
{
	struct key *keys;

	*key = find_key(a, public->id);
	if (*key == NO_KEY) {
		keys = verify_grow(a->keys, a->key_count, sizeof *keys);
		if (!keys)
			return -1;
		a->keys = keys;
		*key = a->key_count++;
		keys[*key] = (struct key){.public = *public};
	}
	return take_pending(a, *key, err);
}

static int
add_seal(struct epoch *e, const struct record *r, const uint8_t leaf[CHAIN_LEN],
    struct err *err)
{
	struct agent *a = e->agent;
	struct chain_seal seal;
	struct pending *pending;
	size_t key;

	if (record_read_seal(r, &seal, NULL))
		return add_note(e, VERIFY_SEAL_BAD, r->sequence, leaf);
	key = find_key(a, seal.key);
	if (key != NO_KEY)
		return take_seal(e, key, &seal, leaf, err);
	pending = verify_grow(a->pending, a->pending_count, sizeof *pending);
	if (!pending)
		return -1;
	a->pending = pending;
	pending += a->pending_count++;
	pending->seal = seal;
	memcpy(pending->leaf, leaf, CHAIN_LEN);
	return 0;
}

static int
add_start(struct verify *v, struct epoch *e, const struct record *r,
    const uint8_t leaf[CHAIN_LEN], struct err *err)
{
	struct start start = {.time_us = r->time_us};
	struct crypto_public public;
	struct start *starts;

	if (record_read_start(v->c, r, &public, &start.prev, NULL))
		return add_note(e, VERIFY_START_BAD, r->sequence, leaf);
	if (add_key(e->agent, &public, &start.key, err))
		return -1;
	for (size_t i = 0; i < e->start_count; i++)
		if (!memcmp(e->starts[i].leaf, leaf, CHAIN_LEN))
			return 0;
	starts = verify_grow(e->starts, e->start_count, sizeof *starts);
	if (!starts)
		return -1;
	e->starts = starts;
	memcpy(start.leaf, leaf, CHAIN_LEN);
	starts[e->start_count++] = start;
	return 0;
}

/* What a start or seal says, before its leaf counts. */
static int
add_meaning(struct verify *v, struct epoch *e, const struct record *r,
    const uint8_t leaf[CHAIN_LEN], struct err *err)
{
	e->from_collector |= r->from_collector;
	if (r->type == RECORD_SEAL)
		return add_seal(e, r, leaf, err);
	if (r->type == RECORD_START)
		return add_start(v, e, r, leaf, err);
	return 0;
}

/* ---- feeding ---- */

int
verify_pin(struct verify *v, const uint8_t agent[16],
    const struct crypto_public *key, struct err *err)
{
	struct agent *a = verify_agent_for(v, agent);
	struct err why = {""};

	if (!a || add_key(a, key, &a->fixed_key, &why) ||
	    verify_choose_key(v, a)) {
		v->stale = true;
		return err_set(err, "verify: %s",
		    why.text[0] ? why.text : "out of memory");
	}
	return 0;
}

static int
feed(struct verify *v, const uint8_t agent[16], const uint8_t epoch[16],
    uint64_t sequence, const uint8_t leaf[CHAIN_LEN], const struct record *r,
    enum verify_arrival *arrival, struct err *err)
{
	struct agent *a = verify_agent_for(v, agent);
	struct epoch *e = a ? verify_epoch_for(a, epoch) : NULL;

	if (!e)
		return -1;
	switch (leaves_find(&e->spans.leaves, sequence, leaf)) {
	case LEAVES_SAME:
		*arrival = VERIFY_REPEAT;
		return 0;
	case LEAVES_FULL:
		*arrival = VERIFY_REFUSED;
		return 0;
	case LEAVES_OTHER:
		*arrival = VERIFY_OTHER;
		break;
	case LEAVES_NONE:
		*arrival = VERIFY_NEW;
		break;
	}
	if (r && add_meaning(v, e, r, leaf, err))
		return -1;
	if (leaves_add(&e->spans.leaves, sequence, leaf))
		return -1;
	if (r && (r->type == RECORD_SEAL || r->type == RECORD_START) &&
	    verify_choose_key(v, a))
		return -1;
	return verify_settle(v, e, sequence);
}

static int
feed_or_fail(struct verify *v, const uint8_t agent[16], const uint8_t epoch[16],
    uint64_t sequence, const uint8_t leaf[CHAIN_LEN], const struct record *r,
    enum verify_arrival *arrival, struct err *err)
{
	struct err why = {""};
	int result = feed(v, agent, epoch, sequence, leaf, r, arrival, &why);

	if (!result && v->stale) {
		v->stale = false;
		result = verify_settle_all(v);
	}
	if (!result && !v->stale)
		return 0;
	v->stale = true;
	return err_set(
	    err, "verify: %s", why.text[0] ? why.text : "out of memory");
}

int
verify_add(struct verify *v, const struct record *r,
    enum verify_arrival *arrival, struct err *err)
{
	uint8_t leaf[CHAIN_LEN];

	chain_leaf(v->c, r->bytes, leaf);
	return feed_or_fail(
	    v, r->agent, r->epoch, r->sequence, leaf, r, arrival, err);
}

int
verify_add_leaf(struct verify *v, const uint8_t agent[16],
    const uint8_t epoch[16], uint64_t sequence, const uint8_t leaf[CHAIN_LEN],
    enum verify_arrival *arrival, struct err *err)
{
	return feed_or_fail(
	    v, agent, epoch, sequence, leaf, NULL, arrival, err);
}

void
verify_watch(struct verify *v)
{
	v->watched = true;
}

bool
verify_settled(struct verify *v, struct verify_range *range)
{
	if (v->change_next == v->change_count) {
		v->change_next = v->change_count = 0;
		return false;
	}
	*range = v->changes[v->change_next++];
	return true;
}

/* ---- asking ---- */

bool
verify_is_sealed(const struct verify *v, const uint8_t agent[16],
    const uint8_t epoch[16], uint64_t sequence, const uint8_t *leaf)
{
	const struct epoch *e = verify_find_epoch(v, agent, epoch);

	return e && verify_is_leaf_sealed(e, sequence, leaf);
}

bool
verify_all_sealed(const struct verify *v, const uint8_t agent[16],
    const uint8_t epoch[16], uint64_t first, uint64_t last)
{
	const struct epoch *e = verify_find_epoch(v, agent, epoch);

	return e && leaves_all_sealed(&e->spans.leaves, first, last);
}
