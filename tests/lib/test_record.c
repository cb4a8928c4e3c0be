/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assay/encode.h"
#include "assay/record.h"
#include "golden.h"

static struct crypto *c;
static struct crypto_key *key;
static struct golden golden[GOLDEN_COUNT];

static int
setup(void **state)
{
	(void)state;
	c = crypto_new(NULL);
	key = golden_key(c, SOURCE_DIR "/tests/lib/golden/key.pem");
	golden_make(c, key, golden);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	golden_clear(golden);
	crypto_key_free(key);
	crypto_free(c);
	return 0;
}

static const struct buf *
bytes_of(const char *name)
{
	for (size_t i = 0; i < GOLDEN_COUNT; i++)
		if (!strcmp(golden[i].name, name))
			return &golden[i].bytes;
	fail_msg("no golden record %s", name);
	return NULL;
}

/* ---- reading ---- */

static void
put_shuffled(struct buf *out, const json_t *value)
{
	const char *keys[64];
	size_t count = 0;
	const char *name;
	json_t *member;
	char *text;

	if (!json_is_object(value)) {
		text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
		buf_puts(out, text);
		free(text);
		return;
	}
	json_object_foreach((json_t *)(uintptr_t)value, name, member)
	    keys[count++] = name;
	buf_putc(out, '{');
	for (size_t left = count; left > 0; left--) {
		size_t pick = (size_t)rand() % left;

		if (left < count)
			buf_putc(out, ',');
		buf_printf(out, "\"%s\":", keys[pick]);
		put_shuffled(out, json_object_get(value, keys[pick]));
		keys[pick] = keys[left - 1];
	}
	buf_putc(out, '}');
}

static void
assert_same_record(const struct record *a, const struct record *b)
{
	assert_int_equal(a->type, b->type);
	assert_slice(a->type_name, b->type_name);
	assert_int_equal(a->from_collector, b->from_collector);
	assert_memory_equal(a->agent, b->agent, 16);
	assert_memory_equal(a->epoch, b->epoch, 16);
	assert_int_equal(a->sequence, b->sequence);
	assert_memory_equal(a->id, b->id, 16);
	assert_int_equal(a->time_us, b->time_us);
	assert_int_equal(a->readtime_us, b->readtime_us);
	assert_memory_equal(a->salt, b->salt, 16);
	assert_true(json_equal(a->data, b->data));
}

static void
shuffled_keys_decode_equal(void **state)
{
	(void)state;
	srand(42);
	for (size_t i = 0; i < GOLDEN_COUNT; i++) {
		struct record straight, shuffled;
		struct buf text = {0};

		assert_int_equal(
		    record_decode(buf_slice(&golden[i].bytes), &straight, NULL),
		    0);
		assert_slice(straight.bytes, buf_slice(&golden[i].bytes));
		for (int round = 0; round < 20; round++) {
			buf_reset(&text);
			put_shuffled(&text, straight.json);
			assert_int_equal(
			    record_decode(buf_slice(&text), &shuffled, NULL),
			    0);
			assert_same_record(&straight, &shuffled);
			record_clear(&shuffled);
		}
		buf_clear(&text);
		record_clear(&straight);
	}
}

static void
decoding_gives_what_was_encoded(void **state)
{
	struct record r;
	struct slice text;

	(void)state;
	assert_int_equal(
	    record_decode(buf_slice(bytes_of("agent-03-event")), &r, NULL), 0);
	assert_int_equal(r.type, RECORD_EVENT);
	assert_false(r.from_collector);
	assert_int_equal(r.agent[0], 0x11);
	assert_int_equal(r.epoch[0], 0x12);
	assert_int_equal(r.sequence, 3);
	assert_int_equal(r.id[0], 0x53);
	assert_int_equal(r.time_us, 1783090757000000);
	assert_int_equal(r.readtime_us, 1783090760204113);
	assert_int_equal(r.salt[15], 0xa3);
	text.ptr = json_string_value(json_object_get(r.data, "rule"));
	assert_string_equal(text.ptr, "sshd.accepted");
	record_clear(&r);
	assert_null(r.json);
	assert_int_equal(
	    record_decode(
		buf_slice(bytes_of("agent-04-event-bytes")), &r, NULL),
	    0);
	assert_true(r.time_us == RECORD_NO_TIME);
	record_clear(&r);
	assert_int_equal(
	    record_decode(buf_slice(bytes_of("collector-03-act")), &r, NULL),
	    0);
	assert_true(r.from_collector);
	record_clear(&r);
}

