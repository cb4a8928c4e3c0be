/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "assay/ack.h"
#include "assay/chain.h"
#include "assay/segment.h"
#include "assay/spooldir.h"
#include "assay/spoolread.h"
#include "spool.h"

#define NOW INT64_C(1783091957000000)

static struct crypto *crypto;
static const char *const readers[] = {"collector", NULL};

/* An agent as the spool sees it: its state is how many records it made. */
struct agent {
	struct spool *spool;
	uint8_t epoch[16];
	int made;
};

static void
write_state(void *arg, bool full, size_t part, struct buf *out)
{
	const struct agent *a = arg;

	if (part == 0)
		buf_printf(out, "{\"%s\":%d}", full ? "full" : "made", a->made);
}

static struct slice
payload_of(int epoch, uint64_t sequence, char text[512])
{
	int len = snprintf(text, 512,
	    "{\"epoch\":%d,\"sequence\":%llu,\"fill\":\"%0*d\"}", epoch,
	    (unsigned long long)sequence, (int)(sequence * 37 % 200) + 1, 0);

	return (struct slice){text, (size_t)len};
}

static struct spool_options
options_of(const char *dir)
{
	return (struct spool_options){.dir = dir,
	    .max_bytes = 64 << 10,
	    .segment_size = 4096,
	    .keep_us = INT64_C(86400000000),
	    .readers = readers};
}

static struct agent
open_as(const char *dir, int epoch)
{
	struct spool_options o = options_of(dir);
	struct agent a = {0};
	struct err err;

	memset(a.epoch, epoch, 16);
	a.spool = spool_open(&o, crypto, &err);
	if (!a.spool)
		fail_msg("%s", err.text);
	return a;
}

static void
begin(struct agent *a, int64_t now_us)
{
	uint8_t id[16];

	memset(id, 0xa9, 16);
	spool_begin(a->spool, id, a->epoch, now_us, write_state, a);
}

static enum spool_put
put(struct agent *a)
{
	char text[512];
	uint64_t n = spool_next_sequence(a->spool);
	enum spool_put got =
	    spool_put(a->spool, payload_of(a->epoch[0], n, text), false, NULL);

	if (got == SPOOL_OK)
		a->made++;
	return got;
}

static enum spool_put
commit(struct agent *a)
{
	return spool_commit(a->spool, NULL);
}

static void
write_records(struct agent *a, int count, int per_commit)
{
	for (int i = 0; i < count; i++) {
		assert_int_equal(put(a), SPOOL_OK);
		if ((i + 1) % per_commit == 0)
			assert_int_equal(commit(a), SPOOL_OK);
	}
}

/* What a reader gets from the whole directory. */
struct view {
	uint64_t records;
	uint64_t last;
	int damages;
	uint64_t seen[4][512]; /* by epoch, by sequence: how often */
	uint8_t head[CHAIN_LEN];
};

static void
read_all(const char *dir, struct view *v)
{
	struct err err;
	struct spoolread *r = spoolread_open(dir, NULL, &err);
	int epoch = -1;

	memset(v, 0, sizeof *v);
	for (;;) {
		struct spoolread_record rec;
		char text[512];
		uint8_t leaf[CHAIN_LEN];
		enum spoolread_got got = spoolread_next(r, &rec, &err);

		assert_true(got >= 0);
		if (got == SPOOLREAD_NOTHING)
			break;
		if (got == SPOOLREAD_DAMAGE) {
			v->damages++;
			continue;
		}
		if (rec.epoch[0] != epoch)
			memset(v->head, 0, sizeof v->head);
		epoch = rec.epoch[0];
		assert_slice(rec.bytes, payload_of(epoch, rec.sequence, text));
		assert_true(epoch < 4 && rec.sequence < 512);
		v->seen[epoch][rec.sequence]++;
		chain_leaf(crypto, rec.bytes, leaf);
		chain_next(crypto, v->head, leaf);
		v->records++;
		v->last = rec.sequence;
	}
	spoolread_close(r);
}

