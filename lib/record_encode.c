/* SPDX-License-Identifier: Apache-2.0 */
#include "assay/record.h"

#include <assert.h>
#include <string.h>

#include "assay/encode.h"
#include "assay/jsonout.h"
#include "assay/wire.h"

static void
put_prev(struct buf *b, const struct record_prev *prev)
{
	jsonout_key(b, "prev");
	if (!prev->known) {
		jsonout_null(b);
		return;
	}
	jsonout_object(b);
	wire_hex(b, "epoch", prev->epoch, 16);
	wire_sequence(b, "last", prev->last);
	wire_hex(b, "head", prev->head, CHAIN_LEN);
	jsonout_object_end(b);
}

int
record_encode_start(struct buf *b, struct crypto *c,
    const struct record_envelope *e, const struct record_start *start,
    struct err *err)
{
	size_t at;

	assert(e->sequence == 1);
	wire_begin(b, c, e, RECORD_START, &at);
	wire_host(b, "host", &start->host);
	wire_text(b, "version", start->version);
	wire_text(b, "zone", start->zone);
	jsonout_key(b, "key");
	jsonout_object(b);
	jsonout_kstr(b, "id", start->key->id);
	jsonout_kstr(b, "alg", "ed25519");
	jsonout_kstr(b, "public", start->key->text);
	jsonout_object_end(b);
	jsonout_key(b, "files");
	jsonout_object(b);
	wire_hex_if(b, "rules", start->rules, 32);
	wire_hex_if(b, "checks", start->checks, 32);
	wire_hex_if(b, "isms", start->isms, 32);
	wire_hex_if(b, "frameworks", start->frameworks, 32);
	jsonout_object_end(b);
	put_prev(b, &start->prev);
	wire_text_if(b, "reason", start->reason);
	if (start->simulated)
		jsonout_kbool(b, "simulated", true);
	return wire_end(b, at, RECORD_START, err);
}

static void
put_source(struct buf *b, const struct record_source *source)
{
	jsonout_object(b);
	wire_text(b, "id", source->id);
	wire_texts(b, "provides", source->provides, source->provide_count);
	wire_text_if(b, "program", source->program);
	wire_hex_if(b, "gen", source->gen, 16);
	wire_int_if(b, "offset", source->offset);
	wire_text_if(b, "cursor", source->cursor);
	jsonout_kstamp(b, "from", source->from_us);
	jsonout_kstamp(b, "through", source->through_us);
	jsonout_kint(b, "lines", source->lines);
	jsonout_kint(b, "known", source->known);
	jsonout_kint(b, "ignored", source->ignored);
	jsonout_kint(b, "unknown", source->unknown);
	jsonout_kint(b, "lag_us", source->lag_us);
	jsonout_object_end(b);
}

static void
put_unknown(struct buf *b, const struct record_unknown *unknown)
{
	jsonout_object(b);
	wire_text(b, "program", unknown->program);
	wire_text(b, "class", unknown->class);
	jsonout_kbool(b, "closed", unknown->closed);
	jsonout_kint(b, "lines", unknown->lines);
	jsonout_kstamp(b, "from", unknown->from_us);
	jsonout_kstamp(b, "through", unknown->through_us);
	jsonout_object_end(b);
}

static void
put_state(struct buf *b, const struct record_heartbeat *heartbeat)
{
	jsonout_key(b, "clock");
	jsonout_object(b);
	jsonout_kbool(b, "synced", heartbeat->clock_synced);
	jsonout_kint(b, "offset_us", heartbeat->clock_offset_us);
	jsonout_kint(b, "maxerror_us", heartbeat->clock_maxerror_us);
	jsonout_object_end(b);
	jsonout_key(b, "spool");
	jsonout_object(b);
	jsonout_kint(b, "bytes", heartbeat->spool_bytes);
	jsonout_kint(b, "unsent", heartbeat->spool_unsent);
	jsonout_object_end(b);
	jsonout_key(b, "refused");
	jsonout_object(b);
	for (size_t i = 0; i < heartbeat->refused_count; i++) {
		wire_text(b, NULL, heartbeat->refused[i].name);
		buf_putc(b, ':');
		jsonout_int(b, heartbeat->refused[i].count);
	}
	jsonout_object_end(b);
}

int
record_encode_heartbeat(struct buf *b, struct crypto *c,
    const struct record_envelope *e, const struct record_heartbeat *heartbeat,
    struct err *err)
{
	size_t at;

