/* SPDX-License-Identifier: Apache-2.0 */
/* judge: one slot, its occurrences and what was watched, and the verdict with
 * its reason. Four kinds of check, four ways to judge; what all share comes
 * first: not due yet, forked, a register missing. */
#ifndef COLLECTOR_LEDGER_JUDGE_H
#define COLLECTOR_LEDGER_JUDGE_H

#include "assay/err.h"
#include "unit.h"
#include "watch.h"

/* Judge the i-th slot of a unit: fill in found, found_code, found_reason, taken
 * and the window of its unit_slot; seen, met, below, watched_us of its slot.
 * Slots before it must have been judged. w is what the slot needs. -1 when
 * memory is short. */
int judge_slot(
    struct scene *s, const struct unit *u, size_t i, const struct watch *w);

/* What the slot before has taken from this one, NULL: nothing. */
const struct occurrence *judge_taken(const struct unit *u, size_t i);

/* The kinds that may serve, joined by " or ". Append. */
void judge_needs(const struct check *c, struct buf *out);

#endif
