/* SPDX-License-Identifier: Apache-2.0 */
#include "assay/wire.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "assay/encode.h"
#include "assay/jsonout.h"
#include "assay/stamp.h"

/* UUIDv5 of "urn:assay:record" in the URL namespace of RFC 9562. */
static const uint8_t fixed_space[16] = {0x4e, 0xa9, 0x11, 0x5d, 0x2b, 0x15,
    0x5d, 0xbd, 0xb8, 0xae, 0x51, 0xfd, 0xa9, 0xbe, 0x7c, 0x12};

bool
wire_is_plain(struct slice text)
{
	/* NUL is UTF-8, but many a JSON reader ends the text there. */
	return encode_is_utf8(text) && slice_find(text, '\0') == text.len;
}

/* Every byte that is not UTF-8 becomes U+FFFD. */
static void
put_repaired(struct buf *b, struct slice text)
{
	for (size_t at = 0; at < text.len;) {
		size_t n = 1;

		while (n <= 4 && at + n <= text.len &&
		       !wire_is_plain((struct slice){text.ptr + at, n}))
			n++;
		if (n <= 4 && at + n <= text.len) {
			jsonout_chars(b, (struct slice){text.ptr + at, n});
			at += n;
		} else {
			buf_put(b, SLICE("\xef\xbf\xbd"));
			at++;
		}
	}
}

/* The rest of a text that stands in JSON as it is, or with escapes. False, and
 * nothing put, for one that does not. */
static inline bool
close_plain(struct buf *b, struct slice text)
{
	char *room = buf_reserve(b, text.len + 1);

	if (room && jsonout_copy(room, text)) {
		room[text.len] = '"';
		b->len += text.len + 1;
		return true;
	}
	if (!wire_is_plain(text))
		return false;
	jsonout_chars(b, text);
	buf_putc(b, '"');
	return true;
}

void
wire_close(struct buf *b, struct slice text)
{
	if (close_plain(b, text))
		return;
	put_repaired(b, text);
	buf_putc(b, '"');
}

bool
wire_member_plain(struct buf *b, struct slice opening, struct slice text)
{
	size_t at = b->len;

	buf_put(b, opening);
	if (close_plain(b, text))
		return true;
	if (!b->failed)
		b->len = at;
	return false;
}

void
wire_text(struct buf *b, const char *key, struct slice text)
{
	if (key)
		jsonout_key(b, key);
	jsonout_raw(b, SLICE("\""));
	wire_close(b, text);
}

void
wire_text_if(struct buf *b, const char *key, struct slice text)
{
	if (text.len)
		wire_text(b, key, text);
}

void
wire_int_if(struct buf *b, const char *key, int64_t value)
{
	if (value >= 0)
		jsonout_kint(b, key, value);
}

void
wire_hex(struct buf *b, const char *key, const uint8_t *bytes, size_t len)
{
	char text[65];

	assert(len <= 32);
	encode_hex(text, bytes, len);
	jsonout_kstr(b, key, text);
}

void
wire_hex_if(struct buf *b, const char *key, const uint8_t *bytes, size_t len)
{
	if (bytes)
		wire_hex(b, key, bytes, len);
}

/* 20 digits. */
static void
put_sequence(struct buf *b, uint64_t sequence)
{
	char text[RECORD_SEQUENCE_LEN];

	for (size_t i = sizeof text; i > 0; i--) {
		text[i - 1] = (char)('0' + sequence % 10);
		sequence /= 10;
	}
	buf_put(b, (struct slice){text, sizeof text});
}

void
wire_sequence(struct buf *b, const char *key, uint64_t sequence)
{
	jsonout_key(b, key);
	buf_putc(b, '"');
	put_sequence(b, sequence);
	buf_putc(b, '"');
}

void
wire_texts(
    struct buf *b, const char *key, const struct slice *texts, size_t count)
{
	jsonout_key(b, key);
	jsonout_array(b);
	for (size_t i = 0; i < count; i++)
		wire_text(b, NULL, texts[i]);
	jsonout_array_end(b);
}

void
wire_host(struct buf *b, const char *key, const struct record_host *host)
{
	char id[ENCODE_UUID_LEN + 1];

	encode_uuid(id, host->id);
	jsonout_key(b, key);
	jsonout_object(b);
	wire_text(b, "name", host->name);
	jsonout_kstr(b, "id", id);
	jsonout_object_end(b);
}

void
wire_base64(struct buf *b, struct slice bytes)
{
	buf_putc(b, '"');
	encode_base64(b, bytes);
	buf_putc(b, '"');
}

static void
made_id(struct crypto *c, const struct record_envelope *e, uint8_t id[16])
{
	char text[32 + 1 + RECORD_SEQUENCE_LEN + 1];
	struct slice name = {text, sizeof text - 1};

	encode_hex(text, e->epoch, sizeof e->epoch);
	snprintf(text + 32, sizeof text - 32, "\n%020" PRIu64, e->sequence);
	crypto_uuid5(c, fixed_space, &name, 1, id);
}

