/* SPDX-License-Identifier: Apache-2.0 */
#include "assay/chain.h"

#include <inttypes.h>
#include <string.h>

#include "assay/encode.h"
#include "assay/stamp.h"

void
chain_leaf(struct crypto *c, struct slice bytes, uint8_t leaf[CHAIN_LEN])
{
	const struct slice parts[] = {{"\0", 1}, bytes};

	crypto_sha256(c, parts, 2, leaf);
}

void
chain_next(
    struct crypto *c, uint8_t head[CHAIN_LEN], const uint8_t leaf[CHAIN_LEN])
{
	char bytes[1 + 2 * CHAIN_LEN] = {2};
	const struct slice all = {bytes, sizeof bytes};

	memcpy(bytes + 1, head, CHAIN_LEN);
	memcpy(bytes + 1 + CHAIN_LEN, leaf, CHAIN_LEN);
	crypto_sha256(c, &all, 1, head);
}

static void
put_hex(struct buf *out, const uint8_t *bytes, size_t len)
{
	char text[2 * CHAIN_LEN + 1];

	encode_hex(text, bytes, len);
	buf_printf(out, "%s\n", text);
}

void
chain_seal_text(struct buf *out, const struct chain_seal *seal)
{
	char agent[ENCODE_UUID_LEN + 1], time[STAMP_LEN + 1];

	encode_uuid(agent, seal->agent);
	stamp_format(time, seal->time_us);
	buf_printf(out, "assay seal v1\n%s\n", agent);
	put_hex(out, seal->epoch, sizeof seal->epoch);
	buf_printf(
	    out, "%020" PRIu64 "\n%020" PRIu64 "\n", seal->first, seal->last);
	put_hex(out, seal->prev, CHAIN_LEN);
	put_hex(out, seal->head, CHAIN_LEN);
	buf_printf(out, "%s\n%s\n", seal->key, time);
}

int
chain_seal_sign(
    struct chain_seal *seal, const struct crypto_key *key, struct err *err)
{
	struct buf text = {0};
	int result = -1;

	memcpy(seal->key, crypto_key_public(key)->id, sizeof seal->key);
	chain_seal_text(&text, seal);
	if (text.failed)
		err_set(err, "sealing: out of memory");
	else
		result = crypto_sign(key, buf_slice(&text), seal->sig, err);
	buf_clear(&text);
	return result;
}

int
chain_seal_check(const struct chain_seal *seal,
    const struct crypto_public *public, bool *good, struct err *err)
{
	struct buf text = {0};
	int result = -1;

	*good = false;
	if (strcmp(seal->key, public->id) != 0)
		return 0;
	chain_seal_text(&text, seal);
	if (text.failed)
		err_set(err, "checking a seal: out of memory");
	else
		result = crypto_verify(
		    public, buf_slice(&text), seal->sig, good, err);
	buf_clear(&text);
	return result;
}
