/* SPDX-License-Identifier: Apache-2.0 */
/* inflate: the bytes of a rotated log, compressed or not, from its beginning.
 * Knows gzip (several members after each other too); the only module that knows
 * zlib. What follows the last whole member and is not gzip is damage. */
#ifndef ASSAY_AGENT_INFLATE_H
#define ASSAY_AGENT_INFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "assay/err.h"
#include "assay/slice.h"

struct inflate;

/* Do these first bytes of a file begin a gzip member? */
bool inflate_knows(struct slice start);

/* Are they compressed in a way that is not read here (xz, zstd, bzip2)? */
bool inflate_is_foreign(struct slice start);

/* A new reader of fd (borrowed, read with pread from offset 0), or NULL. */
struct inflate *inflate_new(int fd, struct err *err);
void inflate_free(struct inflate *z);

/* Up to size decompressed bytes: how many, 0 at the end, -1 when the file is
 * damaged or cut short (what came before stands). */
ssize_t inflate_read(
    struct inflate *z, char *bytes, size_t size, struct err *err);

/* How far it is in the compressed file, for progress. */
off_t inflate_at(const struct inflate *z);

#endif
