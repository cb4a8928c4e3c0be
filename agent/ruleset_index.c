/* SPDX-License-Identifier: Apache-2.0 */
#include "ruleset_index.h"

#include <stdlib.h>
#include <string.h>

#define FIRSTS 257 /* a first byte, or none */

struct ruleset_index {
	struct filter *filters; /* of all patterns, in order */
	/* Equal lists are one, so there are few. */
	const uint16_t *lists[FIRSTS];
	uint16_t list_count;
	uint16_t list_of[FIRSTS]; /* the last: of an empty message */
};

static bool
may_begin(const struct pattern_facts *facts, size_t first)
{
	if (first == FIRSTS - 1)
		return facts->min_len == 0;
	return pattern_begins(facts, (unsigned char)first);
}

static size_t
make_list(const struct rule_pattern *const *patterns, size_t count,
    size_t first, uint16_t *out)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		if (may_begin(&patterns[i]->facts, first))
			out[n++] = (uint16_t)i;
	out[n++] = RULESET_INDEX_END;
	return n;
}

/* The place of an equal list, or list_count. */
static uint16_t
find_list(const struct ruleset_index *x, const uint16_t *list)
{
	uint16_t at = 0;

	for (; at < x->list_count; at++) {
		const uint16_t *a = x->lists[at], *b = list;

		while (*a == *b && *a != RULESET_INDEX_END) {
			a++;
			b++;
		}
		if (*a == *b)
			break;
	}
	return at;
}

static int
fill(struct ruleset_index *x, struct arena *arena,
    const struct rule_pattern *const *patterns, size_t count, uint16_t *work)
{
	for (size_t first = 0; first < FIRSTS; first++) {
		size_t n = make_list(patterns, count, first, work);
		uint16_t at = find_list(x, work);
		uint16_t *list;

		x->list_of[first] = at;
		if (at < x->list_count)
			continue;
		list = arena_array(arena, n, sizeof *list);
		if (!list)
			return -1;
		memcpy(list, work, n * sizeof *list);
		x->lists[x->list_count++] = list;
	}
	return 0;
}

const struct ruleset_index *
ruleset_index_new(struct arena *arena,
    const struct rule_pattern *const *patterns, size_t count)
{
	struct ruleset_index *x = arena_alloc(arena, sizeof *x);
	uint16_t *work = calloc(count + 1, sizeof *work);
	int result = -1;

	if (x && work && count < RULESET_INDEX_END)
		x->filters = arena_array(arena, count, sizeof *x->filters);
	if (x && work && x->filters) {
		for (size_t i = 0; i < count; i++)
			filter_init(&x->filters[i], patterns[i],
			    &patterns[i]->facts, patterns[i]->literal);
		result = fill(x, arena, patterns, count, work);
	}
	free(work);
	return result == 0 ? x : NULL;
}

struct ruleset_candidates
ruleset_index_find(const struct ruleset_index *x, struct slice message)
{
	size_t first = message.len ? (unsigned char)*message.ptr : FIRSTS - 1;

	return (struct ruleset_candidates){
	    x->filters, x->lists[x->list_of[first]]};
}
