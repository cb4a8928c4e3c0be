/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assay/segment.h"

#define COMMITS 4
#define PER_COMMIT 3
#define RECORDS ((uint64_t)COMMITS * PER_COMMIT)

/* A small segment of a few KiB, and where its commits end. */
struct sample {
	struct segment_header header;
	struct buf bytes;
	size_t ends[COMMITS + 1];
};

static void
head_of(uint64_t sequence, uint8_t head[32])
{
	memset(head, (int)(sequence * 7 + 1), 32);
}

static struct slice
payload_of(uint64_t sequence, char text[256])
{
	int len = snprintf(text, 256, "{\"sequence\":\"%llu\",\"x\":\"%0*d\"}",
	    (unsigned long long)sequence, (int)(sequence * 17 % 90) + 1, 7);

	return (struct slice){text, (size_t)len};
}

static void
put_commit(struct sample *s, uint64_t first, size_t records)
{
	struct segment_commit commit = {.last = first + records - 1};
	char text[256];

	for (uint64_t n = first; n < first + records; n++)
		segment_put(&s->bytes, SEGMENT_RECORD, n, payload_of(n, text));
	segment_put(&s->bytes, SEGMENT_CHECKPOINT, 0, SLICE("{\"at\":1}"));
	head_of(commit.last, commit.head);
	segment_put_commit(&s->bytes, &commit);
}

static struct sample
make_sample(void)
{
	struct sample s = {
	    .header = {.first_sequence = 1, .created_us = 1783091957000000}};
	uint8_t raw[SEGMENT_HEADER_LEN];

	memset(s.header.agent, 0xa1, 16);
	memset(s.header.epoch, 0xe2, 16);
	buf_reserve(&s.bytes, SEGMENT_HEADER_LEN);
	s.bytes.len = s.ends[0] = SEGMENT_HEADER_LEN;
	for (size_t i = 0; i < COMMITS; i++) {
		put_commit(&s, i * PER_COMMIT + 1, PER_COMMIT);
		s.ends[i + 1] = s.bytes.len;
	}
	s.header.synced = s.bytes.len;
	segment_header_encode(raw, &s.header);
	memcpy(s.bytes.ptr, raw, sizeof raw);
	return s;
}

/* Everything a reader would take from bytes: records are checked against what
 * was written; returns how many there are. -1 when any is not one of them. */
static long
count_true_records(struct slice bytes)
{
	long count = 0;
	char text[256];

	for (size_t at = SEGMENT_HEADER_LEN; at < bytes.len; at += 8) {
		struct segment_frame f;

		if (segment_get(slice_from(bytes, at), &f, NULL) !=
			SEGMENT_FRAME ||
		    f.type != SEGMENT_RECORD)
			continue;
		if (f.sequence < 1 || f.sequence > RECORDS ||
		    !slice_eq(f.payload, payload_of(f.sequence, text)))
			return -1;
		count++;
	}
	return count;
}

static enum segment_state
judge(struct slice bytes, struct segment_run *run)
{
	struct segment_header h;
	struct err err;

	if (segment_header_decode(bytes, &h, &err) != 0) {
		*run = (struct segment_run){0};
		return SEGMENT_DAMAGED;
	}
	segment_walk(bytes, SEGMENT_HEADER_LEN, h.first_sequence, h.prev_head,
	    run, &err);
	return segment_judge(bytes, h.synced, run);
}

static void
a_header_reads_back_as_written(void **state)
{
	struct sample s = make_sample();
	struct segment_header h;
	struct err err;

	(void)state;
	assert_int_equal(
	    segment_header_decode(buf_slice(&s.bytes), &h, &err), 0);
	assert_memory_equal(&h, &s.header, sizeof h);
	buf_clear(&s.bytes);
}

static void
the_layout_is_the_documented_one(void **state)
{
	struct segment_header h = {.first_sequence = 0x0102030405060708,
	    .created_us = 0x1112131415161718,
	    .synced = 128};
	uint8_t raw[SEGMENT_HEADER_LEN];
	struct buf b = {0};
	const uint8_t *p;

	(void)state;
	memset(h.agent, 0xaa, 16);
	memset(h.epoch, 0xee, 16);
	memset(h.prev_head, 0x99, 32);
	segment_header_encode(raw, &h);
	assert_memory_equal(raw, "ASSAYSEG\x01\0\x80\0\0\0\0\0\xaa", 17);
	assert_int_equal(raw[32], 0xee);
	assert_memory_equal(raw + 48, "\x08\x07\x06\x05\x04\x03\x02\x01", 8);
	assert_int_equal(raw[56], 0x99);
	assert_int_equal(raw[87], 0x99);
	assert_memory_equal(raw + 88, "\x18\x17\x16\x15\x14\x13\x12\x11", 8);
	assert_memory_equal(raw + 120, "\x80\0\0\0\0\0\0\0", 8);
	segment_put(&b, SEGMENT_RECORD, 5, SLICE("{}\n"));
	p = (const uint8_t *)b.ptr;
	assert_int_equal(b.len, 32);
	assert_memory_equal(p, "\x03\0\0\0", 4);
	assert_memory_equal(p + 8, "\x01\0\0\0\0\0\0\0\x05\0\0\0\0\0\0\0", 16);
	assert_memory_equal(p + 24, "{}\n\0\0\0\0\0", 8);
	buf_clear(&b);
}

