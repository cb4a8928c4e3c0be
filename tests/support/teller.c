/* SPDX-License-Identifier: Apache-2.0 */
#include "teller.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "assay/segment.h"
#include "test.h"

static void
must(int rc, const struct err *err)
{
	if (rc)
		fail_msg("%s", err->text);
}

void
teller_init(struct teller *t, const char *host, int64_t now_us)
{
	struct err err = {0};

	memset(t, 0, sizeof *t);
	t->crypto = crypto_new(&err);
	assert_non_null(t->crypto);
	t->key = crypto_key_new(t->crypto, &err);
	assert_non_null(t->key);
	must(crypto_uuid4(t->agent, &err), &err);
	must(crypto_uuid4(t->host_id, &err), &err);
	t->host = host;
	t->now_us = now_us;
}

void
teller_clear(struct teller *t)
{
	for (size_t i = 0; i < t->count; i++)
		free(t->records[i].bytes);
	free(t->records);
	crypto_key_free(t->key);
	crypto_free(t->crypto);
	memset(t, 0, sizeof *t);
}

void
teller_clone(struct teller *copy, const struct teller *t)
{
	const char *dir = test_dir();
	struct err err = {0};
	char path[160];

	*copy = *t;
	copy->records = NULL;
	copy->count = 0;
	copy->serial += 1000;
	snprintf(path, sizeof path, "%s/key", dir);
	must(crypto_key_save(t->key, path, &err), &err);
	copy->crypto = crypto_new(&err);
	assert_non_null(copy->crypto);
	copy->key = crypto_key_load(copy->crypto, path, &err);
	assert_non_null(copy->key);
}

void
teller_forge(struct teller *t)
{
	crypto_key_free(t->key);
	t->key = crypto_key_new(t->crypto, NULL);
	assert_non_null(t->key);
}

static struct record_envelope
envelope(struct teller *t)
{
	struct record_envelope e = {.sequence = t->last + 1};
	struct err err = {0};

	memcpy(e.agent, t->agent, 16);
	memcpy(e.epoch, t->epoch, 16);
	t->now_us += 1000;
	e.time_us = e.readtime_us = t->now_us;
	must(crypto_random(e.salt, sizeof e.salt, &err), &err);
	return e;
}

static struct record_host
host_of(const struct teller *t)
{
	struct record_host host = {.name = slice_of(t->host)};

	memcpy(host.id, t->host_id, 16);
	return host;
}

static void
keep(struct teller *t, struct buf *bytes, int rc, const struct err *err)
{
	struct teller_record *record;
	uint8_t leaf[CHAIN_LEN];

	must(rc, err);
	t->records = reallocarray(t->records, t->count + 1, sizeof *t->records);
	assert_non_null(t->records);
	record = &t->records[t->count++];
	memcpy(record->epoch, t->epoch, 16);
	record->sequence = ++t->last;
	record->len = bytes->len;
	record->bytes = malloc(bytes->len);
	assert_non_null(record->bytes);
	memcpy(record->bytes, bytes->ptr, bytes->len);
	chain_leaf(t->crypto, buf_slice(bytes), leaf);
	chain_next(t->crypto, t->head, leaf);
	buf_clear(bytes);
}

void
teller_start(struct teller *t)
{
	struct err err = {0};
	struct buf bytes = {0};
	struct record_envelope e;
	struct record_start start = {.host = host_of(t),
	    .version = SLICE("test"),
	    .zone = SLICE("UTC"),
	    .key = crypto_key_public(t->key)};

	if (t->last) {
		t->prev.known = true;
		memcpy(t->prev.epoch, t->epoch, 16);
		t->prev.last = t->last;
		memcpy(t->prev.head, t->head, CHAIN_LEN);
	}
	start.prev = t->prev;
	if (!t->prev.known)
		start.reason = SLICE("first start");
	must(crypto_random(t->epoch, 16, &err), &err);
	t->last = t->sealed = 0;
	memset(t->head, 0, CHAIN_LEN);
	memset(t->sealed_head, 0, CHAIN_LEN);
	e = envelope(t);
	keep(t, &bytes,
	    record_encode_start(&bytes, t->crypto, &e, &start, &err), &err);
}

