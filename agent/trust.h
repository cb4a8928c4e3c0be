/* SPDX-License-Identifier: Apache-2.0 */
/* trust: who could have written an entry of the journal. Pure. Only what the
 * kernel set counts, never the name the sender gave itself: a journal entry is
 * `kernel` from the kernel or its audit, `root` from uid 0 or an account that
 * the rule file names, when it also came from a unit or program that the file
 * names (if it names any), else `local`: any local user could have written it.
 */
#ifndef ASSAY_AGENT_TRUST_H
#define ASSAY_AGENT_TRUST_H

#include "rule.h"
#include "source.h"

/* The name as in records; constant text. file may be NULL. */
const char *trust_of_sender(
    const struct source_sender *sender, const struct rule_file *file);

#endif
