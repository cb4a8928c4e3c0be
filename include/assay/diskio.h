/* SPDX-License-Identifier: Apache-2.0 */
/* diskio: reading and writing that is whole or failed: short and interrupted
 * calls are gone on with (not for ever: a call that does nothing but be
 * interrupted fails with EINTR), a write of nothing is a full disk. errno says
 * why on -1. */
#ifndef ASSAY_DISKIO_H
#define ASSAY_DISKIO_H

#include <stdint.h>

#include <stddef.h>
#include <sys/types.h>

#include "assay/slice.h"

/* All bytes, at the descriptor's place or at an offset. */
int diskio_write(int fd, struct slice bytes);
int diskio_pwrite(int fd, struct slice bytes, uint64_t at);

/* Read len bytes at an offset, fewer only at the end of the file. Returns how
 * many, or -1. */
ssize_t diskio_pread(int fd, void *bytes, size_t len, uint64_t at);

/* Have the file's first size bytes allocated; where the file system cannot, do
 * nothing: it finds out about room when writing. */
int diskio_allocate(int fd, uint64_t size);

/* Make the names in a directory durable. */
int diskio_sync_dir(const char *dir);

#endif
