/* SPDX-License-Identifier: Apache-2.0 */
/* sourcelist: the entries of `sources:` in the configuration, checked and made
 * into what is to be read. What an entry leaves open is taken from the rule
 * file that names the log as its program's own, and from the layout of this
 * distribution. */
#ifndef ASSAY_AGENT_SOURCELIST_H
#define ASSAY_AGENT_SOURCELIST_H

#include "assay/problems.h"
#include "assay/tree.h"

#include "discover.h"
#include "ruleset.h"

/* Read the list into d (empty before). dirs: the rule directories. -1 with what
 * is wrong in p; d is empty then. */
int sourcelist_read(struct discover *d, const struct tree_node *list,
    const struct ruleset *rules, const char *const *dirs, struct problems *p);

#endif