	wire_begin(b, c, e, RECORD_HEARTBEAT, &at);
	wire_host(b, "host", &heartbeat->host);
	jsonout_kstamp(b, "through", heartbeat->through_us);
	jsonout_kbool(b, "complete", heartbeat->complete);
	jsonout_key(b, "sources");
	jsonout_array(b);
	for (size_t i = 0; i < heartbeat->source_count; i++)
		put_source(b, &heartbeat->sources[i]);
	jsonout_array_end(b);
	jsonout_key(b, "unknown");
	jsonout_array(b);
	for (size_t i = 0; i < heartbeat->unknown_count; i++)
		put_unknown(b, &heartbeat->unknown[i]);
	jsonout_array_end(b);
	put_state(b, heartbeat);
	return wire_end(b, at, RECORD_HEARTBEAT, err);
}

int
record_encode_gap(struct buf *b, struct crypto *c,
    const struct record_envelope *e, const struct record_gap *gap,
    struct err *err)
{
	size_t at;

	wire_begin(b, c, e, RECORD_GAP, &at);
	wire_host(b, "host", &gap->host);
	wire_text(b, "source", gap->source);
	wire_texts(b, "classes", gap->classes, gap->class_count);
	jsonout_kstamp(b, "from", gap->from_us);
	jsonout_kstamp(b, "to", gap->to_us);
	jsonout_key(b, "what");
	jsonout_object(b);
	wire_hex_if(b, "gen", gap->gen, 16);
	wire_int_if(b, "from_offset", gap->from_offset);
	wire_int_if(b, "to_offset", gap->to_offset);
	wire_hex_if(b, "epoch", gap->epoch, 16);
	if (gap->first)
		wire_sequence(b, "first", gap->first);
	if (gap->last)
		wire_sequence(b, "last", gap->last);
	jsonout_object_end(b);
	wire_text(b, "reason", gap->reason);
	if (gap->recovered)
		jsonout_kbool(b, "recovered", true);
	jsonout_key(b, "lines");
	if (gap->lines < 0)
		jsonout_null(b);
	else
		jsonout_int(b, gap->lines);
	wire_text_if(b, "rule", gap->rule);
	wire_text_if(b, "text", gap->text);
	return wire_end(b, at, RECORD_GAP, err);
}

int
record_encode_seal(struct buf *b, struct crypto *c,
    const struct record_envelope *e, const struct record_host *host,
    const struct chain_seal *seal, struct err *err)
{
	size_t at;

	assert(e->sequence == seal->last + 1 && e->time_us == seal->time_us);
	assert(!memcmp(e->agent, seal->agent, 16));
	assert(!memcmp(e->epoch, seal->epoch, 16));
	wire_begin(b, c, e, RECORD_SEAL, &at);
	wire_host(b, "host", host);
	wire_sequence(b, "first", seal->first);
	wire_sequence(b, "last", seal->last);
	wire_hex(b, "prev", seal->prev, CHAIN_LEN);
	wire_hex(b, "head", seal->head, CHAIN_LEN);
	jsonout_kstr(b, "key", seal->key);
	jsonout_kstr(b, "alg", "ed25519");
	jsonout_key(b, "sig");
	wire_base64(
	    b, (struct slice){(const char *)seal->sig, sizeof seal->sig});
	return wire_end(b, at, RECORD_SEAL, err);
}

int
record_encode_act(struct buf *b, struct crypto *c,
    const struct record_envelope *e, const struct record_act *act,
    struct err *err)
{
	size_t at;

	wire_begin(b, c, e, RECORD_ACT, &at);
	wire_text(b, "kind", act->kind);
	wire_text(b, "actor", act->actor);
	jsonout_kstamp(b, "at", act->at_us);
	wire_text(b, "reason", act->reason);
	jsonout_key(b, "body");
	jsonout_raw(b, act->body);
	return wire_end(b, at, RECORD_ACT, err);
}

int
record_encode_rating(struct buf *b, struct crypto *c,
    const struct record_envelope *e, const struct record_rating *rating,
    struct err *err)
{
	size_t at;

	wire_begin(b, c, e, RECORD_RATING, &at);
	wire_text(b, "framework", rating->framework);
	wire_text(b, "control", rating->control);
	wire_text_if(b, "check", rating->check);
	jsonout_kstamp(b, "as_of", rating->as_of_us);
	jsonout_kint(b, "known_at", rating->known_at);
	jsonout_key(b, "period");
	jsonout_object(b);
	jsonout_kstamp(b, "from", rating->from_us);
	jsonout_kstamp(b, "to", rating->to_us);
	jsonout_object_end(b);
	wire_text(b, "rating", rating->rating);
	wire_text(b, "reason", rating->reason);
	jsonout_kint(b, "ledger", rating->ledger);
	jsonout_key(b, "files");
	jsonout_object(b);
	wire_hex_if(b, "checks", rating->checks, 32);
	wire_hex_if(b, "isms", rating->isms, 32);
	wire_hex_if(b, "frameworks", rating->frameworks, 32);
	jsonout_object_end(b);
	return wire_end(b, at, RECORD_RATING, err);
}
