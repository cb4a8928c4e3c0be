/* SPDX-License-Identifier: Apache-2.0 */
#include "assay/record.h"

#include <stdio.h>
#include <string.h>

#include "assay/encode.h"
#include "assay/jsonin.h"
#include "assay/shape.h"

static const char *const type_names[] = {
    [RECORD_OTHER] = "",
    [RECORD_START] = "assay.start.v1",
    [RECORD_EVENT] = "assay.event.v1",
    [RECORD_HEARTBEAT] = "assay.heartbeat.v1",
    [RECORD_GAP] = "assay.gap.v1",
    [RECORD_FILES] = "assay.files.v1",
    [RECORD_SEAL] = "assay.seal.v1",
    [RECORD_ACT] = "assay.act.v1",
    [RECORD_RATING] = "assay.rating.v1",
};

#define TYPE_COUNT (sizeof type_names / sizeof *type_names)

const char *
record_type_name(enum record_type type)
{
	return type_names[type];
}

static enum record_type
type_of(struct slice name)
{
	for (size_t i = 1; i < TYPE_COUNT; i++)
		if (slice_eq_str(name, type_names[i]))
			return (enum record_type)i;
	return RECORD_OTHER;
}

/* One line: a control byte is never part of compact JSON. */
static int
check_bytes(struct slice bytes, struct err *err)
{
	if (bytes.len > RECORD_MAX)
		return err_set(err,
		    "a record of %zu bytes is over the limit of %zu", bytes.len,
		    RECORD_MAX);
	for (size_t i = 0; i < bytes.len; i++)
		if ((unsigned char)bytes.ptr[i] < 0x20)
			return err_set(err,
			    "byte %zu is 0x%02x, but a record is one line of "
			    "compact JSON",
			    i, (unsigned)(unsigned char)bytes.ptr[i]);
	return 0;
}

static int
expect(const json_t *json, const char *key, const char *wanted, struct err *err)
{
	struct slice text;

	if (!jsonin_string(json, key, &text) || !slice_eq_str(text, wanted))
		return err_set(err, "%s must be \"%s\"", key, wanted);
	return 0;
}

static int
read_hex(const json_t *json, const char *key, uint8_t *bytes, size_t len,
    struct err *err)
{
	struct slice text;

	if (!jsonin_string(json, key, &text) || !encode_unhex(text, bytes, len))
		return err_set(err, "%s must be %zu hex digits in lower case",
		    key, 2 * len);
	return 0;
}

static int
read_uuid(
    const json_t *json, const char *key, uint8_t uuid[16], struct err *err)
{
	struct slice text;

	if (!jsonin_string(json, key, &text) || !encode_unuuid(text, uuid))
		return err_set(err, "%s must be a UUID in lower case", key);
	return 0;
}

static int
read_sequence(
    const json_t *json, const char *key, uint64_t *sequence, struct err *err)
{
	unsigned long long value;
	struct slice text;

	if (!jsonin_string(json, key, &text) ||
	    text.len != RECORD_SEQUENCE_LEN ||
	    !slice_uint(text, RECORD_SEQUENCE_MAX, &value) || value == 0)
		return err_set(err, "%s must be 20 digits from 1 to %020lld",
		    key, (long long)RECORD_SEQUENCE_MAX);
	*sequence = value;
	return 0;
}

static int
read_source(struct record *r, struct err *err)
{
	static const char *const makers[] = {"agent", "collector"};
	char uuid[ENCODE_UUID_LEN + 1], wanted[80];
	struct slice text;

	encode_uuid(uuid, r->agent);
	if (!jsonin_string(r->json, "source", &text))
		return err_set(err, "source is missing or not text");
	for (size_t i = 0; i < 2; i++) {
		snprintf(
		    wanted, sizeof wanted, "urn:assay:%s:%s", makers[i], uuid);
		r->from_collector = i == 1;
		if (slice_eq_str(text, wanted))
			return 0;
	}
	return err_set(err,
	    "source must be urn:assay:agent: or urn:assay:collector: and the "
	    "agent's UUID %s",
	    uuid);
}

static int
read_times(struct record *r, struct err *err)
{
	if (!jsonin_stamp(r->json, "readtime", &r->readtime_us))
		return err_set(err, "readtime must be a time like "
				    "2026-07-03T14:59:17.000000Z");
	if (jsonin_stamp(r->json, "time", &r->time_us))
		return 0;
	r->time_us = RECORD_NO_TIME;
	if (json_object_get(r->json, "time"))
		return err_set(err, "time must be a time like "
				    "2026-07-03T14:59:17.000000Z");
	if (r->type != RECORD_EVENT && r->type != RECORD_OTHER)
		return err_set(err, "time is missing; only events may lack it");
	return 0;
}

