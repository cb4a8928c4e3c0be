/* SPDX-License-Identifier: Apache-2.0 */
/* ownlog: what a source keeps of the rule file whose program writes the log by
 * itself: class, programs, how a stamp looks, which accounts may write. A copy,
 * so that a source outlives the set of rules it was found with. */
#ifndef ASSAY_AGENT_OWNLOG_H
#define ASSAY_AGENT_OWNLOG_H

#include <stdbool.h>

#include "rule.h"

/* A new copy of those parts of f; the others are empty. NULL when memory is
 * short. ownlog_free(NULL) is harmless. */
struct rule_file *ownlog_new(const struct rule_file *f);
void ownlog_free(struct rule_file *own);

/* Nothing that a source keeps differs (both may be NULL). */
bool ownlog_same(const struct rule_file *a, const struct rule_file *b);

#endif
