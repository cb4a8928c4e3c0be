/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assay/ack.h"
#include "assay/segment.h"
#include "assay/spoolread.h"

static struct slice
payload_of(int epoch, uint64_t sequence, char text[128])
{
	int len = snprintf(text, 128, "{\"epoch\":%d,\"sequence\":%llu}", epoch,
	    (unsigned long long)sequence);

	return (struct slice){text, (size_t)len};
}

static const char *
path_of(const char *dir, int epoch, uint64_t first)
{
	static char path[256];
	char name[SEGMENT_NAME_LEN + 1];
	uint8_t id[16];

	memset(id, epoch, 16);
	segment_name(name, id, first);
	snprintf(path, sizeof path, "%s/%s", dir, name);
	return path;
}

/* A segment of records first..last, each its own commit, synced up to and with
 * record `synced`. */
static void
write_segment(const char *dir, int epoch, int64_t created_us, uint64_t first,
    uint64_t last, uint64_t synced)
{
	struct segment_header h = {.first_sequence = first,
	    .created_us = created_us,
	    .synced = SEGMENT_HEADER_LEN};
	struct buf b = {0};
	uint8_t raw[SEGMENT_HEADER_LEN];
	char text[128];

	memset(h.epoch, epoch, 16);
	memset(h.agent, 0xa1, 16);
	buf_reserve(&b, SEGMENT_HEADER_LEN);
	b.len = SEGMENT_HEADER_LEN;
	segment_put(&b, SEGMENT_CHECKPOINT, 0, SLICE("{}"));
	for (uint64_t n = first; n <= last; n++) {
		struct segment_commit commit = {.last = n};

		segment_put(&b, SEGMENT_RECORD, n, payload_of(epoch, n, text));
		segment_put_commit(&b, &commit);
		if (n <= synced)
			h.synced = b.len;
	}
	segment_header_encode(raw, &h);
	memcpy(b.ptr, raw, sizeof raw);
	test_write(path_of(dir, epoch, first), buf_slice(&b));
	buf_clear(&b);
}

static void
expect(struct spoolread *r, int epoch, uint64_t sequence)
{
	struct spoolread_record record;
	struct err err = {0};
	char text[128];
	enum spoolread_got got = spoolread_next(r, &record, &err);

	if (got != SPOOLREAD_RECORD)
		fail_msg("no record %llu of epoch %d but %d: %s",
		    (unsigned long long)sequence, epoch, got, err.text);
	assert_int_equal(record.epoch[0], epoch);
	assert_int_equal(record.sequence, sequence);
	assert_int_equal(record.agent[3], 0xa1);
	assert_slice(record.bytes, payload_of(epoch, sequence, text));
}

static void
expect_nothing(struct spoolread *r)
{
	struct spoolread_record record;
	struct err err = {0};

	assert_int_equal(spoolread_next(r, &record, &err), SPOOLREAD_NOTHING);
}

static struct spoolread *
open_after(const char *dir, int epoch, uint64_t sequence)
{
	struct spoolread_position at = {.sequence = sequence};
	struct err err;
	struct spoolread *r;

	memset(at.epoch, epoch, 16);
	r = spoolread_open(dir, epoch ? &at : NULL, &err);
	assert_non_null(r);
	return r;
}

static void
epochs_come_by_when_they_began_then_by_sequence(void **state)
{
	const char *dir = test_dir();
	struct spoolread *r;

	(void)state;
	write_segment(dir, 9, 1000, 1, 2, 2);
	write_segment(dir, 9, 1000, 3, 4, 4);
	write_segment(dir, 3, 2000, 1, 2, 2);
	write_segment(dir, 7, 2000, 1, 1, 1);
	r = open_after(dir, 0, 0);
	for (uint64_t n = 1; n <= 4; n++)
		expect(r, 9, n);
	expect(r, 3, 1);
	expect(r, 3, 2);
	expect(r, 7, 1);
	expect_nothing(r);
	spoolread_close(r);
}