/* Replace the first old in text by new. */
static struct buf
edited(const struct buf *from, const char *old, const char *new)
{
	struct buf out = {0};
	const char *hit = memmem(from->ptr, from->len, old, strlen(old));

	if (!hit)
		fail_msg("'%s' is not there", old);
	buf_put(&out, (struct slice){from->ptr, (size_t)(hit - from->ptr)});
	buf_puts(&out, new);
	buf_put(&out, slice_from(buf_slice(from),
			  (size_t)(hit - from->ptr) + strlen(old)));
	return out;
}

static void
unknown_types_and_keys_are_kept(void **state)
{
	struct buf type = edited(
	    bytes_of("agent-03-event"), "assay.event.v1", "assay.mystery.v7");
	struct buf key1 = edited(bytes_of("agent-03-event"), "\"data\":{",
	    "\"traceparent\":\"x\",\"data\":{\"new\":[{}],");
	struct record r;

	(void)state;
	assert_int_equal(record_decode(buf_slice(&type), &r, NULL), 0);
	assert_int_equal(r.type, RECORD_OTHER);
	assert_slice(r.type_name, SLICE("assay.mystery.v7"));
	assert_non_null(json_object_get(r.data, "rule"));
	record_clear(&r);
	assert_int_equal(record_decode(buf_slice(&key1), &r, NULL), 0);
	assert_non_null(json_object_get(r.data, "new"));
	assert_slice(r.bytes, buf_slice(&key1));
	record_clear(&r);
	buf_clear(&type);
	buf_clear(&key1);
}

static const struct bad {
	const char *record, *old, *new, *error;
} bad[] = {
    {"agent-03-event", "\"1.0\"", "\"2.0\"", "specversion must be \"1.0\""},
    {"agent-03-event", "\"specversion\":\"1.0\",", "",
	"specversion must be \"1.0\""},
    {"agent-03-event", "application/json", "text/xml",
	"datacontenttype must be \"application/json\""},
    {"agent-03-event", "\"assay.event.v1\"", "7",
	"type is missing or not text"},
    {"agent-03-event", "agent:11", "agent:12",
	"source must be urn:assay:agent: or urn:assay:collector: and the "
	"agent's UUID 11111111-1111-4a11-8b11-111111111111"},
    {"agent-03-event", "\"id\":\"5353", "\"id\":\"535x",
	"id must be a UUID in lower case"},
    {"agent-03-event", "\"epoch\":\"12", "\"epoch\":\"1",
	"epoch must be 32 hex digits in lower case"},
    {"agent-03-event", "\"salt\":\"a3", "\"salt\":\"A3",
	"salt must be 32 hex digits in lower case"},
    {"agent-03-event", "00000000000000000003", "00000000000000000000",
	"sequence must be 20 digits from 1 to 09223372036854775807"},
    {"agent-03-event", "00000000000000000003", "3",
	"sequence must be 20 digits from 1 to 09223372036854775807"},
    {"agent-03-event", "00000000000000000003", "09223372036854775808",
	"sequence must be 20 digits from 1 to 09223372036854775807"},
    {"agent-03-event", "\"time\":\"2026-07-03T", "\"time\":\"2026-07-33T",
	"time must be a time like 2026-07-03T14:59:17.000000Z"},
    {"agent-03-event", "\"readtime\"", "\"readtimes\"",
	"readtime must be a time like 2026-07-03T14:59:17.000000Z"},
    {"agent-07-heartbeat", "\"time\"", "\"times\"",
	"time is missing; only events may lack it"},
    {"agent-03-event", "\"data\":{", "\"data\":[],\"x\":{",
	"data must be an object"},
    {"agent-03-event", "\"outcome\":\"success\",", "",
	"data.outcome is missing"},
    {"agent-03-event", "\"count\":1", "\"count\":\"1\"",
	"data.count must be an integer"},
    {"agent-03-event", "\"offset\":88231", "\"offset\":88231.5",
	"JSON holds a number that is not an integer"},
    {"agent-03-event", "\"offset\":88231", "\"offset\":9007199254740993",
	"integer 9007199254740993 is beyond 2^53; larger ones travel as text"},
    {"agent-03-event", "\"src_port\":50122", "\"src_port\":[]",
	"data.fields must be an object of texts, integers and booleans"},
    {"agent-03-event", "\"class\":\"auth\",", "",
	"data.origin.class is missing"},
    {"agent-03-event", "\"year\"", "1",
	"data.clock.inferred must be a list of texts"},
    {"agent-07-heartbeat", "\"lines\":0", "\"lines\":null",
	"data.sources[1].lines must be an integer"},
    {"agent-07-heartbeat", "\"refused\":{\"spool_full\":1}",
	"\"refused\":{\"spool_full\":\"1\"}",
	"data.refused must be an object of integers"},
    {"agent-01-start", "\"last\":\"00000000000000001441\"", "\"last\":\"1441\"",
	"data.prev.last must be a sequence number of 20 digits"},
    {"agent-01-start", "\"sequence\":\"00000000000000000001\"",
	"\"sequence\":\"00000000000000000002\"",
	"a start must be sequence 1 of its epoch"},
    {"agent-03-event", "},\"ambiguous\"", "}\n,\"ambiguous\"",
	"byte 1049 is 0x0a, but a record is one line of compact JSON"},
    {"agent-03-event", "\"count\":1", "\"count\":1,\"count\":1",
	"not JSON at byte"},
    {"agent-03-event", "{\"specversion\"", "[{\"specversion\"",
	"not JSON at byte"},
    {"agent-03-event", "alice", "al\xffice", "not JSON at byte"},
};

