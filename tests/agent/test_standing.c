/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "standing.h"

#define MIN (INT64_C(60) * 1000000)
#define NOW INT64_C(1795168801000000)

static bool
line(struct standing *s, enum standing_rule rule, int64_t at, int64_t *hole)
{
	return standing_line(s, rule, at, false, NOW, hole);
}

static void
a_backlog_stands_at_its_last_line(void **state)
{
	struct standing s = {0};
	int64_t hole;

	(void)state;
	assert_false(line(&s, STANDING_BACKLOG, NOW - 90 * MIN, &hole));
	assert_false(line(&s, STANDING_BACKLOG, NOW - 30 * MIN, &hole));
	assert_false(standing_rest(&s, STANDING_BACKLOG, NOW));
	assert_int_equal(s.from_us, NOW - 90 * MIN);
	assert_int_equal(s.through_us, NOW - 30 * MIN);
}

static void
a_syslog_file_is_never_more_than_15_min_past_its_last_line(void **state)
{
	struct standing s = {0};
	int64_t hole;

	(void)state;
	line(&s, STANDING_SYSLOG, NOW - 40 * MIN, &hole);
	assert_false(standing_rest(&s, STANDING_SYSLOG, NOW));
	assert_int_equal(s.through_us, NOW - 25 * MIN);
	/* The next line is near enough: no hole, and watched up to it. */
	assert_false(line(&s, STANDING_SYSLOG, NOW - 5 * MIN, &hole));
	assert_int_equal(s.through_us, NOW - 5 * MIN);
	assert_true(standing_rest(&s, STANDING_SYSLOG, NOW));
	assert_int_equal(s.through_us, NOW);
}

static void
sixty_five_minutes_without_a_line_are_a_hole_and_one_less_is_none(void **state)
{
	(void)state;
	for (int more = 0; more < 2; more++) {
		struct standing s = {0};
		int64_t hole = 0;

		line(&s, STANDING_SYSLOG, NOW - 200 * MIN, &hole);
		assert_int_equal(
		    line(&s, STANDING_SYSLOG, NOW - 135 * MIN + more, &hole),
		    more);
		if (more)
			assert_int_equal(hole, NOW - 200 * MIN);
	}
}

static void
a_hole_begins_where_the_source_stood(void **state)
{
	struct standing s = {0};
	int64_t hole;

	(void)state;
	line(&s, STANDING_SYSLOG, NOW - 200 * MIN, &hole);
	(void)standing_rest(&s, STANDING_SYSLOG, NOW - 150 * MIN);
	assert_true(line(&s, STANDING_SYSLOG, NOW - 100 * MIN, &hole));
	assert_int_equal(hole, NOW - 185 * MIN);
}

static void
a_boot_ends_a_stretch_without_a_hole(void **state)
{
	struct standing s = {0};
	int64_t hole;

	(void)state;
	line(&s, STANDING_BACKLOG, NOW - 200 * MIN, &hole);
	assert_false(standing_line(
	    &s, STANDING_BACKLOG, NOW - 10 * MIN, true, NOW, &hole));
	assert_int_equal(s.through_us, NOW - 10 * MIN);
}

static void
a_programs_own_log_and_a_played_clock_know_no_quiet(void **state)
{
	static const enum standing_rule rules[] = {
	    STANDING_OWN, STANDING_PLAYED};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct standing s = {0};
		int64_t hole;

		line(&s, rules[i], NOW - 200 * MIN, &hole);
		assert_false(line(&s, rules[i], NOW - 10 * MIN, &hole));
		assert_true(standing_rest(&s, rules[i], NOW));
		assert_int_equal(s.through_us, NOW);
	}
}

static void
it_never_goes_back_nor_past_now(void **state)
{
	struct standing s = {0};
	int64_t hole;

	(void)state;
	line(&s, STANDING_BACKLOG, NOW - MIN, &hole);
	line(&s, STANDING_BACKLOG, NOW - 3 * MIN, &hole);
	assert_int_equal(s.through_us, NOW - MIN);
	line(&s, STANDING_BACKLOG, NOW + 500 * MIN, &hole);
	assert_int_equal(s.through_us, NOW);
	assert_false(line(&s, STANDING_BACKLOG, NOW - MIN, &hole));
	assert_int_equal(s.through_us, NOW);
}

static void
what_has_no_line_yet_stands_nowhere(void **state)
{
	struct standing s = {0};

	(void)state;
	assert_false(standing_rest(&s, STANDING_OWN, NOW));
	assert_false(s.known);
	standing_begin(&s, NOW - MIN);
	assert_false(standing_rest(&s, STANDING_SYSLOG, NOW));
	assert_int_equal(s.through_us, NOW - MIN);
	assert_true(standing_rest(&s, STANDING_OWN, NOW));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_backlog_stands_at_its_last_line),
	    cmocka_unit_test(
		a_syslog_file_is_never_more_than_15_min_past_its_last_line),
	    cmocka_unit_test(
		sixty_five_minutes_without_a_line_are_a_hole_and_one_less_is_none),
	    cmocka_unit_test(a_hole_begins_where_the_source_stood),
	    cmocka_unit_test(a_boot_ends_a_stretch_without_a_hole),
	    cmocka_unit_test(
		a_programs_own_log_and_a_played_clock_know_no_quiet),
	    cmocka_unit_test(it_never_goes_back_nor_past_now),
	    cmocka_unit_test(what_has_no_line_yet_stands_nowhere),
	};

	return cmocka_run_group_tests_name("standing", tests, NULL, NULL);
}