static int
count_files(const char *dir, const char *suffix)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	int count = 0;

	while ((e = readdir(d))) {
		size_t len = strlen(e->d_name);

		count += len > strlen(suffix) &&
			 !strcmp(e->d_name + len - strlen(suffix), suffix);
	}
	closedir(d);
	return count;
}

static const char *
segment_path(const char *dir, size_t which)
{
	static char path[512];
	struct spooldir all;

	assert_int_equal(spooldir_list(dir, &all, NULL), 0);
	assert_true(which < all.count);
	snprintf(path, sizeof path, "%s/%s", dir, all.all[which].name);
	spooldir_clear(&all);
	return path;
}

static void
a_reader_gets_what_was_committed_and_nothing_more(void **state)
{
	const char *dir = test_dir();
	struct agent a = open_as(dir, 1);
	static struct view v;

	(void)state;
	begin(&a, NOW);
	write_records(&a, 5, 5);
	assert_int_equal(put(&a), SPOOL_OK);
	read_all(dir, &v);
	assert_int_equal(v.records, 5);
	assert_int_equal(commit(&a), SPOOL_OK);
	read_all(dir, &v);
	assert_int_equal(v.records, 6);
	assert_memory_equal(v.head, spool_head(a.spool), CHAIN_LEN);
	spool_close(a.spool);
}

static void
the_next_start_finds_last_head_and_state(void **state)
{
	const char *dir = test_dir();
	struct agent a = open_as(dir, 1);
	uint8_t head[CHAIN_LEN];
	const struct recover *found;

	(void)state;
	assert_false(spool_found(a.spool)->found);
	begin(&a, NOW);
	write_records(&a, 6, 3);
	memcpy(head, spool_head(a.spool), CHAIN_LEN);
	assert_int_equal(put(&a), SPOOL_OK); /* never committed */
	spool_close(a.spool);
	a = open_as(dir, 2);
	found = spool_found(a.spool);
	assert_true(found->found && found->last_known && found->agent_known);
	assert_int_equal(found->last, 6);
	assert_int_equal(found->epoch[0], 1);
	assert_int_equal(found->agent[0], 0xa9);
	assert_memory_equal(found->head, head, CHAIN_LEN);
	assert_int_equal(found->damage_count, 0);
	assert_int_equal(found->torn_count, 0);
	assert_int_equal(found->checkpoint_count, 2);
	assert_slice(buf_slice(&found->checkpoints[0]), SLICE("{\"full\":3}"));
	assert_slice(buf_slice(&found->checkpoints[1]), SLICE("{\"made\":6}"));
	spool_close(a.spool);
}

static void
two_agents_never_share_a_spool(void **state)
{
	const char *dir = test_dir();
	struct agent a = open_as(dir, 1);
	struct spool_options o = options_of(dir);
	struct err err;

	(void)state;
	assert_null(spool_open(&o, crypto, &err));
	assert_non_null(strstr(err.text, "in use by another agent"));
	spool_close(a.spool);
	a = open_as(dir, 1);
	spool_close(a.spool);
}

static void
each_segment_begins_with_a_full_checkpoint_and_is_cut_to_size(void **state)
{
	const char *dir = test_dir();
	struct agent a = open_as(dir, 1);
	struct spooldir all;

	(void)state;
	begin(&a, NOW);
	write_records(&a, 60, 2);
	spool_close(a.spool);
	assert_int_equal(spooldir_list(dir, &all, NULL), 0);
	assert_true(all.count > 3);
	for (size_t i = 0; i < all.count; i++) {
		char path[512];
		struct segment_frame f;
		struct segment_header h;
		struct buf b;

		snprintf(path, sizeof path, "%s/%s", dir, all.all[i].name);
		b = test_read(path);
		assert_int_equal(
		    segment_header_decode(buf_slice(&b), &h, NULL), 0);
		assert_int_equal(h.synced, b.len);
		assert_true(b.len <= 4096);
		assert_int_equal(
		    segment_get(slice_from(buf_slice(&b), SEGMENT_HEADER_LEN),
			&f, NULL),
		    SEGMENT_FRAME);
		assert_int_equal(f.type, SEGMENT_CHECKPOINT);
		assert_true(slice_starts(f.payload, SLICE("{\"full\":")));
		buf_clear(&b);
	}
	spooldir_clear(&all);
}

