/* SPDX-License-Identifier: Apache-2.0 */
/* The pipeline from a spool directory to the log, in the hands of a test. */
#include "test.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assay/ack.h"
#include "assay/log.h"
#include "assay/segment.h"
#include "audit.h"
#include "collector.h"
#include "evidence.h"
#include "teller.h"

#define NOON INT64_C(1783080000000000)

static const struct argument table[] = {
    ARGUMENTS_COMMON, {"--isms", "", ""}, {"--spool", "", ""}, {0}};

struct bench {
	char dir[128], state[160], spool[160], second[160], rules[160];
	char isms[160];
	struct arguments arguments;
	struct settings settings;
	struct clock *clock;
	struct collector *collector;
};

static struct bench b;
static struct teller t;

static void
write_below(const char *dir, const char *name, const char *text)
{
	char path[320];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	test_write(path, slice_of(text));
}

static void
open_collector(void)
{
	enum store_trouble trouble;
	struct err err = {0};

	b.collector = collector_open(&b.settings, b.clock, &trouble, &err);
	if (!b.collector)
		fail_msg("%s", err.text);
}

static void
configure(bool two)
{
	const char *argv[] = {"run", "--config", b.rules, "--state", b.state,
	    "--rules", b.rules, "--isms", b.isms, "--spool", b.spool, "--spool",
	    b.second};
	char config[256];
	struct buf wrong = {0};

	snprintf(config, sizeof config, "%s/collector.yml", b.dir);
	test_write(config, SLICE("# nothing\n"));
	argv[2] = config;
	assert_int_equal(arguments_parse(&b.arguments, table, "run", 0,
			     two ? 13 : 11, (char **)(uintptr_t)argv),
	    -1);
	if (settings_load(&b.settings, &b.arguments, &wrong))
		fail_msg("%.*s", SLICE_FMT(buf_slice(&wrong)));
}

static int
set_up(void **state)
{
	(void)state;
	memset(&b, 0, sizeof b);
	log_start(STDERR_FILENO, LOG_AT_ERROR, 0);
	snprintf(b.dir, sizeof b.dir, "%s", test_dir());
	snprintf(b.state, sizeof b.state, "%s/a/state", b.dir);
	snprintf(b.spool, sizeof b.spool, "%s/spool", b.dir);
	snprintf(b.second, sizeof b.second, "%s/spool2", b.dir);
	snprintf(b.rules, sizeof b.rules, "%s/rules", b.dir);
	snprintf(b.isms, sizeof b.isms, "%s/isms", b.dir);
	mkdir(b.rules, 0700);
	b.clock = clock_new_simulated(NOON);
	teller_init(&t, "web01", NOON - TELLER_DAY);
	teller_start(&t);
	teller_logins(&t, 3);
	teller_start(&t);
	teller_logins(&t, 2);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	collector_close(b.collector);
	settings_clear(&b.settings);
	clock_free(b.clock);
	teller_clear(&t);
	return 0;
}

static enum collector_round
go_round(enum collector_end end)
{
	struct err err = {0};
	enum collector_round round = collector_round(b.collector, end, &err);

	if (round == COLLECTOR_FAILED)
		fail_msg("%s", err.text);
	return round;
}

static int
look(bool settled)
{
	struct buf wrong = {0};
	struct err err = {0};

	if (collector_look_at_files(b.collector, settled, &wrong, &err))
		fail_msg("%s", err.text);
	if (wrong.len) {
		buf_clear(&wrong);
		return 1;
	}
	return 0;
}

static void
drain(void)
{
	while (go_round(COLLECTOR_GOES_ON) == COLLECTOR_BUSY)
		;
	go_round(COLLECTOR_DRAINED);
}

static struct audit_counts
audit_of(const char *path)
{
	enum evidence_trouble trouble;
	struct err err = {0};
	struct crypto *c = crypto_new(&err);
	struct evidence *e = evidence_open(path, &trouble, &err);
	struct audit *audit;
	struct audit_counts counts;

	if (!e)
		fail_msg("%s", err.text);
	audit = audit_new(c, e, &err);
	if (!audit)
		fail_msg("%s", err.text);
	counts = audit_counts(audit);
	if (counts.wrong) {
		struct buf text = {0};

		audit_text(audit, "", &text);
		print_message("# %.*s\n", SLICE_FMT(buf_slice(&text)));
		buf_clear(&text);
	}
	audit_free(audit);
	evidence_close(e);
	crypto_free(c);
	return counts;
}

