/* SPDX-License-Identifier: Apache-2.0 */
/* What somebody does to one record of a spool, and what becomes of it in the
 * answer: which logins count, how long was covered, what is told. The numbers
 * are worked out by hand from the story below. */
#include "test.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "assay/log.h"
#include "collector.h"
#include "ledger/ledger.h"
#include "load.h"
#include "teller.h"

#define T0 INT64_C(1783036800000000) /* 2026-07-03 00:00Z */
#define HOUR INT64_C(3600000000)

/* The story. Heartbeats say: read from the hour before to this one.
 *   epoch 1:  1 start  2 heartbeat 01:00  3 login  4 seal 1-3
 *                      5 heartbeat 02:00  6 login  7 seal 4-6
 *                      8 heartbeat 03:00  9 login 10 seal 7-9
 *   epoch 2:  1 start (names 10 and the head there)  2 heartbeat 04:00
 *             3 seal 1-2 */
#define FIRST_EPOCH 10
#define RECORDS 13

static struct teller t;
static bool twice; /* through a second spool as well */

static void
beat(int hour)
{
	t.now_us = T0 + hour * HOUR - 1000;
	teller_heartbeat(&t, T0 + (hour - 1) * HOUR);
}

static void
tell(bool sealed)
{
	teller_init(&t, "web01", T0);
	teller_start(&t);
	for (int hour = 1; hour <= 3; hour++) {
		beat(hour);
		teller_login(&t, "alice");
		if (sealed)
			teller_seal(&t);
	}
	teller_start(&t);
	beat(4);
	if (sealed)
		teller_seal(&t);
}

struct answer {
	unsigned logins;
	unsigned tamper, fork;
	int64_t covered_h;
	uint64_t dead;
};

static bool
count_event(void *arg, const struct ledger_event *event)
{
	struct answer *a = arg;

	a->logins += strcmp(event->event, "auth.login") == 0;
	a->tamper += strcmp(event->event, "log.tamper") == 0;
	a->fork += strcmp(event->event, "log.fork") == 0;
	return true;
}

static bool
count_cover(void *arg, const struct ledger_cover *cover)
{
	struct answer *a = arg;

	if (strcmp(cover->host, "web01") == 0 &&
	    strcmp(cover->class, "auth") == 0)
		a->covered_h =
		    stretch_measure(cover->covered, T0, T0 + 24 * HOUR) / HOUR;
	return true;
}

static void
ask(const char *state, struct answer *a)
{
	struct err err = {0};
	int code;
	struct ledger *l = load_ledger(state, &code, &err);

	if (!l || !ledger_report(l, T0 + 24 * HOUR, LEDGER_ALL, &err))
		fail_msg("%s", err.text);
	ledger_events(l, NULL, T0, T0 + 25 * HOUR, count_event, a);
	ledger_covers(l, count_cover, a);
	ledger_free(l);
}

static void
run(const struct settings *settings, struct clock *clock, struct answer *a)
{
	enum store_trouble trouble;
	struct buf status = {0}, wrong = {0};
	struct err err = {0};
	struct collector *c = collector_open(settings, clock, &trouble, &err);
	enum collector_round round = COLLECTOR_BUSY;
	const char *dead;

	if (!c || collector_look_at_files(c, false, &wrong, &err))
		fail_msg("%s", err.text);
	while (round == COLLECTOR_BUSY)
		round = collector_round(c, COLLECTOR_GOES_ON, &err);
	if (round == COLLECTOR_FAILED ||
	    collector_round(c, COLLECTOR_DRAINED, &err) == COLLECTOR_FAILED)
		fail_msg("%s", err.text);
	collector_status(c, "stopped", &status);
	buf_putc(&status, '\0');
	dead = strstr(status.ptr, "\"dead_letters\":");
	assert_non_null(dead);
	a->dead = strtoul(dead + 15, NULL, 10);
	buf_clear(&status);
	buf_clear(&wrong);
	collector_close(c);
}

