/* SPDX-License-Identifier: Apache-2.0 */
/* draft: a first version of an organisation's files, with comments that say
 * what to decide: scope, inventory, policy, statement of applicability. What
 * was observed is written down as it is; what only people can say is left
 * empty. Names come from log lines and are quoted and escaped; one that cannot
 * stand in such a file becomes a comment. Pure. */
#ifndef COLLECTOR_DRAFT_H
#define COLLECTOR_DRAFT_H

#include "assay/buf.h"
#include "framework.h"
#include "ledger/check.h"
#include "observed.h"

/* Append the text of a file; failure is the buffer's. o is settled. */
void draft_scope(struct buf *out, const struct observed *o);
void draft_inventory(struct buf *out, const struct observed *o);
void draft_policy(struct buf *out, const struct check_set *checks);
void draft_soa(struct buf *out, const struct framework *f);

/* Append a text as a YAML scalar: plain where that is safe, else in double
 * quotes. */
void draft_scalar(struct buf *out, const char *text);

#endif