static int
read_envelope(struct record *r, struct err *err)
{
	const json_t *json = r->json;

	if (!json_is_object(json))
		return err_set(err, "not a JSON object");
	if (expect(json, "specversion", "1.0", err) ||
	    expect(json, "datacontenttype", "application/json", err))
		return -1;
	if (!jsonin_string(json, "type", &r->type_name) ||
	    r->type_name.len == 0)
		return err_set(err, "type is missing or not text");
	r->type = type_of(r->type_name);
	if (read_uuid(json, "agent", r->agent, err) || read_source(r, err) ||
	    read_uuid(json, "id", r->id, err) ||
	    read_hex(json, "epoch", r->epoch, sizeof r->epoch, err) ||
	    read_sequence(json, "sequence", &r->sequence, err) ||
	    read_hex(json, "salt", r->salt, sizeof r->salt, err))
		return -1;
	return read_times(r, err);
}

static int
read_data(struct record *r, struct err *err)
{
	r->data = json_object_get(r->json, "data");
	if (!json_is_object(r->data))
		return err_set(err, "data must be an object");
	if (shape_check(r->type, r->data, err) ||
	    shape_check_integers(r->json, err))
		return -1;
	if (r->type == RECORD_START && r->sequence != 1)
		return err_set(err, "a start must be sequence 1 of its epoch");
	return 0;
}

int
record_decode(struct slice bytes, struct record *r, struct err *err)
{
	*r = (struct record){.bytes = bytes};
	if (check_bytes(bytes, err))
		goto fail;
	r->json = jsonin_parse(bytes, err);
	if (!r->json || read_envelope(r, err) || read_data(r, err))
		goto fail;
	return 0;
fail:
	record_clear(r);
	return -1;
}

void
record_clear(struct record *r)
{
	json_decref(r->json);
	*r = (struct record){0};
}

static int
read_sig(const json_t *data, uint8_t sig[CRYPTO_SIG_LEN], struct err *err)
{
	char room[96];
	struct buf bytes = {
	    .ptr = room, .cap = sizeof room, .max = sizeof room};
	struct slice text;

	if (!jsonin_string(data, "sig", &text) ||
	    !encode_unbase64(&bytes, text) || bytes.len != CRYPTO_SIG_LEN)
		return err_set(
		    err, "data.sig must be base64 of %d bytes", CRYPTO_SIG_LEN);
	memcpy(sig, bytes.ptr, CRYPTO_SIG_LEN);
	return 0;
}

int
record_read_seal(
    const struct record *r, struct chain_seal *seal, struct err *err)
{
	struct chain_seal s = {.time_us = r->time_us};
	const json_t *data = r->data;
	struct slice key;

	memcpy(s.agent, r->agent, sizeof s.agent);
	memcpy(s.epoch, r->epoch, sizeof s.epoch);
	if (read_sequence(data, "first", &s.first, err) ||
	    read_sequence(data, "last", &s.last, err) ||
	    read_hex(data, "prev", s.prev, CHAIN_LEN, err) ||
	    read_hex(data, "head", s.head, CHAIN_LEN, err) ||
	    expect(data, "alg", "ed25519", err) || read_sig(data, s.sig, err))
		return -1;
	if (s.first > s.last || s.last != r->sequence - 1)
		return err_set(
		    err, "a seal must cover records up to the one before it");
	if (!jsonin_string(data, "key", &key) || key.len != CRYPTO_KEY_ID_LEN)
		return err_set(err, "data.key must be a key id");
	memcpy(s.key, key.ptr, CRYPTO_KEY_ID_LEN);
	*seal = s;
	return 0;
}

static int
read_prev(const json_t *value, struct record_prev *prev, struct err *err)
{
	*prev = (struct record_prev){0};
	if (json_is_null(value))
		return 0;
	prev->known = true;
	if (read_hex(value, "epoch", prev->epoch, 16, err) ||
	    read_sequence(value, "last", &prev->last, err) ||
	    read_hex(value, "head", prev->head, CHAIN_LEN, err))
		return err_prefix(err, "data.prev");
	return 0;
}

int
record_read_start(struct crypto *c, const struct record *r,
    struct crypto_public *key, struct record_prev *prev, struct err *err)
{
	const json_t *value = json_object_get(r->data, "key");
	struct crypto_public public;
	struct record_prev before;
	struct slice text;

	if (expect(value, "alg", "ed25519", err))
		return err_prefix(err, "data.key");
	if (!jsonin_string(value, "public", &text) ||
	    crypto_public_parse(c, text, &public, err))
		return err_prefix(err, "data.key.public");
	if (expect(value, "id", public.id, err))
		return err_prefix(err, "data.key");
	if (read_prev(json_object_get(r->data, "prev"), &before, err))
		return -1;
	if (before.known && !memcmp(before.epoch, r->epoch, 16))
		return err_set(err, "data.prev names the start's own epoch");
	*key = public;
	*prev = before;
	return 0;
}
