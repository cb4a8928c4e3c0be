/* SPDX-License-Identifier: Apache-2.0 */
/* store: where the log lives: plain functions, no SQL outside the file that
 * implements them. Knows bytes and keys, not what records mean.
 *
 * Invariants: the log is append-only and its index is dense from 1, given
 * inside the transaction; (agent, epoch, sequence) is unique; a record, the
 * position of the lane it came by and what was refused beside it become durable
 * together or not at all. One writer per store, which does all commits and
 * checkpoints; readers open read-only and see one moment until they close.
 * Tables that can be made again from the log are projections: they are dropped
 * when their version is another one. */
#ifndef COLLECTOR_STORE_H
#define COLLECTOR_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assay/buf.h"
#include "assay/err.h"
#include "assay/slice.h"

#define STORE_NAME "evidence.db" /* in the state directory */
#define STORE_LEAF_LEN 32

struct store;

enum store_mode { STORE_READ, STORE_WRITE };

/* What a failed call means for the caller. */
enum store_trouble {
	STORE_FINE,
	STORE_LATER,   /* no room, or busy: roll back and try again later */
	STORE_RACE,    /* a lane was moved by somebody else: roll back */
	STORE_MISSING, /* there is none to read */
	STORE_DENIED,  /* may not read or write it */
	STORE_BROKEN,  /* the disk or the file failed: close, do not go on */
};

struct store_key {
	uint8_t agent[16];
	uint8_t epoch[16];
	uint64_t sequence; /* 1 .. INT64_MAX */
};

/* One row of the log. Slices borrow until the next call on the store. */
struct store_row {
	uint64_t index;
	struct store_key key;
	struct slice leaf;  /* STORE_LEAF_LEN bytes */
	struct slice bytes; /* empty when erased */
};

/* Open path: STORE_WRITE creates it when missing and locks it against a second
 * writer, STORE_READ needs it to be there. A store of a newer version is
 * refused. Returns a new store, or NULL. */
struct store *store_open(const char *path, enum store_mode mode,
    enum store_trouble *trouble, struct err *err);
void store_close(struct store *s);

/* Why the last call that returned -1 failed. */
enum store_trouble store_trouble(const struct store *s);

/* True when the projections had to be dropped: whoever fills them goes through
 * the log again, in one transaction, and says store_projected. */
bool store_needs_projection(const struct store *s);
int store_projected(struct store *s, struct err *err);

/* A transaction of the writer. After any call in it failed only store_rollback
 * may follow; a store_commit that failed has rolled back. */
int store_begin(struct store *s, struct err *err);
int store_commit(struct store *s, struct err *err);
void store_rollback(struct store *s);

/* ---- the log ---- */

/* Append a record under its key. The key must be new (store_find). *index is
 * its place. */
int store_append(struct store *s, const struct store_key *key,
    const uint8_t leaf[STORE_LEAF_LEN], struct slice bytes, uint64_t *index,
    struct err *err);

/* The record under key: 1 and *row, 0 when there is none, -1. */
int store_find(struct store *s, const struct store_key *key,
    struct store_row *row, struct err *err);

/* Records in the log. */
int store_count(struct store *s, uint64_t *count, struct err *err);

/* Visit the rows first..last in order; a visitor's non-zero ends it and is
 * returned. The visitor must not call the store. */
typedef int store_row_fn(void *arg, const struct store_row *row);
int store_rows(struct store *s, uint64_t first, uint64_t last,
    store_row_fn *visit, void *arg, struct err *err);

/* The same for one epoch by sequence; leaf and key only, no bytes. */
int store_leaves(struct store *s, const uint8_t agent[16],
    const uint8_t epoch[16], store_row_fn *visit, void *arg, struct err *err);

/* ---- lanes ---- */

/* Append the position of a lane to out: 1, or 0 when it was never moved. */
int store_lane(
    struct store *s, const char *lane, struct buf *out, struct err *err);

/* Move a lane from where the caller believes it stands ("" for never moved).
 * STORE_RACE when it stands elsewhere. */
int store_lane_move(struct store *s, const char *lane, const char *expected,
    const char *next, struct err *err);

typedef int store_lane_fn(void *arg, const char *lane, const char *position);
int store_lanes(
    struct store *s, store_lane_fn *visit, void *arg, struct err *err);

/* ---- dead letters ---- */

struct store_dead {
	uint64_t id; /* out only */
	const char *lane;
	const char *position;
	const char *code; /* one word, see dead.h */
	const char *reason;
	bool has_key;
	struct store_key key;
	struct slice hash; /* leaf of bytes; of nothing for damage */
	struct slice bytes;
	int64_t at_us;
};

/* Keep aside what was refused. The same bytes from the same position are kept
 * once; *added says whether this is new. */
int store_dead_put(struct store *s, const struct store_dead *letter,
    bool *added, struct err *err);

/* Visit the dead letters by id; code NULL for all. */
typedef int store_dead_fn(void *arg, const struct store_dead *letter);
int store_dead(struct store *s, const char *code, store_dead_fn *visit,
    void *arg, struct err *err);
int store_dead_count(struct store *s, uint64_t *count, struct err *err);

/* ---- pinned keys ---- */

struct store_pin {
	uint8_t agent[16];
	const char *public; /* base64 of SPKI DER */
	int64_t at_us;
};

/* Pin the first key of an agent; there must be none yet. */
int store_pin_put(
    struct store *s, const struct store_pin *pin, struct err *err);

typedef int store_pin_fn(void *arg, const struct store_pin *pin);
int store_pins(
    struct store *s, store_pin_fn *visit, void *arg, struct err *err);

/* ---- what was found and told ---- */

/* Remember that something was found (since the first time it was) and whether
 * it was told as a record; name is unique. Returns in *since_us when it was
 * first found, in *told whether it was told. */
int store_finding(struct store *s, const char *name, int64_t now_us,
    int64_t *since_us, bool *told, struct err *err);
int store_finding_told(struct store *s, const char *name, struct err *err);

/* ---- projections ---- */

/* What is known of an epoch without reading it. */
struct store_epoch {
	uint8_t agent[16];
	uint8_t epoch[16];
	bool from_collector;
	uint64_t records;
	uint64_t highest;
	uint64_t first_index, last_index;
	int64_t readtime_us; /* latest */
	const char *host;    /* as its start says; "" without */
};

/* Add one record's facts to its epoch; host NULL leaves it. */
int store_epoch_add(struct store *s, const struct store_key *key,
    uint64_t index, bool from_collector, int64_t readtime_us, const char *host,
    struct err *err);

/* Visit the epochs in the order in which their first record came; agent NULL
 * for all. */
typedef int store_epoch_fn(void *arg, const struct store_epoch *epoch);
int store_epochs(struct store *s, const uint8_t *agent, store_epoch_fn *visit,
    void *arg, struct err *err);

/* Mark a row as an anchor (a start or a seal): one whose bytes matter for
 * checking others. Rows with bytes only for anchors: store_rows_anchored. */
int store_anchor_add(struct store *s, uint64_t index, struct err *err);
int store_rows_anchored(
    struct store *s, store_row_fn *visit, void *arg, struct err *err);

/* ---- care ---- */

/* Every structural fault SQLite finds, one sentence a line, appended to out;
 * nothing when it is sound. */
int store_check(struct store *s, struct buf *out, struct err *err);

/* Small facts kept with the store: 1, 0 (none), -1. */
int store_meta(
    struct store *s, const char *name, struct buf *out, struct err *err);
int store_meta_set(
    struct store *s, const char *name, const char *value, struct err *err);

#endif
