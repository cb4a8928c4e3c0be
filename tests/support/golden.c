/* SPDX-License-Identifier: Apache-2.0 */
#include "golden.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "assay/chain.h"
#include "assay/encode.h"
#include "assay/record.h"
#include "assay/stamp.h"
#include "test.h"

#define TEXTS(...)             \
	(const struct slice[]) \
	{                      \
		__VA_ARGS__    \
	}

static const uint8_t gen[16] = {0x9e, 0x10, 0x7d, 0x9d, 0x37, 0x2b, 0xb6, 0x82,
    0x6b, 0xd8, 0x1d, 0x35, 0x42, 0xa4, 0x19, 0xd6};
static const struct record_host web01 = {
    {"web01", 5}, {0x0c, 0x21, 0x6a, 0x51, 0x3f, 0x60, 0x4a, 0x3b, 0x9c, 0x0d,
		      0x11, 0x22, 0x33, 0x44, 0x55, 0x66}};
static const struct record_host audit01 = {
    {"audit01", 7}, {0x5b, 0x0e, 0x8d, 0x2f, 0x7c, 0x91, 0x4e, 0x0a, 0x8f, 0x3a,
			0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff}};
static const uint8_t rules_hash[32] = {1, 2, 3}, checks_hash[32] = {4, 5, 6};

/* One epoch as it is written. */
struct writer {
	struct crypto *c;
	struct crypto_key *key;
	struct golden *out;
	size_t count;
	struct record_envelope e;
	uint8_t head[CHAIN_LEN];
};

static int64_t
at(const char *text)
{
	int64_t us;

	if (!stamp_parse(slice_of(text), &us))
		fail_msg("'%s' is no stamp", text);
	return us;
}

static void
begin_epoch(struct writer *w, bool collector, uint8_t fill)
{
	memset(&w->e, 0, sizeof w->e);
	w->e.from_collector = collector;
	memset(w->e.agent, fill, 16);
	w->e.agent[6] = 0x4a;
	w->e.agent[8] = 0x8b;
	memset(w->e.epoch, fill + 1, 16);
	memset(w->head, 0, sizeof w->head);
}

/* The buffer and envelope of the next record. */
static struct buf *
next(struct writer *w, const char *name, const char *time)
{
	struct golden *g = &w->out[w->count];

	assert_true(w->count < GOLDEN_COUNT);
	*g = (struct golden){.name = name};
	w->e.sequence++;
	w->e.time_us = time ? at(time) : RECORD_NO_TIME;
	w->e.readtime_us = at("2026-07-03T14:59:17.204113Z") +
			   (int64_t)w->e.sequence * STAMP_US_PER_S;
	memset(w->e.salt, (int)(0xa0 + w->e.sequence), 16);
	return &g->bytes;
}

static void
done(struct writer *w, int result, const struct err *err)
{
	struct golden *g = &w->out[w->count++];

	if (result)
		fail_msg("%s: %s", g->name, err->text);
	chain_leaf(w->c, buf_slice(&g->bytes), g->leaf);
	chain_next(w->c, w->head, g->leaf);
	memcpy(g->head, w->head, sizeof g->head);
}

static void
put_seal(struct writer *w, const char *name, uint64_t first,
    const struct record_host *host)
{
	struct buf *b = next(w, name, "2026-07-03T15:00:05.000000Z");
	struct chain_seal seal = {
	    .first = first, .last = w->e.sequence - 1, .time_us = w->e.time_us};
	struct err err;

	memcpy(seal.agent, w->e.agent, 16);
	memcpy(seal.epoch, w->e.epoch, 16);
	memcpy(seal.head, w->head, CHAIN_LEN);
	if (chain_seal_sign(&seal, w->key, &err))
		fail_msg("%s", err.text);
	done(w, record_encode_seal(b, w->c, &w->e, host, &seal, &err), &err);
}

static void
put_start(struct writer *w, const char *name, const struct record_start *start)
{
	struct buf *b = next(w, name, "2026-07-03T14:59:10.000000Z");
	struct err err;

	done(w, record_encode_start(b, w->c, &w->e, start, &err), &err);
}

static void
put_files(struct writer *w, const char *name, const struct record_host *host,
    const char *set, struct record_file *files, size_t count)
{
	struct buf *b = next(w, name, "2026-07-03T14:59:11.000000Z");
	struct record_files f = {.host = *host,
	    .set = slice_of(set),
	    .part = 1,
	    .parts = 1,
	    .files = files,
	    .file_count = count};
	struct err err;

	for (size_t i = 0; i < count; i++)
		crypto_sha256(w->c, &files[i].text, 1, files[i].sha256);
	assert_int_equal(record_set_hash(w->c, files, count, f.hash, &err), 0);
	done(w, record_encode_files(b, w->c, &w->e, &f, &err), &err);
}

