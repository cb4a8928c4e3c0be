/* SPDX-License-Identifier: Apache-2.0 */
/* register: does a register hold a value in a column at a moment? Rows may have
 * a beginning and an end; the dates are of the organisation's zone. Columns are
 * indexed when they are first asked about. */
#ifndef COLLECTOR_LEDGER_REGISTER_H
#define COLLECTOR_LEDGER_REGISTER_H

#include <stdbool.h>
#include <stdint.h>

#include "assay/arena.h"
#include "assay/zone.h"
#include "list.h"
#include "names.h"
#include "registry.h"

/* The registers of all editions under one zone. Plain; {0} with arena, names
 * and zone set is ready. */
struct registers {
	struct arena *arena;
	struct names *names;
	const struct zone *zone;
	struct list columns;
	struct list hashes;
	bool failed; /* memory was short: answers are worth nothing */
};

/* value must be a name. */
bool register_holds(struct registers *rs, const struct registry *r,
    const char *name, const char *column, const char *value, int64_t us);

/* Is the row in force at the moment? */
bool register_row_holds(
    const struct registers *rs, const struct registry_row *row, int64_t us);

/* A hash of all a register says; another one when the zone differs. */
uint64_t register_hash(
    struct registers *rs, const struct registry *r, const char *name);

#endif
