/* SPDX-License-Identifier: Apache-2.0 */
/* spool: the agent's durable log, the only truth on the host: records and the
 * source positions they came from, committed together. One agent per directory
 * (a lock); an agent only ever writes segments of its own epoch.
 *
 * A record that was put is in memory; it and the positions are safe when
 * spool_commit returned 0, and only then do readers see it. Nothing that was
 * promised is dropped: when there is no room the spool says SPOOL_FULL, and the
 * caller stops reading its sources. After a failed write or sync nothing is
 * retried on the same file: the open commit is written again to a new segment.
 *
 * Segments that every reader of `readers` acknowledged go after keep_days, or
 * when room is needed, oldest first. */
#ifndef ASSAY_AGENT_SPOOL_H
#define ASSAY_AGENT_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assay/buf.h"
#include "assay/crypto.h"
#include "assay/err.h"
#include "assay/slice.h"

#include "recover.h"

struct spool_options {
	const char *dir;     /* made when missing; its parent must be there */
	uint64_t max_bytes;  /* of all there is in dir, beside a reserve of
				at most 2 MiB */
	int64_t keep_us;     /* how long acknowledged segments stay */
	size_t segment_size; /* 0: SEGMENT_SIZE */
	const char *const *readers; /* NULL-terminated; none: nothing goes */
};

enum spool_put {
	SPOOL_FAILED = -1,
	SPOOL_OK = 0,
	SPOOL_FULL = 1, /* nothing was taken; try again later */
};

struct spool;

/* Append the part-th part (from 0) of the state of the sources, JSON, to out:
 * all of it (what a new segment begins with), or what changed since the last
 * commit. Leaving out as it is says that there are no more parts. Each part
 * fits a frame. Called from within spool_commit. */
typedef void spool_state_fn(void *arg, bool full, size_t part, struct buf *out);

/* Make the directory when missing, lock it, recover what is in it. o's strings
 * and c must outlive the spool. Returns a new spool, or NULL (another agent
 * has it; it cannot be read). */
struct spool *spool_open(
    const struct spool_options *o, struct crypto *c, struct err *err);

/* What recovery found. Borrows until spool_close. */
const struct recover *spool_found(const struct spool *s);

/* Begin an epoch. Nothing is written before the first commit. state and arg are
 * kept until the spool is closed. */
void spool_begin(struct spool *s, const uint8_t agent[16],
    const uint8_t epoch[16], int64_t now_us, spool_state_fn *state, void *arg);

/* The number that the next record must carry; the chain's head before it. */
uint64_t spool_next_sequence(const struct spool *s);
const uint8_t *spool_head(const struct spool *s);

/* Append one record's final bytes to the open commit. Borrows rec until return.
 * SPOOL_FULL when the spool would pass max_bytes; essential records (heartbeat,
 * gap, seal, start) may use a small reserve beyond what others may. */
enum spool_put spool_put(
    struct spool *s, struct slice rec, bool essential, struct err *err);

/* Bytes put since the last commit. */
size_t spool_pending(const struct spool *s);

/* So much was put that a commit is due before anything else: what fits the
 * reserve can be committed to it when the disk is full. */
bool spool_wants_commit(const struct spool *s);

/* Make what was put durable, together with the state of the sources that moved.
 * 0 when it is on disk. SPOOL_FULL when the disk has no room and SPOOL_FAILED
 * when it fails: what was put stays in memory, the call can be repeated, and
 * err says why. Nothing is written when nothing was put and nothing moved. */
enum spool_put spool_commit(struct spool *s, struct err *err);

/* Other limits from now on; borrows readers instead of those before. */
void spool_set_limits(struct spool *s, uint64_t max_bytes, int64_t keep_us,
    const char *const *readers);

/* Give back the memory that commits so far needed; when nothing is put. */
void spool_trim(struct spool *s);

/* Remove what acknowledgement and age allow. */
void spool_tick(struct spool *s, int64_t now_us);

/* Bytes of all there is; of segments that some reader has not acknowledged; of
 * damaged files kept aside. */
uint64_t spool_bytes(const struct spool *s);
uint64_t spool_unsent(const struct spool *s);
uint64_t spool_kept_aside(const struct spool *s);

/* How often a segment had to be given up after a failed write or sync. */
unsigned spool_abandoned(const struct spool *s);

/* Cut the current segment to size, unlock, free. What was not committed is
 * gone. NULL is harmless. */
void spool_close(struct spool *s);

#endif
