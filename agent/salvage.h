/* SPDX-License-Identifier: Apache-2.0 */
/* salvage: what is left of a damaged segment. Every frame has its own checksum,
 * so each record whose frame is whole survives, also within a commit that lost
 * others; what is missing is told by its sequence numbers. Records that were
 * never promised (behind `synced` and every commit) are not taken.
 *
 * What is left is given as pieces, each an unbroken series of records that ends
 * with a commit, ready to be a segment of its own. Where a record was lost, the
 * state that its commit held about the sources is left out too: they are read
 * again from the state before. */
#ifndef ASSAY_AGENT_SALVAGE_H
#define ASSAY_AGENT_SALVAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assay/buf.h"
#include "assay/crypto.h"
#include "assay/segment.h"
#include "assay/slice.h"

struct salvage_piece {
	uint64_t first;
	uint64_t last;
	uint8_t prev[32]; /* the chain before first; zero when not known */
	struct buf frames;
};

struct salvage_hole {
	uint64_t first;
	uint64_t last;
};

struct salvage {
	struct salvage_piece *pieces;
	size_t piece_count;
	struct salvage_hole *holes; /* records that had been promised */
	size_t hole_count;

	/* The state of the sources; slices of the segment. full: it begins
	 * with all of it, as a segment does. */
	struct slice *checkpoints;
	size_t checkpoint_count;
	bool full;

	uint64_t last; /* sequence number; first - 1 of the segment: none */
	uint8_t head[32];
	bool
	    end_known; /* nothing promised can be behind last, and head holds */
};

/* The segment as it is in its file, with the header that its bytes, its name
 * and its neighbours give. prev_known: header's prev_head is right. bound: the
 * last sequence that can be in it, UINT64_MAX when not known. -1 when memory is
 * short, with nothing to clear. out borrows from bytes. */
int salvage_segment(struct slice bytes, const struct segment_header *header,
    bool prev_known, uint64_t bound, struct crypto *c, struct salvage *out);
void salvage_clear(struct salvage *s);

#endif
