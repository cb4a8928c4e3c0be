/* SPDX-License-Identifier: Apache-2.0 */
/* span: sets of time as sorted, disjoint, non-empty, half-open stretches [from,
 * to) that do not touch each other. So equal sets have equal stretches. Pure. */
#ifndef COLLECTOR_LEDGER_SPAN_H
#define COLLECTOR_LEDGER_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

void spans_clear(struct spans *s);

/* Forget the stretches, keep the memory. */
void spans_reset(struct spans *s);

/* s becomes s with [from, to); nothing when from >= to. Cheap when it comes
 * after all others. -1 when memory is short: s is as before. */
int spans_add(struct spans *s, int64_t from_us, int64_t to_us);

/* s becomes s without [from, to), or without all of other. */
int spans_cut(struct spans *s, int64_t from_us, int64_t to_us);
int spans_subtract(struct spans *s, const struct spans *other);

/* s becomes what is in both, or in either. */
int spans_intersect(struct spans *s, const struct spans *other);
int spans_unite(struct spans *s, const struct spans *other);

/* into (of any content) becomes what is in exactly one of a and b. */
int spans_differ(
    const struct spans *a, const struct spans *b, struct spans *into);

int spans_copy(struct spans *into, const struct spans *from);

/* The first stretch that ends after us, count when there is none: where a walk
 * over [us, ...) begins. */
size_t spans_find(const struct spans *s, int64_t us);

/* Is any, or all, of [from, to) in s? An empty stretch is wholly in any set. */
bool spans_overlap(const struct spans *s, int64_t from_us, int64_t to_us);
bool spans_hold(const struct spans *s, int64_t from_us, int64_t to_us);

/* How much of [from, to) is in s. */
int64_t spans_measure(const struct spans *s, int64_t from_us, int64_t to_us);

/* The first stretch of [from, to) that is not in s. False when there is none
 * (*hole untouched). */
bool spans_hole(const struct spans *s, int64_t from_us, int64_t to_us,
    struct span *hole);

#endif
