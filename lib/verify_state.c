/* SPDX-License-Identifier: Apache-2.0 */
#include "verify_state.h"

#include <stdlib.h>
#include <string.h>

/* ---- lists ---- */

void *
verify_grow(void *list, size_t count, size_t size)
{
	/* At powers of two, so that no capacity need be kept. */
	if (count & (count - 1))
		return list;
	return reallocarray(list, count ? 2 * count : 1, size);
}

/* What is in a list begins with its id. */
static size_t
place(const struct list *list, const uint8_t id[16])
{
	size_t low = 0, high = list->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memcmp(list->items[middle], id, 16) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void *
find(const struct list *list, const uint8_t id[16])
{
	size_t at = place(list, id);

	if (at == list->count || memcmp(list->items[at], id, 16) != 0)
		return NULL;
	return list->items[at];
}

/* A new zeroed item with this id, in its place. */
static void *
insert(struct list *list, const uint8_t id[16], size_t size)
{
	size_t at = place(list, id);
	void *item = calloc(1, size);
	void **items;

	if (!item)
		return NULL;
	items = verify_grow(list->items, list->count, sizeof(*items));
	if (!items) {
		free(item);
		return NULL;
	}
	memcpy(item, id, 16);
	list->items = items;
	memmove(
	    &items[at + 1], &items[at], (list->count - at) * sizeof(*items));
	items[at] = item;
	list->count++;
	return item;
}

struct agent *
verify_agent_at(const struct verify *v, size_t i)
{
	return v->agents.items[i];
}

struct epoch *
verify_epoch_at(const struct agent *a, size_t i)
{
	return a->epochs.items[i];
}

struct agent *
verify_agent_for(struct verify *v, const uint8_t id[16])
{
	struct agent *a = find(&v->agents, id);

	if (a)
		return a;
	a = insert(&v->agents, id, sizeof *a);
	if (a)
		a->fixed_key = a->pinned = NO_KEY;
	return a;
}

struct epoch *
verify_epoch_for(struct agent *a, const uint8_t id[16])
{
	struct epoch *e = find(&a->epochs, id);

	if (e)
		return e;
	e = insert(&a->epochs, id, sizeof *e);
	if (e)
		e->agent = a;
	return e;
}

struct epoch *
verify_find_epoch(
    const struct verify *v, const uint8_t agent[16], const uint8_t id[16])
{
	const struct agent *a = find(&v->agents, agent);

	return a ? find(&a->epochs, id) : NULL;
}

/* ---- how an epoch stands ---- */

bool
verify_is_leaf_sealed(
    const struct epoch *e, uint64_t sequence, const uint8_t *leaf)
{
	struct leaves_leaf known[LEAVES_VARIANTS];
	size_t count = leaves_get(&e->spans.leaves, sequence, known);

	for (size_t i = 0; i < count; i++)
		if (known[i].sealed &&
		    (!leaf || !memcmp(known[i].leaf, leaf, CHAIN_LEN)))
			return true;
	return false;
}

uint64_t
verify_end_of(const struct epoch *e)
{
	uint64_t held = e->spans.leaves.highest;

	return held > e->named_last ? held : e->named_last;
}

uint64_t
verify_highest_sealed(const struct epoch *e)
{
	uint64_t last = e->spans.leaves.highest, end, highest = 0;
	bool held, sealed;

	for (uint64_t n = 1; n <= last; n = end + 1) {
		leaves_stretch(&e->spans.leaves, n, last, &held, &sealed, &end);
		if (sealed)
			highest = end;
	}
	return highest;
}

enum verify_state
verify_state_of(const struct epoch *e, uint64_t sequence, uint64_t *end)
{
	enum span_state over;
	bool held, sealed;
	uint64_t same;

	leaves_stretch(
	    &e->spans.leaves, sequence, verify_end_of(e), &held, &sealed, end);
	if (!held)
		return VERIFY_MISSING;
	if (sealed)
		return VERIFY_SEALED;
	over = spans_over(&e->spans, e->agent->pinned, sequence, &same);
	if (same < *end)
		*end = same;
	return over == SPAN_OPEN  ? VERIFY_UNCHECKED
	       : over == SPAN_BAD ? VERIFY_BAD
				  : VERIFY_UNSEALED;
}

const struct start *
verify_start_of(const struct epoch *e, bool *sealed)
{
	const struct start *best = NULL;

	*sealed = false;
	for (size_t i = 0; i < e->start_count; i++) {
		const struct start *s = &e->starts[i];
		bool is_sealed = verify_is_leaf_sealed(e, 1, s->leaf);

		if (best && *sealed && !is_sealed)
			continue;
		if (!best || (is_sealed && !*sealed) ||
		    memcmp(s->leaf, best->leaf, CHAIN_LEN) < 0) {
			best = s;
			*sealed = is_sealed;
		}
	}
	return best;
}
