/* SPDX-License-Identifier: Apache-2.0 */
/* source_file: one log with its rotated files, as a source. Knows which files
 * its patterns name, which generation each of them is, and in which order they
 * are read: the oldest first by first stamp, each to its end before the next. A
 * rename, a move and a compression change nothing; a file that was truncated or
 * is gone before it was read is a hole. Every open of a log is here. */
#ifndef ASSAY_AGENT_SOURCE_FILE_H
#define ASSAY_AGENT_SOURCE_FILE_H

#include "assay/crypto.h"
#include "assay/err.h"

#include "source.h"

struct source_file;

extern const struct source_ops source_file_ops;

/* For source_open. Borrows spec and c. */
struct source_file *source_file_new(
    const struct source_spec *spec, struct crypto *c, struct err *err);

#endif