static uint64_t
records_in_log(void)
{
	struct buf status = {0};
	const char *at;
	uint64_t records;

	collector_status(b.collector, "running", &status);
	buf_putc(&status, '\0');
	at = strstr(status.ptr, "\"records\":");
	assert_non_null(at);
	records = strtoull(at + 10, NULL, 10);
	buf_clear(&status);
	return records;
}

static void
a_spool_is_stored_acknowledged_and_verified(void **state)
{
	struct audit_counts counts;
	struct ack ack;

	(void)state;
	teller_spool(&t, b.spool, 2);
	configure(false);
	open_collector();
	drain();
	assert_int_equal(ack_read(b.spool, "collector", &ack, NULL), 1);
	assert_memory_equal(ack.epoch, t.epoch, 16);
	assert_int_equal(ack.sequence, t.last);
	counts = audit_of(b.state);
	assert_int_equal(counts.wrong, 0);
	assert_int_equal(counts.records, t.count);
	/* The last seal of the last epoch is covered by none. */
	assert_int_equal(counts.sealed, t.count - 1);
	assert_int_equal(counts.unsealed, 1);
}

static void
nothing_new_writes_nothing(void **state)
{
	struct audit_counts first, second;

	(void)state;
	teller_spool(&t, b.spool, 2);
	configure(false);
	open_collector();
	drain();
	first = audit_of(b.state);
	for (int i = 0; i < 3; i++) {
		collector_close(b.collector);
		open_collector();
		drain();
	}
	second = audit_of(b.state);
	assert_memory_equal(&first, &second, sizeof first);
}

static void
a_spool_that_comes_later_or_grows_is_followed(void **state)
{
	(void)state;
	configure(false);
	open_collector();
	assert_int_equal(go_round(COLLECTOR_GOES_ON), COLLECTOR_IDLE);
	teller_spool(&t, b.spool, 1);
	drain();
	assert_int_equal(audit_of(b.state).records, t.count);
	teller_start(&t);
	teller_logins(&t, 700);
	teller_spool(&t, b.spool, 100);
	drain();
	assert_int_equal(audit_of(b.state).records, t.count);
	assert_int_equal(audit_of(b.state).wrong, 0);
}

static void
two_spools_of_a_cloned_machine_are_two_lanes(void **state)
{
	struct teller clone;
	struct audit_counts counts;

	(void)state;
	teller_clone(&clone, &t);
	teller_start(&clone);
	teller_logins(&clone, 4);
	teller_start(&t);
	teller_logins(&t, 1);
	teller_spool(&t, b.spool, 2);
	teller_spool(&clone, b.second, 2);
	configure(true);
	open_collector();
	drain();
	counts = audit_of(b.state);
	assert_int_equal(counts.records, t.count + clone.count);
	assert_int_equal(counts.wrong, 0);
	teller_clear(&clone);
}

static void
files_in_force_are_told_when_they_change(void **state)
{
	uint64_t before, after;

	(void)state;
	snprintf(b.rules, sizeof b.rules, "%s/rules", SOURCE_DIR);
	configure(false);
	open_collector();
	assert_int_equal(look(false), 0);
	drain();
	/* start, checks, frameworks, seal; no empty isms. */
	before = audit_of(b.state).records;
	assert_int_equal(before, 4);
	assert_int_equal(look(false), 0);
	drain();
	assert_int_equal(audit_of(b.state).records, before);

	mkdir(b.isms, 0700);
	write_below(b.isms, "scope.yml", "zone: Europe/Berlin\n");
	/* Somebody may be writing: it counts when two looks saw the same. */
	assert_int_equal(look(true), 0);
	drain();
	assert_int_equal(audit_of(b.state).records, before);
	assert_int_equal(look(true), 0);
	drain();
	after = audit_of(b.state).records;
	assert_int_equal(after, before + 2);
	/* What has errors is not taken, and said once. */
	write_below(b.isms, "scope.yml", "zoen: Europe/Berlin\n");
	assert_int_equal(look(false), 1);
	drain();
	assert_int_equal(audit_of(b.state).records, after);
	assert_int_equal(look(false), 0);
	drain();
	assert_int_equal(audit_of(b.state).records, after);
	write_below(b.isms, "scope.yml", "zone: Europe/Berlin\n");
	assert_int_equal(look(false), 0);
	/* A new process knows what is in force. */
	collector_close(b.collector);
	open_collector();
	assert_int_equal(look(false), 0);
	drain();
	assert_int_equal(audit_of(b.state).records, after);
	assert_int_equal(audit_of(b.state).wrong, 0);
}

