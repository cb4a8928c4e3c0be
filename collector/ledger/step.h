/* SPDX-License-Identifier: Apache-2.0 */
/* step: what heartbeats prove. A heartbeat vouches for the time since the one
 * before it only when every record between the two is here and sealed; an epoch
 * that goes on where another ended goes on with its sources too. */
#ifndef COLLECTOR_LEDGER_STEP_H
#define COLLECTOR_LEDGER_STEP_H

#include <stdint.h>

#include "assay/arena.h"
#include "facts.h"

/* [from, to) of a source was read, says this heartbeat; source NULL: the agent
 * itself was heard of at both ends, and in no heartbeat between. */
typedef int step_fn(void *arg, const struct entry *heartbeat,
    const char *source, int64_t from_us, int64_t to_us);

/* Tell each stretch. -1 when memory is short or tell says so. */
int step_walk(const struct facts *f, struct arena *a, step_fn *tell, void *arg);

#endif
