/* SPDX-License-Identifier: Apache-2.0 */
/* What a stored position means for a partition, without a broker. */
#include "test.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kafkalane.h"

static struct kafkalane_position
stands_at(int64_t next)
{
	struct kafkalane_position p = {0};

	kafkalane_set_cluster(&p, "one");
	if (next > 0)
		kafkalane_pass(
		    &p, &(struct kafkalane_mark){next - 1, 1000, 0xabcdef01u});
	return p;
}

static void
a_lane_is_named_by_topic_and_partition(void **state)
{
	char *name = kafkalane_name("assay.evidence", 11);

	(void)state;
	assert_string_equal(name, "kafka:assay.evidence:11");
	free(name);
}

static void
a_position_reads_back_as_it_was(void **state)
{
	static const struct kafkalane_position all[] = {
	    {.next = 0},
	    {.next = INT64_MAX, .cluster = "lkorDA4qT6W1K_dk0LHvtg"},
	    {.next = 7, .has_mark = true, .mark = {0, -1, 0}},
	    {.next = INT64_MAX,
		.has_mark = true,
		.mark = {INT64_MAX - 1, INT64_MAX, UINT32_MAX},
		.cluster = "012345678901234567890123456789012345678901234567"},
	};
	char text[STREAM_POSITION_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		struct kafkalane_position p;

		memset(&p, 0xff, sizeof p);
		kafkalane_format(&all[i], text);
		assert_true(strlen(text) < STREAM_POSITION_MAX - 1);
		assert_true(kafkalane_parse(slice_of(text), &p));
		assert_int_equal(p.next, all[i].next);
		assert_int_equal(p.has_mark, all[i].has_mark);
		assert_int_equal(p.mark.offset, all[i].mark.offset);
		assert_int_equal(p.mark.ms, all[i].mark.ms);
		assert_int_equal(p.mark.crc, all[i].mark.crc);
		assert_string_equal(p.cluster, all[i].cluster);
	}
	kafkalane_format(&all[2], text);
	assert_string_equal(text, "00000000000000000007/0/-1/00000000@");
}

static void
what_formatting_never_makes_is_no_position(void **state)
{
	char long_one[STREAM_POSITION_MAX];
	struct kafkalane_position p;
	static const char *const bad[] = {"", "@", "12@x",
	    "00000000000000000012", "0000000000000000001x@one",
	    "00000000000000000012/@one", "00000000000000000012/5@one",
	    "00000000000000000012/11/5@one",
	    "00000000000000000012/11/5/abc@one",
	    "00000000000000000012/11/5/ABCDEF01@one",
	    "00000000000000000012/11/05/abcdef01@one",
	    "00000000000000000012/011/5/abcdef01@one",
	    "00000000000000000012/11/-2/abcdef01@one",
	    "00000000000000000012/-1/5/abcdef01@one",
	    "00000000000000000012/11/5/abcdef012@one",
	    "00000000000000000012/12/5/abcdef01@one",
	    "00000000000000000000/0/5/abcdef01@one",
	    "00000000000000000012x@one", "00000000000000000012@o ne",
	    "00000000000000000012@o@ne", "99999999999999999999@one"};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		p = (struct kafkalane_position){.next = 42};
		if (kafkalane_parse(slice_of(bad[i]), &p))
			fail_msg("'%s' was taken", bad[i]);
		assert_int_equal(p.next, 42);
	}
	snprintf(long_one, sizeof long_one, "%020d@%0*d", 12,
	    KAFKALANE_CLUSTER_MAX + 1, 0);
	assert_false(kafkalane_parse(slice_of(long_one), &p));
}

static void
a_cluster_id_cannot_break_a_position(void **state)
{
	struct kafkalane_position p = stands_at(5), q;
	char text[STREAM_POSITION_MAX], longest[200];

	(void)state;
	memset(longest, '@', sizeof longest);
	longest[sizeof longest - 1] = '\0';
	kafkalane_set_cluster(&p, longest);
	kafkalane_format(&p, text);
	assert_true(kafkalane_parse(slice_of(text), &q));
	assert_int_equal(strlen(q.cluster), KAFKALANE_CLUSTER_MAX);
}