static void
a_bad_record_is_refused_and_says_which_key(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct buf text =
		    edited(bytes_of(bad[i].record), bad[i].old, bad[i].new);
		struct err err = {""};
		struct record r;

		assert_int_equal(record_decode(buf_slice(&text), &r, &err), -1);
		assert_null(r.json);
		if (strncmp(err.text, bad[i].error, strlen(bad[i].error)) != 0)
			fail_msg("%s instead of %s", err.text, bad[i].error);
		buf_clear(&text);
	}
}

static void
a_record_over_the_limit_is_refused(void **state)
{
	struct buf text = {0};
	struct err err;
	struct record r;

	(void)state;
	while (text.len <= RECORD_MAX)
		buf_putc(&text, ' ');
	assert_int_equal(record_decode(buf_slice(&text), &r, &err), -1);
	assert_string_equal(
	    err.text, "a record of 921601 bytes is over the limit of 921600");
	buf_clear(&text);
}

static void
a_record_cut_at_any_byte_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < GOLDEN_COUNT; i++) {
		struct slice whole = buf_slice(&golden[i].bytes);
		struct record r;

		for (size_t len = 0; len < whole.len;
		     len += 1 + whole.len / 500)
			assert_int_equal(
			    record_decode(
				(struct slice){whole.ptr, len}, &r, NULL),
			    -1);
	}
}

static void
a_start_says_its_key_and_what_it_follows(void **state)
{
	struct crypto_public public;
	struct record_prev prev;
	struct record r;

	(void)state;
	assert_int_equal(
	    record_decode(buf_slice(bytes_of("agent-01-start")), &r, NULL), 0);
	assert_int_equal(record_read_start(c, &r, &public, &prev, NULL), 0);
	assert_memory_equal(&public, crypto_key_public(key), sizeof public);
	assert_true(prev.known);
	assert_int_equal(prev.epoch[0], 0x10);
	assert_int_equal(prev.last, 1441);
	assert_int_equal(prev.head[31], 0xcc);
	record_clear(&r);
	assert_int_equal(
	    record_decode(buf_slice(bytes_of("collector-01-start")), &r, NULL),
	    0);
	assert_int_equal(record_read_start(c, &r, &public, &prev, NULL), 0);
	assert_false(prev.known);
	record_clear(&r);
}

