/* SPDX-License-Identifier: Apache-2.0 */
/* run: the lines of one run folded into one occurrence. A run is placed at its
 * first line; the worst of its lines is its outcome; one that another run left
 * behind, or that did not end within its limit, failed. */
#ifndef COLLECTOR_LEDGER_RUN_H
#define COLLECTOR_LEDGER_RUN_H

#include <stdint.h>

#include "list.h"
#include "occurrence.h"

/* Append the runs of a kind that exist at as_of, in order. -1 when memory is
 * short. */
int run_list(struct list *into, const struct occurrence_world *w,
    const char *kind, int64_t limit_us);

#endif
