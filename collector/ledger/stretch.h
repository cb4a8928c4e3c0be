/* SPDX-License-Identifier: Apache-2.0 */
/* stretch: sets of time as sorted, disjoint, non-empty, half-open stretches
 * [from, to) that do not touch each other. So equal sets have equal stretches.
 * Memory comes from an arena and goes with it. Pure. */
#ifndef COLLECTOR_LEDGER_STRETCH_H
#define COLLECTOR_LEDGER_STRETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assay/arena.h"

#define STRETCH_FOREVER INT64_MAX

struct stretch {
	int64_t from_us;
	int64_t to_us;
};

/* {0} is the empty set. */
struct stretches {
	struct stretch *at;
	size_t count;
	size_t room;
};

/* s becomes s with [from, to), or without it; nothing when from >= to. Cheap at
 * the end of s. -1 when memory is short: s is as before. */
int stretch_add(
    struct stretches *s, struct arena *a, int64_t from_us, int64_t to_us);
int stretch_cut(
    struct stretches *s, struct arena *a, int64_t from_us, int64_t to_us);

/* into (replaced; neither a nor b) becomes what is in a or b, in a and not in
 * b, in exactly one of them. -1 when memory is short. */
int stretch_unite(struct stretches *into, struct arena *arena,
    const struct stretches *a, const struct stretches *b);
int stretch_subtract(struct stretches *into, struct arena *arena,
    const struct stretches *a, const struct stretches *b);
int stretch_differ(struct stretches *into, struct arena *arena,
    const struct stretches *a, const struct stretches *b);

/* The first stretch that ends after us; count when there is none. */
size_t stretch_find(const struct stretches *s, int64_t us);

/* Is any, or all, of [from, to) in s? An empty stretch is wholly in any set. */
bool stretch_overlap(const struct stretches *s, int64_t from_us, int64_t to_us);
bool stretch_hold(const struct stretches *s, int64_t from_us, int64_t to_us);

/* How much of [from, to) is in s. */
int64_t stretch_measure(
    const struct stretches *s, int64_t from_us, int64_t to_us);

/* The first stretch of [from, to) that is not in s. False when there is none
 * (*hole untouched). */
bool stretch_hole(const struct stretches *s, int64_t from_us, int64_t to_us,
    struct stretch *hole);

#endif