static void
tell_event(struct teller *t, struct record_event *event, struct slice line)
{
	struct record_envelope e = envelope(t);
	struct err err = {0};
	struct buf bytes = {0};
	char offset[32];

	event->host = host_of(t);
	event->pid = -1;
	event->count = 1;
	event->origin.source = SLICE("file");
	event->origin.offset = t->serial++;
	event->origin.trust = SLICE("root");
	event->clock_precision = SLICE("s");
	event->raw = RECORD_RAW_TEXT;
	event->line = line;
	snprintf(offset, sizeof offset, "%u", t->serial);
	record_event_id(t->crypto, t->host_id, event->event, slice_of(offset),
	    t->serial, event->rule, line, e.id);
	keep(t, &bytes, record_encode_event(&bytes, t->crypto, &e, event, &err),
	    &err);
}

void
teller_login(struct teller *t, const char *user)
{
	const struct slice controls[] = {SLICE("iso27001-2022:A.8.5")};
	const struct record_field fields[] = {
	    {SLICE("user"), RECORD_TEXT, slice_of(user), 0},
	    {SLICE("remote"), RECORD_BOOL, SLICE(""), 1},
	};
	struct record_event event = {.event = SLICE("auth.login"),
	    .outcome = SLICE("success"),
	    .rule = SLICE("sshd.accepted"),
	    .controls = controls,
	    .control_count = 1,
	    .program = SLICE("sshd"),
	    .fields = fields,
	    .field_count = 2};
	char line[256];

	event.origin.id = SLICE("auth.log");
	event.origin.class = SLICE("auth");
	snprintf(line, sizeof line, "Accepted publickey for %s from 192.0.2.1",
	    user);
	tell_event(t, &event, slice_of(line));
}

void
teller_event(struct teller *t, const char *event, const char *outcome,
    const char *program, const char *class, const char *unit)
{
	struct record_event out = {.event = slice_of(event),
	    .outcome = slice_of(outcome),
	    .rule = slice_of(program),
	    .program = slice_of(program),
	    .systemd_unit = slice_of(unit)};

	out.origin.id = slice_of(class);
	out.origin.class = slice_of(class);
	tell_event(t, &out, slice_of(outcome));
}

void
teller_heartbeat(struct teller *t, int64_t from_us)
{
	struct record_envelope e = envelope(t);
	const struct slice auth[] = {SLICE("auth")};
	const struct slice syslog[] = {SLICE("syslog")};
	const struct record_source sources[] = {
	    {.id = SLICE("auth.log"),
		.provides = auth,
		.provide_count = 1,
		.offset = -1,
		.from_us = from_us,
		.through_us = e.time_us},
	    {.id = SLICE("syslog"),
		.provides = syslog,
		.provide_count = 1,
		.offset = -1,
		.from_us = from_us,
		.through_us = e.time_us},
	};
	struct record_heartbeat beat = {.host = host_of(t),
	    .through_us = e.time_us,
	    .complete = true,
	    .sources = sources,
	    .source_count = 2,
	    .clock_synced = true};
	struct err err = {0};
	struct buf bytes = {0};

	keep(t, &bytes,
	    record_encode_heartbeat(&bytes, t->crypto, &e, &beat, &err), &err);
}

void
teller_seal(struct teller *t)
{
	struct record_envelope e = envelope(t);
	struct record_host host = host_of(t);
	struct chain_seal seal = {
	    .first = t->sealed + 1, .last = t->last, .time_us = e.time_us};
	struct err err = {0};
	struct buf bytes = {0};

	memcpy(seal.agent, t->agent, 16);
	memcpy(seal.epoch, t->epoch, 16);
	memcpy(seal.prev, t->sealed_head, CHAIN_LEN);
	memcpy(seal.head, t->head, CHAIN_LEN);
	must(chain_seal_sign(&seal, t->key, &err), &err);
	t->sealed = seal.last;
	memcpy(t->sealed_head, t->head, CHAIN_LEN);
	keep(t, &bytes,
	    record_encode_seal(&bytes, t->crypto, &e, &host, &seal, &err),
	    &err);
}

void
teller_logins(struct teller *t, size_t n)
{
	for (size_t i = 0; i < n; i++)
		teller_login(t, "alice");
	teller_seal(t);
}