static void
a_walk_finds_all_commits_and_the_last_head(void **state)
{
	struct sample s = make_sample();
	struct segment_run run;
	uint8_t head[32];

	(void)state;
	assert_int_equal(judge(buf_slice(&s.bytes), &run), SEGMENT_WHOLE);
	assert_int_equal(run.commits, COMMITS);
	assert_int_equal(run.last, RECORDS);
	assert_int_equal(run.end, s.bytes.len);
	head_of(RECORDS, head);
	assert_memory_equal(run.head, head, 32);
	buf_clear(&s.bytes);
}

static void
unwritten_room_after_the_last_commit_is_no_damage(void **state)
{
	struct sample s = make_sample();
	struct segment_run run;
	size_t len = s.bytes.len;

	(void)state;
	for (size_t extra = 1; extra < 200; extra++) {
		char *room;

		s.bytes.len = len;
		room = buf_reserve(&s.bytes, extra);
		memset(room, 0, extra);
		s.bytes.len += extra;
		assert_int_equal(
		    judge(buf_slice(&s.bytes), &run), SEGMENT_WHOLE);
		assert_int_equal(run.end, len);
	}
	buf_clear(&s.bytes);
}

static void
every_bit_flipped_is_detected_and_all_commits_before_it_are_kept(void **state)
{
	struct sample s = make_sample();
	struct slice bytes = buf_slice(&s.bytes);

	(void)state;
	for (size_t bit = 0; bit < bytes.len * 8; bit++) {
		size_t at = bit / 8;
		struct segment_run run;
		enum segment_state got;
		size_t kept = 0;
		long records;

		s.bytes.ptr[at] ^= (char)(1 << (bit % 8));
		got = judge(bytes, &run);
		records = count_true_records(bytes);
		while (kept < COMMITS && s.ends[kept + 1] <= at)
			kept++;
		assert_true(records >= (long)RECORDS - 1);
		if (at >= SEGMENT_HEADER_LEN) {
			assert_int_equal(got, SEGMENT_DAMAGED);
			assert_int_equal(run.commits, kept);
			assert_int_equal(run.end, s.ends[kept]);
			assert_int_equal(run.last, kept * PER_COMMIT);
		} else if (at >= SEGMENT_SYNCED_AT) {
			/* A lower mark is raised again, a higher one is seen.
			 */
			assert_int_equal(run.last, RECORDS);
		} else {
			assert_int_equal(got, SEGMENT_DAMAGED);
		}
		s.bytes.ptr[at] ^= (char)(1 << (bit % 8));
	}
	buf_clear(&s.bytes);
}

static void
every_byte_replaced_by_any_other_is_never_read_as_a_record(void **state)
{
	struct sample s = make_sample();
	struct slice bytes = buf_slice(&s.bytes);

	(void)state;
	/* One commit is enough: the others are alike. */
	for (size_t at = SEGMENT_HEADER_LEN; at < s.ends[1]; at++) {
		char before = s.bytes.ptr[at];

		for (int value = 0; value < 256; value++) {
			struct segment_run run;

			if ((char)value == before)
				continue;
			s.bytes.ptr[at] = (char)value;
			assert_int_equal(judge(bytes, &run), SEGMENT_DAMAGED);
			assert_int_equal(run.commits, 0);
		}
		s.bytes.ptr[at] = before;
	}
	buf_clear(&s.bytes);
}

static void
truncated_at_every_length_it_is_detected(void **state)
{
	struct sample s = make_sample();

	(void)state;
	for (size_t len = 0; len < s.bytes.len; len++) {
		struct slice bytes = {s.bytes.ptr, len};
		struct segment_run run;
		size_t kept = 0;

		assert_int_equal(judge(bytes, &run), SEGMENT_DAMAGED);
		while (kept < COMMITS && s.ends[kept + 1] <= len)
			kept++;
		assert_int_equal(run.commits, kept);
	}
	buf_clear(&s.bytes);
}

/* Set synced to where the commit before the last ended. */
static void
leave_last_commit_unsynced(struct sample *s)
{
	segment_synced_encode(
	    (uint8_t *)s->bytes.ptr + SEGMENT_SYNCED_AT, s->ends[COMMITS - 1]);
}

static void
a_last_commit_cut_at_any_length_is_a_torn_tail(void **state)
{
	struct sample s = make_sample();

	(void)state;
	leave_last_commit_unsynced(&s);
	for (size_t len = s.ends[COMMITS - 1]; len < s.bytes.len; len++) {
		struct slice bytes = {s.bytes.ptr, len};
		struct segment_run run;
		enum segment_state got = judge(bytes, &run);

		assert_int_equal(got,
		    len == s.ends[COMMITS - 1] ? SEGMENT_WHOLE : SEGMENT_TORN);
		assert_int_equal(run.commits, COMMITS - 1);
	}
	buf_clear(&s.bytes);
}

