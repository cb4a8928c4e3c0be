/* SPDX-License-Identifier: Apache-2.0 */
#include "assay/spans.h"

#include <stdlib.h>
#include <string.h>

static int
compare_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int
compare(const struct span *a, const struct span *b)
{
	int order = compare_numbers(a->last, b->last);

	if (!order)
		order = compare_numbers(a->first, b->first);
	if (!order)
		order = memcmp(a->head, b->head, CHAIN_LEN);
	if (!order)
		order = memcmp(a->prev, b->prev, CHAIN_LEN);
	if (!order)
		order = compare_numbers(a->key, b->key);
	return order ? order : memcmp(a->leaf, b->leaf, CHAIN_LEN);
}

/* The place of the first span that ends at n or later. */
static size_t
place(const struct spans *s, uint64_t n)
{
	size_t low = 0, high = s->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (s->sorted[middle]->last < n)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void
spans_clear(struct spans *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->sorted[i]);
	free(s->sorted);
	leaves_clear(&s->leaves);
	*s = (struct spans){0};
}

static void
set_open(struct spans *s, struct span *span)
{
	span->state = SPAN_OPEN;
	span->lead = SPAN_OPEN;
	span->tail_sealed = false;
	span->lead_first = span->lead_watch = 0;
	span->fresh = true;
	if (span->listed)
		return;
	span->listed = true;
	span->next_open = s->open;
	s->open = span;
}

static int
make_room(struct spans *s)
{
	size_t cap = s->cap ? 2 * s->cap : 4;
	struct span **sorted;

	if (s->count < s->cap)
		return 0;
	sorted = reallocarray(s->sorted, cap, sizeof(void *));
	if (!sorted)
		return -1;
	s->sorted = sorted;
	s->cap = cap;
	return 0;
}

int
spans_add(struct spans *s, const struct span *span)
{
	size_t at = place(s, span->last);
	struct span *copy;

	for (; at < s->count; at++) {
		int order = compare(s->sorted[at], span);

		if (order == 0)
			return 0;
		if (order > 0)
			break;
	}
	if (make_room(s))
		return -1;
	copy = malloc(sizeof *copy);
	if (!copy)
		return -1;
	*copy = *span;
	copy->listed = false;
	memmove(&s->sorted[at + 1], &s->sorted[at],
	    (s->count - at) * sizeof(void *));
	s->sorted[at] = copy;
	s->count++;
	set_open(s, copy);
	/* It may end within a later one, or where its lead was thought to go
	 * on. */
	for (struct span *o = s->open; o; o = o->next_open)
		if (o->last >= span->last)
			o->fresh = true;
	return 0;
}

/* The span of this key that ends just before span, with its value; a sealed one
 * if there are several. NULL when there is none. */
static const struct span *
joined(const struct spans *s, const struct span *span)
{
	const struct span *found = NULL;
	uint64_t n = span->first - 1;

	for (size_t i = place(s, n); i < s->count; i++) {
		const struct span *before = s->sorted[i];

		if (before->last > n)
			break;
		if (before == span || before->key != span->key ||
		    memcmp(before->head, span->prev, CHAIN_LEN) != 0)
			continue;
		if (!found || before->state == SPAN_SEALED)
			found = before;
	}
	return found;
}

static bool
holds(uint64_t first, uint64_t last, uint64_t sequence)
{
	return sequence && first <= sequence && sequence <= last;
}

struct settling {
	struct spans *s;
	struct crypto *c;
	uint64_t sequence;
	spans_settled_fn *settled;
	void *arg;
};

/* Returns the state of first..last now. */
static enum span_state
try_range(const struct settling *t, enum span_state old, uint64_t first,
    uint64_t last, const uint8_t *prev, const uint8_t *head)
{
	enum span_state state = SPAN_BAD;

	if (!leaves_all_held(&t->s->leaves, first, last))
		return SPAN_OPEN;
	if (leaves_seal(&t->s->leaves, t->c, first, last, prev, head))
		state = SPAN_SEALED;
	if (state != old)
		t->settled(t->arg, first, last, state);
	return state;
}

/* How many signed values are tried before it is given up that one of them lies
 * on the same chain. Only where a clone went on in the same epoch is it not the
 * first. */
#define LOOK_BACK 8

/* The span before sorted[*at] of a key; NULL when there is none. */
static const struct span *
step_back(const struct spans *s, size_t key, size_t *at)
{
	while (*at > 0)
		if (s->sorted[--*at]->key == key)
			return s->sorted[*at];
	return NULL;
}

/* A span that is not whole, or not on the chain, from its beginning: its
 * records after another signed value, within it or just before it, may be
 * sealed all the same. */
static void
search_span(const struct settling *t, struct span *span)
{
	size_t at = place(t->s, span->last);
	enum span_state state = SPAN_BAD;

	for (int i = 0; state == SPAN_BAD && i < LOOK_BACK; i++) {
		const struct span *inner = step_back(t->s, span->key, &at);

		if (!inner || inner->last + 1 < span->first)
			return;
		state = try_range(t, SPAN_BAD, inner->last + 1, span->last,
		    inner->head, span->head);
	}
	span->tail_sealed = state == SPAN_SEALED;
}