void
wire_stamp(struct buf *b, int64_t us)
{
	char *room = buf_reserve(b, STAMP_LEN + 1);

	if (!room)
		return;
	stamp_format(room, us);
	b->len += STAMP_LEN;
}

void
wire_bytes(struct buf *b, const uint8_t *bytes, size_t len)
{
	char *room = buf_reserve(b, 2 * len + 1);

	if (!room)
		return;
	encode_hex(room, bytes, len);
	b->len += 2 * len;
}

void
wire_uuid(struct buf *b, const uint8_t uuid[16])
{
	char *room = buf_reserve(b, ENCODE_UUID_LEN + 1);

	if (!room)
		return;
	encode_uuid(room, uuid);
	b->len += ENCODE_UUID_LEN;
}

/* The envelope is the hot path: literal text, one key order, in pieces that
 * change or do not. */
static void
put_opening(
    struct buf *b, const struct record_envelope *e, enum record_type type)
{
	buf_put(b, SLICE("{\"specversion\":\"1.0\",\"type\":\""));
	buf_puts(b, record_type_name(type));
	if (e->from_collector)
		buf_put(b, SLICE("\",\"source\":\"urn:assay:collector:"));
	else
		buf_put(b, SLICE("\",\"source\":\"urn:assay:agent:"));
	wire_uuid(b, e->agent);
	buf_put(b, SLICE("\",\"id\":\""));
}

static void
put_middle(struct buf *b, const struct record_envelope *e)
{
	buf_put(b,
	    SLICE("\",\"datacontenttype\":\"application/json\",\"agent\":\""));
	wire_uuid(b, e->agent);
	buf_put(b, SLICE("\",\"epoch\":\""));
	wire_bytes(b, e->epoch, sizeof e->epoch);
	buf_put(b, SLICE("\",\"sequence\":\""));
}

static void
put_close(struct buf *b, const struct record_envelope *e)
{
	buf_put(b, SLICE("\",\"readtime\":\""));
	wire_stamp(b, e->readtime_us);
	buf_put(b, SLICE("\",\"salt\":\""));
}

static void
put_changing(
    struct buf *b, const struct record_envelope *e, const uint8_t id[16])
{
	wire_uuid(b, id);
	if (e->time_us != RECORD_NO_TIME) {
		buf_put(b, SLICE("\",\"time\":\""));
		wire_stamp(b, e->time_us);
	}
}

void
wire_begin(struct buf *b, struct crypto *c, const struct record_envelope *e,
    enum record_type type, size_t *at)
{
	uint8_t id[16];

	*at = b->len;
	assert(e->sequence >= 1 && e->sequence <= RECORD_SEQUENCE_MAX);
	if (type == RECORD_EVENT)
		memcpy(id, e->id, sizeof id);
	else
		made_id(c, e, id);
	put_opening(b, e, type);
	put_changing(b, e, id);
	put_middle(b, e);
	put_sequence(b, e->sequence);
	put_close(b, e);
	wire_bytes(b, e->salt, sizeof e->salt);
	buf_put(b, SLICE("\",\"data\":{"));
}

void
wire_begin_same(struct buf *b, const struct record_envelope *e, size_t *at)
{
	*at = b->len;
	assert(e->sequence >= 1 && e->sequence <= RECORD_SEQUENCE_MAX);
	assert(e->readtime_us == e->same->readtime_us);
	buf_put(b, e->same->opening);
	put_changing(b, e, e->id);
	buf_put(b, e->same->middle);
	put_sequence(b, e->sequence);
	buf_put(b, e->same->close);
	wire_bytes(b, e->salt, sizeof e->salt);
	buf_put(b, e->same->host);
}

/* What was put since *at, which moves on. */
static struct slice
since(const struct buf *b, size_t *at)
{
	struct slice part = {b->ptr + *at, b->len - *at};

	*at = b->len;
	return part;
}

int
record_same_make(struct record_same *same, const struct record_envelope *e,
    const struct record_host *host)
{
	struct buf b = {.ptr = same->room,
	    .cap = sizeof same->room,
	    .max = sizeof same->room};
	size_t at = 0;

	same->readtime_us = e->readtime_us;
	put_opening(&b, e, RECORD_EVENT);
	same->opening = since(&b, &at);
	put_middle(&b, e);
	same->middle = since(&b, &at);
	put_close(&b, e);
	same->close = since(&b, &at);
	buf_put(&b, SLICE("\",\"data\":{"));
	wire_host(&b, "host", host);
	same->host = since(&b, &at);
	return b.failed ? -1 : 0;
}

int
wire_end(struct buf *b, size_t at, enum record_type type, struct err *err)
{
	size_t len;

	buf_puts(b, "}}");
	len = b->len - at;
	if (!b->failed && len <= RECORD_MAX)
		return 0;
	b->len = at;
	if (b->failed)
		return err_set(err,
		    "%s: out of memory or past the buffer's %zu bytes",
		    record_type_name(type), b->max);
	return err_set(err, "%s of %zu bytes is over the limit of %zu",
	    record_type_name(type), len, RECORD_MAX);
}
