/* SPDX-License-Identifier: Apache-2.0 */
/* What verify.c keeps and verify_findings.c and verify_epochs.c read. Private
 * to them. */
#ifndef ASSAY_VERIFY_STATE_H
#define ASSAY_VERIFY_STATE_H

#include "assay/spans.h"
#include "assay/verify.h"

#define NO_KEY SIZE_MAX

/* A start record of an epoch; several when other bytes came under number 1. */
struct start {
	uint8_t leaf[CHAIN_LEN];
	int64_t time_us;
	size_t key;
	struct record_prev prev;
	bool used; /* its prev was handed to the epoch before */
};

/* A seal or start that cannot be right. */
struct note {
	enum verify_kind kind;
	uint64_t sequence;
	uint8_t leaf[CHAIN_LEN];
};

struct epoch {
	uint8_t id[16]; /* first: lists are searched by it */
	struct agent *agent;
	bool from_collector;
	struct spans spans;
	uint64_t named_last; /* greatest a sealed following start names */
	struct start *starts;
	size_t start_count;
	struct note *notes;
	size_t note_count;
	bool todo; /* in the list of those whose start came out sealed */
	struct epoch *next_todo;
};

struct key {
	struct crypto_public public;
	size_t good; /* seals of the agent that hold under it */
};

/* A seal whose key is not known yet. */
struct pending {
	struct chain_seal seal;
	uint8_t leaf[CHAIN_LEN];
};

struct list {
	void **items; /* sorted by the 16 bytes they begin with */
	size_t count;
};

struct agent {
	uint8_t id[16]; /* first */
	struct list epochs;
	struct key *keys;
	size_t key_count;
	size_t fixed_key; /* by verify_pin */
	size_t pinned;	  /* the one that counts now, or NO_KEY */
	struct pending *pending;
	size_t pending_count;
};

struct verify {
	struct crypto *c;
	struct list agents;
	struct epoch *todo;
	bool watched;
	struct verify_range *changes;
	size_t change_count;
	size_t change_next;
	bool stale; /* memory was short half-way: judge all anew */
};

/* Room in a list for one more element than count; NULL when memory is short. */
void *verify_grow(void *list, size_t count, size_t size);

struct agent *verify_agent_at(const struct verify *v, size_t i);
struct epoch *verify_epoch_at(const struct agent *a, size_t i);

/* Found or made; NULL when memory is short. */
struct agent *verify_agent_for(struct verify *v, const uint8_t id[16]);
struct epoch *verify_epoch_for(struct agent *a, const uint8_t id[16]);
struct epoch *verify_find_epoch(
    const struct verify *v, const uint8_t agent[16], const uint8_t id[16]);

/* Judge what a record that came may have changed; choose the key that counts
 * for an agent, and judge it anew if that is another one; judge all anew. -1
 * when memory is short. */
int verify_settle(struct verify *v, struct epoch *e, uint64_t sequence);
int verify_choose_key(struct verify *v, struct agent *a);
int verify_settle_all(struct verify *v);

/* leaf NULL: any. */
bool verify_is_leaf_sealed(
    const struct epoch *e, uint64_t sequence, const uint8_t *leaf);

/* The end of an epoch: the greatest number held or named. */
uint64_t verify_end_of(const struct epoch *e);

/* The greatest sealed number; 0 when there is none. */
uint64_t verify_highest_sealed(const struct epoch *e);

/* How record `sequence` of e stands, and up to which number all others do. */
enum verify_state verify_state_of(
    const struct epoch *e, uint64_t sequence, uint64_t *end);

/* The start that speaks for an epoch: a sealed one, else the one that is least
 * by leaf; NULL when none came. */
const struct start *verify_start_of(const struct epoch *e, bool *sealed);

#endif
