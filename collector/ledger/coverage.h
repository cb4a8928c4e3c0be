/* SPDX-License-Identifier: Apache-2.0 */
/* coverage: which time of each host was read without a gap, by source and by
 * class (LEDGER.md 4). It only adds up the steps that heartbeats prove and
 * takes away gaps and forks; what a heartbeat may claim is the agent's to
 * decide. */
#ifndef COLLECTOR_LEDGER_COVERAGE_H
#define COLLECTOR_LEDGER_COVERAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "assay/arena.h"
#include "assay/err.h"
#include "facts.h"
#include "host.h"
#include "list.h"
#include "names.h"
#include "stretch.h"

struct coverage_source {
	const char *agent;
	const char *id;
	const struct entry_source *last; /* as listed last */
	struct stretches covered;
	struct stretches designated;
	struct stretches changed; /* since the coverage before */
	int64_t from_us, through_us;
	int64_t lines, known, ignored, unknown;
	bool simulated;
	/* Of the walk over heartbeats by time: */
	bool open;
	int64_t open_from_us, standing_us;
	const struct entry *listed;
};

struct coverage_class {
	const char *name;
	struct stretches covered;
	struct stretches changed;
	int64_t first_us; /* first heartbeat that lists a source of it */
};

struct coverage_host {
	const char *name;
	struct list sources;	/* by (id, agent) */
	struct list classes;	/* by name; `agent` among them */
	struct list closed;	/* struct entry_unknown, by (from, program) */
	struct stretches alive; /* the agent itself, before forks */
	struct stretches forked;
	struct stretches
	    changed; /* where forks, closed lines, lost classes did */
};

struct coverage {
	struct list hosts; /* by name */
	struct table by_name;
	bool lost_host; /* one of the coverage before is known no more */
};

/* Make the coverage of all counting records. Everything is in the arena.
 * before is the coverage of the answer before (NULL: none); what differs from
 * it is marked as changed. */
int coverage_build(struct coverage *c, struct arena *a, struct names *n,
    const struct facts *f, const struct host_names *h,
    const struct table *forked, const struct coverage *before, struct err *err);

/* NULL when the host was never heard of. */
struct coverage_host *coverage_host(const struct coverage *c, const char *name);

/* NULL when the host has no such class, or source. */
struct coverage_class *coverage_class(
    const struct coverage_host *h, const char *name);
struct coverage_source *coverage_source(
    const struct coverage_host *h, const char *agent, const char *id);

#endif