static void
reading_goes_on_after_any_position(void **state)
{
	const char *dir = test_dir();

	(void)state;
	write_segment(dir, 1, 1000, 1, 3, 3);
	write_segment(dir, 1, 1000, 4, 6, 6);
	write_segment(dir, 2, 2000, 1, 2, 2);
	for (uint64_t after = 0; after <= 6; after++) {
		struct spoolread *r = open_after(dir, 1, after);

		for (uint64_t n = after + 1; n <= 6; n++)
			expect(r, 1, n);
		expect(r, 2, 1);
		expect(r, 2, 2);
		expect_nothing(r);
		spoolread_close(r);
	}
}

static void
nothing_past_synced_is_read_until_it_grows(void **state)
{
	const char *dir = test_dir();
	struct spoolread *r;

	(void)state;
	write_segment(dir, 1, 1000, 1, 5, 2);
	r = open_after(dir, 0, 0);
	expect(r, 1, 1);
	expect(r, 1, 2);
	expect_nothing(r);
	expect_nothing(r);
	unlink(path_of(dir, 1, 1));
	write_segment(dir, 1, 1000, 1, 5, 4);
	/* The file was replaced, as a recovery does: no repeat, no loss. */
	expect(r, 1, 3);
	expect(r, 1, 4);
	expect_nothing(r);
	spoolread_close(r);
}

static void
synced_raised_in_place_is_seen(void **state)
{
	const char *dir = test_dir();
	struct spoolread *r;
	uint8_t raw[8];
	FILE *f;

	(void)state;
	write_segment(dir, 1, 1000, 1, 3, 1);
	r = open_after(dir, 0, 0);
	expect(r, 1, 1);
	expect_nothing(r);
	f = fopen(path_of(dir, 1, 1), "r+b");
	fseek(f, 0, SEEK_END);
	segment_synced_encode(raw, (uint64_t)ftell(f));
	fseek(f, SEGMENT_SYNCED_AT, SEEK_SET);
	fwrite(raw, 1, 8, f);
	fclose(f);
	expect(r, 1, 2);
	expect(r, 1, 3);
	expect_nothing(r);
	spoolread_close(r);
}

static void
a_directory_that_comes_later_is_read(void **state)
{
	char dir[256];
	struct spoolread *r;

	(void)state;
	snprintf(dir, sizeof dir, "%s/spool", test_dir());
	r = open_after(dir, 0, 0);
	expect_nothing(r);
	assert_int_equal(mkdir(dir, 0700), 0);
	expect_nothing(r);
	write_segment(dir, 1, 1000, 1, 1, 1);
	expect(r, 1, 1);
	spoolread_close(r);
}

static void
a_position_whose_epoch_is_gone_starts_at_the_beginning(void **state)
{
	const char *dir = test_dir();
	struct spoolread *r;

	(void)state;
	write_segment(dir, 2, 2000, 1, 1, 1);
	r = open_after(dir, 1, 77);
	expect(r, 2, 1);
	spoolread_close(r);
}

static void
a_position_in_a_hole_goes_on_behind_it(void **state)
{
	const char *dir = test_dir();
	struct spoolread *r;

	(void)state;
	write_segment(dir, 1, 1000, 5, 6, 6);
	r = open_after(dir, 1, 2);
	expect(r, 1, 5);
	expect(r, 1, 6);
	expect_nothing(r);
	spoolread_close(r);
}

static void
segments_deleted_behind_the_reader_do_not_disturb_it(void **state)
{
	const char *dir = test_dir();
	struct spoolread *r;

	(void)state;
	write_segment(dir, 1, 1000, 1, 2, 2);
	write_segment(dir, 1, 1000, 3, 4, 4);
	r = open_after(dir, 0, 0);
	expect(r, 1, 1);
	unlink(path_of(dir, 1, 1));
	expect(r, 1, 2);
	expect(r, 1, 3);
	spoolread_close(r);
}

/* Every byte of a segment in turn is damaged. Whatever is given is a true
 * record, each at most once; the damage is said; what lies in other commits is
 * given. */
