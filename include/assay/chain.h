/* SPDX-License-Identifier: Apache-2.0 */
/* chain: how records are bound to each other and to a key. leaf = SHA-256(0x00
 * || bytes), c[n] = SHA-256(0x02 || c[n-1] || leaf[n]), c[0] = 32 zero bytes; a
 * seal signs c[first-1] and c[last] of one epoch. Pure. */
#ifndef ASSAY_CHAIN_H
#define ASSAY_CHAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "assay/buf.h"
#include "assay/crypto.h"
#include "assay/err.h"
#include "assay/slice.h"

#define CHAIN_LEN CRYPTO_HASH_LEN
#define CHAIN_SEAL_RECORDS 1024 /* a seal is due after so many records, */
#define CHAIN_SEAL_US 5000000	/* or so long after the first of them */

/* Everything a seal says. time_us is the `time` of the seal's record. */
struct chain_seal {
	uint8_t agent[16];
	uint8_t epoch[16];
	uint64_t first;
	uint64_t last;
	uint8_t prev[CHAIN_LEN]; /* c[first - 1] */
	uint8_t head[CHAIN_LEN]; /* c[last] */
	char key[CRYPTO_KEY_ID_LEN + 1];
	int64_t time_us;
	uint8_t sig[CRYPTO_SIG_LEN];
};

/* The leaf of a record's final bytes. */
void chain_leaf(struct crypto *c, struct slice bytes, uint8_t leaf[CHAIN_LEN]);

/* head goes from c[n-1] to c[n]. A new epoch begins with 32 zero bytes. */
void chain_next(
    struct crypto *c, uint8_t head[CHAIN_LEN], const uint8_t leaf[CHAIN_LEN]);

/* Append the text that the signature is over. */
void chain_seal_text(struct buf *out, const struct chain_seal *seal);

/* Fill in seal->key and seal->sig; all else must be set. */
int chain_seal_sign(
    struct chain_seal *seal, const struct crypto_key *key, struct err *err);

/* In *good: the seal names this key and its signature holds. -1 only when that
 * could not be computed. */
int chain_seal_check(const struct chain_seal *seal,
    const struct crypto_public *public, bool *good, struct err *err);

#endif
