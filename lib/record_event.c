/* SPDX-License-Identifier: Apache-2.0 */
#include "assay/record.h"

#include <assert.h>
#include <string.h>

#include "assay/jsonout.h"
#include "assay/wire.h"

struct slice
record_kept(struct slice line)
{
	size_t n = RECORD_RAW_MAX;

	if (line.len <= n)
		return line;
	while (n > RECORD_RAW_MAX - 3 &&
	       ((unsigned char)line.ptr[n] & 0xc0) == 0x80)
		n--;
	/* Three continuation bytes and no start: not UTF-8 anyway. */
	if (((unsigned char)line.ptr[n] & 0xc0) == 0x80)
		n = RECORD_RAW_MAX;
	return (struct slice){line.ptr, n};
}

void
record_event_id(struct crypto *c, const uint8_t space[16], struct slice kind,
    struct slice gen_or_cursor, uint64_t offset, struct slice rule,
    struct slice line, uint8_t id[16])
{
	char room[512];
	struct buf number = {.ptr = room, .cap = 32, .max = 32};
	struct buf head = {.ptr = room + 32, .cap = 480, .max = 480};
	struct slice parts[] = {kind, SLICE("\n"), gen_or_cursor, SLICE("\n"),
	    {0}, SLICE("\n"), rule, SLICE("\n"), record_kept(line)};
	const size_t count = sizeof parts / sizeof *parts;
	struct slice joined[2];

	assert(offset <= INT64_MAX);
	jsonout_digits(&number, (int64_t)offset);
	parts[4] = buf_slice(&number);
	/* Two parts are hashed faster than nine; a cursor may be too long. */
	for (size_t i = 0; i + 1 < count; i++)
		buf_put(&head, parts[i]);
	joined[0] = buf_slice(&head);
	joined[1] = parts[count - 1];
	if (head.failed)
		crypto_uuid5(c, space, parts, count, id);
	else
		crypto_uuid5(c, space, joined, 2, id);
}

/* From here on the hot path: keys, quotes and commas are literal text, and what
 * may come first in an object knows it. */
static void
put_field(struct buf *b, const struct record_field *field)
{
	wire_member(b, SLICE("\""), field->name);
	switch (field->kind) {
	case RECORD_TEXT:
		wire_member(b, SLICE(":\""), field->text);
		break;
	case RECORD_INT:
		if (field->number <= WIRE_INTEGER_MAX &&
		    field->number >= -WIRE_INTEGER_MAX) {
			buf_putc(b, ':');
			jsonout_digits(b, field->number);
			break;
		}
		buf_put(b, SLICE(":\""));
		jsonout_digits(b, field->number);
		buf_putc(b, '"');
		break;
	case RECORD_BOOL:
		if (field->number)
			buf_put(b, SLICE(":true"));
		else
			buf_put(b, SLICE(":false"));
		break;
	case RECORD_STAMP:
		buf_put(b, SLICE(":\""));
		wire_stamp(b, field->number);
		buf_putc(b, '"');
		break;
	}
}

static void
put_fields(struct buf *b, const struct record_field *fields, size_t count)
{
	buf_put(b, SLICE(",\"fields\":{"));
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_putc(b, ',');
		put_field(b, &fields[i]);
	}
	buf_putc(b, '}');
}

static inline void
put_texts(struct buf *b, struct slice opening, const struct slice *texts,
    size_t count)
{
	buf_put(b, opening);
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_putc(b, ',');
		wire_member(b, SLICE("\""), texts[i]);
	}
	buf_putc(b, ']');
}

static inline void
put_host(struct buf *b, struct slice opening, const struct record_host *host)
{
	wire_member(b, opening, host->name);
	buf_put(b, SLICE(",\"id\":\""));
	wire_uuid(b, host->id);
	buf_put(b, SLICE("\"}"));
}

static void
put_origin(struct buf *b, const struct record_origin *origin)
{
	wire_member(b, SLICE(",\"origin\":{\"source\":\""), origin->source);
	if (origin->path.len)
		wire_member(b, SLICE(",\"path\":\""), origin->path);
	wire_member(b, SLICE(",\"id\":\""), origin->id);
	wire_member(b, SLICE(",\"class\":\""), origin->class);
	if (origin->gen) {
		buf_put(b, SLICE(",\"gen\":\""));
		wire_bytes(b, origin->gen, 16);
		buf_putc(b, '"');
	}
	if (origin->offset >= 0) {
		buf_put(b, SLICE(",\"offset\":"));
		jsonout_digits(b, origin->offset);
	}
	if (origin->cursor.len)
		wire_member(b, SLICE(",\"cursor\":\""), origin->cursor);
	wire_member(b, SLICE(",\"trust\":\""), origin->trust);
	buf_putc(b, '}');
}

static void
put_event_clock(struct buf *b, const struct record_event *event)
{
	buf_put(b, SLICE(",\"clock\":{"));
	if (event->clock_raw.len) {
		wire_member(b, SLICE("\"raw\":\""), event->clock_raw);
		buf_putc(b, ',');
	}
	wire_member(b, SLICE("\"precision\":\""), event->clock_precision);
	put_texts(b, SLICE(",\"inferred\":["), event->clock_inferred,
	    event->clock_inferred_count);
	if (event->clock_doubtful)
		buf_put(b, SLICE(",\"doubtful\":true}"));
	else
		buf_put(b, SLICE(",\"doubtful\":false}"));
}

