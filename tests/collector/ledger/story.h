/* SPDX-License-Identifier: Apache-2.0 */
/* story: small signed logs for tests: one agent on one host that seals what it
 * writes, and a collector that records files. Each record is a line; a test may
 * give the lines in any order. */
#ifndef TESTS_COLLECTOR_LEDGER_STORY_H
#define TESTS_COLLECTOR_LEDGER_STORY_H

#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assay/chain.h"
#include "assay/record.h"
#include "assay/stamp.h"
#include "ledger/ledger.h"

#ifndef STORY_MAX
#define STORY_MAX 20000
#endif
#define STORY_S INT64_C(1000000)
#define STORY_MIN (60 * STORY_S)
#define STORY_H (60 * STORY_MIN)
#define STORY_D (24 * STORY_H)

struct story_writer {
	bool collector;
	uint8_t agent[16], epoch[16];
	uint64_t sequence;
	uint8_t head[32];
	uint64_t sealed; /* last sequence that a seal covers */
	uint8_t sealed_head[32];
	struct record_host host;
};

struct story {
	struct crypto *crypto;
	struct crypto_key *key;
	struct story_writer agent, collector;
	struct slice lines[STORY_MAX];
	size_t count;
};

static inline int64_t
story_at(const char *text)
{
	char stamp[STAMP_LEN + 1];
	int64_t us;

	snprintf(stamp, sizeof stamp, "%s:00.000000Z", text);
	if (!stamp_parse(slice_of(stamp), &us))
		fail_msg("%s is no time", text);
	return us;
}

static inline struct record_envelope
story_next(struct story_writer *w, int64_t us)
{
	struct record_envelope e = {.from_collector = w->collector,
	    .sequence = ++w->sequence,
	    .time_us = us,
	    .readtime_us = us};

	memcpy(e.agent, w->agent, 16);
	memcpy(e.epoch, w->epoch, 16);
	return e;
}

/* Keep the record in b as a line, and chain it. */
static inline void
story_keep(struct story *s, struct story_writer *w, struct buf *b, int result,
    const struct err *err)
{
	uint8_t leaf[32];
	struct slice line = buf_slice(b);

	if (result)
		fail_msg("%s", err->text);
	while (line.len && line.ptr[line.len - 1] == '\n')
		line.len--;
	assert_true(s->count < STORY_MAX);
	chain_leaf(s->crypto, line, leaf);
	chain_next(s->crypto, w->head, leaf);
	s->lines[s->count].ptr = slice_strdup(line);
	s->lines[s->count++].len = line.len;
	buf_clear(b);
}

static inline void
story_start(struct story *s, struct story_writer *w, int64_t us)
{
	struct record_start start = {.host = w->host,
	    .version = SLICE("0"),
	    .zone = SLICE("UTC"),
	    .key = crypto_key_public(s->key),
	    .reason = SLICE("first start")};
	struct record_envelope e = story_next(w, us);
	struct err err;
	struct buf b = {0};
	int result = record_encode_start(&b, s->crypto, &e, &start, &err);

	story_keep(s, w, &b, result, &err);
}

static inline void
story_seal(struct story *s, int64_t us)
{
	struct story_writer *w = &s->agent;
	struct chain_seal seal = {
	    .first = w->sealed + 1, .last = w->sequence, .time_us = us};
	struct record_envelope e = story_next(w, us);
	struct err err;
	struct buf b = {0};
	int result;

	memcpy(seal.agent, w->agent, 16);
	memcpy(seal.epoch, w->epoch, 16);
	memcpy(seal.prev, w->sealed_head, 32);
	memcpy(seal.head, w->head, 32);
	if (chain_seal_sign(&seal, s->key, &err))
		fail_msg("%s", err.text);
	w->sealed = seal.last;
	memcpy(w->sealed_head, w->head, 32);
	result = record_encode_seal(&b, s->crypto, &e, &w->host, &seal, &err);
	story_keep(s, w, &b, result, &err);
}

/* The journal was read through us. */
static inline void
story_heartbeat(struct story *s, int64_t from_us, int64_t us, bool complete)
{
	static const struct slice provides[] = {
	    {"auth", 4}, {"syslog", 6}, {"backup", 6}};
	struct record_source source = {.id = SLICE("journal"),
	    .provides = provides,
	    .provide_count = 3,
	    .cursor = SLICE("c"),
	    .offset = -1,
	    .from_us = from_us,
	    .through_us = us,
	    .lines = 3,
	    .known = 1,
	    .ignored = 2};
	struct record_heartbeat h = {.host = s->agent.host,
	    .through_us = us,
	    .complete = complete,
	    .sources = &source,
	    .source_count = complete,
	    .clock_synced = true};
	struct record_envelope e = story_next(&s->agent, us);
	struct err err;
	struct buf b = {0};
	int result = record_encode_heartbeat(&b, s->crypto, &e, &h, &err);

	story_keep(s, &s->agent, &b, result, &err);
}

