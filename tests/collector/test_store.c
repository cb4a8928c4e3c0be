/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sqlite3.h>

#include "store.h"

struct place {
	char path[128];
	struct store *store;
};

static struct store *
open_at(const char *path, enum store_mode mode)
{
	enum store_trouble trouble;
	struct err err = {0};
	struct store *s = store_open(path, mode, &trouble, &err);

	if (!s)
		fail_msg("%s", err.text);
	return s;
}

static struct place
fresh(void)
{
	struct place p;

	snprintf(p.path, sizeof p.path, "%s/%s", test_dir(), STORE_NAME);
	p.store = open_at(p.path, STORE_WRITE);
	return p;
}

static struct store_key
key_of(unsigned agent, unsigned epoch, uint64_t sequence)
{
	struct store_key key = {.sequence = sequence};

	key.agent[0] = (uint8_t)agent;
	key.epoch[0] = (uint8_t)epoch;
	return key;
}

static uint64_t
append(struct store *s, unsigned agent, unsigned epoch, uint64_t sequence)
{
	struct store_key key = key_of(agent, epoch, sequence);
	uint8_t leaf[STORE_LEAF_LEN] = {(uint8_t)sequence};
	uint64_t index = 0;
	struct err err;
	char text[64];

	snprintf(text, sizeof text, "%u/%u/%llu", agent, epoch,
	    (unsigned long long)sequence);
	if (store_append(s, &key, leaf, slice_of(text), &index, &err))
		fail_msg("%s", err.text);
	return index;
}

