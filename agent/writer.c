/* SPDX-License-Identifier: Apache-2.0 */
#include "writer.h"

#include <stdlib.h>
#include <string.h>

#include "assay/chain.h"
#include "assay/encode.h"
#include "assay/segment.h"

#define SALTS 128 /* drawn at once */

struct writer {
	struct spool *spool;
	struct crypto *crypto;
	const struct identity *identity;
	const struct machine *machine;
	uint8_t epoch[16];
	struct buf record; /* scratch */
	struct record_same same;
	bool has_same;
	uint8_t salts[SALTS][16];
	size_t salts_left;
	/* The range that the next seal covers begins here. */
	uint64_t seal_first;
	uint8_t seal_prev[CHAIN_LEN];
	bool seal_leads;     /* its first record is the last seal */
	int64_t unsealed_us; /* when its first other record was put; 0 none */
};

struct writer *
writer_new(struct spool *spool, struct crypto *c,
    const struct identity *identity, const struct machine *machine,
    int64_t now_us, spool_state_fn *state, void *state_arg, struct err *err)
{
	struct writer *w = calloc(1, sizeof *w);

	if (!w) {
		err_set(err, "no memory for records");
		return NULL;
	}
	w->spool = spool;
	w->crypto = c;
	w->identity = identity;
	w->machine = machine;
	w->seal_first = 1;
	buf_init(&w->record, 2 * RECORD_MAX);
	if (crypto_random(w->epoch, sizeof w->epoch, err) != 0) {
		writer_free(w);
		return NULL;
	}
	spool_begin(spool, identity->agent, w->epoch, now_us, state, state_arg);
	return w;
}

void
writer_free(struct writer *w)
{
	if (!w)
		return;
	buf_clear(&w->record);
	free(w);
}

const uint8_t *
writer_epoch(const struct writer *w)
{
	return w->epoch;
}

struct record_host
writer_host(const struct writer *w)
{
	struct record_host host = {.name = slice_of(w->machine->name)};

	memcpy(host.id, w->machine->host, sizeof host.id);
	return host;
}

uint64_t
writer_records(const struct writer *w)
{
	return spool_next_sequence(w->spool) - 1;
}

bool
writer_wants_commit(const struct writer *w)
{
	return spool_wants_commit(w->spool);
}

static int
fill_envelope(struct writer *w, struct record_envelope *e, int64_t time_us,
    int64_t now_us, struct err *err)
{
	*e = (struct record_envelope){.sequence = spool_next_sequence(w->spool),
	    .time_us = time_us,
	    .readtime_us = now_us};
	memcpy(e->agent, w->identity->agent, sizeof e->agent);
	memcpy(e->epoch, w->epoch, sizeof e->epoch);
	if (w->salts_left == 0) {
		if (crypto_random(w->salts, sizeof w->salts, err) != 0)
			return -1;
		w->salts_left = SALTS;
	}
	memcpy(e->salt, w->salts[--w->salts_left], sizeof e->salt);
	buf_reset(&w->record);
	return 0;
}

/* Put what was encoded. */
static enum spool_put
put(struct writer *w, bool essential, int64_t now_us, struct err *err)
{
	enum spool_put got =
	    spool_put(w->spool, buf_slice(&w->record), essential, err);

	if (got == SPOOL_OK && w->unsealed_us == 0)
		w->unsealed_us = now_us;
	return got;
}

enum spool_put
writer_start(struct writer *w, struct record_start *start, int64_t now_us,
    struct err *err)
{
	struct record_envelope e;

	start->host = writer_host(w);
	start->key = crypto_key_public(w->identity->key);
	start->prev = w->identity->prev;
	if (w->identity->reason)
		start->reason = slice_of(w->identity->reason);
	if (fill_envelope(w, &e, now_us, now_us, err) != 0 ||
	    record_encode_start(&w->record, w->crypto, &e, start, err) != 0)
		return SPOOL_FAILED;
	return put(w, true, now_us, err);
}

enum spool_put
writer_heartbeat(struct writer *w, struct record_heartbeat *heartbeat,
    int64_t now_us, struct err *err)
{
	struct record_envelope e;

	heartbeat->host = writer_host(w);
	if (fill_envelope(w, &e, now_us, now_us, err) != 0 ||
	    record_encode_heartbeat(
		&w->record, w->crypto, &e, heartbeat, err) != 0)
		return SPOOL_FAILED;
	return put(w, true, now_us, err);
}

