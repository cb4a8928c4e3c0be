/* SPDX-License-Identifier: Apache-2.0 */
/* designation: when a source was one of those that must be read for its
 * classes: from when an agent first lists it, until a complete heartbeat no
 * longer does, or another agent takes the host over. */
#ifndef COLLECTOR_LEDGER_DESIGNATION_H
#define COLLECTOR_LEDGER_DESIGNATION_H

#include "assay/arena.h"
#include "coverage.h"
#include "facts.h"
#include "host.h"
#include "list.h"
#include "step.h"

/* Where the sources known at a heartbeat stand. */
struct designation_standings {
	const struct step_standing *at;
	size_t count;
};

/* What designations are made of. */
struct designation_given {
	struct coverage *coverage; /* its hosts have all their sources */
	struct arena *arena;
	const struct facts *facts;
	const struct host_names *hosts;
	const struct table *standings; /* heartbeat -> designation_standings */
};

/* Fill in designated and through_us of all sources. -1 when memory is short. */
int designation_find(const struct designation_given *g);

#endif