static void
epochs_stay_in_order_when_the_clock_goes_back(void **state)
{
	const char *dir = test_dir();
	static struct view v;
	struct agent a = open_as(dir, 3);

	(void)state;
	begin(&a, NOW);
	write_records(&a, 1, 1);
	spool_close(a.spool);
	a = open_as(dir, 1);
	begin(&a, NOW - 5000000);
	write_records(&a, 2, 1);
	spool_close(a.spool);
	read_all(dir, &v);
	assert_int_equal(v.records, 3);
	assert_int_equal(v.last, 2);
}

static void
a_full_spool_refuses_and_goes_on_when_a_reader_has_caught_up(void **state)
{
	const char *dir = test_dir();
	struct agent a = open_as(dir, 1);
	struct ack ack;
	char rec[] = "{\"essential\":true}";
	uint64_t last;

	(void)state;
	begin(&a, NOW);
	while (put(&a) == SPOOL_OK)
		assert_int_equal(commit(&a), SPOOL_OK);
	last = spool_next_sequence(a.spool) - 1;
	assert_true(spool_bytes(a.spool) <= 64 << 10);
	assert_true(spool_bytes(a.spool) > 48 << 10);
	assert_true(spool_unsent(a.spool) == spool_bytes(a.spool));
	/* What must be said can still be said. */
	assert_int_equal(
	    spool_put(a.spool, slice_of(rec), true, NULL), SPOOL_OK);
	assert_int_equal(commit(&a), SPOOL_OK);
	assert_int_equal(put(&a), SPOOL_FULL);
	/* An ack of nobody we wait for changes nothing. */
	memcpy(ack.epoch, a.epoch, 16);
	ack.sequence = last / 2;
	assert_int_equal(ack_write(dir, "stranger", &ack, NULL), 0);
	assert_int_equal(put(&a), SPOOL_FULL);
	assert_int_equal(ack_write(dir, "collector", &ack, NULL), 0);
	assert_int_equal(put(&a), SPOOL_OK);
	assert_int_equal(commit(&a), SPOOL_OK);
	assert_true(spool_unsent(a.spool) < spool_bytes(a.spool));
	spool_close(a.spool);
	/* Nothing that was not acknowledged is gone. */
	{
		struct spooldir all;

		assert_int_equal(spooldir_list(dir, &all, NULL), 0);
		assert_true(all.all[0].header.first_sequence <= last / 2 + 1);
		spooldir_clear(&all);
	}
}

static void
acknowledged_segments_go_after_keep_days_only(void **state)
{
	const char *dir = test_dir();
	struct agent a = open_as(dir, 1);
	struct ack ack = {.sequence = 40};
	struct timespec t;
	int64_t now_us;
	int before;

	(void)state;
	begin(&a, NOW);
	write_records(&a, 60, 2);
	memcpy(ack.epoch, a.epoch, 16);
	assert_int_equal(ack_write(dir, "collector", &ack, NULL), 0);
	clock_gettime(CLOCK_REALTIME, &t);
	now_us = t.tv_sec * INT64_C(1000000);
	before = count_files(dir, ".seg");
	spool_tick(a.spool, now_us);
	assert_int_equal(count_files(dir, ".seg"), before);
	spool_tick(a.spool, now_us + INT64_C(2) * 86400000000);
	assert_true(count_files(dir, ".seg") < before);
	{
		static struct view v;

		read_all(dir, &v);
		for (uint64_t n = 41; n <= 60; n++)
			assert_int_equal(v.seen[1][n], 1);
	}
	spool_close(a.spool);
}