/* Through spool, intake, store and ledger. */
static struct answer
answer(void)
{
	static const struct argument table[] = {
	    ARGUMENTS_COMMON, {"--isms", "", ""}, {"--spool", "", ""}, {0}};
	const char *dir = test_dir();
	char state[160], spool[160], second[160], config[160];
	const char *argv[] = {"run", "--config", config, "--state", state,
	    "--rules", SOURCE_DIR "/rules", "--isms", "/nonexistent", "--spool",
	    spool, "--spool", second};
	struct clock *clock = clock_new_simulated(T0 + 10 * HOUR);
	struct arguments arguments;
	struct settings settings;
	struct answer a = {0};
	struct buf wrong = {0};

	log_start(STDERR_FILENO, LOG_AT_ERROR, 0);
	snprintf(state, sizeof state, "%s/state", dir);
	snprintf(spool, sizeof spool, "%s/spool", dir);
	snprintf(second, sizeof second, "%s/second", dir);
	snprintf(config, sizeof config, "%s/collector.yml", dir);
	test_write(config, SLICE("# nothing\n"));
	teller_spool(&t, spool, 3);
	if (twice)
		teller_spool(&t, second, 2);
	assert_int_equal(arguments_parse(&arguments, table, "run", 0,
			     twice ? 13 : 11, (char **)(uintptr_t)argv),
	    -1);
	if (settings_load(&settings, &arguments, &wrong))
		fail_msg("%.*s", SLICE_FMT(buf_slice(&wrong)));
	run(&settings, clock, &a);
	ask(state, &a);
	settings_clear(&settings);
	clock_free(clock);
	teller_clear(&t);
	return a;
}

static void
assert_answer(const char *what, size_t i, const struct answer *wanted)
{
	struct answer got = answer();

	if (got.logins != wanted->logins || got.tamper != wanted->tamper ||
	    got.fork != wanted->fork || got.covered_h != wanted->covered_h ||
	    got.dead != wanted->dead)
		fail_msg("%s %zu: %u logins, %" PRId64 " h covered, tamper %u, "
			 "fork %u, dead %" PRIu64 "; wanted %u, %" PRId64
			 ", %u, %u, %" PRIu64,
		    what, i, got.logins, got.covered_h, got.tamper, got.fork,
		    got.dead, wanted->logins, wanted->covered_h, wanted->tamper,
		    wanted->fork, wanted->dead);
}

/* One record of the story gone, by its place. A login counts when its range is
 * whole. Without the first range the first counting heartbeat is that of 02:00
 * (3 h); without the second or third range the step over it and its heartbeat
 * count nothing (2 h). Without record 10 epoch 2 is joined to nothing: its
 * heartbeat begins anew at 03:00 (3 h, the third login hangs in the air).
 * Without the start of epoch 2 nothing of it counts, nor does seal 10. */
static const struct answer removed[RECORDS] = {
    {2, 0, 0, 3, 0},
    {2, 0, 0, 3, 0},
    {2, 0, 0, 3, 0},
    {2, 0, 0, 2, 0},
    {2, 0, 0, 2, 0},
    {2, 0, 0, 2, 0},
    {2, 0, 0, 2, 0},
    {2, 0, 0, 2, 0},
    {2, 0, 0, 2, 0},
    {2, 0, 0, 3, 0},
    {3, 0, 0, 3, 0},
    {3, 0, 0, 3, 0},
    {3, 0, 0, 3, 0},
};

static void
the_whole_story_counts(void **state)
{
	const struct answer whole = {3, 0, 0, 4, 0};

	(void)state;
	tell(true);
	assert_answer("whole", 0, &whole);
}

static void
a_removed_record_spoils_its_range_and_no_more(void **state)
{
	(void)state;
	for (size_t i = 0; i < RECORDS; i++) {
		tell(true);
		teller_drop(&t, i);
		assert_answer("removed", i + 1, &removed[i]);
	}
}

/* Change one digit of the salt: still a record, and no seal's text. */
static void
edit(size_t i)
{
	struct slice old = teller_bytes(&t, i);
	char *copy = slice_strdup(old);
	char *salt = strstr(copy, "\"salt\":\"") + 8;

	*salt = *salt == '0' ? '1' : '0';
	teller_replace(&t, i, (struct slice){copy, old.len});
	free(copy);
}