static void
where_to_start_follows_from_watermarks_and_identity(void **state)
{
	static const struct {
		const char *what;
		int64_t next; /* -1: no position */
		int64_t denied;
		int64_t low, high;
		const char *cluster;
		enum kafkalane_verdict verdict;
		int64_t start;
		const char *says;
	} rows[] = {
	    {"never read", -1, false, 0, 9, "one", KAFKALANE_BEGIN, 0, NULL},
	    {"never read, old ones gone", -1, false, 4, 9, "one",
		KAFKALANE_BEGIN, 4, NULL},
	    {"in the middle", 5, false, 0, 9, "one", KAFKALANE_PROVE, 4, NULL},
	    {"at the end", 9, false, 0, 9, "one", KAFKALANE_PROVE, 8, NULL},
	    {"id not known yet", 9, false, 0, 9, NULL, KAFKALANE_PROVE, 8,
		NULL},
	    {"all behind it gone", 5, false, 5, 9, "one", KAFKALANE_GO_ON, 5,
		NULL},
	    {"all gone, all read", 9, false, 9, 9, "one", KAFKALANE_GO_ON, 9,
		NULL},
	    {"nothing read of nothing", 0, false, 0, 0, "one", KAFKALANE_GO_ON,
		0, NULL},
	    {"one deleted unread", 5, false, 6, 9, "one", KAFKALANE_GAP, 6,
		"offsets 5 to 5 were deleted"},
	    {"all deleted unread", 5, false, 9, 9, "one", KAFKALANE_GAP, 9,
		"offsets 5 to 8 were deleted"},
	    {"made again and empty", 5, false, 0, 0, "one", KAFKALANE_ANEW, 0,
		"ends at 0"},
	    {"made again and shorter", 5, false, 0, 4, "one", KAFKALANE_ANEW, 0,
		"ends at 4"},
	    {"made again and longer", 5, true, 0, 9, "one", KAFKALANE_ANEW, 0,
		"another one now"},
	    {"another cluster", 5, false, 2, 9, "two", KAFKALANE_ANEW, 2,
		"this is cluster two"},
	    {"another cluster, and shorter", 5, false, 0, 3, "two",
		KAFKALANE_ANEW, 0, "this is cluster two"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct kafkalane_position p = stands_at(rows[i].next);
		struct kafkalane_facts facts = {
		    rows[i].low, rows[i].high, rows[i].cluster};
		struct err err = {0};
		int64_t start = -7;
		enum kafkalane_verdict got =
		    kafkalane_decide(rows[i].next < 0 ? NULL : &p,
			rows[i].denied != 0, &facts, &start, &err);

		if (got != rows[i].verdict || start != rows[i].start)
			fail_msg("%s: verdict %d from %" PRId64, rows[i].what,
			    (int)got, start);
		if (rows[i].says && !strstr(err.text, rows[i].says))
			fail_msg("%s: '%s'", rows[i].what, err.text);
		if (!rows[i].says)
			assert_string_equal(err.text, "");
	}
}

static void
only_the_same_message_proves_a_partition(void **state)
{
	struct kafkalane_position p = stands_at(5);
	static const struct {
		struct kafkalane_mark found;
		enum kafkalane_proof proof;
	} rows[] = {
	    {{4, 1000, 0xabcdef01u}, KAFKALANE_SAME},
	    {{4, 1001, 0xabcdef01u}, KAFKALANE_OTHER},
	    {{4, 1000, 0xabcdef02u}, KAFKALANE_OTHER},
	    {{3, 1000, 0xabcdef01u}, KAFKALANE_OTHER},
	    {{5, 1000, 0xabcdef01u}, KAFKALANE_ABSENT},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(
		    kafkalane_prove(&p, &rows[i].found), rows[i].proof);
}

/* A partition that messages come to, that loses its oldest, that is deleted and
 * made again while it is read, and a reader that is stopped at any point. */
struct world {
	int64_t low, high;
	unsigned life; /* of the topic */
};

static struct kafkalane_mark
message(const struct world *w, int64_t offset)
{
	return (struct kafkalane_mark){
	    offset, 1000, w->life * 65536u + (uint32_t)offset};
}

static void
change(struct world *w)
{
	long what = random() % 16;

	if (what < 10) {
		w->high += random() % 4;
	} else if (what < 14) {
		if (w->low < w->high)
			w->low++;
	} else {
		w->low = 0;
		w->high = random() % 2 ? 0 : random() % 20;
		w->life++;
	}
}

/* Look at the partition as after a restart, from the text alone; whether it was
 * told that it is another one, or has a hole. */
static bool
look(const struct world *w, struct kafkalane_position *p, bool *has)
{
	struct kafkalane_facts facts = {w->low, w->high, "one"};
	char text[STREAM_POSITION_MAX];
	enum kafkalane_verdict verdict;
	struct kafkalane_mark found;
	struct err err = {0};
	int64_t start;

	kafkalane_format(p, text);
	assert_true(kafkalane_parse(slice_of(text), p));
	verdict =
	    kafkalane_decide(*has ? p : NULL, false, &facts, &start, &err);
	if (verdict == KAFKALANE_PROVE) {
		found = message(w, start);
		if (kafkalane_prove(p, &found) == KAFKALANE_OTHER)
			verdict =
			    kafkalane_decide(p, true, &facts, &start, &err);
		else
			start = p->next;
	}
	if (verdict == KAFKALANE_GAP || verdict == KAFKALANE_ANEW ||
	    verdict == KAFKALANE_BEGIN) {
		assert_int_equal(start, w->low);
		*p = (struct kafkalane_position){.next = start};
	} else {
		assert_int_equal(start, p->next);
	}
	*has = true;
	return verdict == KAFKALANE_GAP || verdict == KAFKALANE_ANEW;
}

static void
no_history_of_a_partition_skips_a_message_unsaid(void **state)
{
	unsigned made_again = 0;

	(void)state;
	srandom(20261125);
	for (unsigned run = 0; run < 5000; run++) {
		struct world w = {.life = 1};
		struct kafkalane_position p = {0};
		unsigned life = 0; /* the mark is of */
		bool has = false;

		for (unsigned step = 0; step < 60; step++) {
			struct kafkalane_position was = p;
			struct kafkalane_mark m;
			bool had = has, told;

			if (random() % 2) {
				change(&w);
			} else if (has && p.next >= w.low && p.next < w.high) {
				/* It reads on, whatever was done to it. */
				m = message(&w, p.next);
				kafkalane_pass(&p, &m);
				if (!was.has_mark)
					life = w.life;
			} else {
				told = look(&w, &p, &has);
				if (!had || !was.has_mark)
					continue;
				if (life != w.life &&
				    was.mark.offset >= w.low) {
					assert_true(told);
					made_again++;
				}
				if (life == w.life)
					assert_int_equal(
					    told, was.next < w.low);
			}
		}
	}
	assert_true(made_again > 1000);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_lane_is_named_by_topic_and_partition),
	    cmocka_unit_test(a_position_reads_back_as_it_was),
	    cmocka_unit_test(what_formatting_never_makes_is_no_position),
	    cmocka_unit_test(a_cluster_id_cannot_break_a_position),
	    cmocka_unit_test(
		where_to_start_follows_from_watermarks_and_identity),
	    cmocka_unit_test(only_the_same_message_proves_a_partition),
	    cmocka_unit_test(no_history_of_a_partition_skips_a_message_unsaid),
	};

	return cmocka_run_group_tests_name("kafkalane", tests, NULL, NULL);
}