static void
a_torn_tail_is_cut_and_nothing_is_told_lost(void **state)
{
	const char *dir = test_dir();
	struct agent a = open_as(dir, 1);
	struct buf b;
	size_t whole;

	(void)state;
	begin(&a, NOW);
	write_records(&a, 4, 2);
	spool_close(a.spool);
	b = test_read(segment_path(dir, 0));
	whole = b.len;
	segment_put(&b, SEGMENT_RECORD, 5, SLICE("{\"torn\":1}"));
	for (size_t len = whole; len < b.len; len++) {
		struct stat st;
		static struct view v;

		test_write(segment_path(dir, 0), (struct slice){b.ptr, len});
		a = open_as(dir, 2);
		assert_int_equal(spool_found(a.spool)->damage_count, 0);
		assert_int_equal(spool_found(a.spool)->last, 4);
		assert_true(spool_found(a.spool)->last_known);
		assert_int_equal(spool_found(a.spool)->torn_bytes, len - whole);
		spool_close(a.spool);
		stat(segment_path(dir, 0), &st);
		assert_int_equal(st.st_size, whole);
		read_all(dir, &v);
		assert_int_equal(v.records, 4);
		assert_int_equal(v.damages, 0);
	}
	buf_clear(&b);
}

/* A crash between the sync of a commit and its announcement. */
static void
a_commit_on_disk_counts_though_it_was_not_announced(void **state)
{
	const char *dir = test_dir();
	struct agent a = open_as(dir, 1);
	static struct view v;
	struct buf b;

	(void)state;
	begin(&a, NOW);
	write_records(&a, 4, 2);
	spool_close(a.spool);
	b = test_read(segment_path(dir, 0));
	segment_synced_encode(
	    (uint8_t *)b.ptr + SEGMENT_SYNCED_AT, SEGMENT_HEADER_LEN);
	test_write(segment_path(dir, 0), buf_slice(&b));
	read_all(dir, &v);
	assert_int_equal(v.records, 0);
	a = open_as(dir, 2);
	assert_int_equal(spool_found(a.spool)->last, 4);
	assert_int_equal(spool_found(a.spool)->damage_count, 0);
	spool_close(a.spool);
	read_all(dir, &v);
	assert_int_equal(v.records, 4);
	buf_clear(&b);
}

/* What a segment given up after a failed sync can look like: its commits are
 * there, and in its successor as well. */
static void
commits_written_again_to_a_new_segment_count_once(void **state)
{
	const char *dir = test_dir();
	struct agent a = open_as(dir, 1);
	struct segment_header h;
	struct segment_run run;
	static struct view v;
	struct buf b, next = {0};
	char path[512];
	size_t at;

	(void)state;
	begin(&a, NOW);
	write_records(&a, 6, 2);
	spool_close(a.spool);
	snprintf(path, sizeof path, "%s", segment_path(dir, 0));
	b = test_read(path);
	segment_header_decode(buf_slice(&b), &h, NULL);
	segment_walk(
	    buf_slice(&b), SEGMENT_HEADER_LEN, 1, h.prev_head, &run, NULL);
	assert_true(segment_resync(buf_slice(&b), SEGMENT_HEADER_LEN, &at,
	    &(struct segment_commit){0}));
	/* The successor holds records 3..6. */
	h.first_sequence = 3;
	h.synced = SEGMENT_HEADER_LEN + b.len - at;
	segment_header_encode(
	    (uint8_t *)buf_reserve(&next, SEGMENT_HEADER_LEN), &h);
	next.len = SEGMENT_HEADER_LEN;
	buf_put(&next, slice_from(buf_slice(&b), at));
	segment_synced_encode((uint8_t *)b.ptr + SEGMENT_SYNCED_AT, at);
	test_write(path, buf_slice(&b));
	{
		char name[SEGMENT_NAME_LEN + 1];

		segment_name(name, h.epoch, 3);
		snprintf(path, sizeof path, "%s/%s", dir, name);
		test_write(path, buf_slice(&next));
	}
	a = open_as(dir, 2);
	assert_int_equal(spool_found(a.spool)->last, 6);
	assert_int_equal(spool_found(a.spool)->damage_count, 0);
	spool_close(a.spool);
	read_all(dir, &v);
	assert_int_equal(v.records, 6);
	assert_int_equal(v.damages, 0);
	for (uint64_t n = 1; n <= 6; n++)
		assert_int_equal(v.seen[1][n], 1);
	buf_clear(&b);
	buf_clear(&next);
}

