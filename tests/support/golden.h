/* SPDX-License-Identifier: Apache-2.0 */
/* golden: the fixed records of tests/lib/golden, made by the encoders from
 * fixed inputs and a fixed key: an agent's epoch and a collector's, each ended
 * by a seal. What they are, is described once, here and in golden.c. */
#ifndef ASSAY_TEST_GOLDEN_H
#define ASSAY_TEST_GOLDEN_H

#include <stdint.h>

#include "assay/buf.h"
#include "assay/crypto.h"

#define GOLDEN_COUNT 16

struct golden {
	const char *name; /* of the file, without .json */
	struct buf bytes;
	uint8_t leaf[32];
	uint8_t head[32];
};

/* Make all of them. Fails the test when one cannot be encoded. */
void golden_make(
    struct crypto *c, struct crypto_key *key, struct golden out[GOLDEN_COUNT]);
void golden_clear(struct golden golden[GOLDEN_COUNT]);

/* A key from a committed file, which is no secret: the records are sealed with
 * golden/key.pem. */
struct crypto_key *golden_key(struct crypto *c, const char *file);

#endif