/* What begins where a bad span ends takes back that it needs no lead. */
static void
wake_followers(struct spans *s, const struct span *bad)
{
	for (size_t i = place(s, bad->last); i < s->count; i++) {
		struct span *span = s->sorted[i];

		if (span->first != bad->last + 1 || span->key != bad->key ||
		    span->lead != SPAN_NONE ||
		    memcmp(span->prev, bad->head, CHAIN_LEN) != 0)
			continue;
		span->lead = SPAN_OPEN;
		span->fresh = true;
		if (!span->listed) {
			span->listed = true;
			span->next_open = s->open;
			s->open = span;
		}
	}
}

static void
try_span(const struct settling *t, struct span *span)
{
	if (span->state == SPAN_SEALED ||
	    (!span->fresh && !holds(span->first, span->last, t->sequence)))
		return;
	if (span->first > span->last)
		span->state = SPAN_SEALED;
	else
		span->state = try_range(t, span->state, span->first, span->last,
		    span->prev, span->head);
	if (span->state != SPAN_SEALED && !span->tail_sealed)
		search_span(t, span);
	if (span->state == SPAN_BAD)
		wake_followers(t->s, span);
}

/* The lead goes back to the nearest signed value before it on its chain. */
static void
search_lead(const struct settling *t, struct span *span, bool alone)
{
	static const uint8_t zeros[CHAIN_LEN];
	size_t at = place(t->s, span->first - 1);
	const struct span *before = span;
	enum span_state state = SPAN_BAD;

	for (int i = 0; state == SPAN_BAD && before && i < LOOK_BACK; i++) {
		before = step_back(t->s, span->key, &at);
		span->lead_watch = before ? before->last + 1 : 1;
		if (i == 0)
			span->lead_first = span->lead_watch;
		state = try_range(t, SPAN_BAD, span->lead_watch,
		    span->first - 1, before ? before->head : zeros, span->prev);
	}
	if (state == SPAN_BAD && span->lead != SPAN_BAD && alone)
		t->settled(t->arg, span->lead_first, span->first - 1, SPAN_BAD);
	span->lead = state == SPAN_SEALED || alone ? state : SPAN_NONE;
}

/* What a good span before it seals needs no lead. One that is bad may only have
 * named a false beginning: then the signed values around it still decide, as
 * they would have if it had never come. */
static void
try_lead(const struct settling *t, struct span *span)
{
	const struct span *before;

	if (span->lead == SPAN_SEALED || span->lead == SPAN_NONE)
		return;
	if (!span->fresh &&
	    !holds(span->lead_watch, span->first - 1, t->sequence))
		return;
	before = span->first == 1 ? NULL : joined(t->s, span);
	if (span->first == 1 || (before && before->state != SPAN_BAD))
		span->lead = SPAN_NONE;
	else
		search_lead(t, span, !before);
}

static bool
is_done(const struct span *span)
{
	return span->state == SPAN_SEALED &&
	       (span->lead == SPAN_SEALED || span->lead == SPAN_NONE);
}

void
spans_settle(struct spans *s, struct crypto *c, size_t key, uint64_t sequence,
    spans_settled_fn *settled, void *arg)
{
	const struct settling t = {s, c, sequence, settled, arg};
	struct span **at = &s->open;

	for (struct span *o = s->open; o; o = o->next_open)
		if (o->key == key)
			try_span(&t, o);
	while (*at) {
		struct span *span = *at;

		if (span->key == key) {
			try_lead(&t, span);
			span->fresh = false;
		}
		if (span->key == key && is_done(span)) {
			span->listed = false;
			*at = span->next_open;
		} else {
			at = &span->next_open;
		}
	}
}

void
spans_reset(struct spans *s)
{
	size_t kept = 0;

	leaves_unseal(&s->leaves);
	s->open = NULL;
	for (size_t i = 0; i < s->count; i++) {
		struct span *span = s->sorted[i];

		if (span->by_start) {
			free(span);
			continue;
		}
		s->sorted[kept++] = span;
		span->listed = false;
		set_open(s, span);
	}
	s->count = kept;
}

const struct span *
spans_of(
    const struct spans *s, size_t key, uint64_t sequence, const uint8_t *leaf)
{
	for (size_t i = place(s, sequence - 1); i < s->count; i++) {
		const struct span *span = s->sorted[i];

		if (span->last != sequence - 1)
			break;
		if (!span->by_start && span->key == key &&
		    (!leaf || !memcmp(span->leaf, leaf, CHAIN_LEN)))
			return span;
	}
	return NULL;
}

/* Without forks the first span that ends at or after a number decides; with
 * them a later and longer one may cover it. */
#define LOOK_AHEAD 8

enum span_state
spans_over(const struct spans *s, size_t key, uint64_t sequence, uint64_t *end)
{
	const struct span *next = NULL;
	size_t at = place(s, sequence);

	for (size_t i = at; i < s->count && i - at < LOOK_AHEAD; i++) {
		const struct span *span = s->sorted[i];

		if (span->key != key)
			continue;
		if (span->first <= sequence) {
			*end = span->last;
			return span->state;
		}
		if (!next || span->first < next->first)
			next = span;
	}
	*end = next ? next->first - 1 : UINT64_MAX;
	if (next && (next->lead == SPAN_OPEN || next->lead == SPAN_BAD))
		return next->lead;
	return SPAN_NONE;
}
