/* SPDX-License-Identifier: Apache-2.0 */
/* segment: the bytes of one spool segment, and nothing about files. Agent and
 * collector share this layout; it never changes without a new version.
 *
 * All integers little-endian. Header, 128 bytes: magic "ASSAYSEG" at 0,
 * version u16 8, header_len u16 10, flags u32 12, agent 16, epoch 32,
 * first_sequence u64 48, prev_head (32 bytes) 56, created_us i64 88, reserved
 * (20 zero bytes) 96, crc32c u32 of bytes 0..115 at 116, synced u64 at 120.
 * `synced` is a byte offset, the only field that is ever rewritten and the only
 * one outside the CRC: everything before it is on disk, readers stop there.
 *
 * Frame, a multiple of 8 bytes: len u32, crc32c u32 (of all other bytes of the
 * frame: len, then everything after the CRC, padding too), type u8, flags u8,
 * zero u16, zero u32, sequence u64 (0 unless a record), payload, zero padding.
 *
 * A segment is a series of commits. A commit is records with dense sequences,
 * checkpoints (where the sources stood; JSON, its writer knows what is in it)
 * and, last, one commit frame {last u64, head 32 bytes}: the last sequence up
 * to here and the chain's head after it. The first frame of a segment is a full
 * checkpoint, later ones hold what changed; together, in order, they are the
 * state at the last commit. What no valid commit follows was never written. */
#ifndef ASSAY_SEGMENT_H
#define ASSAY_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assay/buf.h"
#include "assay/err.h"
#include "assay/slice.h"

#define SEGMENT_HEADER_LEN 128
#define SEGMENT_SYNCED_AT 120 /* where synced is */
#define SEGMENT_FRAME_LEN 24  /* before the payload */
#define SEGMENT_PAYLOAD_MAX ((size_t)900 * 1024)
#define SEGMENT_SIZE ((size_t)16 << 20)
#define SEGMENT_COMMIT_LEN (SEGMENT_FRAME_LEN + 40)
#define SEGMENT_NAME_LEN 57 /* "<epoch 32 hex>-<first sequence>.seg" */

struct segment_header {
	uint8_t agent[16];
	uint8_t epoch[16];
	uint64_t first_sequence;
	uint8_t prev_head[32]; /* the chain before first_sequence */
	int64_t created_us;    /* when the epoch began; orders epochs */
	uint64_t synced;
};

enum segment_type {
	SEGMENT_RECORD = 1,
	SEGMENT_CHECKPOINT = 2,
	SEGMENT_COMMIT = 3,
};

struct segment_frame {
	enum segment_type type;
	uint64_t sequence;
	struct slice payload;
	size_t size; /* of the whole frame */
};

struct segment_commit {
	uint64_t last;
	uint8_t head[32];
};

enum segment_got {
	SEGMENT_FRAME, /* a valid frame */
	SEGMENT_ZERO,  /* nothing was written here */
	SEGMENT_SHORT, /* the bytes end within a frame */
	SEGMENT_BAD,   /* damage */
};

/* An unbroken series of commits, as found by segment_walk. */
struct segment_run {
	size_t start;
	size_t end;	/* just past its last commit; start when none */
	size_t stop;	/* the first byte that is no valid frame, or the end */
	uint64_t first; /* its first sequence */
	uint64_t last;	/* its last committed one; first - 1 when none */
	uint8_t prev[32];
	uint8_t head[32]; /* the chain after last */
	size_t commits;
};

enum segment_state {
	SEGMENT_WHOLE,	 /* ends with a commit, or with unwritten room */
	SEGMENT_TORN,	 /* what follows the last commit was cut short */
	SEGMENT_DAMAGED, /* a commit that had been made is no longer valid */
};

/* Write the 128 bytes, synced included. */
void segment_header_encode(
    uint8_t bytes[SEGMENT_HEADER_LEN], const struct segment_header *header);

/* Read them; -1 and why when they are not a header we know. */
int segment_header_decode(
    struct slice bytes, struct segment_header *header, struct err *err);

/* synced alone, at SEGMENT_SYNCED_AT: it is read and written by itself. */
void segment_synced_encode(uint8_t bytes[8], uint64_t synced);
uint64_t segment_synced_decode(const uint8_t bytes[8]);

/* Bytes a frame takes for a payload of len. */
size_t segment_frame_size(size_t len);

/* Append a frame. payload is 1..SEGMENT_PAYLOAD_MAX bytes; sequence is 0 for
 * all but records. Failure is the buf's. */
void segment_put(struct buf *out, enum segment_type type, uint64_t sequence,
    struct slice payload);
void segment_put_commit(struct buf *out, const struct segment_commit *commit);

/* Read the frame at the start of bytes. The payload borrows from bytes. On
 * SEGMENT_SHORT, frame->size says how many bytes are needed (24 when not even
 * that is known). err says why when SEGMENT_BAD. */
enum segment_got segment_get(
    struct slice bytes, struct segment_frame *frame, struct err *err);

/* Meaning of a commit frame's payload. */
bool segment_commit_decode(struct slice payload, struct segment_commit *commit);

/* Follow the commits of bytes (a whole segment) from offset at, where sequence
 * first and head prev are expected, to the last valid one. err says why it
 * stopped where it did, "" when nothing more was written. */
void segment_walk(struct slice bytes, size_t at, uint64_t first,
    const uint8_t prev[32], struct segment_run *run, struct err *err);

/* Find the next valid commit frame at or after offset from (frames lie on
 * multiples of 8); *at is just past it. A run may begin there, with commit's
 * last + 1 and head. */
bool segment_resync(
    struct slice bytes, size_t from, size_t *at, struct segment_commit *commit);

/* Find the next valid frame at or after offset from, of whatever type; *at is
 * where it begins. What a payload holds is never taken for one: records and
 * checkpoints are JSON, where no byte is zero. */
bool segment_seek(
    struct slice bytes, size_t from, size_t *at, struct segment_frame *frame);

/* What the end of run means for the segment that it is the first run of. Bytes
 * before synced had been promised: if they are not valid now, that is damage.
 * After it one commit can be half on disk, in any order of its pages, when the
 * power goes; a second valid commit frame proves that the first had been made.
 */
enum segment_state segment_judge(
    struct slice bytes, uint64_t synced, const struct segment_run *run);

/* The file name, and back. */
void segment_name(char name[SEGMENT_NAME_LEN + 1], const uint8_t epoch[16],
    uint64_t first_sequence);
bool segment_unname(
    struct slice name, uint8_t epoch[16], uint64_t *first_sequence);

#endif
