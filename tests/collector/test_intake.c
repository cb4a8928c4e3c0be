/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "assay/jsonin.h"
#include "assay/log.h"
#include "author.h"
#include "dead.h"
#include "identity.h"
#include "intake.h"
#include "row.h"
#include "teller.h"

#define NOON INT64_C(1783080000000000)

struct bench {
	char state[128];
	struct crypto *crypto;
	struct store *store;
	struct clock *clock;
	struct identity identity;
	struct author *author;
	struct intake *intake;
	unsigned at;	/* position of the lane */
	bool has_agent; /* the lane says whose it is */
	uint8_t agent[16];
	bool restless; /* made anew after each record */
	bool open;     /* the test keeps the transaction */
};

static void
must(int rc, const struct err *err)
{
	if (rc)
		fail_msg("%s", err->text);
}

static void
make_intake(struct bench *b)
{
	struct err err = {0};

	must(row_project(b->store, &err), &err);
	b->author =
	    author_new(b->crypto, b->store, b->clock, &b->identity, &err);
	must(!b->author, &err);
	b->intake = intake_new(b->crypto, b->store, b->author, &err);
	must(!b->intake, &err);
}

static void
drop_intake(struct bench *b)
{
	intake_free(b->intake);
	author_free(b->author);
}

static void
open_bench(struct bench *b)
{
	enum store_trouble trouble;
	struct err err = {0};
	char path[160];

	memset(b, 0, sizeof *b);
	log_start(STDERR_FILENO, LOG_AT_ERROR, 0);
	snprintf(b->state, sizeof b->state, "%s", test_dir());
	snprintf(path, sizeof path, "%s/%s", b->state, STORE_NAME);
	b->crypto = crypto_new(&err);
	b->store = store_open(path, STORE_WRITE, &trouble, &err);
	must(!b->store, &err);
	b->clock = clock_new_simulated(NOON);
	must(identity_load(&b->identity, b->crypto, b->state, &err), &err);
	make_intake(b);
}

static void
close_bench(struct bench *b)
{
	drop_intake(b);
	identity_clear(&b->identity);
	clock_free(b->clock);
	store_close(b->store);
	crypto_free(b->crypto);
}

static void
forget_move(void *arg, const char *lane, const char *position)
{
	(void)arg;
	(void)lane;
	(void)position;
}

static void
take_from(struct bench *b, const char *lane, struct slice bytes)
{
	struct stream_item item = {.lane = lane, .bytes = bytes};
	struct err err = {0};

	item.has_agent = b->has_agent;
	memcpy(item.agent, b->agent, 16);
	snprintf(item.at, sizeof item.at, "%u", b->at);
	snprintf(item.next, sizeof item.next, "%u", ++b->at);
	if (!b->open)
		must(store_begin(b->store, &err), &err);
	must(intake_take(b->intake, &item, NULL, clock_now_us(b->clock), &err),
	    &err);
	if (b->open)
		return;
	must(intake_move_lanes(b->intake, &err), &err);
	must(store_commit(b->store, &err), &err);
	intake_moved(b->intake, forget_move, NULL);
	if (b->restless) {
		drop_intake(b);
		make_intake(b);
	}
}

/* Goes on in the transaction that is open; the last ends it. */
static void
take_within(struct bench *b, struct slice bytes)
{
	bool last = !b->open;
	struct err err = {0};

	b->open = true;
	take_from(b, "lane", bytes);
	b->open = !last;
	if (!last)
		return;
	must(intake_move_lanes(b->intake, &err), &err);
	must(store_commit(b->store, &err), &err);
	intake_moved(b->intake, forget_move, NULL);
}

static void
take(struct bench *b, struct slice bytes)
{
	take_from(b, "lane", bytes);
}

static void
take_all(struct bench *b, const struct teller *t)
{
	struct err err = {0};

	if (!b->restless)
		must(store_begin(b->store, &err), &err);
	for (size_t i = 0; i < t->count; i++) {
		b->open = !b->restless && i + 1 < t->count;
		if (b->restless)
			take(b, teller_bytes(t, i));
		else
			take_within(b, teller_bytes(t, i));
	}
}

static void
judge(struct bench *b, int64_t grace_us)
{
	struct err err = {0};

	must(store_begin(b->store, &err), &err);
	must(intake_judge(b->intake, clock_now_us(b->clock), grace_us, &err),
	    &err);
	must(author_seal(b->author, true, &err), &err);
	must(store_commit(b->store, &err), &err);
}

/* ---- what came of it ---- */

