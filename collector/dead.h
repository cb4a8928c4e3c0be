/* SPDX-License-Identifier: Apache-2.0 */
/* dead: why something that came by a lane is not in the log. A dead letter
 * keeps the bytes, where they stood and a sentence; the lane goes on. */
#ifndef COLLECTOR_DEAD_H
#define COLLECTOR_DEAD_H

#include "assay/crypto.h"
#include "assay/err.h"
#include "store.h"
#include "stream.h"

enum dead_cause {
	DEAD_DAMAGE,	/* the lane itself is damaged there: no bytes */
	DEAD_SIZE,	/* larger than a record may be */
	DEAD_RECORD,	/* no record: JSON, keys, values */
	DEAD_SENDER,	/* not what an agent, or this agent, may send */
	DEAD_KEY,	/* start or seal of another key than the pinned */
	DEAD_SIGNATURE, /* a seal whose signature does not hold */
	DEAD_EPOCH,	/* of an epoch whose start was refused */
	DEAD_BYTES,	/* other bytes under a known number */
	DEAD_VARIANTS,	/* more variants of one number than are worth keeping */
};

/* One word for each, as the store and `status` have it. Static text. */
const char *dead_code(enum dead_cause cause);

/* Keep an item aside, of a giant its first RECORD_MAX bytes. key is what it
 * claims to be, NULL when that is not known. *added is false when the same
 * letter was kept before. */
int dead_put(struct store *s, struct crypto *c, const struct stream_item *item,
    enum dead_cause cause, const char *reason, const struct store_key *key,
    int64_t now_us, bool *added, struct err *err);

#endif
