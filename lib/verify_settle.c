/* SPDX-License-Identifier: Apache-2.0 */
#include "verify_state.h"

#include <stdlib.h>
#include <string.h>

static void
note_change(struct verify *v, const struct epoch *e, uint64_t first,
    uint64_t last, enum verify_state state)
{
	struct verify_range *changes;

	if (!v->watched)
		return;
	changes = verify_grow(v->changes, v->change_count, sizeof *changes);
	if (!changes) {
		v->stale = true;
		return;
	}
	v->changes = changes;
	changes += v->change_count++;
	*changes =
	    (struct verify_range){.first = first, .last = last, .state = state};
	memcpy(changes->agent, e->agent->id, 16);
	memcpy(changes->epoch, e->id, 16);
}

struct settled {
	struct verify *v;
	struct epoch *e;
};

static void
on_settled(void *arg, uint64_t first, uint64_t last, enum span_state state)
{
	const struct settled *s = arg;

	note_change(s->v, s->e, first, last,
	    state == SPAN_SEALED ? VERIFY_SEALED : VERIFY_BAD);
	if (state == SPAN_SEALED && first == 1 && !s->e->todo) {
		s->e->todo = true;
		s->e->next_todo = s->v->todo;
		s->v->todo = s->e;
	}
}

static void
settle_epoch(struct verify *v, struct epoch *e, uint64_t sequence)
{
	struct settled arg = {v, e};

	spans_settle(
	    &e->spans, v->c, e->agent->pinned, sequence, on_settled, &arg);
}

/* A sealed start signs the last chain value of the epoch it follows. */
static int
use_start(struct verify *v, struct epoch *e, struct start *s)
{
	struct span span = {.by_start = true, .key = e->agent->pinned};
	struct epoch *before;

	if (s->used || !s->prev.known || !verify_is_leaf_sealed(e, 1, s->leaf))
		return 0;
	before = verify_epoch_for(e->agent, s->prev.epoch);
	if (!before)
		return -1;
	span.last = s->prev.last;
	span.first = span.last + 1;
	memcpy(span.prev, s->prev.head, CHAIN_LEN);
	memcpy(span.head, s->prev.head, CHAIN_LEN);
	memcpy(span.follower, e->id, 16);
	if (spans_add(&before->spans, &span))
		return -1;
	s->used = true;
	if (span.last > before->named_last)
		before->named_last = span.last;
	settle_epoch(v, before, 0);
	return 0;
}

static int
use_starts(struct verify *v)
{
	while (v->todo) {
		struct epoch *e = v->todo;

		v->todo = e->next_todo;
		e->todo = false;
		for (size_t i = 0; i < e->start_count; i++)
			if (use_start(v, e, &e->starts[i]))
				return -1;
	}
	return 0;
}

int
verify_settle(struct verify *v, struct epoch *e, uint64_t sequence)
{
	settle_epoch(v, e, sequence);
	return use_starts(v);
}

static void
unseal(struct verify *v, struct epoch *e)
{
	uint64_t last = e->spans.leaves.highest, end;
	bool held, sealed;

	for (uint64_t n = 1; n <= last; n = end + 1) {
		leaves_stretch(&e->spans.leaves, n, last, &held, &sealed, &end);
		if (sealed)
			note_change(v, e, n, end, VERIFY_UNSEALED);
	}
	spans_reset(&e->spans);
	e->named_last = 0;
	for (size_t i = 0; i < e->start_count; i++)
		e->starts[i].used = false;
}

/* Judge everything of an agent anew. */
static int
settle_agent(struct verify *v, struct agent *a)
{
	for (size_t i = 0; i < a->epochs.count; i++)
		unseal(v, verify_epoch_at(a, i));
	if (a->pinned == NO_KEY)
		return 0;
	/* Using a start may add an epoch to the list: it has no records, and
	 * is settled then. */
	for (size_t i = 0; i < a->epochs.count; i++)
		settle_epoch(v, verify_epoch_at(a, i), 0);
	return use_starts(v);
}

/* ---- which key counts ---- */

static bool
is_earlier(const struct epoch *e, const struct start *s,
    const struct epoch *other_epoch, const struct start *other)
{
	int order;

	if (s->time_us != other->time_us)
		return s->time_us < other->time_us;
	order = memcmp(e->id, other_epoch->id, 16);
	if (!order)
		order = memcmp(s->leaf, other->leaf, CHAIN_LEN);
	return order < 0;
}

/* The key of the earliest start; of those with a good seal, or of all. */
static size_t
earliest_key(const struct agent *a, bool with_good)
{
	const struct epoch *best_epoch = NULL;
	const struct start *best = NULL;

	for (size_t i = 0; i < a->epochs.count; i++) {
		const struct epoch *e = verify_epoch_at(a, i);

		for (size_t k = 0; k < e->start_count; k++) {
			const struct start *s = &e->starts[k];

			if (with_good && !a->keys[s->key].good)
				continue;
			if (!best || is_earlier(e, s, best_epoch, best)) {
				best = s;
				best_epoch = e;
			}
		}
	}
	return best ? best->key : NO_KEY;
}

static size_t
best_key(const struct agent *a)
{
	size_t key = a->fixed_key;

	if (key == NO_KEY)
		key = earliest_key(a, true);
	if (key == NO_KEY)
		key = earliest_key(a, false);
	return key;
}

int
verify_choose_key(struct verify *v, struct agent *a)
{
	size_t key = best_key(a);

	if (key == a->pinned)
		return 0;
	a->pinned = key;
	return settle_agent(v, a);
}

int
verify_settle_all(struct verify *v)
{
	while (v->todo) {
		v->todo->todo = false;
		v->todo = v->todo->next_todo;
	}
	for (size_t i = 0; i < v->agents.count; i++) {
		struct agent *a = verify_agent_at(v, i);

		a->pinned = best_key(a);
		if (settle_agent(v, a))
			return -1;
	}
	return 0;
}