static void
a_last_commit_whose_pages_came_in_any_order_is_a_torn_tail(void **state)
{
	struct sample s = make_sample();
	size_t from = s.ends[COMMITS - 1];

	(void)state;
	leave_last_commit_unsynced(&s);
	/* A hole of zeros anywhere in it, its commit frame on disk. */
	for (size_t at = from; at + 8 <= s.bytes.len - SEGMENT_COMMIT_LEN;
	     at += 8) {
		struct segment_run run;
		char held[8];

		memcpy(held, s.bytes.ptr + at, 8);
		memset(s.bytes.ptr + at, 0, 8);
		if (memcmp(held, s.bytes.ptr + at, 8) != 0) {
			assert_int_equal(
			    judge(buf_slice(&s.bytes), &run), SEGMENT_TORN);
			assert_int_equal(run.end, from);
		}
		memcpy(s.bytes.ptr + at, held, 8);
	}
	buf_clear(&s.bytes);
}

static void
two_commits_after_a_bad_place_prove_damage_even_unsynced(void **state)
{
	struct sample s = make_sample();
	struct segment_run run;

	(void)state;
	segment_synced_encode(
	    (uint8_t *)s.bytes.ptr + SEGMENT_SYNCED_AT, s.ends[1]);
	s.bytes.ptr[s.ends[1] + SEGMENT_FRAME_LEN] ^= 1;
	assert_int_equal(judge(buf_slice(&s.bytes), &run), SEGMENT_DAMAGED);
	assert_int_equal(run.commits, 1);
	buf_clear(&s.bytes);
}

static void
behind_damage_a_new_run_begins_at_the_next_commit(void **state)
{
	struct sample s = make_sample();
	struct slice bytes = buf_slice(&s.bytes);
	struct segment_commit commit;
	struct segment_run run;
	size_t at;

	(void)state;
	s.bytes.ptr[s.ends[1] + SEGMENT_FRAME_LEN] ^= 1;
	assert_true(segment_resync(bytes, s.ends[1], &at, &commit));
	assert_int_equal(at, s.ends[2]);
	assert_int_equal(commit.last, 2 * PER_COMMIT);
	segment_walk(bytes, at, commit.last + 1, commit.head, &run, NULL);
	assert_int_equal(run.first, 2 * PER_COMMIT + 1);
	assert_int_equal(run.last, RECORDS);
	assert_int_equal(run.end, bytes.len);
	buf_clear(&s.bytes);
}

static void
records_out_of_their_order_end_the_walk(void **state)
{
	struct sample s = make_sample();
	struct segment_run run;
	struct err err;

	(void)state;
	put_commit(&s, RECORDS + 2, 1);
	segment_walk(buf_slice(&s.bytes), SEGMENT_HEADER_LEN, 1,
	    s.header.prev_head, &run, &err);
	assert_int_equal(run.last, RECORDS);
	assert_non_null(strstr(err.text, "record 14 stands where 13 belongs"));
	buf_clear(&s.bytes);
}

static void
names_read_back_and_other_names_are_refused(void **state)
{
	static const char *const wrong[] = {"",
	    "e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2-00000000000000000012.seg.new",
	    "e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2-00000000000000000012.bad",
	    "E2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2-00000000000000000012.seg",
	    "e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2-0000000000000000001x.seg",
	    "e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2-99999999999999999999.seg"};
	uint8_t epoch[16], got[16];
	char name[SEGMENT_NAME_LEN + 1];
	uint64_t first;

	(void)state;
	memset(epoch, 0xe2, 16);
	segment_name(name, epoch, 12);
	assert_string_equal(
	    name, "e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2-00000000000000000012.seg");
	assert_true(segment_unname(slice_of(name), got, &first));
	assert_memory_equal(got, epoch, 16);
	assert_int_equal(first, 12);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_false(segment_unname(slice_of(wrong[i]), got, &first));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_header_reads_back_as_written),
	    cmocka_unit_test(the_layout_is_the_documented_one),
	    cmocka_unit_test(a_walk_finds_all_commits_and_the_last_head),
	    cmocka_unit_test(unwritten_room_after_the_last_commit_is_no_damage),
	    cmocka_unit_test(
		every_bit_flipped_is_detected_and_all_commits_before_it_are_kept),
	    cmocka_unit_test(
		every_byte_replaced_by_any_other_is_never_read_as_a_record),
	    cmocka_unit_test(truncated_at_every_length_it_is_detected),
	    cmocka_unit_test(a_last_commit_cut_at_any_length_is_a_torn_tail),
	    cmocka_unit_test(
		a_last_commit_whose_pages_came_in_any_order_is_a_torn_tail),
	    cmocka_unit_test(
		two_commits_after_a_bad_place_prove_damage_even_unsynced),
	    cmocka_unit_test(behind_damage_a_new_run_begins_at_the_next_commit),
	    cmocka_unit_test(records_out_of_their_order_end_the_walk),
	    cmocka_unit_test(names_read_back_and_other_names_are_refused),
	};

	return cmocka_run_group_tests_name("segment", tests, NULL, NULL);
}
