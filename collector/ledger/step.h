/* SPDX-License-Identifier: Apache-2.0 */
/* step: what heartbeats prove. A heartbeat vouches for the time since the one
 * before it only when every record between the two is here and sealed; an epoch
 * that goes on where another ended goes on with its sources too. */
#ifndef COLLECTOR_LEDGER_STEP_H
#define COLLECTOR_LEDGER_STEP_H

#include <stdint.h>

#include "assay/arena.h"
#include "facts.h"

/* How far a source was read, says a heartbeat. */
struct step_standing {
	const char *source;
	int64_t us;
};

struct step_teller {
	/* [from, to) of a source was read; source NULL: the agent itself was
	 * heard of at both ends, and in no heartbeat between. */
	int (*covers)(void *arg, const struct entry *heartbeat,
	    const char *source, int64_t from_us, int64_t to_us);
	/* All sources known at a heartbeat. They are in the arena. */
	int (*stands)(void *arg, const struct entry *heartbeat,
	    const struct step_standing *known, size_t count);
	void *arg;
};

/* Tell each stretch and standing. -1 when memory is short or a teller says
 * so. */
int step_walk(
    const struct facts *f, struct arena *a, const struct step_teller *tell);

#endif
