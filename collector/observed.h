/* SPDX-License-Identifier: Apache-2.0 */
/* observed: what the records of the agents show to be there: hosts, jobs, the
 * zones of the clocks. A job is what the ledger would call it: named by its
 * events' own field, else their systemd unit, else the program's own file; else
 * it has no name and is known by its program. The order of records does not
 * matter. */
#ifndef COLLECTOR_OBSERVED_H
#define COLLECTOR_OBSERVED_H

#include <stddef.h>
#include <stdint.h>

#include "assay/err.h"
#include "assay/record.h"

struct observed_host {
	const char *name;
	const char *id;	  /* the first id seen under the name */
	size_t other_ids; /* how many more there were */
	int64_t first_us, last_us;
	uint64_t records;
};

struct observed_job {
	const char *event;
	const char *host;
	const char *program;
	const char *job; /* NULL: it has no name */
	int64_t first_us, last_us;
	uint64_t events;
};

struct observed_zone {
	const char *name;
	uint64_t starts; /* of agents that said so */
};

struct observed;

/* A new one without records; kinds are the events that tell of jobs (borrowed,
 * NULL-terminated). NULL when memory is short. */
struct observed *observed_new(const char *const *kinds);
void observed_free(struct observed *o);

/* Take in one record. What the collector wrote itself is passed over. -1 when
 * memory is short. */
int observed_add(struct observed *o, const struct record *r, struct err *err);

/* Bring all into order; then read, i from 0 until NULL: hosts by name, jobs by
 * event, host, job, program, zones by number of starts. Borrows. */
int observed_settle(struct observed *o, struct err *err);
const struct observed_host *observed_host(const struct observed *o, size_t i);
const struct observed_job *observed_job(const struct observed *o, size_t i);
const struct observed_zone *observed_zone(const struct observed *o, size_t i);

#endif
