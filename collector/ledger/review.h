/* SPDX-License-Identifier: Apache-2.0 */
/* review: rows of access reviews count only as parts of a whole review: one
 * whose closing line names as many rows as there are. */
#ifndef COLLECTOR_LEDGER_REVIEW_H
#define COLLECTOR_LEDGER_REVIEW_H

#include "list.h"
#include "occurrence.h"

/* Of the occurrences of access.review: mark closing lines, make failures of
 * those whose review is not whole, and take out the rows that are no part of a
 * whole one. -1 when memory is short. */
int review_close(struct list *occurrences, const struct occurrence_world *w);

#endif