struct outcome {
	uint64_t appended; /* records of agents in the log */
	unsigned tamper, fork;
	uint64_t dead;
	char reason[512]; /* of the last event */
	char sequence[32];
	char host[64];
};

static int
count_row(void *arg, const struct store_row *row)
{
	struct outcome *o = arg;
	struct slice event, text;
	struct record r;
	const json_t *fields;

	assert_int_equal(record_decode(row->bytes, &r, NULL), 0);
	if (!r.from_collector)
		o->appended++;
	if (r.from_collector && r.type == RECORD_EVENT &&
	    jsonin_string(r.data, "event", &event)) {
		o->tamper += slice_eq_str(event, "log.tamper");
		o->fork += slice_eq_str(event, "log.fork");
		fields = json_object_get(r.data, "fields");
		assert_true(jsonin_string(fields, "reason", &text));
		snprintf(o->reason, sizeof o->reason, "%.*s", SLICE_FMT(text));
		assert_true(jsonin_string(fields, "sequence", &text));
		snprintf(
		    o->sequence, sizeof o->sequence, "%.*s", SLICE_FMT(text));
		assert_true(jsonin_string(
		    json_object_get(r.data, "host"), "name", &text));
		snprintf(o->host, sizeof o->host, "%.*s", SLICE_FMT(text));
	}
	record_clear(&r);
	return 0;
}

static struct outcome
outcome(struct bench *b)
{
	struct outcome o = {0};
	struct err err = {0};

	must(store_rows(b->store, 1, UINT64_MAX, count_row, &o, &err), &err);
	must(store_dead_count(b->store, &o.dead, &err), &err);
	return o;
}

static void
assert_outcome(struct bench *b, uint64_t appended, unsigned tamper,
    unsigned fork, uint64_t dead)
{
	struct outcome o = outcome(b);

	if (o.appended != appended || o.tamper != tamper || o.fork != fork ||
	    o.dead != dead)
		fail_msg("appended %" PRIu64 " tamper %u fork %u dead %" PRIu64
			 ", wanted %" PRIu64 " %u %u %" PRIu64 " (%s)",
		    o.appended, o.tamper, o.fork, o.dead, appended, tamper,
		    fork, dead, o.reason);
}

/* A story of two epochs: start, logins, seals: 1 start, 2-4 logins, 5 seal, 6-7
 * logins, 8 seal; then 1 start, 2-3 logins, 4 seal. */
static void
tell(struct teller *t)
{
	teller_init(t, "web01", NOON - TELLER_DAY);
	teller_start(t);
	teller_logins(t, 3);
	teller_logins(t, 2);
	teller_start(t);
	teller_logins(t, 2);
}

#define STORY 12 /* records of it */

static void
edit(struct teller *t, size_t i)
{
	struct slice old = teller_bytes(t, i);
	char *copy = slice_strdup(old);
	char *user = strstr(copy, "alice");

	assert_non_null(user);
	memcpy(user, "mallo", 5);
	teller_replace(t, i, (struct slice){copy, old.len});
	free(copy);
}

/* ---- cases; each also with an intake made anew after every record ---- */

static struct bench b;
static struct teller t;

static int
set_up(void **state)
{
	open_bench(&b);
	b.restless = *state != NULL;
	tell(&t);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	close_bench(&b);
	teller_clear(&t);
	return 0;
}

static void
a_whole_story_is_appended_and_nothing_is_said(void **state)
{
	(void)state;
	take_all(&b, &t);
	judge(&b, 0);
	assert_outcome(&b, STORY, 0, 0, 0);
}

static void
a_repeat_is_ignored(void **state)
{
	(void)state;
	take_all(&b, &t);
	take_all(&b, &t);
	judge(&b, 0);
	assert_outcome(&b, STORY, 0, 0, 0);
}

static void
any_order_is_as_good(void **state)
{
	(void)state;
	for (size_t i = t.count; i > 0; i--)
		take(&b, teller_bytes(&t, i - 1));
	judge(&b, 0);
	assert_outcome(&b, STORY, 0, 0, 0);
}

static void
two_swapped_records_change_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < t.count; i++)
		take(&b, teller_bytes(&t, i == 1 ? 2 : i == 2 ? 1 : i));
	judge(&b, 0);
	assert_outcome(&b, STORY, 0, 0, 0);
}

static void
a_removed_record_is_a_hole_and_no_tampering(void **state)
{
	(void)state;
	teller_drop(&t, 2);
	take_all(&b, &t);
	judge(&b, 0);
	assert_outcome(&b, STORY - 1, 0, 0, 0);
}

