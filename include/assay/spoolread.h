/* SPDX-License-Identifier: Apache-2.0 */
/* spoolread: the records of an agent's spool directory, in order, from a
 * position on, while the agent writes. Reads only, takes no lock.
 *
 * Order: epochs by when they began (created_us, then name), inside an epoch by
 * sequence. Only what is on disk for good (before a segment's `synced`) is
 * given. An epoch is over when a later one has a segment: the agent that wrote
 * that one had cut and completed all before it. Records may be given again
 * after an agent's crash or a reader's restart, never skipped: a sequence that
 * is missing here is missing in the spool. */
#ifndef ASSAY_SPOOLREAD_H
#define ASSAY_SPOOLREAD_H

#include <stdint.h>

#include "assay/err.h"
#include "assay/slice.h"

/* The last record that the reader has: its epoch and sequence. */
struct spoolread_position {
	uint8_t epoch[16];
	uint64_t sequence;
};

struct spoolread_record {
	uint8_t agent[16];
	uint8_t epoch[16];
	uint64_t sequence;
	struct slice bytes; /* final bytes; borrows until the next call */
	char segment[64];   /* file name, for messages */
	uint64_t offset;    /* of the frame in it */
};

enum spoolread_got {
	SPOOLREAD_ERROR = -1,  /* the directory cannot be read; try later */
	SPOOLREAD_NOTHING = 0, /* no more now; ask again later */
	SPOOLREAD_RECORD = 1,
	/* Bytes that had been written are not valid: err names segment and
	 * byte. Said once for each place; reading goes on with the next whole
	 * frame behind it. record
	 * has epoch, segment and offset, the sequence expected next, and no
	 * bytes. */
	SPOOLREAD_DAMAGE = 2,
};

struct spoolread;

/* Open the spool directory dir to read what comes after the position, from the
 * very beginning when it is NULL or when no segment of its epoch is left (what
 * the reader has already it must know: a repeat is harmless). A directory that
 * does not exist yet is not an error, just nothing. Returns a new reader, or
 * NULL. */
struct spoolread *spoolread_open(
    const char *dir, const struct spoolread_position *after, struct err *err);

/* The next record. Never waits. */
enum spoolread_got spoolread_next(
    struct spoolread *r, struct spoolread_record *record, struct err *err);

/* How far it is: bytes read of the bytes that are there to read, as the
 * directory is now. Both 0 when it cannot be read. */
void spoolread_progress(
    const struct spoolread *r, uint64_t *done, uint64_t *total);

void spoolread_close(struct spoolread *r);

#endif
