/* SPDX-License-Identifier: Apache-2.0 */
#include "assay/record.h"

#include <inttypes.h>
#include <stdio.h>
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
	char digits[24];
	int len = snprintf(digits, sizeof digits, "\n%" PRIu64 "\n", offset);
	const struct slice parts[] = {kind, SLICE("\n"), gen_or_cursor,
	    {digits, (size_t)len}, rule, SLICE("\n"), record_kept(line)};

	crypto_uuid5(c, space, parts, sizeof parts / sizeof *parts, id);
}

static void
put_field(struct buf *b, const struct record_field *field)
{
	wire_text(b, NULL, field->name);
	buf_putc(b, ':');
	switch (field->kind) {
	case RECORD_TEXT:
		wire_text(b, NULL, field->text);
		break;
	case RECORD_INT:
		if (field->number <= WIRE_INTEGER_MAX &&
		    field->number >= -WIRE_INTEGER_MAX)
			jsonout_int(b, field->number);
		else
			buf_printf(b, "\"%" PRId64 "\"", field->number);
		break;
	case RECORD_BOOL:
		jsonout_bool(b, field->number);
		break;
	case RECORD_STAMP:
		wire_time(b, "\"", field->number);
		buf_putc(b, '"');
		break;
	}
}

static void
put_fields(struct buf *b, const struct record_field *fields, size_t count)
{
	jsonout_key(b, "fields");
	jsonout_object(b);
	for (size_t i = 0; i < count; i++)
		put_field(b, &fields[i]);
	jsonout_object_end(b);
}

static void
put_origin(struct buf *b, const struct record_origin *origin)
{
	jsonout_key(b, "origin");
	jsonout_object(b);
	wire_text(b, "source", origin->source);
	wire_text_if(b, "path", origin->path);
	wire_text(b, "id", origin->id);
	wire_text(b, "class", origin->class);
	wire_hex_if(b, "gen", origin->gen, 16);
	wire_int_if(b, "offset", origin->offset);
	wire_text_if(b, "cursor", origin->cursor);
	wire_text(b, "trust", origin->trust);
	jsonout_object_end(b);
}

static void
put_event_clock(struct buf *b, const struct record_event *event)
{
	jsonout_key(b, "clock");
	jsonout_object(b);
	wire_text_if(b, "raw", event->clock_raw);
	wire_text(b, "precision", event->clock_precision);
	wire_texts(
	    b, "inferred", event->clock_inferred, event->clock_inferred_count);
	jsonout_kbool(b, "doubtful", event->clock_doubtful);
	jsonout_object_end(b);
}

static void
put_raw_text(struct buf *b, struct slice line, uint64_t len)
{
	struct slice kept = record_kept(line);
	bool plain = wire_is_plain(kept);

	jsonout_key(b, "text");
	if (plain) {
		jsonout_string(b, kept);
	} else {
		wire_base64(b, kept);
	}
	jsonout_kint(b, "len", (int64_t)len);
	if (kept.len < len)
		jsonout_kbool(b, "cut", true);
	if (!plain)
		jsonout_kstr(b, "enc", "base64");
}

static void
put_raw_hash(struct buf *b, struct crypto *c, const uint8_t salt[16],
    struct slice line, uint64_t len)
{
	const struct slice parts[] = {{(const char *)salt, 16}, line};
	uint8_t hash[CRYPTO_HASH_LEN];

	crypto_sha256(c, parts, 2, hash);
	wire_hex(b, "hash", hash, sizeof hash);
	jsonout_kint(b, "len", (int64_t)len);
}

static void
put_raw(struct buf *b, struct crypto *c, const struct record_envelope *e,
    const struct record_event *event)
{
	uint64_t len = event->line_len > event->line.len ? event->line_len
							 : event->line.len;

	if (event->raw == RECORD_RAW_NONE)
		return;
	jsonout_key(b, "raw");
	jsonout_object(b);
	if (event->raw == RECORD_RAW_TEXT)
		put_raw_text(b, event->line, len);
	else
		put_raw_hash(b, c, e->salt, event->line, len);
	jsonout_object_end(b);
}

int
record_encode_event(struct buf *b, struct crypto *c,
    const struct record_envelope *e, const struct record_event *event,
    struct err *err)
{
	size_t at;

	wire_begin(b, c, e, RECORD_EVENT, &at);
	wire_host(b, "host", &event->host);
	if (event->observer)
		wire_host(b, "observer", event->observer);
	wire_text(b, "event", event->event);
	wire_text(b, "outcome", event->outcome);
	wire_text(b, "rule", event->rule);
	wire_texts(b, "controls", event->controls, event->control_count);
	wire_text_if(b, "phase", event->phase);
	wire_text(b, "program", event->program);
	wire_int_if(b, "pid", event->pid);
	wire_text_if(b, "systemd_unit", event->systemd_unit);
	put_fields(b, event->fields, event->field_count);
	jsonout_kint(b, "count", event->count);
	put_origin(b, &event->origin);
	wire_text_if(b, "header_host", event->header_host);
	put_event_clock(b, event);
	jsonout_kbool(b, "ambiguous", event->ambiguous);
	put_raw(b, c, e, event);
	return wire_end(b, at, RECORD_EVENT, err);
}