static void
unsealed_records_wait_and_are_no_tampering(void **state)
{
	(void)state;
	teller_drop(&t, 4);
	take_all(&b, &t);
	judge(&b, 0);
	assert_outcome(&b, STORY - 1, 0, 0, 0);
}

static void
an_edited_record_is_told_once(void **state)
{
	struct outcome o;

	(void)state;
	edit(&t, 2);
	take_all(&b, &t);
	judge(&b, 0);
	judge(&b, 0);
	assert_outcome(&b, STORY, 1, 0, 0);
	o = outcome(&b);
	assert_string_equal(o.host, "web01");
	take_all(&b, &t);
	judge(&b, 0);
	assert_outcome(&b, STORY, 1, 0, 0);
}

static void
an_edited_repeat_is_kept_aside_and_told(void **state)
{
	struct outcome o;

	(void)state;
	take_all(&b, &t);
	edit(&t, 2);
	take(&b, teller_bytes(&t, 2));
	judge(&b, 0);
	assert_outcome(&b, STORY, 1, 0, 1);
	o = outcome(&b);
	assert_string_equal(o.sequence, "00000000000000000003");
}

static void
an_edited_copy_that_came_first_is_the_tampered_one(void **state)
{
	char *genuine = slice_strdup(teller_bytes(&t, 2));

	(void)state;
	edit(&t, 2);
	take_all(&b, &t);
	take(&b, slice_of(genuine));
	judge(&b, 0);
	assert_outcome(&b, STORY, 1, 0, 1);
	free(genuine);
}

static void
a_doubt_is_not_told_before_its_grace(void **state)
{
	(void)state;
	edit(&t, 2);
	take_all(&b, &t);
	judge(&b, INTAKE_GRACE_US);
	assert_outcome(&b, STORY, 0, 0, 0);
	clock_advance(b.clock, INTAKE_GRACE_US / 2);
	judge(&b, INTAKE_GRACE_US);
	assert_outcome(&b, STORY, 0, 0, 0);
	clock_advance(b.clock, INTAKE_GRACE_US);
	judge(&b, INTAKE_GRACE_US);
	assert_outcome(&b, STORY, 1, 0, 0);
}

static void
a_seal_of_another_key_is_told(void **state)
{
	struct teller forger;

	(void)state;
	/* The forger has everything but the key. */
	teller_clone(&forger, &t);
	teller_forge(&forger);
	teller_logins(&forger, 1);
	take_all(&b, &t);
	take_all(&b, &forger);
	judge(&b, 0);
	/* Its login hangs in the air; its seal is refused. */
	assert_outcome(&b, STORY + 1, 1, 0, 1);
	teller_seal(&forger);
	take(&b, teller_bytes(&forger, forger.count - 1));
	judge(&b, 0);
	assert_outcome(&b, STORY + 1, 1, 0, 2);
	teller_clear(&forger);
}

static void
a_seal_whose_signature_does_not_hold_is_told(void **state)
{
	char *seal = slice_strdup(teller_bytes(&t, 4));
	char *sig = strstr(seal, "\"sig\":\"") + 7;

	(void)state;
	sig[3] = sig[3] == 'A' ? 'B' : 'A';
	teller_replace(&t, 4, slice_of(seal));
	take_all(&b, &t);
	judge(&b, 0);
	assert_outcome(&b, STORY - 1, 1, 0, 1);
	free(seal);
}

static void
an_epoch_of_another_key_is_refused_whole(void **state)
{
	struct teller forger;

	(void)state;
	teller_clone(&forger, &t);
	teller_forge(&forger);
	teller_start(&forger);
	teller_logins(&forger, 5);
	take_all(&b, &t);
	take_all(&b, &forger);
	judge(&b, 0);
	assert_outcome(&b, STORY, 1, 0, 7);
	teller_clear(&forger);
}

static void
a_forged_start_does_not_silence_a_good_epoch(void **state)
{
	struct teller forger;
	struct slice start;
	char *text, *epoch;
	char hex[33];

	(void)state;
	/* A start of another key under the number of the good one. */
	teller_clone(&forger, &t);
	teller_forge(&forger);
	forger.last = 0;
	forger.prev.known = false;
	teller_start(&forger);
	start = teller_bytes(&forger, 0);
	text = slice_strdup(start);
	epoch = strstr(text, "\"epoch\":\"") + 9;
	snprintf(hex, sizeof hex, "%s", "");
	for (int i = 0; i < 16; i++)
		snprintf(hex + 2 * i, 3, "%02x", t.epoch[i]);
	memcpy(epoch, hex, 32);
	for (size_t i = 0; i < t.count; i++) {
		take(&b, teller_bytes(&t, i));
		if (i == 9)
			take(&b, slice_of(text));
	}
	judge(&b, 0);
	assert_outcome(&b, STORY, 1, 0, 1);
	free(text);
	teller_clear(&forger);
}

