/* SPDX-License-Identifier: Apache-2.0 */
/* smallfile: files that are read whole and replaced whole: under their name
 * there is the old content or the new, never a mixture. */
#ifndef ASSAY_SMALLFILE_H
#define ASSAY_SMALLFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "assay/buf.h"
#include "assay/err.h"
#include "assay/slice.h"

/* Append the file's bytes to out: 1, 0 when there is no such file, -1 and why
 * (also when it holds more than max bytes or is no regular file). */
int smallfile_read(
    const char *path, size_t max, struct buf *out, struct err *err);

/* Write under `path`.new and rename. durable: synced, file and directory, so
 * that a power cut does not bring back the old one. On failure path is as
 * before. */
int smallfile_write(const char *path, struct slice bytes, unsigned mode,
    bool durable, struct err *err);

#endif
