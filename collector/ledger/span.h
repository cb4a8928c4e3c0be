/* SPDX-License-Identifier: Apache-2.0 */
/* span: sets of time as sorted, disjoint, non-empty, half-open stretches [from,
 * to) that do not touch each other. So equal sets have equal stretches. Memory
 * comes from an arena and goes with it. Pure. */
#ifndef COLLECTOR_LEDGER_SPAN_H
#define COLLECTOR_LEDGER_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assay/arena.h"

#define SPAN_FOREVER INT64_MAX

struct span {
	int64_t from_us;
	int64_t to_us;
};

/* {0} is the empty set. */
struct spans {
	struct span *at;
	size_t count;
	size_t room;
};

/* s becomes s with [from, to), or without it; nothing when from >= to. Cheap at
 * the end of s. -1 when memory is short: s is as before. */
int spans_add(struct spans *s, struct arena *a, int64_t from_us, int64_t to_us);
int spans_cut(struct spans *s, struct arena *a, int64_t from_us, int64_t to_us);

/* into (replaced; neither a nor b) becomes what is in a or b, in a and not in
 * b, in exactly one of them. -1 when memory is short. */
int spans_unite(struct spans *into, struct arena *arena, const struct spans *a,
    const struct spans *b);
int spans_subtract(struct spans *into, struct arena *arena,
    const struct spans *a, const struct spans *b);
int spans_differ(struct spans *into, struct arena *arena, const struct spans *a,
    const struct spans *b);

/* The first stretch that ends after us; count when there is none. */
size_t spans_find(const struct spans *s, int64_t us);

/* Is any, or all, of [from, to) in s? An empty stretch is wholly in any set. */
bool spans_overlap(const struct spans *s, int64_t from_us, int64_t to_us);
bool spans_hold(const struct spans *s, int64_t from_us, int64_t to_us);

/* How much of [from, to) is in s. */
int64_t spans_measure(const struct spans *s, int64_t from_us, int64_t to_us);

/* The first stretch of [from, to) that is not in s. False when there is none
 * (*hole untouched). */
bool spans_hole(
    const struct spans *s, int64_t from_us, int64_t to_us, struct span *hole);

#endif
