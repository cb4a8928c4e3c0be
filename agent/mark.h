/* SPDX-License-Identifier: Apache-2.0 */
/* mark: lines that the agent writes to syslog in order to read them back, as
 * proof that what is written there still arrives in a source. One struct for
 * each source; knows when the next mark is due, which nonces are on their way,
 * and which came back. Pure: somebody else sends and reads.
 *
 * A mark counts only when it carries a nonce that was sent for this source
 * since this start and has not come back before. Marks of an earlier start, of
 * another agent, or made up by anybody prove nothing. */
#ifndef ASSAY_AGENT_MARK_H
#define ASSAY_AGENT_MARK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assay/buf.h"
#include "assay/slice.h"

#define MARK_PROGRAM "assay-agent"
#define MARK_EVERY_US (INT64_C(10) * 60 * 1000000)
#define MARK_AGAIN_US (INT64_C(60) * 1000000) /* after one that failed */
#define MARK_NONCE_LEN 16		      /* bytes; in hex on the wire */
#define MARK_KEPT 64			      /* on their way: ten hours */

struct mark {
	int facility;	  /* of syslog.h without the shift: 10 is authpriv */
	int64_t asked_us; /* when the last was sent or failed; 0 never */
	bool failed;	  /* it could not be sent */
	/* For people; 0 never. */
	int64_t sent_us; /* the last that went out */
	int64_t back_us; /* when the last that came back was read */
	uint64_t sent, back;
	uint8_t nonces[MARK_KEPT][MARK_NONCE_LEN]; /* newest replaces oldest */
	bool on_way[MARK_KEPT];
	size_t next;
};

void mark_begin(struct mark *m, int facility);

/* True when one is to be sent now: at the start, then every 10 minutes, a
 * minute after one that could not be sent, and when now went back. */
bool mark_is_due(const struct mark *m, int64_t now_us);

/* Let the next be due at once: what was awaited so far says nothing. */
void mark_anew(struct mark *m);

/* One was sent, or could not be. */
void mark_note_sent(
    struct mark *m, const uint8_t nonce[MARK_NONCE_LEN], int64_t now_us);
void mark_note_failed(struct mark *m, int64_t now_us);

/* The message of a mark, appended; and the nonce of a message that looks like
 * one (false: it does not). */
void mark_write(struct buf *out, const uint8_t nonce[MARK_NONCE_LEN]);
bool mark_read(
    struct slice program, struct slice message, uint8_t nonce[MARK_NONCE_LEN]);

/* A mark was read at now_us: true when it is ours, sent for this source, and
 * comes back for the first time. */
bool mark_take(
    struct mark *m, const uint8_t nonce[MARK_NONCE_LEN], int64_t now_us);

#endif