static void
a_clone_that_goes_on_in_one_epoch_is_a_fork(void **state)
{
	struct teller clone;

	(void)state;
	teller_clone(&clone, &t);
	teller_logins(&t, 2);
	teller_logins(&clone, 3);
	take_all(&b, &t);
	take_all(&b, &clone);
	judge(&b, 0);
	/* 5, 6 and the seal 7 are told twice; 8 is new. */
	assert_outcome(&b, STORY + 3 + 1, 0, 1, 3);
	teller_clear(&clone);
}

static void
a_clone_that_restarts_is_no_tampering(void **state)
{
	struct teller clone;

	(void)state;
	teller_clone(&clone, &t);
	teller_start(&clone);
	teller_logins(&clone, 3);
	teller_start(&t);
	teller_logins(&t, 2);
	take_all(&b, &t);
	take_all(&b, &clone);
	judge(&b, 0);
	assert_outcome(&b, STORY + 4 + 5, 0, 0, 0);
	teller_clear(&clone);
}

static void
a_clone_without_a_seal_yet_is_not_told(void **state)
{
	struct teller clone;

	(void)state;
	teller_clone(&clone, &t);
	teller_login(&t, "alice");
	teller_login(&clone, "alice");
	take_all(&b, &t);
	take_all(&b, &clone);
	judge(&b, 0);
	assert_outcome(&b, STORY + 1, 0, 0, 1);
	/* Both speak on: a fork after all. */
	teller_seal(&t);
	teller_seal(&clone);
	take(&b, teller_bytes(&t, t.count - 1));
	take(&b, teller_bytes(&clone, clone.count - 1));
	judge(&b, 0);
	assert_outcome(&b, STORY + 2, 0, 1, 2);
	teller_clear(&clone);
}

/* ---- what may not be said by an agent ---- */

static void
what_only_the_collector_says_is_kept_aside(void **state)
{
	struct record_envelope e = {
	    .sequence = 2, .time_us = NOON, .readtime_us = NOON};
	struct record_act act = {.kind = SLICE("attest"),
	    .actor = SLICE("root"),
	    .at_us = NOON,
	    .reason = SLICE("because"),
	    .body = SLICE("{}")};
	struct record_rating rating = {.framework = SLICE("iso27001-2022"),
	    .control = SLICE("A.8.5"),
	    .rating = SLICE("effective"),
	    .reason = SLICE("I say so")};
	struct record_files files = {.host = {.name = SLICE("h")},
	    .set = SLICE("isms"),
	    .part = 1,
	    .parts = 1};
	struct buf bytes = {0};
	struct err err = {0};

	(void)state;
	memcpy(e.agent, t.agent, 16);
	must(record_encode_act(&bytes, b.crypto, &e, &act, &err), &err);
	take(&b, buf_slice(&bytes));
	buf_reset(&bytes);
	must(record_encode_rating(&bytes, b.crypto, &e, &rating, &err), &err);
	take(&b, buf_slice(&bytes));
	buf_reset(&bytes);
	must(record_encode_files(&bytes, b.crypto, &e, &files, &err), &err);
	take(&b, buf_slice(&bytes));
	buf_reset(&bytes);
	e.from_collector = true;
	must(record_encode_act(&bytes, b.crypto, &e, &act, &err), &err);
	take(&b, buf_slice(&bytes));
	buf_clear(&bytes);
	assert_outcome(&b, 0, 0, 0, 4);
}

static void
a_record_of_another_agent_than_the_lane_is_kept_aside(void **state)
{
	(void)state;
	b.has_agent = true;
	memset(b.agent, 7, 16);
	take_all(&b, &t);
	assert_outcome(&b, 0, 0, 0, STORY);
	memcpy(b.agent, t.agent, 16);
	take_all(&b, &t);
	judge(&b, 0);
	assert_outcome(&b, STORY, 0, 0, STORY);
}

/* ---- malformed input ---- */

static int
read_lane(void *arg, const char *lane, const char *position)
{
	(void)lane;
	*(unsigned *)arg = (unsigned)strtoul(position, NULL, 10);
	return 0;
}