/* An event with one field. */
static inline void
story_event(struct story *s, int64_t us, const char *kind, const char *outcome,
    const char *field, const char *value)
{
	struct record_field f = {.name = slice_of(field),
	    .kind = RECORD_TEXT,
	    .text = slice_of(value)};
	static const struct slice control = {"iso27001-2022:A.8.13", 20};
	struct record_event event = {.host = s->agent.host,
	    .event = slice_of(kind),
	    .outcome = slice_of(outcome),
	    .rule = SLICE("test.rule"),
	    .controls = &control,
	    .control_count = 1,
	    .program = SLICE("tester"),
	    .pid = -1,
	    .fields = &f,
	    .field_count = 1,
	    .count = 1,
	    .origin = {.source = SLICE("journal"),
		.id = SLICE("journal"),
		.class = SLICE("backup"),
		.offset = -1,
		.cursor = SLICE("c"),
		.trust = SLICE("root")},
	    .clock_precision = SLICE("us"),
	    .raw = RECORD_RAW_TEXT,
	    .line = SLICE("a line")};
	struct record_envelope e = story_next(&s->agent, us);
	struct err err;
	struct buf b = {0};
	int result;

	memcpy(e.id, &e.sequence, sizeof e.sequence);
	result = record_encode_event(&b, s->crypto, &e, &event, &err);
	story_keep(s, &s->agent, &b, result, &err);
}

/* The collector records a set of one file. */
static inline void
story_files(struct story *s, int64_t us, const char *set, const char *path,
    const char *text)
{
	struct record_file file = {
	    .path = slice_of(path), .has_text = true, .text = slice_of(text)};
	struct record_files files = {.host = s->collector.host,
	    .set = slice_of(set),
	    .part = 1,
	    .parts = 1,
	    .files = &file,
	    .file_count = 1};
	struct record_envelope e = story_next(&s->collector, us);
	struct err err;
	struct buf b = {0};
	int result;

	crypto_sha256(s->crypto, &file.text, 1, file.sha256);
	if (record_set_hash(s->crypto, &file, 1, files.hash, &err))
		fail_msg("%s", err.text);
	result = record_encode_files(&b, s->crypto, &e, &files, &err);
	story_keep(s, &s->collector, &b, result, &err);
}

/* A new story, with the agent's start at us. */
static inline struct story *
story_new(int64_t us)
{
	struct story *s = calloc(1, sizeof *s);
	struct err err;

	assert_non_null(s);
	s->crypto = crypto_new(&err);
	s->key = s->crypto ? crypto_key_new(s->crypto, &err) : NULL;
	if (!s->key)
		fail_msg("%s", err.text);
	memset(s->agent.agent, 0xaa, 16);
	memset(s->agent.epoch, 0xe1, 16);
	s->agent.host.name = SLICE("web01");
	memset(s->agent.host.id, 0x11, 16);
	s->collector = s->agent;
	s->collector.collector = true;
	memset(s->collector.agent, 0xcc, 16);
	s->collector.host.name = SLICE("collector");
	story_start(s, &s->collector, us);
	story_start(s, &s->agent, us);
	return s;
}

static inline void
story_free(struct story *s)
{
	for (size_t i = 0; i < s->count; i++)
		free((void *)(uintptr_t)s->lines[i].ptr);
	crypto_key_free(s->key);
	crypto_free(s->crypto);
	free(s);
}

static inline struct ledger *
story_ledger(void)
{
	struct err err;
	struct ledger *l = ledger_new(&err);

	if (!l)
		fail_msg("%s", err.text);
	return l;
}

static inline void
story_add(struct ledger *l, uint64_t index, struct slice line)
{
	struct err err;

	if (ledger_add(l, index, line, &err))
		fail_msg("line %llu: %s", (unsigned long long)index, err.text);
}

/* The report and the slot lines at a moment, as one text. */
static inline struct buf
story_ask(struct ledger *l, int64_t as_of_us, uint64_t known_at)
{
	struct err err;
	const struct report *r = ledger_report(l, as_of_us, known_at, &err);
	struct buf out = {0};

	if (!r)
		fail_msg("%s", err.text);
	report_json(r, &out);
	buf_putc(&out, '\n');
	report_slots(r, &out);
	assert_false(out.failed);
	return out;
}

/* The same from a ledger that is given the first count lines and asked once. */
static inline struct buf
story_scratch(const struct slice *lines, size_t count, int64_t as_of_us,
    uint64_t known_at)
{
	struct ledger *l = story_ledger();
	struct buf out;

	for (size_t i = 0; i < count; i++)
		story_add(l, i, lines[i]);
	out = story_ask(l, as_of_us, known_at);
	ledger_free(l);
	return out;
}

#endif