static const struct bad nonsense[] = {
    {"agent-01-start", "ed25519", "rsa", "data.key: alg must be"},
    {"agent-01-start", "MCow", "MCox", "data.key.public: not an Ed25519"},
    {"agent-01-start", "\"key\":{\"id\":\"6", "\"key\":{\"id\":\"7",
	"data.key: id must be"},
    {"agent-01-start", "10101010101010101010101010101010",
	"12121212121212121212121212121212",
	"data.prev names the start's own epoch"},
    {"agent-10-seal", "ed25519", "none", "alg must be"},
    {"agent-10-seal", "\"last\":\"00000000000000000009\"",
	"\"last\":\"00000000000000000008\"",
	"a seal must cover records up to the one before it"},
    {"agent-10-seal", "\"first\":\"00000000000000000001\"",
	"\"first\":\"00000000000000000010\"",
	"a seal must cover records up to the one before it"},
    {"agent-10-seal", "==\"", "\"", "data.sig must be base64 of 64 bytes"},
    {"agent-10-seal", "\"sig\":\"", "\"sig\":\"AAAA",
	"data.sig must be base64 of 64 bytes"},
};

static void
a_start_or_seal_that_makes_no_sense_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof nonsense / sizeof *nonsense; i++) {
		const struct bad *b = &nonsense[i];
		struct buf text = edited(bytes_of(b->record), b->old, b->new);
		struct crypto_public public;
		struct chain_seal seal;
		struct record_prev prev;
		struct err err = {""};
		struct record r;
		int result;

		if (record_decode(buf_slice(&text), &r, &err))
			fail_msg("%s", err.text);
		if (r.type == RECORD_START)
			result = record_read_start(c, &r, &public, &prev, &err);
		else
			result = record_read_seal(&r, &seal, &err);
		assert_int_equal(result, -1);
		if (strncmp(err.text, b->error, strlen(b->error)) != 0)
			fail_msg("%s instead of %s", err.text, b->error);
		record_clear(&r);
		buf_clear(&text);
	}
}

/* ---- writing ---- */

static const struct record_envelope envelope = {.agent = {1},
    .epoch = {2},
    .sequence = 7,
    .time_us = 1000000,
    .readtime_us = 2000000,
    .salt = {3}};

static struct record_event
event_of(struct slice line)
{
	return (struct record_event){.host = {SLICE("h"), {4}},
	    .pid = -1,
	    .origin = {.offset = -1},
	    .raw = RECORD_RAW_TEXT,
	    .line = line};
}

/* The raw object of an event with this line; json_decref it. */
static json_t *
raw_of(const struct record_event *event)
{
	struct buf b = {0};
	struct record r;
	struct err err;
	json_t *raw;

	if (record_encode_event(&b, c, &envelope, event, &err) ||
	    record_decode(buf_slice(&b), &r, &err))
		fail_msg("%s", err.text);
	raw = json_incref(json_object_get(r.data, "raw"));
	record_clear(&r);
	buf_clear(&b);
	return raw;
}

static void
check_raw(struct slice line)
{
	struct record_event event = event_of(line);
	json_t *raw = raw_of(&event);
	struct slice kept = record_kept(line);
	const json_t *text = json_object_get(raw, "text");
	struct slice got = {json_string_value(text), json_string_length(text)};
	struct buf bytes = {0};

	if (json_object_get(raw, "enc")) {
		assert_true(encode_unbase64(&bytes, got));
		assert_slice(buf_slice(&bytes), kept);
	} else {
		assert_slice(got, kept);
	}
	assert_int_equal(
	    json_integer_value(json_object_get(raw, "len")), line.len);
	assert_int_equal(
	    json_is_true(json_object_get(raw, "cut")), kept.len < line.len);
	assert_int_equal(
	    json_object_get(raw, "hash") != NULL, kept.len < line.len);
	buf_clear(&bytes);
	json_decref(raw);
}