static void
run_sql(const char *path, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void
index_is_dense_also_after_a_rollback(void **state)
{
	struct place p = fresh();
	uint64_t count;

	(void)state;
	assert_int_equal(store_begin(p.store, NULL), 0);
	assert_int_equal(append(p.store, 1, 1, 1), 1);
	assert_int_equal(append(p.store, 2, 1, 1), 2);
	assert_int_equal(store_commit(p.store, NULL), 0);
	assert_int_equal(store_begin(p.store, NULL), 0);
	assert_int_equal(append(p.store, 1, 1, 2), 3);
	store_rollback(p.store);
	assert_int_equal(store_begin(p.store, NULL), 0);
	assert_int_equal(append(p.store, 1, 2, 1), 3);
	assert_int_equal(store_commit(p.store, NULL), 0);
	assert_int_equal(store_count(p.store, &count, NULL), 0);
	assert_int_equal(count, 3);
	store_close(p.store);
}

static void
a_number_is_given_out_once(void **state)
{
	struct place p = fresh();
	struct store_key key = key_of(1, 1, 7);
	uint8_t leaf[STORE_LEAF_LEN] = {9};
	uint64_t index = 99;
	struct store_row row;
	struct err err;

	(void)state;
	assert_int_equal(store_begin(p.store, NULL), 0);
	append(p.store, 1, 1, 7);
	assert_int_equal(
	    store_append(p.store, &key, leaf, SLICE("other"), &index, &err),
	    -1);
	assert_int_equal(index, 99);
	store_rollback(p.store);
	assert_int_equal(store_begin(p.store, NULL), 0);
	append(p.store, 1, 1, 7);
	assert_int_equal(store_find(p.store, &key, &row, NULL), 1);
	assert_slice(row.bytes, SLICE("1/1/7"));
	assert_int_equal(row.index, 1);
	assert_int_equal(store_commit(p.store, NULL), 0);
	key.sequence = 8;
	assert_int_equal(store_find(p.store, &key, &row, NULL), 0);
	store_close(p.store);
}

static void
a_lane_moves_only_from_where_it_stands(void **state)
{
	struct place p = fresh();
	struct buf at = {0};
	struct err err;

	(void)state;
	assert_int_equal(store_lane(p.store, "a", &at, NULL), 0);
	assert_int_equal(store_lane_move(p.store, "a", "", "1", NULL), 0);
	assert_int_equal(store_lane_move(p.store, "a", "", "2", &err), -1);
	assert_int_equal(store_trouble(p.store), STORE_RACE);
	assert_int_equal(store_lane_move(p.store, "a", "1", "2", NULL), 0);
	assert_int_equal(store_lane_move(p.store, "a", "1", "3", &err), -1);
	assert_int_equal(store_lane_move(p.store, "b", "1", "3", &err), -1);
	assert_int_equal(store_lane(p.store, "a", &at, NULL), 1);
	assert_slice(buf_slice(&at), SLICE("2"));
	buf_clear(&at);
	store_close(p.store);
}

static void
a_second_writer_is_refused_and_a_reader_is_not(void **state)
{
	struct place p = fresh();
	enum store_trouble trouble;
	struct store *reader;
	struct err err;
	uint64_t count;

	(void)state;
	assert_null(store_open(p.path, STORE_WRITE, &trouble, &err));
	assert_int_equal(trouble, STORE_DENIED);
	assert_non_null(strstr(err.text, "another collector"));
	assert_int_equal(store_begin(p.store, NULL), 0);
	append(p.store, 1, 1, 1);
	assert_int_equal(store_commit(p.store, NULL), 0);
	reader = open_at(p.path, STORE_READ);
	assert_int_equal(store_begin(p.store, NULL), 0);
	append(p.store, 1, 1, 2);
	assert_int_equal(store_commit(p.store, NULL), 0);
	/* One moment, until it closes. */
	assert_int_equal(store_count(reader, &count, NULL), 0);
	assert_int_equal(count, 1);
	store_close(reader);
	reader = open_at(p.path, STORE_READ);
	assert_int_equal(store_count(reader, &count, NULL), 0);
	assert_int_equal(count, 2);
	store_close(reader);
	store_close(p.store);
}

static void
a_reader_cannot_write(void **state)
{
	struct place p = fresh();
	struct store *reader = open_at(p.path, STORE_READ);
	struct err err;

	(void)state;
	assert_int_equal(store_lane_move(reader, "a", "", "1", &err), -1);
	assert_int_equal(store_trouble(reader), STORE_DENIED);
	store_close(reader);
	store_close(p.store);
}

static void
a_newer_schema_is_refused_with_a_sentence(void **state)
{
	struct place p = fresh();
	enum store_trouble trouble;
	struct err err;

	(void)state;
	store_close(p.store);
	run_sql(p.path, "UPDATE meta SET value = '2' WHERE name = 'schema'");
	for (int mode = STORE_READ; mode <= STORE_WRITE; mode++) {
		assert_null(
		    store_open(p.path, (enum store_mode)mode, &trouble, &err));
		assert_int_equal(trouble, STORE_DENIED);
		assert_non_null(strstr(err.text, "newer version (schema 2"));
	}
}

static void
what_is_no_store_is_refused(void **state)
{
	struct place p;
	enum store_trouble trouble;
	struct err err;

	(void)state;
	snprintf(p.path, sizeof p.path, "%s/x", test_dir());
	assert_null(store_open(p.path, STORE_READ, &trouble, &err));
	assert_int_equal(trouble, STORE_MISSING);
	assert_non_null(strstr(err.text, "there is no store"));
	test_write(p.path,
	    SLICE("{\"specversion\":\"1.0\"}, and this is much longer than a "
		  "database header of one hundred bytes would have to be .."));
	assert_null(store_open(p.path, STORE_READ, &trouble, &err));
	assert_int_equal(trouble, STORE_BROKEN);
	assert_null(store_open(p.path, STORE_WRITE, &trouble, &err));
	assert_int_equal(trouble, STORE_BROKEN);
}

static void
a_projection_of_another_version_is_dropped(void **state)
{
	struct place p = fresh();
	struct store_key key = key_of(1, 1, 1);
	enum store_trouble trouble;
	struct err err;

	(void)state;
	assert_true(store_needs_projection(p.store));
	assert_int_equal(store_begin(p.store, NULL), 0);
	append(p.store, 1, 1, 1);
	assert_int_equal(
	    store_epoch_add(p.store, &key, 1, false, 5, "h", NULL), 0);
	assert_int_equal(store_anchor_add(p.store, 1, NULL), 0);
	assert_int_equal(store_projected(p.store, NULL), 0);
	assert_int_equal(store_commit(p.store, NULL), 0);
	store_close(p.store);

	p.store = open_at(p.path, STORE_WRITE);
	assert_false(store_needs_projection(p.store));
	store_close(p.store);
	run_sql(
	    p.path, "UPDATE meta SET value = '0' WHERE name = 'projection'");
	p.store = open_at(p.path, STORE_WRITE);
	assert_true(store_needs_projection(p.store));
	/* Nothing of the old one is left in the way. */
	assert_int_equal(store_anchor_add(p.store, 1, NULL), 0);
	store_close(p.store);
	p.store = store_open(p.path, STORE_READ, &trouble, &err);
	assert_non_null(p.store);
	assert_true(store_needs_projection(p.store));
	store_close(p.store);
}

static int
keep_epoch(void *arg, const struct store_epoch *epoch)
{
	struct store_epoch *kept = arg;

	*kept = *epoch;
	return 0;
}

static void
an_epoch_is_counted_as_its_records_come(void **state)
{
	struct place p = fresh();
	struct store_epoch got = {0};
	struct store_key key = key_of(3, 4, 9);

	(void)state;
	store_epoch_add(p.store, &key, 10, false, 70, NULL, NULL);
	key.sequence = 2;
	store_epoch_add(p.store, &key, 11, false, 50, "web01", NULL);
	assert_int_equal(
	    store_epochs(p.store, key.agent, keep_epoch, &got, NULL), 0);
	assert_int_equal(got.records, 2);
	assert_int_equal(got.highest, 9);
	assert_int_equal(got.first_index, 10);
	assert_int_equal(got.last_index, 11);
	assert_int_equal(got.readtime_us, 70);
	store_close(p.store);
}

static int
count_letter(void *arg, const struct store_dead *letter)
{
	int *count = arg;

	assert_slice(letter->bytes, SLICE("ba\0d"));
	assert_string_equal(letter->reason, "why");
	assert_false(letter->has_key);
	(*count)++;
	return 0;
}

static void
the_same_dead_letter_is_kept_once(void **state)
{
	struct place p = fresh();
	struct store_dead letter = {.lane = "l",
	    .position = "1",
	    .code = "record",
	    .reason = "why",
	    .hash = SLICE("h"),
	    .bytes = SLICE("ba\0d")};
	uint64_t count;
	bool added;
	int seen = 0;

	(void)state;
	assert_int_equal(store_dead_put(p.store, &letter, &added, NULL), 0);
	assert_true(added);
	assert_int_equal(store_dead_put(p.store, &letter, &added, NULL), 0);
	assert_false(added);
	letter.position = "2";
	assert_int_equal(store_dead_put(p.store, &letter, &added, NULL), 0);
	assert_true(added);
	assert_int_equal(store_dead_count(p.store, &count, NULL), 0);
	assert_int_equal(count, 2);
	assert_int_equal(
	    store_dead(p.store, "record", count_letter, &seen, NULL), 0);
	assert_int_equal(
	    store_dead(p.store, "other", count_letter, &seen, NULL), 0);
	assert_int_equal(seen, 2);
	store_close(p.store);
}

static void
a_finding_keeps_when_it_was_first_made(void **state)
{
	struct place p = fresh();
	int64_t since;
	bool told;

	(void)state;
	assert_int_equal(
	    store_finding(p.store, "f", 5, &since, &told, NULL), 0);
	assert_int_equal(since, 5);
	assert_false(told);
	assert_int_equal(store_finding_told(p.store, "f", NULL), 0);
	assert_int_equal(
	    store_finding(p.store, "f", 9, &since, &told, NULL), 0);
	assert_int_equal(since, 5);
	assert_true(told);
	store_close(p.store);
}

/* Append batches until killed: each moves the lane to its last number. */
static void
write_until_killed(const char *path, unsigned seed)
{
	struct store *s = open_at(path, STORE_WRITE);
	struct buf at = {0};

	srand(seed);
	for (;;) {
		unsigned long from;
		unsigned n = (unsigned)rand() % 40 + 1;
		char before[24], after[24];

		buf_reset(&at);
		store_lane(s, "lane", &at, NULL);
		buf_putc(&at, '\0');
		from = strtoul(at.ptr, NULL, 10);
		snprintf(before, sizeof before, "%s", at.ptr);
		snprintf(after, sizeof after, "%lu", from + n);
		if (store_begin(s, NULL))
			_exit(3);
		for (unsigned i = 1; i <= n; i++)
			append(s, 1, 1, from + i);
		if (store_lane_move(s, "lane", before, after, NULL) ||
		    store_commit(s, NULL))
			_exit(4);
	}
}

struct dense {
	uint64_t next;
	bool broken;
};

static int
check_dense(void *arg, const struct store_row *row)
{
	struct dense *d = arg;
	char text[64];

	snprintf(text, sizeof text, "1/1/%llu", (unsigned long long)d->next);
	if (row->index != d->next || row->key.sequence != d->next ||
	    !slice_eq_str(row->bytes, text))
		d->broken = true;
	d->next++;
	return 0;
}

static void
records_and_lane_move_together_under_sigkill(void **state)
{
	struct place p = fresh();
	struct err err = {0};
	uint64_t before = 0;

	(void)state;
	store_close(p.store);
	for (unsigned kill_no = 0; kill_no < 25; kill_no++) {
		struct dense d = {.next = 1};
		struct buf at = {0}, faults = {0};
		int status;
		pid_t pid = fork();

		if (pid == 0)
			write_until_killed(p.path, kill_no);
		usleep(5000 + (useconds_t)(rand() % 60000));
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		p.store = open_at(p.path, STORE_WRITE);
		assert_int_equal(store_check(p.store, &faults, &err), 0);
		assert_slice(buf_slice(&faults), SLICE(""));
		assert_int_equal(
		    store_rows(p.store, 1, UINT64_MAX, check_dense, &d, &err),
		    0);
		assert_false(d.broken);
		store_lane(p.store, "lane", &at, NULL);
		buf_putc(&at, '\0');
		assert_int_equal(strtoul(at.ptr, NULL, 10), d.next - 1);
		assert_true(d.next - 1 >= before);
		before = d.next - 1;
		buf_clear(&at);
		store_close(p.store);
	}
	assert_true(before > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(index_is_dense_also_after_a_rollback),
	    cmocka_unit_test(a_number_is_given_out_once),
	    cmocka_unit_test(a_lane_moves_only_from_where_it_stands),
	    cmocka_unit_test(a_second_writer_is_refused_and_a_reader_is_not),
	    cmocka_unit_test(a_reader_cannot_write),
	    cmocka_unit_test(a_newer_schema_is_refused_with_a_sentence),
	    cmocka_unit_test(what_is_no_store_is_refused),
	    cmocka_unit_test(a_projection_of_another_version_is_dropped),
	    cmocka_unit_test(an_epoch_is_counted_as_its_records_come),
	    cmocka_unit_test(the_same_dead_letter_is_kept_once),
	    cmocka_unit_test(a_finding_keeps_when_it_was_first_made),
	    cmocka_unit_test(records_and_lane_move_together_under_sigkill),
	};

	return cmocka_run_group_tests_name(
	    "collector/store", tests, NULL, NULL);
}