struct slice
teller_bytes(const struct teller *t, size_t i)
{
	assert_true(i < t->count);
	return (struct slice){t->records[i].bytes, t->records[i].len};
}

void
teller_replace(struct teller *t, size_t i, struct slice bytes)
{
	char *copy = malloc(bytes.len + 1);

	assert_true(i < t->count);
	assert_non_null(copy);
	memcpy(copy, bytes.ptr, bytes.len);
	free(t->records[i].bytes);
	t->records[i].bytes = copy;
	t->records[i].len = bytes.len;
}

void
teller_drop(struct teller *t, size_t i)
{
	assert_true(i < t->count);
	free(t->records[i].bytes);
	memmove(&t->records[i], &t->records[i + 1],
	    (--t->count - i) * sizeof *t->records);
}

void
teller_repeat(struct teller *t, size_t i, size_t to)
{
	struct teller_record copy = t->records[i];

	assert_true(to <= t->count);
	copy.bytes = malloc(copy.len);
	assert_non_null(copy.bytes);
	memcpy(copy.bytes, t->records[i].bytes, copy.len);
	t->records = reallocarray(t->records, t->count + 1, sizeof *t->records);
	assert_non_null(t->records);
	memmove(&t->records[to + 1], &t->records[to],
	    (t->count++ - to) * sizeof *t->records);
	t->records[to] = copy;
}

/* ---- the spool ---- */

/* How many records from at on follow each other in one epoch. */
static size_t
series(const struct teller *t, size_t at)
{
	size_t n = 1;

	while (
	    at + n < t->count &&
	    memcmp(t->records[at].epoch, t->records[at + n].epoch, 16) == 0 &&
	    t->records[at + n].sequence == t->records[at].sequence + n)
		n++;
	return n;
}

static void
write_segment(const struct teller *t, const char *dir, size_t at, size_t n,
    size_t per, int64_t created_us)
{
	const struct teller_record *first = &t->records[at];
	struct segment_header header = {
	    .first_sequence = first->sequence, .created_us = created_us};
	uint8_t head_bytes[SEGMENT_HEADER_LEN], head[32] = {0};
	char name[SEGMENT_NAME_LEN + 1], path[512];
	struct buf all = {0};

	memcpy(header.agent, t->agent, 16);
	memcpy(header.epoch, first->epoch, 16);
	buf_put(&all, (struct slice){(char *)head_bytes, sizeof head_bytes});
	segment_put(&all, SEGMENT_CHECKPOINT, 0, SLICE("{}"));
	for (size_t i = 0; i < n; i++) {
		struct slice bytes = teller_bytes(t, at + i);
		uint8_t leaf[CHAIN_LEN];

		segment_put(&all, SEGMENT_RECORD, first[i].sequence, bytes);
		chain_leaf(t->crypto, bytes, leaf);
		chain_next(t->crypto, head, leaf);
		if ((i + 1) % per == 0 || i + 1 == n) {
			struct segment_commit commit = {
			    .last = first[i].sequence};

			memcpy(commit.head, head, 32);
			segment_put_commit(&all, &commit);
		}
	}
	header.synced = all.len;
	segment_header_encode(head_bytes, &header);
	memcpy(all.ptr, head_bytes, sizeof head_bytes);
	segment_name(name, header.epoch, header.first_sequence);
	snprintf(path, sizeof path, "%s/%s", dir, name);
	test_write(path, buf_slice(&all));
	buf_clear(&all);
}

void
teller_spool(const struct teller *t, const char *dir, size_t per)
{
	char ack[512];
	size_t n;

	if (mkdir(dir, 0750) && errno != EEXIST)
		fail_msg("cannot make %s", dir);
	snprintf(ack, sizeof ack, "%s/ack", dir);
	if (mkdir(ack, 0770) && errno != EEXIST)
		fail_msg("cannot make %s", ack);
	/* An epoch is as old as its first record. */
	for (size_t at = 0; at < t->count; at += n) {
		size_t first = at;

		n = series(t, at);
		while (first > 0 && memcmp(t->records[first - 1].epoch,
					t->records[at].epoch, 16) == 0)
			first--;
		write_segment(t, dir, at, n, per, (int64_t)first + 1);
	}
}
