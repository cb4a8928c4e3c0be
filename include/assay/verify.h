/* SPDX-License-Identifier: Apache-2.0 */
/* verify: which records of a log are vouched for, and what is wrong with the
 * rest. Fed with records in any order of arrival, it keeps per (agent, epoch)
 * the leaf of each record and every chain value that a seal of the agent's
 * pinned key signed; the records between two signed values that lie on the
 * chain from one to the other are sealed. The answer depends only on what was
 * fed, not on the order. Pure; about 35 bytes a record.
 *
 * A record is (agent, epoch, sequence) and its leaf: when other bytes come
 * under a known number both are kept, and a seal decides which is genuine. Two
 * genuine ones are a fork, one that no seal can cover is a tampered one.
 *
 * The key of an agent: the one pinned by verify_pin, else that of its start
 * with the earliest (time, epoch) among those whose key made at least one good
 * seal of this agent (so a start that was altered takes no other down with it),
 * else among all. Who must not be deceived by a forged early start pins: the
 * collector does, the first time it sees an agent. */
#ifndef ASSAY_VERIFY_H
#define ASSAY_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assay/buf.h"
#include "assay/chain.h"
#include "assay/crypto.h"
#include "assay/err.h"
#include "assay/record.h"

struct verify;

/* What a record turned out to be when it came. */
enum verify_arrival {
	VERIFY_NEW,    /* a number not seen before */
	VERIFY_REPEAT, /* the same bytes again: harmless */
	VERIFY_OTHER,  /* other bytes under a known number: keep it aside;
			* verify_finding says later what it was */
	VERIFY_REFUSED /* not taken: too many variants of this number came */
};

/* How a record, or each record of a range, stands. */
enum verify_state {
	VERIFY_MISSING,
	VERIFY_UNSEALED,  /* here, no seal reaches it yet */
	VERIFY_UNCHECKED, /* here, but others of its range are missing */
	VERIFY_BAD,	  /* here, and does not fit the seal over it */
	VERIFY_SEALED,
};

/* Borrows c until verify_free. */
struct verify *verify_new(struct crypto *c, struct err *err);
void verify_free(struct verify *v);

/* Feed one decoded record. Borrows r until return. A seal or start that cannot
 * be right is a record like others, and a finding. -1 when memory is short:
 * feed the record again before you ask anything. */
int verify_add(struct verify *v, const struct record *r,
    enum verify_arrival *arrival, struct err *err);

/* Feed the leaf of a record whose bytes need not or cannot be read any more
 * (stored and neither start nor seal; erased). */
int verify_add_leaf(struct verify *v, const uint8_t agent[16],
    const uint8_t epoch[16], uint64_t sequence, const uint8_t leaf[CHAIN_LEN],
    enum verify_arrival *arrival, struct err *err);

/* Fix an agent's key from outside (the registry, an auditor's fingerprint):
 * no start changes it from then on. */
int verify_pin(struct verify *v, const uint8_t agent[16],
    const struct crypto_public *key, struct err *err);

/* Is this record vouched for? leaf NULL asks whether any bytes under this
 * number are. */
bool verify_is_sealed(const struct verify *v, const uint8_t agent[16],
    const uint8_t epoch[16], uint64_t sequence, const uint8_t *leaf);

/* Every record first..last present and sealed: what a step of coverage needs.
 * Across a join ask for both sides of it. */
bool verify_all_sealed(const struct verify *v, const uint8_t agent[16],
    const uint8_t epoch[16], uint64_t first, uint64_t last);

/* A range of one epoch whose records all stand alike. */
struct verify_range {
	uint8_t agent[16];
	uint8_t epoch[16];
	uint64_t first;
	uint64_t last;
	enum verify_state state;
};

/* From now on note for verify_settled what changes. */
void verify_watch(struct verify *v);

/* The next range that became SEALED or BAD since verify_watch; or, when the key
 * of an agent turned out to be another one, fell back to UNSEALED. False when
 * there is none. For stores and ledgers that go on from where they are. */
bool verify_settled(struct verify *v, struct verify_range *range);

/* ---- epochs in the order they followed each other ---- */

struct verify_epoch {
	uint8_t agent[16];
	uint8_t epoch[16];
	bool from_collector;
	bool has_start; /* the rest is of its start; a sealed one if there is */
	bool start_sealed;
	bool key_is_pinned;
	int64_t time_us;
	struct record_prev prev;
	bool joined;	  /* start sealed; the record it names as the last one
			   * before is held and sealed, and none after it is */
	uint64_t highest; /* the end of the epoch, as in verify_ranges */
	uint64_t sealed_upto; /* greatest n with 1..n all sealed */
	uint64_t count;	      /* records held (numbers) */
	bool forked;	      /* part of a fork; see verify_finding */
};

/* Visit all epochs: agents by id; of an agent, roots first by (time, epoch),
 * each followed by those that name it in prev. Stops when visit says false. */
typedef bool verify_visit_fn(void *arg, const struct verify_epoch *epoch);
int verify_epochs(
    const struct verify *v, verify_visit_fn *visit, void *arg, struct err *err);

/* Visit the ranges of one epoch from sequence 1 to its end, in order, each as
 * long as its records stand alike. The end of an epoch is where it was last
 * heard of, or what a sealed start names as its last. */
typedef bool verify_range_fn(void *arg, const struct verify_range *range);
void verify_ranges(const struct verify *v, const uint8_t agent[16],
    const uint8_t epoch[16], verify_range_fn *visit, void *arg);

/* ---- what is wrong ---- */

enum verify_kind {
	VERIFY_HOLE,	      /* numbers first..last are missing */
	VERIFY_RANGE_OPEN,    /* cannot be checked: a hole among them */
	VERIFY_RANGE_BAD,     /* do not lie on the sealed chain */
	VERIFY_TAIL_UNSEALED, /* no seal reaches them */
	VERIFY_TAMPERED,      /* other bytes under a number, not genuine */
	VERIFY_UNDECIDED,     /* other bytes, and no seal has decided yet */
	VERIFY_SEAL_BAD,      /* signature does not hold, or seal is nonsense */
	VERIFY_START_BAD,     /* key or prev of a start are nonsense */
	VERIFY_KEY_WRONG,     /* start or seal of another key than the pinned */
	VERIFY_FORK_PREV,     /* two epochs follow the same one (or none) */
	VERIFY_FORK_BEYOND,   /* goes on after its named last */
	VERIFY_FORK_BYTES,    /* two genuine records under one number */
};

struct verify_finding {
	enum verify_kind kind;
	uint8_t agent[16];
	uint8_t epoch[16];
	uint64_t first;
	uint64_t last;
	bool has_leaf; /* of the record concerned (TAMPERED, UNDECIDED,
			* SEAL_BAD, START_BAD, KEY_WRONG) */
	uint8_t leaf[CHAIN_LEN];
	bool has_other; /* the other epoch of a fork */
	uint8_t other[16];
};

/* Visit all findings in a fixed order: agents, epochs, first, kind. */
typedef bool verify_finding_fn(void *arg, const struct verify_finding *f);
int verify_findings(const struct verify *v, verify_finding_fn *visit, void *arg,
    struct err *err);

/* True for the kinds that mean somebody changed something (log.tamper). */
bool verify_is_tamper(enum verify_kind kind);
bool verify_is_fork(enum verify_kind kind);

/* Append one sentence for people, without a final LF. */
void verify_explain(struct buf *out, const struct verify_finding *f);

#endif
