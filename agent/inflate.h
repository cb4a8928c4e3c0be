/* SPDX-License-Identifier: Apache-2.0 */
/* inflate: the bytes of a rotated log that was compressed, from its beginning:
 * gzip, xz, zstd, several members (streams, frames) after each other too. What
 * follows the last whole one and is none is damage. A file that asks for more
 * memory than INFLATE_WINDOW_MAX is not read: whoever can write a log must not
 * decide how much memory the agent takes. The files inflate_*.c are the only
 * ones that know zlib, liblzma and libzstd. */
#ifndef ASSAY_AGENT_INFLATE_H
#define ASSAY_AGENT_INFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "assay/err.h"
#include "assay/slice.h"

struct inflate;

/* Do these first bytes of a file begin something that is read here? 6 bytes are
 * enough to tell. */
bool inflate_knows(struct slice start);

/* Are they compressed in a way that is not read here (bzip2, lz4, zip ..)? 9
 * bytes are enough to tell. */
bool inflate_is_foreign(struct slice start);

/* A new reader of fd (borrowed, read with pread from offset 0), or NULL: also
 * when inflate_knows does not know how it begins. */
struct inflate *inflate_new(int fd, struct err *err);
void inflate_free(struct inflate *z);

/* Up to size decompressed bytes: how many, 0 at the end, -1 when the file is
 * damaged, cut short or asks for too much memory (what came before stands). */
ssize_t inflate_read(
    struct inflate *z, char *bytes, size_t size, struct err *err);

/* The last read failed because the file ends within a member: it is cut short,
 * or still being written. */
bool inflate_is_cut(const struct inflate *z);

/* How far it is in the compressed file, for progress. */
off_t inflate_at(const struct inflate *z);

#endif