/* What is made once and given to many events is what each would have written
 * itself. */
static void
check_made(struct writer *w, const struct record_event *event,
    const struct buf *wanted)
{
	struct record_event headed = *event;
	struct record_envelope e = w->e;
	struct record_same same;
	struct buf head = {0}, got = {0};
	struct err err;

	record_event_head(&head, event);
	headed.head = buf_slice(&head);
	headed.event = headed.outcome = headed.rule = headed.phase = SLICE("?");
	headed.control_count = 0;
	assert_int_equal(record_same_make(&same, &e, &event->host), 0);
	e.same = &same;
	if (record_encode_event(&got, w->c, &e, &headed, &err))
		fail_msg("%s", err.text);
	assert_slice(buf_slice(&got), buf_slice(wanted));
	buf_clear(&head);
	buf_clear(&got);
}

static void
put_event(struct writer *w, const char *name, const char *time,
    const struct record_event *event)
{
	struct buf *b = next(w, name, time);
	struct err err;

	memset(w->e.id, (int)(0x50 + w->e.sequence), 16);
	w->e.id[6] = 0x55;
	w->e.id[8] = 0x95;
	done(w, record_encode_event(b, w->c, &w->e, event, &err), &err);
	check_made(w, event, b);
}

static struct record_event
login(void)
{
	static const struct record_field fields[] = {
	    {{"user", 4}, RECORD_TEXT, {"alice", 5}, 0},
	    {{"src_ip", 6}, RECORD_TEXT, {"192.0.2.1", 9}, 0},
	    {{"src_port", 8}, RECORD_INT, {NULL, 0}, 50122},
	    {{"remote", 6}, RECORD_BOOL, {NULL, 0}, 1},
	};
	static const struct slice controls[] = {
	    {"iso27001-2022:A.8.5", 19}, {"iso27001-2022:A.5.15", 20}};
	static const struct slice inferred[] = {{"year", 4}, {"zone", 4}};

	return (struct record_event){
	    .host = web01,
	    .event = SLICE("auth.login"),
	    .outcome = SLICE("success"),
	    .rule = SLICE("sshd.accepted"),
	    .controls = controls,
	    .control_count = 2,
	    .program = SLICE("sshd-session"),
	    .pid = 1571,
	    .systemd_unit = SLICE("ssh.service"),
	    .fields = fields,
	    .field_count = 4,
	    .count = 1,
	    .origin = {.source = SLICE("file"),
		.path = SLICE("/var/log/auth.log"),
		.id = SLICE("file:/var/log/auth.log"),
		.class = SLICE("auth"),
		.gen = gen,
		.offset = 88231,
		.trust = SLICE("local")},
	    .clock_raw = SLICE("Jul  3 14:59:17"),
	    .clock_precision = SLICE("s"),
	    .clock_inferred = inferred,
	    .clock_inferred_count = 2,
	    .raw = RECORD_RAW_TEXT,
	    .line = SLICE("Jul  3 14:59:17 web01 sshd-session[1571]: Accepted "
			  "publickey for alice from 192.0.2.1 port 50122 "
			  "ssh2"),
	};
}

/* A run's end from the journal of another host, without a stamp of its own;
 * its line is not UTF-8 and longer than a record keeps. */
static struct record_event
backup(char line[9000])
{
	static const struct record_field fields[] = {
	    {{"job", 3}, RECORD_TEXT, {"nightly \"db\"\n\xff", 14}, 0},
	    {{"bytes", 5}, RECORD_INT, {NULL, 0}, INT64_C(9007199254740993)},
	    {{"snapshot", 8}, RECORD_STAMP, {NULL, 0}, 1783090757000000},
	    {{"duration", 8}, RECORD_INT, {NULL, 0}, 412000000},
	};

	memset(line, 'x', 9000);
	memcpy(line, "backup of caf\xe9 \x01", 16);
	return (struct record_event){
	    .host = audit01,
	    .observer = &web01,
	    .event = SLICE("backup.run"),
	    .outcome = SLICE("warning"),
	    .rule = SLICE("restic.done"),
	    .phase = SLICE("end"),
	    .program = SLICE("restic"),
	    .pid = -1,
	    .fields = fields,
	    .field_count = 4,
	    .count = 3,
	    .origin = {.source = SLICE("journal"),
		.id = SLICE("journal:default"),
		.class = SLICE("backup"),
		.offset = -1,
		.cursor = SLICE("s=1;i=2f"),
		.trust = SLICE("root")},
	    .header_host = SLICE("db01"),
	    .clock_precision = SLICE("us"),
	    .clock_doubtful = true,
	    .ambiguous = true,
	    .raw = RECORD_RAW_TEXT,
	    .line = {line, 9000},
	};
}

