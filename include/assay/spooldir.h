/* SPDX-License-Identifier: Apache-2.0 */
/* spooldir: which segments a spool directory holds, in the order of the spool:
 * epochs by when they began (created_us, then name), inside an epoch by first
 * sequence. Files of other names are not seen. */
#ifndef ASSAY_SPOOLDIR_H
#define ASSAY_SPOOLDIR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assay/err.h"
#include "assay/segment.h"

struct spooldir_entry {
	char name[SEGMENT_NAME_LEN + 1];
	/* Its header. Where that is damaged (broken): epoch and first_sequence
	 * of the name, created_us of the other segments of the epoch or the
	 * file's own time, synced as far as it is possible, the rest zero. */
	struct segment_header header;
	bool broken;
	uint64_t size;	  /* of the file */
	int64_t mtime_us; /* of the file */
};

struct spooldir {
	struct spooldir_entry *all;
	size_t count;
};

/* List dir. A directory that does not exist is empty. On failure found is
 * empty as well. */
int spooldir_list(const char *dir, struct spooldir *found, struct err *err);
void spooldir_clear(struct spooldir *found);

/* Order of two segments in the spool: <0, 0, >0. */
int spooldir_compare(
    const struct spooldir_entry *a, const struct spooldir_entry *b);

/* Open one for reading and read its header anew into *entry (created_us of a
 * broken one is the file's time). -1 and errno on failure. */
int spooldir_open(
    const char *dir, const char *name, struct spooldir_entry *entry);

#endif