static void
a_line_of_any_bytes_comes_back(void **state)
{
	(void)state;
	srand(7);
	for (int round = 0; round < 400; round++) {
		char line[RECORD_RAW_MAX + 100];
		size_t len = (size_t)rand() % (round % 4 ? 200 : sizeof line);

		for (size_t i = 0; i < len; i++)
			line[i] = (char)(round % 2 ? rand() : rand() % 128);
		check_raw((struct slice){line, len});
	}
	check_raw(SLICE(""));
	check_raw(SLICE("a\0b"));
}

static void
a_long_line_is_never_cut_through_a_character(void **state)
{
	static const char *const characters[] = {
	    "a", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};

	(void)state;
	for (size_t k = 0; k < 4; k++)
		for (size_t shift = 0; shift < 4; shift++) {
			struct buf line = {0};
			struct slice kept;

			for (size_t i = 0; i < shift; i++)
				buf_putc(&line, 'x');
			while (line.len < RECORD_RAW_MAX + 8)
				buf_puts(&line, characters[k]);
			kept = record_kept(buf_slice(&line));
			assert_true(encode_is_utf8(kept));
			assert_in_range(
			    kept.len, RECORD_RAW_MAX - 3, RECORD_RAW_MAX);
			check_raw(buf_slice(&line));
			buf_clear(&line);
		}
}

static void
continuation_bytes_alone_are_cut_at_the_limit(void **state)
{
	char line[RECORD_RAW_MAX + 8];

	(void)state;
	memset(line, 0x80, sizeof line);
	assert_int_equal(
	    record_kept((struct slice){line, sizeof line}).len, RECORD_RAW_MAX);
	check_raw((struct slice){line, sizeof line});
}

static void
a_cut_line_can_be_checked_by_its_hash(void **state)
{
	char line[RECORD_RAW_MAX + 500];
	struct slice whole = {line, sizeof line};
	uint8_t sum[32], hash[32];
	char hex[65];
	struct slice parts[2] = {
	    {(const char *)envelope.salt, 16}, {(const char *)sum, 32}};

	(void)state;
	memset(line, 'y', sizeof line);
	crypto_sha256(c, &whole, 1, sum);
	crypto_sha256(c, parts, 2, hash);
	encode_hex(hex, hash, 32);
	/* All of it at hand, or its beginning and its hash. */
	for (int known = 0; known < 2; known++) {
		struct slice start = {line, RECORD_RAW_MAX + 1};
		struct record_event event = event_of(known ? start : whole);
		json_t *raw;

		event.line_len = known ? sizeof line : 0;
		event.line_hash = known ? sum : NULL;
		raw = raw_of(&event);
		assert_string_equal(
		    json_string_value(json_object_get(raw, "hash")), hex);
		assert_int_equal(
		    json_integer_value(json_object_get(raw, "len")),
		    sizeof line);
		json_decref(raw);
	}
}

static void
a_hashed_line_is_salted_and_whole(void **state)
{
	char line[9000];
	const struct slice parts[] = {
	    {(const char *)envelope.salt, 16}, {line, sizeof line}};
	struct record_event event;
	uint8_t hash[32];
	char hex[65];
	json_t *raw;

	(void)state;
	memset(line, 'q', sizeof line);
	event = event_of((struct slice){line, sizeof line});
	event.raw = RECORD_RAW_HASH;
	raw = raw_of(&event);
	crypto_sha256(c, parts, 2, hash);
	encode_hex(hex, hash, 32);
	assert_string_equal(
	    json_string_value(json_object_get(raw, "hash")), hex);
	assert_int_equal(json_object_size(raw), 2);
	json_decref(raw);
}