static void
put_events(struct writer *w)
{
	struct record_event event = login();
	char line[9000];

	put_event(w, "agent-03-event", "2026-07-03T14:59:17.000000Z", &event);
	event = backup(line);
	put_event(w, "agent-04-event-bytes", NULL, &event);
	event = login();
	event.raw = RECORD_RAW_HASH;
	put_event(
	    w, "agent-05-event-hash", "2026-07-03T14:59:18.500000Z", &event);
	event.raw = RECORD_RAW_NONE;
	event.control_count = event.field_count = 0;
	event.clock_inferred_count = 0;
	put_event(
	    w, "agent-06-event-none", "2026-07-03T14:59:19.000000Z", &event);
}

static void
put_heartbeat(struct writer *w)
{
	struct buf *b =
	    next(w, "agent-07-heartbeat", "2026-07-03T15:00:00.000000Z");
	const struct record_source sources[] = {
	    {.id = SLICE("file:/var/log/auth.log"),
		.provides = TEXTS(SLICE("auth"), SLICE("syslog")),
		.provide_count = 2,
		.gen = gen,
		.offset = 91002,
		.from_us = at("2026-06-28T00:00:11.000000Z"),
		.through_us = at("2026-07-03T14:59:19.000000Z"),
		.lines = 412,
		.known = 40,
		.ignored = 370,
		.unknown = 2,
		.lag_us = 41000000},
	    {.id = SLICE("journal:default"),
		.provides = TEXTS(SLICE("backup")),
		.provide_count = 1,
		.program = SLICE("restic"),
		.offset = -1,
		.cursor = SLICE("s=1;i=2f"),
		.from_us = at("2026-07-01T00:00:00.000000Z"),
		.through_us = at("2026-07-03T15:00:00.000000Z")}};
	const struct record_unknown unknown[] = {{.program = SLICE("sshd"),
	    .class = SLICE("auth"),
	    .closed = true,
	    .lines = 2,
	    .from_us = at("2026-07-03T14:10:00.000000Z"),
	    .through_us = at("2026-07-03T14:11:00.000000Z")}};
	const struct record_count refused[] = {{SLICE("spool_full"), 1}};
	const struct record_heartbeat h = {.host = web01,
	    .through_us = w->e.time_us,
	    .complete = true,
	    .sources = sources,
	    .source_count = 2,
	    .unknown = unknown,
	    .unknown_count = 1,
	    .clock_synced = true,
	    .clock_offset_us = -120,
	    .clock_maxerror_us = 16000,
	    .spool_bytes = 1048576,
	    .spool_unsent = 7,
	    .refused = refused,
	    .refused_count = 1};
	struct err err;

	done(w, record_encode_heartbeat(b, w->c, &w->e, &h, &err), &err);
}

static void
put_gaps(struct writer *w)
{
	struct record_gap gap = {.host = web01,
	    .source = SLICE("file:/var/log/auth.log"),
	    .classes = TEXTS(SLICE("auth")),
	    .class_count = 1,
	    .from_us = at("2026-07-01T06:00:00.000000Z"),
	    .to_us = at("2026-07-01T06:30:00.000000Z"),
	    .gen = gen,
	    .from_offset = 100,
	    .to_offset = 2000,
	    .reason = SLICE("truncated"),
	    .recovered = true,
	    .lines = 17};
	struct buf *b = next(w, "agent-08-gap", "2026-07-03T15:00:01.000000Z");
	uint8_t epoch[16];
	struct err err;

	done(w, record_encode_gap(b, w->c, &w->e, &gap, &err), &err);
	memset(epoch, 0x77, sizeof epoch);
	b = next(w, "agent-09-gap-records", "2026-07-03T15:00:02.000000Z");
	gap.gen = NULL;
	gap.from_offset = gap.to_offset = gap.lines = -1;
	gap.epoch = epoch;
	gap.first = 12;
	gap.last = 19;
	gap.recovered = false;
	gap.reason = SLICE("agent");
	done(w, record_encode_gap(b, w->c, &w->e, &gap, &err), &err);
}

static void
put_judged(struct writer *w)
{
	const struct record_act act = {.kind = SLICE("exception.grant"),
	    .actor = SLICE("carol"),
	    .at_us = at("2026-07-03T12:00:00.000000Z"),
	    .reason = SLICE("restore test replaces the nightly run"),
	    .body = SLICE("{\"control\":\"iso27001-2022:A.8.13\"}")};
	const struct record_rating rating = {
	    .framework = SLICE("iso27001-2022"),
	    .control = SLICE("iso27001-2022:A.8.13"),
	    .check = SLICE("backup-daily"),
	    .as_of_us = at("2026-07-03T14:00:00.000000Z"),
	    .known_at = 20260,
	    .from_us = at("2026-04-04T00:00:00.000000Z"),
	    .to_us = at("2026-07-03T00:00:00.000000Z"),
	    .rating = SLICE("partly effective"),
	    .reason = SLICE("2 of 2 jobs reported; population not declared"),
	    .ledger = 1,
	    .checks = checks_hash,
	    .isms = rules_hash};
	struct buf *b =
	    next(w, "collector-03-act", "2026-07-03T14:59:12.000000Z");
	struct err err;

	done(w, record_encode_act(b, w->c, &w->e, &act, &err), &err);
	b = next(w, "collector-04-rating", "2026-07-03T14:59:13.000000Z");
	done(w, record_encode_rating(b, w->c, &w->e, &rating, &err), &err);
}

