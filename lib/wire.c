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
put_repaired(struct buf *b, const char *key, struct slice text)
{
	struct buf good = {0};

	for (size_t at = 0; at < text.len;) {
		size_t n = 1;

		while (n <= 4 && at + n <= text.len &&
		       !wire_is_plain((struct slice){text.ptr + at, n}))
			n++;
		if (n <= 4 && at + n <= text.len) {
			buf_put(&good, (struct slice){text.ptr + at, n});
			at += n;
		} else {
			buf_puts(&good, "\xef\xbf\xbd");
			at++;
		}
	}
	if (key)
		jsonout_key(b, key);
	jsonout_string(b, buf_slice(&good));
	b->failed |= good.failed;
	buf_clear(&good);
}

void
wire_text(struct buf *b, const char *key, struct slice text)
{
	if (!wire_is_plain(text))
		put_repaired(b, key, text);
	else if (key)
		jsonout_kstring(b, key, text);
	else
		jsonout_string(b, text);
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

void
wire_sequence(struct buf *b, const char *key, uint64_t sequence)
{
	char text[RECORD_SEQUENCE_LEN + 1];

	snprintf(text, sizeof text, "%020" PRIu64, sequence);
	jsonout_kstr(b, key, text);
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
wire_time(struct buf *b, const char *key, int64_t us)
{
	char text[STAMP_LEN + 1];

	stamp_format(text, us);
	buf_puts(b, key);
	buf_put(b, (struct slice){text, STAMP_LEN});
}

/* The envelope up to the brace that opens data; *at is where the record begins.
 * This and the end below are the hot path: literal text, one key order. */
void
wire_begin(struct buf *b, struct crypto *c, const struct record_envelope *e,
    enum record_type type, size_t *at)
{
	char agent[ENCODE_UUID_LEN + 1], uuid[ENCODE_UUID_LEN + 1], hex[33];
	char digits[RECORD_SEQUENCE_LEN + 1];
	uint8_t id[16];

	*at = b->len;
	assert(e->sequence >= 1 && e->sequence <= RECORD_SEQUENCE_MAX);
	if (type == RECORD_EVENT)
		memcpy(id, e->id, sizeof id);
	else
		made_id(c, e, id);
	encode_uuid(agent, e->agent);
	encode_uuid(uuid, id);
	buf_puts(b, "{\"specversion\":\"1.0\",\"type\":\"");
	buf_puts(b, record_type_name(type));
	buf_puts(b, e->from_collector ? "\",\"source\":\"urn:assay:collector:"
				      : "\",\"source\":\"urn:assay:agent:");
	buf_puts(b, agent);
	buf_puts(b, "\",\"id\":\"");
	buf_puts(b, uuid);
	if (e->time_us != RECORD_NO_TIME)
		wire_time(b, "\",\"time\":\"", e->time_us);
	buf_puts(b, "\",\"datacontenttype\":\"application/json\",\"agent\":\"");
	buf_puts(b, agent);
	encode_hex(hex, e->epoch, sizeof e->epoch);
	buf_puts(b, "\",\"epoch\":\"");
	buf_puts(b, hex);
	snprintf(digits, sizeof digits, "%020" PRIu64, e->sequence);
	buf_puts(b, "\",\"sequence\":\"");
	buf_puts(b, digits);
	wire_time(b, "\",\"readtime\":\"", e->readtime_us);
	encode_hex(hex, e->salt, sizeof e->salt);
	buf_puts(b, "\",\"salt\":\"");
	buf_puts(b, hex);
	buf_puts(b, "\",\"data\":{");
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