static void
damage_anywhere_is_said_and_costs_one_commit_at_most(void **state)
{
	const char *dir = test_dir();
	struct buf b;
	struct slice whole;

	(void)state;
	write_segment(dir, 1, 1000, 1, 4, 4);
	write_segment(dir, 1, 1000, 5, 5, 5);
	b = test_read(path_of(dir, 1, 1));
	whole = buf_slice(&b);
	for (size_t at = 0; at < whole.len; at++) {
		struct spoolread *r = open_after(dir, 0, 0);
		int records = 0, damages = 0;
		uint64_t last = 0;

		b.ptr[at] ^= 0x20;
		test_write(path_of(dir, 1, 1), whole);
		for (;;) {
			struct spoolread_record record;
			struct err err = {0};
			char text[128];
			enum spoolread_got got =
			    spoolread_next(r, &record, &err);

			if (got == SPOOLREAD_NOTHING)
				break;
			assert_true(got > 0);
			if (got == SPOOLREAD_DAMAGE) {
				assert_non_null(strstr(err.text, ".seg: byte"));
				damages++;
				continue;
			}
			assert_true(record.sequence > last);
			last = record.sequence;
			assert_slice(
			    record.bytes, payload_of(1, record.sequence, text));
			records++;
		}
		assert_int_equal(last, 5);
		if (at < SEGMENT_SYNCED_AT) {
			assert_int_equal(damages, 1);
			assert_int_equal(records, 5);
		} else if (at >= SEGMENT_HEADER_LEN) {
			assert_int_equal(damages, 1);
			assert_true(records >= 3);
		}
		b.ptr[at] ^= 0x20;
		spoolread_close(r);
	}
	buf_clear(&b);
}

static void
progress_counts_synced_bytes(void **state)
{
	const char *dir = test_dir();
	struct spoolread *r;
	uint64_t done, total;

	(void)state;
	write_segment(dir, 1, 1000, 1, 2, 2);
	write_segment(dir, 1, 1000, 3, 4, 4);
	r = open_after(dir, 0, 0);
	spoolread_progress(r, &done, &total);
	assert_int_equal(done, 0);
	assert_true(total > 0);
	for (uint64_t n = 1; n <= 4; n++)
		expect(r, 1, n);
	expect_nothing(r);
	spoolread_progress(r, &done, &total);
	assert_int_equal(done, total);
	spoolread_close(r);
}

static void
an_ack_reads_back_and_other_files_are_none(void **state)
{
	const char *dir = test_dir();
	struct ack ack = {.sequence = 12345}, got = {0};
	char path[256];
	struct err err;

	(void)state;
	memset(ack.epoch, 0x5e, 16);
	snprintf(path, sizeof path, "%s/ack", dir);
	assert_int_equal(ack_write(dir, "collector", &ack, &err), -1);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(ack_read(dir, "collector", &got, &err), 0);
	assert_int_equal(ack_write(dir, "collector", &ack, &err), 0);
	assert_int_equal(ack_read(dir, "collector", &got, &err), 1);
	assert_memory_equal(&got, &ack, sizeof ack);
	ack.sequence++;
	assert_int_equal(ack_write(dir, "collector", &ack, &err), 0);
	assert_int_equal(ack_read(dir, "collector", &got, &err), 1);
	assert_int_equal(got.sequence, 12346);
	snprintf(path, sizeof path, "%s/ack/collector", dir);
	test_write(path, SLICE("5e 1\n"));
	assert_int_equal(ack_read(dir, "collector", &got, &err), -1);
	assert_int_equal(ack_read(dir, "../collector", &got, &err), -1);
	assert_int_equal(ack_write(dir, "a/b", &ack, &err), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(epochs_come_by_when_they_began_then_by_sequence),
	    cmocka_unit_test(reading_goes_on_after_any_position),
	    cmocka_unit_test(nothing_past_synced_is_read_until_it_grows),
	    cmocka_unit_test(synced_raised_in_place_is_seen),
	    cmocka_unit_test(a_directory_that_comes_later_is_read),
	    cmocka_unit_test(
		a_position_whose_epoch_is_gone_starts_at_the_beginning),
	    cmocka_unit_test(a_position_in_a_hole_goes_on_behind_it),
	    cmocka_unit_test(
		segments_deleted_behind_the_reader_do_not_disturb_it),
	    cmocka_unit_test(
		damage_anywhere_is_said_and_costs_one_commit_at_most),
	    cmocka_unit_test(progress_counts_synced_bytes),
	    cmocka_unit_test(an_ack_reads_back_and_other_files_are_none),
	};

	return cmocka_run_group_tests_name("spoolread", tests, NULL, NULL);
}
