/* SPDX-License-Identifier: Apache-2.0 */
/* source_journal: the journal as a source. Knows cursors: where it was, whether
 * that place still exists, and by the sequence numbers whether anything between
 * two entries is missing. What journald removed before it was read, and files
 * that cannot be read, are holes. The only module that knows libsystemd. */
#ifndef ASSAY_AGENT_SOURCE_JOURNAL_H
#define ASSAY_AGENT_SOURCE_JOURNAL_H

#include "assay/crypto.h"
#include "assay/err.h"

#include "source.h"

struct source_journal;

extern const struct source_ops source_journal_ops;

/* For source_open. Borrows spec. Nothing is opened before the first scan. */
struct source_journal *source_journal_new(
    const struct source_spec *spec, struct crypto *c, struct err *err);

#endif
