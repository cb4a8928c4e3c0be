/* SPDX-License-Identifier: Apache-2.0 */
/* condition: the shape of a where-clause: a map of fields to what they must be:
 * a value (equal), a list of values (one of), {range: [lo, hi]}, {cidr: net or
 * [nets]}, {exists: bool}, {in: "register:NAME"}, or {not: one of these}. Knows
 * the shape only; what it means is the ledger's. */
#ifndef COLLECTOR_CONDITION_H
#define COLLECTOR_CONDITION_H

#include "assay/problems.h"
#include "assay/slice.h"
#include "assay/tree.h"

/* Is the clause well formed? Reports all that is wrong; 0 or -1. */
int condition_check(struct problems *p, const struct tree_node *where);

/* Call each register that the clause names (the node of the text, the name
 * after "register:"); what is not well formed is passed over. */
void condition_registers(const struct tree_node *where,
    void (*each)(void *arg, const struct tree_node *n, struct slice name),
    void *arg);

/* The same for the condition of one field. */
void condition_registers_of(const struct tree_node *n,
    void (*each)(void *arg, const struct tree_node *n, struct slice name),
    void *arg);

#endif