static void
an_edited_record_spoils_its_range_and_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < RECORDS; i++) {
		struct answer wanted = removed[i];

		wanted.tamper = 1;
		/* Seal 10 says what it said, so login 9 counts and 03:00 is
		 * covered; the start of epoch 2 names another record 10. */
		if (i == FIRST_EPOCH - 1)
			wanted = (struct answer){3, 1, 0, 4, 0};
		/* The last seal is covered by none yet: nobody can tell. */
		if (i == RECORDS - 1)
			wanted = (struct answer){3, 0, 0, 4, 0};
		tell(true);
		edit(i);
		assert_answer("edited", i + 1, &wanted);
	}
}

/* A copied spool brings every record a second time, by another lane. */
static void
repeated_records_change_nothing(void **state)
{
	const struct answer whole = {3, 0, 0, 4, 0};

	(void)state;
	tell(true);
	twice = true;
	assert_answer("repeated", 0, &whole);
	twice = false;
}

static void
two_swapped_records_change_nothing(void **state)
{
	const struct answer whole = {3, 0, 0, 4, 0};

	(void)state;
	for (size_t i = 0; i + 1 < FIRST_EPOCH; i += 2) {
		struct teller_record first;

		tell(true);
		first = t.records[i];
		t.records[i] = t.records[i + 1];
		t.records[i + 1] = first;
		assert_answer("swapped", i + 1, &whole);
	}
}

/* Put the same seal there, made with another key. */
static void
resign(size_t i)
{
	struct teller forger;
	struct record r;
	struct chain_seal seal;
	struct record_envelope e = {0};
	struct record_host host = {.name = slice_of(t.host)};
	struct err err = {0};
	struct buf bytes = {0};

	teller_clone(&forger, &t);
	teller_forge(&forger);
	assert_int_equal(record_decode(teller_bytes(&t, i), &r, &err), 0);
	assert_int_equal(record_read_seal(&r, &seal, &err), 0);
	assert_int_equal(chain_seal_sign(&seal, forger.key, &err), 0);
	memcpy(e.agent, r.agent, 16);
	memcpy(e.epoch, r.epoch, 16);
	memcpy(e.salt, r.salt, 16);
	memcpy(host.id, t.host_id, 16);
	e.sequence = r.sequence;
	e.time_us = r.time_us;
	e.readtime_us = r.readtime_us;
	assert_int_equal(
	    record_encode_seal(&bytes, t.crypto, &e, &host, &seal, &err), 0);
	teller_replace(&t, i, buf_slice(&bytes));
	buf_clear(&bytes);
	record_clear(&r);
	teller_clear(&forger);
}

static void
a_seal_signed_with_another_key_is_no_seal_and_is_told(void **state)
{
	static const size_t seals[] = {3, 6, 9, 12};

	(void)state;
	for (size_t n = 0; n < sizeof seals / sizeof *seals; n++) {
		struct answer wanted = removed[seals[n]];

		wanted.tamper = 1;
		wanted.dead = 1;
		tell(true);
		resign(seals[n]);
		assert_answer("re-signed", seals[n] + 1, &wanted);
	}
}

static void
what_is_never_sealed_counts_for_nothing(void **state)
{
	const struct answer nothing = {0, 0, 0, 0, 0};

	(void)state;
	tell(false);
	assert_answer("unsealed", 0, &nothing);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_whole_story_counts),
	    cmocka_unit_test(a_removed_record_spoils_its_range_and_no_more),
	    cmocka_unit_test(an_edited_record_spoils_its_range_and_is_told),
	    cmocka_unit_test(repeated_records_change_nothing),
	    cmocka_unit_test(two_swapped_records_change_nothing),
	    cmocka_unit_test(
		a_seal_signed_with_another_key_is_no_seal_and_is_told),
	    cmocka_unit_test(what_is_never_sealed_counts_for_nothing),
	};

	return cmocka_run_group_tests_name(
	    "collector/consequence", tests, NULL, NULL);
}