static void
giant_deep_and_empty_input_is_kept_aside(void **state)
{
	struct buf bytes = {0};
	unsigned lane = 0;

	(void)state;
	for (size_t i = 0; i < RECORD_MAX + 2; i++)
		buf_putc(&bytes, ' ');
	take(&b, buf_slice(&bytes));
	buf_reset(&bytes);
	for (int i = 0; i < 400000; i++)
		buf_putc(&bytes, '[');
	take(&b, buf_slice(&bytes));
	buf_clear(&bytes);
	take(&b, SLICE(""));
	take(&b, SLICE("\0\0\0\0"));
	take(&b, SLICE("{}"));
	take(&b, SLICE("{\"specversion\":\"1.0\",\"specversion\":\"1.0\"}"));
	assert_outcome(&b, 0, 0, 0, 6);
	store_lanes(b.store, read_lane, &lane, NULL);
	assert_int_equal(lane, 6);
}

/* One way to spoil a record. */
static void
spoil(struct buf *bytes, struct slice from, unsigned *seed)
{
	size_t at = (size_t)rand_r(seed) % from.len;

	buf_reset(bytes);
	buf_put(bytes, from);
	switch (rand_r(seed) % 5) {
	case 0:
		bytes->ptr[at] ^= (char)(1 << (rand_r(seed) % 8));
		break;
	case 1:
		bytes->len = at;
		break;
	case 2:
		buf_put(bytes, slice_from(from, at));
		break;
	case 3:
		bytes->ptr[at] = (char)rand_r(seed);
		break;
	case 4:
		memmove(
		    bytes->ptr + at, bytes->ptr + at + 1, bytes->len - at - 1);
		bytes->len--;
		break;
	}
}

static void
spoiled_records_never_stop_the_lane_nor_vanish(void **state)
{
	struct intake_counts counts;
	struct buf bytes = {0};
	unsigned seed = 20260703, lane = 0;
	unsigned delivered = 0;
	struct outcome o;
	struct err err = {0};

	(void)state;
	for (; delivered < 5000; delivered++) {
		size_t i = (size_t)rand_r(&seed) % t.count;

		spoil(&bytes, teller_bytes(&t, i), &seed);
		/* Many in one transaction, as in real life. */
		if (delivered % 100 == 0)
			must(store_begin(b.store, &err), &err);
		b.open = delivered % 100 != 99;
		take_within(&b, buf_slice(&bytes));
	}
	buf_clear(&bytes);
	counts = intake_counts(b.intake);
	store_lanes(b.store, read_lane, &lane, NULL);
	assert_int_equal(lane, delivered);
	assert_int_equal(
	    counts.appended + counts.repeated + counts.dead, delivered);
	/* What they were made of still finds its place. */
	take_all(&b, &t);
	judge(&b, 0);
	o = outcome(&b);
	assert_true(o.appended >= STORY / 2);
	assert_true(o.dead > 1000);
}

#define EACH(name)                                                    \
	cmocka_unit_test_setup_teardown(name, set_up, tear_down),     \
	{                                                             \
#name "_also_when_made_anew_each_time", name, set_up, \
		    tear_down, (void *)(uintptr_t)1                   \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    EACH(a_whole_story_is_appended_and_nothing_is_said),
	    EACH(a_repeat_is_ignored),
	    EACH(any_order_is_as_good),
	    EACH(two_swapped_records_change_nothing),
	    EACH(a_removed_record_is_a_hole_and_no_tampering),
	    EACH(unsealed_records_wait_and_are_no_tampering),
	    EACH(an_edited_record_is_told_once),
	    EACH(an_edited_repeat_is_kept_aside_and_told),
	    EACH(an_edited_copy_that_came_first_is_the_tampered_one),
	    EACH(a_doubt_is_not_told_before_its_grace),
	    EACH(a_seal_of_another_key_is_told),
	    EACH(a_seal_whose_signature_does_not_hold_is_told),
	    EACH(an_epoch_of_another_key_is_refused_whole),
	    EACH(a_forged_start_does_not_silence_a_good_epoch),
	    EACH(a_clone_that_goes_on_in_one_epoch_is_a_fork),
	    EACH(a_clone_that_restarts_is_no_tampering),
	    EACH(a_clone_without_a_seal_yet_is_not_told),
	    EACH(what_only_the_collector_says_is_kept_aside),
	    EACH(a_record_of_another_agent_than_the_lane_is_kept_aside),
	    EACH(giant_deep_and_empty_input_is_kept_aside),
	    cmocka_unit_test_setup_teardown(
		spoiled_records_never_stop_the_lane_nor_vanish, set_up,
		tear_down),
	};

	return cmocka_run_group_tests_name(
	    "collector/intake", tests, NULL, NULL);
}
