/* SPDX-License-Identifier: Apache-2.0 */
/* spoolhome: the directory of a spool and how much may be in it. Knows whose it
 * is (group assay, where there is one: readers of it leave their acks), who
 * locks it, which segments every reader has, and what goes when there is no
 * room: first what all readers acknowledged, oldest first, then damaged files
 * kept aside (`*.bad`), oldest first. Whatever lies there counts, but for the
 * reserve.
 *
 * The reserve is a file of allocated room: where the disk is full, heartbeats
 * and gaps can still be written, to a segment made of it. */
#ifndef ASSAY_AGENT_SPOOLHOME_H
#define ASSAY_AGENT_SPOOLHOME_H

#include <stdbool.h>
#include <stdint.h>

#include "assay/err.h"

#include "recover.h"

struct spoolhome {
	const char *dir;	    /* borrowed */
	const char *const *readers; /* borrowed; NULL-terminated or NULL */
	int dir_fd;
	int lock_fd;
};

/* Bytes, without the segment being written. */
struct spoolhome_use {
	uint64_t bytes;	 /* all of it but the reserve */
	uint64_t unsent; /* segments some reader has not acknowledged */
	uint64_t bad;	 /* damaged files kept aside */
};

/* Make the directory when missing and lock it. Sets h in any case, for
 * spoolhome_close. -1: another agent has it, or it cannot be made. */
int spoolhome_open(struct spoolhome *h, const char *dir,
    const char *const *readers, struct err *err);
void spoolhome_close(struct spoolhome *h);

/* What every reader has. -1 when the directory cannot be read. */
int spoolhome_safe(
    const struct spoolhome *h, struct recover_safe *safe, struct err *err);

/* Remove what may go and is older than before_us; when more than `most` bytes
 * are there, also what is younger. current (may be NULL) is the name of the
 * segment being written: not counted, not removed. *use as it is afterwards,
 * left alone when the directory cannot be read. */
void spoolhome_reclaim(const struct spoolhome *h, const char *current,
    int64_t before_us, uint64_t most, struct spoolhome_use *use);

/* Have the reserve of size bytes, allocated: true when it is there. */
bool spoolhome_reserve(const struct spoolhome *h, uint64_t size);

/* Make the reserve the file `name`, open for writing; it is the reserve no
 * more. *size is what it has allocated. -1 and errno ENOENT when it is used. */
int spoolhome_take_reserve(
    const struct spoolhome *h, const char *name, uint64_t *size);

#endif