enum spool_put
writer_gap(
    struct writer *w, struct record_gap *gap, int64_t now_us, struct err *err)
{
	struct record_envelope e;

	gap->host = writer_host(w);
	if (fill_envelope(w, &e, now_us, now_us, err) != 0 ||
	    record_encode_gap(&w->record, w->crypto, &e, gap, err) != 0)
		return SPOOL_FAILED;
	return put(w, true, now_us, err);
}

enum spool_put
writer_files(struct writer *w, struct record_files *files, int64_t now_us,
    struct err *err)
{
	struct record_envelope e;
	enum spool_put got;

	files->host = writer_host(w);
	if (fill_envelope(w, &e, now_us, now_us, err) != 0 ||
	    record_encode_files(&w->record, w->crypto, &e, files, err) != 0)
		return SPOOL_FAILED;
	got = put(w, true, now_us, err);
	/* No other record is nearly as large. */
	buf_clear(&w->record);
	return got;
}

static void
make_event_id(
    struct writer *w, const struct record_event *event, uint8_t id[16])
{
	char gen[33];
	struct slice name = event->origin.cursor;
	uint64_t offset = 0;

	if (event->origin.gen) {
		encode_hex(gen, event->origin.gen, 16);
		name = (struct slice){gen, 32};
		offset = (uint64_t)event->origin.offset;
	}
	record_event_id(w->crypto, w->machine->space, event->event, name,
	    offset, event->rule, event->line, id);
}

enum spool_put
writer_event(struct writer *w, const struct record_event *event,
    int64_t time_us, bool rest, int64_t now_us, struct err *err)
{
	struct record_envelope e;

	if (fill_envelope(w, &e, time_us, now_us, err) != 0)
		return SPOOL_FAILED;
	make_event_id(w, event, e.id);
	if (!w->has_same || w->same.readtime_us != now_us) {
		struct record_host host = writer_host(w);

		w->has_same = record_same_make(&w->same, &e, &host) == 0;
	}
	if (w->has_same)
		e.same = &w->same;
	if (record_encode_event(&w->record, w->crypto, &e, event, err) != 0)
		return SPOOL_FAILED;
	return put(w, rest, now_us, err);
}

/* Records of the open range that are not seals. */
static uint64_t
unsealed(const struct writer *w)
{
	return spool_next_sequence(w->spool) - w->seal_first - w->seal_leads;
}

int64_t
writer_seal_due_us(const struct writer *w)
{
	if (unsealed(w) == 0)
		return INT64_MAX;
	return w->unsealed_us + CHAIN_SEAL_US;
}

/* Also when the clock went back behind the first unsealed record. */
static bool
seal_is_due(const struct writer *w, int64_t now_us)
{
	return unsealed(w) >= CHAIN_SEAL_RECORDS ||
	       now_us >= writer_seal_due_us(w) || now_us < w->unsealed_us;
}

static int
make_seal(const struct writer *w, const struct record_envelope *e,
    struct chain_seal *seal, struct err *err)
{
	*seal = (struct chain_seal){.first = w->seal_first,
	    .last = e->sequence - 1,
	    .time_us = e->time_us};
	memcpy(seal->agent, e->agent, sizeof seal->agent);
	memcpy(seal->epoch, e->epoch, sizeof seal->epoch);
	memcpy(seal->prev, w->seal_prev, CHAIN_LEN);
	memcpy(seal->head, spool_head(w->spool), CHAIN_LEN);
	return chain_seal_sign(seal, w->identity->key, err);
}

enum spool_put
writer_seal(struct writer *w, bool all, int64_t now_us, struct err *err)
{
	struct record_host host = writer_host(w);
	struct record_envelope e;
	struct chain_seal seal;
	enum spool_put got;

	if (unsealed(w) == 0 || (!all && !seal_is_due(w, now_us)))
		return SPOOL_OK;
	if (fill_envelope(w, &e, now_us, now_us, err) != 0 ||
	    make_seal(w, &e, &seal, err) != 0 ||
	    record_encode_seal(&w->record, w->crypto, &e, &host, &seal, err) !=
		0)
		return SPOOL_FAILED;
	got = spool_put(w->spool, buf_slice(&w->record), true, err);
	if (got != SPOOL_OK)
		return got;
	w->seal_first = e.sequence;
	w->seal_leads = true;
	w->unsealed_us = 0;
	memcpy(w->seal_prev, seal.head, CHAIN_LEN);
	return SPOOL_OK;
}
