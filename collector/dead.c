/* SPDX-License-Identifier: Apache-2.0 */
#include "dead.h"

#include "assay/chain.h"
#include "assay/record.h"

const char *
dead_code(enum dead_cause cause)
{
	static const char *const codes[] = {
	    [DEAD_DAMAGE] = "damage",
	    [DEAD_SIZE] = "size",
	    [DEAD_RECORD] = "record",
	    [DEAD_SENDER] = "sender",
	    [DEAD_KEY] = "key",
	    [DEAD_SIGNATURE] = "signature",
	    [DEAD_EPOCH] = "epoch",
	    [DEAD_BYTES] = "bytes",
	    [DEAD_VARIANTS] = "variants",
	};

	return codes[cause];
}

int
dead_put(struct store *s, struct crypto *c, const struct stream_item *item,
    enum dead_cause cause, const char *reason, const struct store_key *key,
    int64_t now_us, bool *added, struct err *err)
{
	uint8_t leaf[CHAIN_LEN];
	struct store_dead letter = {
	    .lane = item->lane,
	    .position = item->at,
	    .code = dead_code(cause),
	    .reason = reason,
	    .has_key = key != NULL,
	    .hash = {(const char *)leaf, sizeof leaf},
	    .bytes = item->bytes,
	    .at_us = now_us,
	};

	if (letter.bytes.len > RECORD_MAX)
		letter.bytes.len = RECORD_MAX;

	if (key)
		letter.key = *key;
	chain_leaf(c, item->bytes, leaf);
	return store_dead_put(s, &letter, added, err);
}
