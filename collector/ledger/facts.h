/* SPDX-License-Identifier: Apache-2.0 */
/* facts: which records of the log count, in the order in which they happened:
 * duplicates are nothing, an agent's records count when they are sealed, of
 * events with one id one counts. Knows the epochs of each agent and how they
 * follow each other, and nothing of checks or of as_of. */
#ifndef COLLECTOR_LEDGER_FACTS_H
#define COLLECTOR_LEDGER_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assay/arena.h"
#include "assay/err.h"
#include "assay/verify.h"
#include "entry.h"
#include "list.h"
#include "names.h"

struct facts_epoch {
	const char *agent; /* names */
	const char *epoch;
	bool from_collector;
	struct list entries; /* all that are here, by sequence */
	uint64_t highest;
	const struct entry *start; /* when it counts, else NULL */
	/* The epoch its start names, when that is here; joined: that epoch is
	 * sealed to the named last and ends there. */
	struct facts_epoch *before;
	bool joined;
	/* Of its first counting record: orders the epochs of an agent. */
	int64_t first_us;
};

struct facts {
	/* By place of entry: does it count; for one that does, the first
	 * sequence of the unbroken run of counting records it stands in. */
	bool *counts;
	uint64_t *run_from;
	size_t room;
	struct list epochs; /* by (agent, first_us, epoch); parents first */
	/* Counting entries by entry_order; events have a time and are those
	 * that stand for their id. */
	struct list events, heartbeats, gaps, starts, files, acts;
	int64_t latest_us; /* greatest readtime of a counting record, or 0 */
};

/* Make the facts of the first count entries, of which verify knows all.
 * Everything is in the arena. -1 when memory is short. */
int facts_build(struct facts *f, struct arena *a, const struct names *n,
    const struct list *entries, size_t count, const struct verify *v,
    struct err *err);

/* Does every record from first to last of the epoch count? last must be one
 * that is here. */
bool facts_unbroken(const struct facts *f, const struct facts_epoch *epoch,
    uint64_t first, uint64_t last);

/* The entry of an epoch with this sequence, or NULL. */
const struct entry *facts_find(
    const struct facts_epoch *epoch, uint64_t sequence);

#endif