/* Flip one byte of the newest segment of the spool, behind its header. */
static void
damage_spool(const char *segment, size_t at)
{
	char path[320];
	struct buf bytes;

	snprintf(path, sizeof path, "%s/%s", b.spool, segment);
	bytes = test_read(path);
	assert_true(at < bytes.len);
	bytes.ptr[at] ^= 0x40;
	test_write(path, buf_slice(&bytes));
	buf_clear(&bytes);
}

static void
damage_in_a_spool_is_a_dead_letter_and_the_lane_goes_on(void **state)
{
	char name[SEGMENT_NAME_LEN + 1];
	struct buf status = {0};
	struct audit_counts counts;

	(void)state;
	teller_spool(&t, b.spool, 1);
	segment_name(name, t.records[0].epoch, 1);
	damage_spool(name, 2000);
	configure(false);
	open_collector();
	drain();
	counts = audit_of(b.state);
	assert_true(counts.records < t.count);
	/* The second epoch is whole. */
	assert_true(counts.records >= 4);
	collector_status(b.collector, "running", &status);
	buf_putc(&status, '\0');
	assert_non_null(strstr(status.ptr, "\"dead_letters\":1"));
	buf_clear(&status);
}

static void
a_failed_round_loses_nothing(void **state)
{
	char lock[200];
	struct err err = {0};
	struct collector *other;
	enum store_trouble trouble;

	(void)state;
	teller_spool(&t, b.spool, 1);
	configure(false);
	open_collector();
	/* A second writer is refused and harms nothing. */
	other = collector_open(&b.settings, b.clock, &trouble, &err);
	assert_null(other);
	assert_int_equal(trouble, STORE_DENIED);
	drain();
	assert_int_equal(audit_of(b.state).records, t.count);
	snprintf(lock, sizeof lock, "%s/evidence.db.lock", b.state);
	assert_int_equal(access(lock, F_OK), 0);
}

/* A doubt that later records may clear is not told because of a restart. */
static void
stopping_does_not_cut_the_grace_short(void **state)
{
	struct slice old;
	char *copy, *user;

	(void)state;
	old = teller_bytes(&t, 2);
	copy = slice_strdup(old);
	user = strstr(copy, "alice");
	assert_non_null(user);
	memcpy(user, "mallo", 5);
	teller_replace(&t, 2, (struct slice){copy, old.len});
	free(copy);
	teller_spool(&t, b.spool, 2);
	configure(false);
	open_collector();
	while (go_round(COLLECTOR_GOES_ON) == COLLECTOR_BUSY)
		;
	go_round(COLLECTOR_STOPS);
	assert_int_equal(records_in_log(), t.count);
	collector_close(b.collector);
	open_collector();
	go_round(COLLECTOR_STOPS);
	assert_int_equal(records_in_log(), t.count);
	clock_advance(b.clock, 2 * INT64_C(60000000));
	go_round(COLLECTOR_STOPS);
	/* Its start, the event, its seal. */
	assert_int_equal(records_in_log(), t.count + 3);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(a_spool_is_stored_acknowledged_and_verified),
	    CASE(nothing_new_writes_nothing),
	    CASE(a_spool_that_comes_later_or_grows_is_followed),
	    CASE(two_spools_of_a_cloned_machine_are_two_lanes),
	    CASE(files_in_force_are_told_when_they_change),
	    CASE(damage_in_a_spool_is_a_dead_letter_and_the_lane_goes_on),
	    CASE(stopping_does_not_cut_the_grace_short),
	    CASE(a_failed_round_loses_nothing),
	};

	return cmocka_run_group_tests_name(
	    "collector/collector", tests, NULL, NULL);
}