static void
put_hash(
    struct buf *b, struct crypto *c, const uint8_t salt[16], struct slice line)
{
	const struct slice parts[] = {{(const char *)salt, 16}, line};
	uint8_t hash[CRYPTO_HASH_LEN];

	crypto_sha256(c, parts, 2, hash);
	buf_put(b, SLICE("\"hash\":\""));
	wire_bytes(b, hash, sizeof hash);
	buf_putc(b, '"');
}

/* Of a line that is not kept whole: what there is must be checked against the
 * line where that is kept, so the hash is over the line's own. */
static void
put_cut(struct buf *b, struct crypto *c, const uint8_t salt[16],
    const struct record_event *event)
{
	uint8_t hash[CRYPTO_HASH_LEN];
	const uint8_t *its = event->line_hash;

	if (!its) {
		crypto_sha256(c, &event->line, 1, hash);
		its = hash;
	}
	buf_put(b, SLICE(",\"cut\":true,"));
	put_hash(
	    b, c, salt, (struct slice){(const char *)its, CRYPTO_HASH_LEN});
}

static void
put_raw_text(struct buf *b, struct crypto *c, const uint8_t salt[16],
    const struct record_event *event, uint64_t len)
{
	struct slice kept = record_kept(event->line);
	bool plain = wire_member_plain(b, SLICE("\"text\":\""), kept);

	if (!plain) {
		buf_put(b, SLICE("\"text\":"));
		wire_base64(b, kept);
	}
	buf_put(b, SLICE(",\"len\":"));
	jsonout_digits(b, (int64_t)len);
	if (kept.len < len)
		put_cut(b, c, salt, event);
	if (!plain)
		buf_put(b, SLICE(",\"enc\":\"base64\""));
}

static void
put_raw_hash(struct buf *b, struct crypto *c, const uint8_t salt[16],
    const struct record_event *event, uint64_t len)
{
	struct slice whole = event->line;

	/* Of one that is longer than a window its hash is at hand. */
	if (event->line_hash)
		whole = (struct slice){
		    (const char *)event->line_hash, CRYPTO_HASH_LEN};
	put_hash(b, c, salt, whole);
	buf_put(b, SLICE(",\"len\":"));
	jsonout_digits(b, (int64_t)len);
	if (event->line_hash)
		buf_put(b, SLICE(",\"cut\":true"));
}

static void
put_raw(struct buf *b, struct crypto *c, const struct record_envelope *e,
    const struct record_event *event)
{
	uint64_t len = event->line_len > event->line.len ? event->line_len
							 : event->line.len;

	if (event->raw == RECORD_RAW_NONE)
		return;
	buf_put(b, SLICE(",\"raw\":{"));
	if (event->raw == RECORD_RAW_TEXT)
		put_raw_text(b, c, e->salt, event, len);
	else
		put_raw_hash(b, c, e->salt, event, len);
	if (event->line_unended)
		buf_put(b, SLICE(",\"eol\":false"));
	buf_putc(b, '}');
}

void
record_event_head(struct buf *b, const struct record_event *event)
{
	wire_member(b, SLICE(",\"event\":\""), event->event);
	wire_member(b, SLICE(",\"outcome\":\""), event->outcome);
	wire_member(b, SLICE(",\"rule\":\""), event->rule);
	put_texts(
	    b, SLICE(",\"controls\":["), event->controls, event->control_count);
	if (event->phase.len)
		wire_member(b, SLICE(",\"phase\":\""), event->phase);
}

int
record_encode_event(struct buf *b, struct crypto *c,
    const struct record_envelope *e, const struct record_event *event,
    struct err *err)
{
	size_t at;

	/* The host of a relayed line is another one. */
	if (e->same && !event->observer) {
		wire_begin_same(b, e, &at);
	} else {
		wire_begin(b, c, e, RECORD_EVENT, &at);
		put_host(b, SLICE("\"host\":{\"name\":\""), &event->host);
	}
	if (event->observer)
		put_host(
		    b, SLICE(",\"observer\":{\"name\":\""), event->observer);
	if (event->head.len)
		buf_put(b, event->head);
	else
		record_event_head(b, event);
	wire_member(b, SLICE(",\"program\":\""), event->program);
	if (event->pid >= 0) {
		buf_put(b, SLICE(",\"pid\":"));
		jsonout_digits(b, event->pid);
	}
	if (event->systemd_unit.len)
		wire_member(
		    b, SLICE(",\"systemd_unit\":\""), event->systemd_unit);
	put_fields(b, event->fields, event->field_count);
	buf_put(b, SLICE(",\"count\":"));
	jsonout_digits(b, event->count);
	put_origin(b, &event->origin);
	if (event->header_host.len)
		wire_member(
		    b, SLICE(",\"header_host\":\""), event->header_host);
	put_event_clock(b, event);
	if (event->ambiguous)
		buf_put(b, SLICE(",\"ambiguous\":true"));
	else
		buf_put(b, SLICE(",\"ambiguous\":false"));
	put_raw(b, c, e, event);
	return wire_end(b, at, RECORD_EVENT, err);
}