static void
put_tamper(struct writer *w)
{
	static const struct record_field fields[] = {
	    {{"agent", 5}, RECORD_TEXT,
		{"11111111-1111-4a11-8b11-111111111111", 36}, 0},
	    {{"epoch", 5}, RECORD_TEXT,
		{"12121212121212121212121212121212", 32}, 0},
	    {{"sequence", 8}, RECORD_TEXT, {"00000000000000000004", 20}, 0},
	    {{"reason", 6}, RECORD_TEXT,
		{"other bytes under a sealed number", 33}, 0},
	};
	const struct record_event tamper = {.host = web01,
	    .event = SLICE("log.tamper"),
	    .outcome = SLICE("failure"),
	    .rule = SLICE("log.tamper"),
	    .program = SLICE("assay-collector"),
	    .pid = -1,
	    .fields = fields,
	    .field_count = 4,
	    .count = 1,
	    .origin = {.source = SLICE("collector"),
		.id = SLICE("collector"),
		.class = SLICE("agent"),
		.offset = -1,
		.trust = SLICE("root")},
	    .clock_precision = SLICE("us")};

	put_event(
	    w, "collector-05-tamper", "2026-07-03T14:59:14.000000Z", &tamper);
}

struct crypto_key *
golden_key(struct crypto *c, const char *file)
{
	struct crypto_key *key;
	char path[256];
	struct buf pem;
	struct err err;

	pem = test_read(file);

	/* The committed file is no secret; a copy has the mode of one. */
	snprintf(path, sizeof path, "%s/key.pem", test_dir());
	test_write(path, buf_slice(&pem));
	buf_clear(&pem);
	assert_int_equal(chmod(path, 0600), 0);
	key = crypto_key_load(c, path, &err);
	if (!key)
		fail_msg("%s", err.text);
	return key;
}

void
golden_make(
    struct crypto *c, struct crypto_key *key, struct golden out[GOLDEN_COUNT])
{
	struct writer w = {.c = c, .key = key, .out = out};
	struct record_file rules[] = {
	    {.path = SLICE("auth/sshd.yml"),
		.has_text = true,
		.text = SLICE("program: [sshd]\nclass: \"auth\"\n")},
	    {.path = SLICE("events.yml"), .text = SLICE("known already")}};
	struct record_file isms[] = {{.path = SLICE("zone"),
	    .has_text = true,
	    .text = {"TZif2\0\xff", 7}}};
	struct record_start start = {.host = web01,
	    .version = SLICE("0.1.0"),
	    .zone = SLICE("Europe/Berlin"),
	    .key = crypto_key_public(w.key),
	    .rules = rules_hash,
	    .prev = {.known = true, .last = 1441}};

	memset(start.prev.epoch, 0x10, 16);
	memset(start.prev.head, 0xcc, CHAIN_LEN);
	begin_epoch(&w, false, 0x11);
	put_start(&w, "agent-01-start", &start);
	put_files(&w, "agent-02-files", &web01, "rules", rules, 2);
	put_events(&w);
	put_heartbeat(&w);
	put_gaps(&w);
	put_seal(&w, "agent-10-seal", 1, &web01);

	start = (struct record_start){.host = audit01,
	    .version = SLICE("0.1.0"),
	    .zone = SLICE("UTC"),
	    .key = crypto_key_public(w.key),
	    .checks = checks_hash,
	    .isms = rules_hash,
	    .frameworks = checks_hash,
	    .reason = SLICE("first start of this collector"),
	    .simulated = true};
	begin_epoch(&w, true, 0x21);
	put_start(&w, "collector-01-start", &start);
	put_files(&w, "collector-02-files", &audit01, "isms", isms, 1);
	put_judged(&w);
	put_tamper(&w);
	put_seal(&w, "collector-06-seal", 1, &audit01);
	assert_int_equal(w.count, GOLDEN_COUNT);
}

void
golden_clear(struct golden golden[GOLDEN_COUNT])
{
	for (size_t i = 0; i < GOLDEN_COUNT; i++)
		buf_clear(&golden[i].bytes);
}