static void
text_that_is_not_utf8_is_repaired_everywhere(void **state)
{
	static const struct slice dirty = {"a\xff\xc3\xa4\xe2\x82z\0", 8};
	const struct record_field field = {dirty, RECORD_TEXT, dirty, 0};
	struct record_event event = event_of(SLICE(""));
	struct buf b = {0};
	struct record r;
	struct err err;
	const char *clean = "a\xef\xbf\xbd\xc3\xa4\xef\xbf\xbd\xef\xbf\xbdz"
			    "\xef\xbf\xbd";

	(void)state;
	event.host.name = event.event = event.outcome = event.rule = dirty;
	event.program = event.systemd_unit = event.phase = dirty;
	event.header_host = event.clock_raw = event.clock_precision = dirty;
	event.controls = event.clock_inferred = &dirty;
	event.control_count = event.clock_inferred_count = 1;
	event.fields = &field;
	event.field_count = 1;
	event.origin.path = event.origin.id = event.origin.class = dirty;
	event.origin.cursor = event.origin.trust = dirty;
	if (record_encode_event(&b, c, &envelope, &event, &err) ||
	    record_decode(buf_slice(&b), &r, &err))
		fail_msg("%s", err.text);
	assert_string_equal(
	    json_string_value(json_object_get(r.data, "program")), clean);
	assert_string_equal(json_string_value(json_object_get(
				json_object_get(r.data, "fields"), clean)),
	    clean);
	record_clear(&r);
	buf_clear(&b);
}

static void
ids_of_other_records_come_from_epoch_and_sequence(void **state)
{
	static const uint8_t url[16] = {0x6b, 0xa7, 0xb8, 0x11, 0x9d, 0xad,
	    0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8};
	const struct slice urn = SLICE("urn:assay:record");
	const struct slice name = SLICE("12121212121212121212121212121212\n"
					"00000000000000000007");
	uint8_t space[16], wanted[16];
	struct record r;

	(void)state;
	crypto_uuid5(c, url, &urn, 1, space);
	crypto_uuid5(c, space, &name, 1, wanted);
	assert_int_equal(
	    record_decode(buf_slice(bytes_of("agent-07-heartbeat")), &r, NULL),
	    0);
	assert_memory_equal(r.id, wanted, 16);
	record_clear(&r);
}

static void
an_event_id_depends_on_each_part_and_on_kept_bytes_only(void **state)
{
	static const uint8_t space[16] = {1}, other_space[16] = {2};
	const struct slice name =
	    SLICE("auth.login\n9e10\n88231\nsshd.accepted\nline");
	uint8_t id[16], other[16], wanted[16];
	char line[9000];

	(void)state;
	record_event_id(c, space, SLICE("auth.login"), SLICE("9e10"), 88231,
	    SLICE("sshd.accepted"), SLICE("line"), id);
	crypto_uuid5(c, space, &name, 1, wanted);
	assert_memory_equal(id, wanted, 16);
	record_event_id(c, other_space, SLICE("auth.login"), SLICE("9e10"),
	    88231, SLICE("sshd.accepted"), SLICE("line"), other);
	assert_memory_not_equal(id, other, 16);
	memset(line, 'x', sizeof line);
	record_event_id(c, space, SLICE("k"), SLICE("g"), 0, SLICE("r"),
	    (struct slice){line, sizeof line}, id);
	line[8999] = 'y';
	record_event_id(c, space, SLICE("k"), SLICE("g"), 0, SLICE("r"),
	    (struct slice){line, sizeof line}, other);
	assert_memory_equal(id, other, 16);
	line[8191] = 'y';
	record_event_id(c, space, SLICE("k"), SLICE("g"), 0, SLICE("r"),
	    (struct slice){line, sizeof line}, other);
	assert_memory_not_equal(id, other, 16);
}

static void
a_record_too_large_leaves_the_buffer_as_it_was(void **state)
{
	struct buf b = {0}, text = {0};
	struct record_act act = {.kind = SLICE("note"), .body = SLICE("{}")};
	struct err err;

	(void)state;
	buf_puts(&b, "before\n");
	while (text.len < RECORD_MAX)
		buf_puts(&text, "0123456789");
	act.reason = buf_slice(&text);
	assert_int_equal(record_encode_act(&b, c, &envelope, &act, &err), -1);
	assert_non_null(strstr(err.text, "is over the limit of 921600"));
	assert_slice(buf_slice(&b), SLICE("before\n"));
	act.reason = SLICE("short");
	assert_int_equal(record_encode_act(&b, c, &envelope, &act, &err), 0);
	buf_clear(&b);
	b = (struct buf){.max = 100};
	assert_int_equal(record_encode_act(&b, c, &envelope, &act, &err), -1);
	assert_int_equal(b.len, 0);
	buf_clear(&b);
	buf_clear(&text);
}

