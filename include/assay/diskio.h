/* SPDX-License-Identifier: Apache-2.0 */
/* diskio: writing that is whole or failed: short and interrupted writes are
 * gone on with, a write of nothing is a full disk. errno says why on -1. */
#ifndef ASSAY_DISKIO_H
#define ASSAY_DISKIO_H

#include <stdint.h>

#include "assay/slice.h"

/* All bytes, at the descriptor's place or at an offset. */
int diskio_write(int fd, struct slice bytes);
int diskio_pwrite(int fd, struct slice bytes, uint64_t at);

/* Make the names in a directory durable. */
int diskio_sync_dir(const char *dir);

#endif
