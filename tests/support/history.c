/* SPDX-License-Identifier: Apache-2.0 */
#include "history.h"

#include <stdlib.h>
#include <string.h>

#include "assay/record.h"
#include "assay/stamp.h"
#include "test.h"

static const struct record_host host = {{"web01", 5}, {7}};

void
history_init(struct history *h, struct crypto *c, struct crypto_key *key)
{
	*h = (struct history){
	    .c = c, .key = key, .now_us = INT64_C(1783090757000000)};
	memset(h->agent, 0xa9, sizeof h->agent);
}

void
history_clear(struct history *h)
{
	for (size_t i = 0; i < h->count; i++)
		buf_clear(&h->records[i].bytes);
	free(h->records);
	*h = (struct history){0};
}

/* The next record of an epoch, empty, and its envelope. */
static struct history_record *
next(struct history *h, size_t epoch, struct record_envelope *e)
{
	struct history_epoch *at = &h->epochs[epoch];
	struct history_record *r;

	h->records = reallocarray(h->records, h->count + 1, sizeof *r);
	if (!h->records)
		abort();
	r = &h->records[h->count++];
	*r = (struct history_record){.epoch = epoch, .sequence = ++at->last};
	h->now_us += STAMP_US_PER_S;
	*e = (struct record_envelope){.sequence = r->sequence,
	    .time_us = h->now_us,
	    .readtime_us = h->now_us};
	memcpy(e->agent, h->agent, 16);
	memcpy(e->epoch, at->id, 16);
	/* Unlike in every record, a clone's too. */
	memset(e->salt, (int)h->count, 16);
	e->salt[0] = (uint8_t)epoch;
	return r;
}

static void
done(struct history *h, struct history_record *r, int result,
    const struct err *err)
{
	uint8_t leaf[CHAIN_LEN];

	if (result)
		fail_msg("%s", err->text);
	chain_leaf(h->c, buf_slice(&r->bytes), leaf);
	chain_next(h->c, h->epochs[r->epoch].head, leaf);
}

size_t
history_start(struct history *h, int before)
{
	size_t epoch = h->epoch_count++;
	struct history_epoch *at = &h->epochs[epoch];
	struct record_start start = {.host = host,
	    .version = SLICE("0.1.0"),
	    .zone = SLICE("UTC"),
	    .key = crypto_key_public(h->key)};
	struct record_envelope e;
	struct history_record *r;
	struct err err;

	assert_true(epoch < HISTORY_EPOCHS);
	*at = (struct history_epoch){.before = before};
	memset(at->id, 0xe0 + (int)epoch, 16);
	if (before >= 0) {
		const struct history_epoch *b = &h->epochs[before];

		at->before_last = b->last;
		start.prev.known = true;
		start.prev.last = b->last;
		memcpy(start.prev.epoch, b->id, 16);
		memcpy(start.prev.head, b->head, CHAIN_LEN);
	} else {
		start.reason = SLICE("first start");
	}
	r = next(h, epoch, &e);
	done(
	    h, r, record_encode_start(&r->bytes, h->c, &e, &start, &err), &err);
	return epoch;
}

void
history_write(struct history *h, size_t epoch)
{
	const struct record_act act = {.kind = SLICE("note"),
	    .actor = SLICE("test"),
	    .at_us = h->now_us,
	    .reason = SLICE("something happened"),
	    .body = SLICE("{}")};
	struct record_envelope e;
	struct history_record *r = next(h, epoch, &e);
	struct err err;

	done(h, r, record_encode_act(&r->bytes, h->c, &e, &act, &err), &err);
}

void
history_seal(struct history *h, size_t epoch)
{
	struct history_epoch *at = &h->epochs[epoch];
	struct chain_seal seal = {.first = at->sealed + 1, .last = at->last};
	struct record_envelope e;
	struct history_record *r;
	struct err err;

	memcpy(seal.agent, h->agent, 16);
	memcpy(seal.epoch, at->id, 16);
	memcpy(seal.prev, at->sealed_head, CHAIN_LEN);
	memcpy(seal.head, at->head, CHAIN_LEN);
	memcpy(at->sealed_head, at->head, CHAIN_LEN);
	at->sealed = at->last;
	r = next(h, epoch, &e);
	r->seal_first = seal.first;
	seal.time_us = e.time_us;
	if (chain_seal_sign(&seal, h->key, &err))
		fail_msg("%s", err.text);
	done(h, r, record_encode_seal(&r->bytes, h->c, &e, &host, &seal, &err),
	    &err);
}

size_t
history_clone(struct history *h, size_t epoch)
{
	size_t clone = h->epoch_count++;

	assert_true(clone < HISTORY_EPOCHS);
	h->epochs[clone] = h->epochs[epoch];
	return clone;
}

size_t
history_find(const struct history *h, size_t epoch, uint64_t sequence)
{
	for (size_t i = 0; i < h->count; i++)
		if (h->records[i].epoch == epoch &&
		    h->records[i].sequence == sequence)
			return i;
	fail_msg("no record %zu/%llu", epoch, (unsigned long long)sequence);
	return 0;
}

struct buf
history_edit(const struct buf *bytes, const char *old, const char *new)
{
	const char *hit = memmem(bytes->ptr, bytes->len, old, strlen(old));
	struct buf out = {0};
	size_t at;

	if (!hit)
		fail_msg("'%s' is not there", old);
	at = (size_t)(hit - bytes->ptr);
	buf_put(&out, (struct slice){bytes->ptr, at});
	buf_puts(&out, new);
	buf_put(&out, slice_from(buf_slice(bytes), at + strlen(old)));
	return out;
}