static bool
is_told(const struct recover *found, uint64_t sequence)
{
	for (size_t i = 0; i < found->damage_count; i++)
		if (found->damages[i].first > 0 &&
		    found->damages[i].first <= sequence &&
		    sequence <= found->damages[i].last)
			return true;
	return false;
}

static const char *
path_of(const char *dir, const char *name)
{
	static char path[512];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	return path;
}

static void
put_aside(const char *dir, const char *name, size_t size)
{
	struct buf b = {0};

	memset(buf_reserve(&b, size), 'x', size);
	b.len = size;
	test_write(path_of(dir, name), buf_slice(&b));
	buf_clear(&b);
}

static void
files_kept_aside_count_and_go_when_room_is_needed(void **state)
{
	const char *dir = test_dir();
	struct agent a;
	uint64_t n = 0;

	(void)state;
	put_aside(dir, "first.bad", 20 << 10);
	test_write(path_of(dir, "note"), SLICE("0123456789"));
	put_aside(dir, "second.2.bad", 10 << 10);
	a = open_as(dir, 1);
	assert_int_equal(spool_kept_aside(a.spool), 30 << 10);
	assert_int_equal(spool_bytes(a.spool), (30 << 10) + 10);
	assert_int_equal(spool_unsent(a.spool), 0);
	begin(&a, NOW);
	/* All that may be is there before the spool is full; nothing that was
	 * not acknowledged goes for it. */
	while (put(&a) == SPOOL_OK) {
		assert_int_equal(commit(&a), SPOOL_OK);
		n++;
		assert_true(spool_bytes(a.spool) <= 64 << 10);
		if (count_files(dir, ".bad") == 1)
			assert_int_equal(
			    access(path_of(dir, "first.bad"), F_OK), -1);
	}
	assert_int_equal(count_files(dir, ".bad"), 0);
	assert_int_equal(spool_kept_aside(a.spool), 0);
	spool_close(a.spool);
	{
		static struct view v;

		read_all(dir, &v);
		assert_int_equal(v.records, n);
	}
}

static void
files_kept_aside_go_after_keep_days(void **state)
{
	const char *dir = test_dir();
	struct agent a;
	struct timespec t;
	int64_t now_us;

	(void)state;
	put_aside(dir, "first.bad", 20 << 10);
	clock_gettime(CLOCK_REALTIME, &t);
	now_us = t.tv_sec * INT64_C(1000000);
	a = open_as(dir, 1);
	spool_tick(a.spool, now_us);
	assert_int_equal(count_files(dir, ".bad"), 1);
	spool_tick(a.spool, now_us + INT64_C(2) * 86400000000);
	assert_int_equal(count_files(dir, ".bad"), 0);
	assert_int_equal(spool_bytes(a.spool), 0);
	spool_close(a.spool);
}

static void
a_missing_segment_is_told_and_the_reader_passes_it(void **state)
{
	const char *dir = test_dir();
	struct agent a = open_as(dir, 1);
	const struct recover *found;
	static struct view v;

	(void)state;
	begin(&a, NOW);
	write_records(&a, 60, 2);
	spool_close(a.spool);
	assert_int_equal(unlink(segment_path(dir, 1)), 0);
	a = open_as(dir, 2);
	found = spool_found(a.spool);
	assert_int_equal(found->last, 60);
	assert_int_equal(found->damage_count, 1);
	read_all(dir, &v);
	assert_int_equal(v.last, 60);
	assert_true(v.records < 60);
	for (uint64_t n = 1; n <= 60; n++)
		assert_int_equal(v.seen[1][n], is_told(found, n) ? 0 : 1);
	spool_close(a.spool);
}

