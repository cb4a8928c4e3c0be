/* SPDX-License-Identifier: Apache-2.0 */
/* counters: named counters from a const table, which also gives their help
 * text; printed as one JSON object in the order of the table. */
#ifndef ASSAY_COUNTERS_H
#define ASSAY_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

#include "assay/buf.h"
#include "assay/slice.h"

struct counters_entry {
	const char *name; /* NULL ends a table; snake_case */
	const char *help; /* one sentence */
};

struct counters;

/* All zero. Borrows table until freed. NULL when memory is short. */
struct counters *counters_new(const struct counters_entry *table);
void counters_free(struct counters *c);

/* which is an index into the table (its enum). _set is for gauges. */
void counters_add(struct counters *c, size_t which, uint64_t n);
void counters_set(struct counters *c, size_t which, uint64_t value);
uint64_t counters_get(const struct counters *c, size_t which);

/* Append {"name":value,...}; all of them, or those that are not zero. */
void counters_json(const struct counters *c, struct buf *out);
void counters_json_nonzero(const struct counters *c, struct buf *out);

#endif
