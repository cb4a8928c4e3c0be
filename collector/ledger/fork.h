/* SPDX-License-Identifier: Apache-2.0 */
/* fork: when two copies of one agent ran together under one host name. The
 * epochs of an agent form a tree by the epoch each start names; where it
 * branches, a machine was cloned or restored. */
#ifndef COLLECTOR_LEDGER_FORK_H
#define COLLECTOR_LEDGER_FORK_H

#include "assay/arena.h"
#include "assay/err.h"
#include "facts.h"
#include "host.h"
#include "list.h"
#include "stretch.h"

/* The forked time of each host that has any: unit name -> struct stretches, in
 * the arena. Events later than as_of do not exist. */
int fork_find(struct table *forked, struct arena *a, const struct facts *f,
    const struct host_names *h, int64_t as_of_us, struct err *err);

#endif
