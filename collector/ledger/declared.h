/* SPDX-License-Identifier: Apache-2.0 */
/* declared: the units that the organisation's files name, edition by edition:
 * when they begin and end, and which occurrences are a declared job's. */
#ifndef COLLECTOR_LEDGER_DECLARED_H
#define COLLECTOR_LEDGER_DECLARED_H

#include <stdbool.h>
#include <stdint.h>

#include "check.h"
#include "list.h"
#include "scene.h"

/* An unbroken run of editions that hold a unit. */
struct declared_run {
	int64_t origin_us;
	int64_t limit_us; /* no slot ends after it; STRETCH_FOREVER */
	bool ended;	  /* a later edition does not hold it, */
	int64_t ended_us; /* from here on */
};

struct declared_row {
	const void *row;       /* NULL: this edition does not hold it */
	const char *from, *to; /* dates */
	const struct registry_job *job; /* of a job */
};

struct declared {
	const char *id;			 /* unit's, a name */
	const struct declared_row *rows; /* one for each edition of isms */
	const struct declared_run *runs;
	size_t run_count;
};

/* All units of the kind that a check asks for, a list of struct declared. Users
 * and the organisation are never named by files. -1 when memory is short. */
int declared_list(struct list *into, struct scene *s, const struct check *c);

/* The row of a job at us: of the edition in force, else of the next one that
 * holds it; NULL when there is none. */
const struct registry_job *declared_job(
    const struct scene *s, const struct declared *d, int64_t us);

/* Is the occurrence the job's, says its row? */
bool declared_matches(struct scene *s, const struct registry_job *job,
    const struct occurrence *o);

/* A hash of what a row says. */
uint64_t declared_hash(const struct registry_job *job, uint64_t hash);

/* The values of a register row's key, joined: what its unit is called. NULL
 * when one is missing or memory is short. */
const char *declared_row_id(struct scene *s, const struct check *c,
    const char *(*value)(const void *arg, const char *column), const void *arg);

#endif
