/* SPDX-License-Identifier: Apache-2.0 */
/* recover: what a spool directory holds after whatever happened to the agent
 * that wrote it, and bringing it back into shape: every segment ends with a
 * commit and has exactly the size that `synced` says.
 *
 * What follows the last commit of a segment and had never been promised is cut
 * off: the sources are read again from where that commit stood. A commit that
 * had been made and is not valid any more is damage: the file as it was is kept
 * under the name `<epoch>-<sequence>.bad`, all whole commits of it are written
 * anew under their own names, and what is missing between them is told, for a
 * gap. Recovery never deletes a byte that had been promised, and never gives up
 * because of what it finds. */
#ifndef ASSAY_AGENT_RECOVER_H
#define ASSAY_AGENT_RECOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assay/buf.h"
#include "assay/crypto.h"
#include "assay/err.h"
#include "assay/spooldir.h"

/* Records that were promised and are lost: first..last of an epoch; first is 0
 * when the damage cost no record. */
struct recover_damage {
	char segment[SEGMENT_NAME_LEN + 1];
	uint8_t epoch[16];
	uint64_t first;
	uint64_t last;
	int64_t from_us; /* when the segment can have been written */
	int64_t to_us;
	struct err why; /* a sentence with the byte */
};

struct recover {
	/* The newest epoch that holds a record. */
	bool found;
	bool last_known; /* false: its end is damaged, so what follows is not
			  * known and nothing can name it as its last */
	bool agent_known;
	uint8_t agent[16];
	uint8_t epoch[16];
	uint64_t last;
	uint8_t head[32];
	int64_t created_us; /* of the newest epoch, to begin a later one */

	/* The checkpoints of the newest segment, in order: a full one, then
	 * what changed. */
	struct buf *checkpoints;
	size_t checkpoint_count;

	struct recover_damage *damages;
	size_t damage_count;
	uint64_t torn_bytes; /* cut off as never promised */
	size_t torn_count;   /* in so many segments */
};

/* What every reader has. */
struct recover_safe {
	size_t segments; /* the first ones, in the order of the spool */
	uint64_t newest; /* the last sequence of the newest epoch */
};

/* Recover dir, whose lock the caller holds. Segments that are safe elsewhere
 * are not looked at, but all of the newest epoch are. -1 only when the
 * directory or all of a segment cannot be read, or memory is short. */
int recover_spool(const char *dir, const struct recover_safe *safe,
    struct crypto *c, struct recover *out, struct err *err);
void recover_clear(struct recover *r);

#endif