static void
the_hash_of_a_set_is_of_what_sha256sum_prints(void **state)
{
	struct record_file files[] = {
	    {.path = SLICE("a.yml"), .text = SLICE("one\n")},
	    {.path = SLICE("b/c.yml"), .text = SLICE("two\n")}};
	uint8_t hash[32];
	char hex[65];

	(void)state;
	for (size_t i = 0; i < 2; i++)
		crypto_sha256(c, &files[i].text, 1, files[i].sha256);
	assert_int_equal(record_set_hash(c, files, 2, hash, NULL), 0);
	encode_hex(hex, hash, 32);
	/* echo one >a.yml; echo two >b/c.yml;
	 * sha256sum a.yml b/c.yml | sha256sum */
	assert_string_equal(hex,
	    "2d58ccc8c5e31205cd0c5c06ba2f799965f4d9b562480bfca561c8c2b2ed1aa6");
}

static void
files_that_fit_by_count_do_fit(void **state)
{
	struct record_file files[40];
	struct buf texts[40] = {0};
	size_t cut = 0;

	(void)state;
	srand(11);
	for (int round = 0; round < 12; round++) {
		struct record_files f = {.host = {SLICE("h"), {0}},
		    .set = SLICE("rules"),
		    .files = files};
		struct buf b = {0};

		for (size_t i = 0; i < 40; i++) {
			int kind = rand() % 3;

			buf_reset(&texts[i]);
			for (int n = rand() % 60000; n > 0; n--)
				buf_putc(&texts[i],
				    (char)(kind == 0   ? rand()
					   : kind == 1 ? rand() % 32 + 1
						       : 'a'));
			files[i] =
			    (struct record_file){.path = SLICE("some/path.yml"),
				.has_text = true,
				.text = buf_slice(&texts[i])};
		}
		f.file_count = record_files_fit(files, 40);
		cut += f.file_count < 40;
		assert_true(f.file_count > 0);
		assert_int_equal(
		    record_encode_files(&b, c, &envelope, &f, NULL), 0);
		buf_clear(&b);
	}
	assert_true(cut > 0);
	for (size_t i = 0; i < 40; i++)
		buf_clear(&texts[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(decoding_gives_what_was_encoded),
	    cmocka_unit_test(shuffled_keys_decode_equal),
	    cmocka_unit_test(unknown_types_and_keys_are_kept),
	    cmocka_unit_test(a_bad_record_is_refused_and_says_which_key),
	    cmocka_unit_test(a_record_over_the_limit_is_refused),
	    cmocka_unit_test(a_record_cut_at_any_byte_is_refused),
	    cmocka_unit_test(a_start_says_its_key_and_what_it_follows),
	    cmocka_unit_test(a_start_or_seal_that_makes_no_sense_is_refused),
	    cmocka_unit_test(a_line_of_any_bytes_comes_back),
	    cmocka_unit_test(a_long_line_is_never_cut_through_a_character),
	    cmocka_unit_test(continuation_bytes_alone_are_cut_at_the_limit),
	    cmocka_unit_test(a_cut_line_can_be_checked_by_its_hash),
	    cmocka_unit_test(a_hashed_line_is_salted_and_whole),
	    cmocka_unit_test(text_that_is_not_utf8_is_repaired_everywhere),
	    cmocka_unit_test(ids_of_other_records_come_from_epoch_and_sequence),
	    cmocka_unit_test(
		an_event_id_depends_on_each_part_and_on_kept_bytes_only),
	    cmocka_unit_test(a_record_too_large_leaves_the_buffer_as_it_was),
	    cmocka_unit_test(the_hash_of_a_set_is_of_what_sha256sum_prints),
	    cmocka_unit_test(files_that_fit_by_count_do_fit),
	};

	return cmocka_run_group_tests_name("record", tests, setup, teardown);
}