/* Removed because every reader had it: no loss. */
static void
a_missing_segment_that_was_acknowledged_is_no_loss(void **state)
{
	const char *dir = test_dir();
	struct agent a = open_as(dir, 1);
	struct ack ack = {.sequence = 60};

	(void)state;
	begin(&a, NOW);
	write_records(&a, 60, 2);
	memcpy(ack.epoch, a.epoch, 16);
	spool_close(a.spool);
	assert_int_equal(ack_write(dir, "collector", &ack, NULL), 0);
	assert_int_equal(unlink(segment_path(dir, 0)), 0);
	a = open_as(dir, 2);
	assert_int_equal(spool_found(a.spool)->damage_count, 0);
	assert_int_equal(spool_found(a.spool)->last, 60);
	spool_close(a.spool);
}

/* Random histories: puts, commits, orderly and disorderly ends (a child that
 * exits without closing), acks. After each start all committed records are
 * there once, in order. */
static void
random_histories_lose_nothing_and_repeat_nothing(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 30; seed++) {
		const char *dir = test_dir();
		int committed[4] = {0};

		srand(seed);
		for (int epoch = 1; epoch < 4; epoch++) {
			int steps = rand() % 60 + 1;
			int out[2];
			pid_t pid;

			assert_int_equal(pipe(out), 0);
			pid = fork();
			if (pid == 0) {
				struct agent a = open_as(dir, epoch);
				int done = 0;

				begin(&a, NOW + epoch);
				for (int i = 0; i < steps; i++) {
					if (put(&a) != SPOOL_OK)
						_exit(2);
					if (rand() % 4 == 0) {
						if (commit(&a) != SPOOL_OK)
							_exit(3);
						done = a.made;
					}
				}
				if (write(out[1], &done, sizeof done) < 0)
					_exit(4);
				_exit(0); /* nothing is closed */
			}
			close(out[1]);
			assert_int_equal(
			    read(out[0], &committed[epoch], sizeof(int)),
			    sizeof(int));
			close(out[0]);
			assert_int_equal(waitpid(pid, NULL, 0), pid);
			(void)rand();
		}
		{
			struct agent a = open_as(dir, 1);
			static struct view v;

			assert_int_equal(spool_found(a.spool)->damage_count, 0);
			read_all(dir, &v);
			for (int epoch = 1; epoch < 4; epoch++)
				for (int n = 1; n < 512; n++)
					assert_int_equal(v.seen[epoch][n],
					    n <= committed[epoch] ? 1 : 0);
			spool_close(a.spool);
		}
	}
}

static int
set_up(void **state)
{
	struct err err;

	(void)state;
	crypto = crypto_new(&err);
	return crypto ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	crypto_free(crypto);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_reader_gets_what_was_committed_and_nothing_more),
	    cmocka_unit_test(the_next_start_finds_last_head_and_state),
	    cmocka_unit_test(two_agents_never_share_a_spool),
	    cmocka_unit_test(
		each_segment_begins_with_a_full_checkpoint_and_is_cut_to_size),
	    cmocka_unit_test(epochs_stay_in_order_when_the_clock_goes_back),
	    cmocka_unit_test(
		a_full_spool_refuses_and_goes_on_when_a_reader_has_caught_up),
	    cmocka_unit_test(acknowledged_segments_go_after_keep_days_only),
	    cmocka_unit_test(a_torn_tail_is_cut_and_nothing_is_told_lost),
	    cmocka_unit_test(
		a_commit_on_disk_counts_though_it_was_not_announced),
	    cmocka_unit_test(commits_written_again_to_a_new_segment_count_once),
	    cmocka_unit_test(files_kept_aside_count_and_go_when_room_is_needed),
	    cmocka_unit_test(files_kept_aside_go_after_keep_days),
	    cmocka_unit_test(
		a_missing_segment_is_told_and_the_reader_passes_it),
	    cmocka_unit_test(
		a_missing_segment_that_was_acknowledged_is_no_loss),
	    cmocka_unit_test(random_histories_lose_nothing_and_repeat_nothing),
	};

	return cmocka_run_group_tests_name("spool", tests, set_up, tear_down);
}
