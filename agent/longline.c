/* SPDX-License-Identifier: Apache-2.0 */
#include "longline.h"

#include <stdlib.h>
#include <string.h>

struct longline {
	struct crypto_hash *sum;
	uint64_t size;
	bool ended;
	bool summed; /* hash is of all that was added */
	uint8_t hash[CRYPTO_HASH_LEN];
	size_t tail_len;
	char tail[LONGLINE_TAIL];
};

static void
shift_in(struct longline *l, struct slice bytes)
{
	size_t keep;

	if (bytes.len > LONGLINE_TAIL)
		bytes = slice_from(bytes, bytes.len - LONGLINE_TAIL);
	keep = LONGLINE_TAIL - bytes.len;
	if (keep > l->tail_len)
		keep = l->tail_len;
	memmove(l->tail, l->tail + l->tail_len - keep, keep);
	memcpy(l->tail + keep, bytes.ptr, bytes.len);
	l->tail_len = keep + bytes.len;
}

struct longline *
longline_new(struct crypto *c, struct slice start)
{
	struct longline *l = calloc(1, sizeof *l);

	if (!l)
		return NULL;
	l->sum = crypto_hash_new(c);
	if (!l->sum) {
		free(l);
		return NULL;
	}
	(void)longline_add(l, start);
	return l;
}

void
longline_free(struct longline *l)
{
	if (!l)
		return;
	crypto_hash_free(l->sum);
	free(l);
}

size_t
longline_add(struct longline *l, struct slice bytes)
{
	size_t lf = slice_find(bytes, '\n');

	crypto_hash_add(l->sum, (struct slice){bytes.ptr, lf});
	l->ended = lf < bytes.len;
	if (l->ended)
		bytes.len = lf + 1;
	if (bytes.len > 0)
		shift_in(l, bytes);
	l->size += bytes.len;
	return bytes.len;
}

bool
longline_ended(const struct longline *l)
{
	return l->ended;
}

uint64_t
longline_size(const struct longline *l)
{
	return l->size;
}

const uint8_t *
longline_hash(struct longline *l)
{
	if (!l->summed)
		crypto_hash_final(l->sum, l->hash);
	l->summed = true;
	return l->hash;
}

struct slice
longline_tail(const struct longline *l)
{
	return (struct slice){l->tail, l->tail_len};
}
