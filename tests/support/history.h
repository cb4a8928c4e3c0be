/* SPDX-License-Identifier: Apache-2.0 */
/* history: logs of one agent made for a test, record by record, over several
 * epochs, chained and sealed as an agent does it. */
#ifndef ASSAY_TEST_HISTORY_H
#define ASSAY_TEST_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assay/buf.h"
#include "assay/chain.h"
#include "assay/crypto.h"

#define HISTORY_EPOCHS 16

struct history_record {
	struct buf bytes;
	size_t epoch; /* index */
	uint64_t sequence;
	uint64_t seal_first; /* 0: not a seal */
};

struct history_epoch {
	uint8_t id[16];
	int before; /* index of the epoch it follows, -1 none */
	uint64_t before_last;
	uint64_t last; /* greatest sequence written */
	uint64_t sealed;
	uint8_t head[CHAIN_LEN];
	uint8_t sealed_head[CHAIN_LEN];
};

struct history {
	struct crypto *c;
	struct crypto_key *key; /* change it to seal with another one */
	uint8_t agent[16];
	struct history_record *records;
	size_t count;
	struct history_epoch epochs[HISTORY_EPOCHS];
	size_t epoch_count;
	int64_t now_us;
};

/* Borrows key until history_clear. */
void history_init(struct history *h, struct crypto *c, struct crypto_key *key);
void history_clear(struct history *h);

/* Begin an epoch after epoch `before` (-1: none) as it stands. Returns its
 * index; its start is written. */
size_t history_start(struct history *h, int before);

/* Write an ordinary record, or a seal, into an epoch. */
void history_write(struct history *h, size_t epoch);
void history_seal(struct history *h, size_t epoch);

/* A copy of an epoch's state as a new one of the same id: what a clone of the
 * machine goes on from. */
size_t history_clone(struct history *h, size_t epoch);

/* The index of a record. */
size_t history_find(const struct history *h, size_t epoch, uint64_t sequence);

/* Replace bytes of a record: the first `old` by `new`. */
struct buf history_edit(
    const struct buf *bytes, const char *old, const char *new);

#endif
