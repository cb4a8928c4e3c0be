/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdlib.h>

#include "standing.h"

#define MIN (INT64_C(60) * 1000000)
#define NOW INT64_C(1795168801000000)

static enum standing_hole
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

/* ---- marks ---- */

#define HOUR (60 * MIN)

/* A source that answers, with a line at START, asked from then on. */
#define START (NOW - 48 * HOUR)
static struct standing
answering(void)
{
	struct standing s = {.answers = true};
	int64_t hole;

	standing_line(&s, STANDING_SYSLOG, START, false, START, &hole);
	standing_rest(&s, STANDING_SYSLOG, START);
	return s;
}

static enum standing_hole
line_at(struct standing *s, int64_t at, bool boot, int64_t *hole)
{
	return standing_line(s, STANDING_SYSLOG, at, boot, at, hole);
}

static void
a_day_with_a_mark_every_ten_minutes_is_watched_throughout(void **state)
{
	struct standing s = answering();
	int64_t hole, t;

	(void)state;
	for (t = START; t < START + 24 * HOUR; t += MIN) {
		if ((t - START) % (10 * MIN) == 0)
			assert_int_equal(
			    line_at(&s, t, false, &hole), STANDING_NO_HOLE);
		assert_true(standing_rest(&s, STANDING_SYSLOG, t));
		assert_int_equal(s.through_us, t);
	}
	assert_int_equal(s.silent_us, 0);
}

static void
more_than_fifteen_minutes_without_a_mark_are_silence(void **state)
{
	(void)state;
	for (int more = 0; more < 2; more++) {
		struct standing s = answering();
		int64_t hole, last = START + 10 * MIN,
			      next = last + 15 * MIN + more;

		line_at(&s, last, false, &hole);
		standing_rest(&s, STANDING_SYSLOG, last);
		assert_int_equal(line_at(&s, next, false, &hole),
		    more ? STANDING_SILENT : STANDING_NO_HOLE);
		assert_int_equal(s.through_us, next);
	}
}

static void
a_silence_goes_from_where_it_stood_to_the_first_new_line(void **state)
{
	struct standing s = answering();
	int64_t hole, t;

	(void)state;
	for (t = START; t <= START + 30 * HOUR; t += MIN)
		assert_int_equal(standing_rest(&s, STANDING_SYSLOG, t),
		    t <= START + 15 * MIN);
	assert_int_equal(s.through_us, START + 15 * MIN);
	assert_int_equal(
	    line_at(&s, START + 30 * HOUR, false, &hole), STANDING_SILENT);
	assert_int_equal(hole, START + 15 * MIN);
	/* Over and told: the next line follows on it. */
	assert_int_equal(line_at(&s, START + 30 * HOUR + MIN, false, &hole),
	    STANDING_NO_HOLE);
}

static void
silence_that_was_seen_is_known_after_a_restart_and_no_boot_explains_it(
    void **state)
{
	struct standing s = answering(), again;
	int64_t hole;

	(void)state;
	standing_rest(&s, STANDING_SYSLOG, START + 30 * HOUR);
	assert_int_equal(s.silent_us, START + 15 * MIN);
	/* What a checkpoint keeps. */
	again = (struct standing){.known = true,
	    .answers = true,
	    .from_us = s.from_us,
	    .through_us = s.through_us,
	    .last_us = s.last_us,
	    .silent_us = s.silent_us};
	assert_int_equal(
	    line_at(&again, START + 31 * HOUR, true, &hole), STANDING_SILENT);
	assert_int_equal(hole, START + 15 * MIN);
}

static void
a_restart_alone_is_no_silence(void **state)
{
	struct standing s = answering();
	int64_t hole, start = START + 40 * MIN;

	(void)state;
	s.asking_us = 0;
	standing_rest(&s, STANDING_SYSLOG, start);
	/* Down for 40 minutes, then its first mark comes back. */
	assert_int_equal(
	    line_at(&s, start + 1, false, &hole), STANDING_NO_HOLE);
	/* Down for more than 65: nobody watched. */
	s = answering();
	s.asking_us = 0;
	standing_rest(&s, STANDING_SYSLOG, START + 70 * MIN);
	assert_int_equal(line_at(&s, START + 70 * MIN + 1, false, &hole),
	    STANDING_UNWATCHED);
	/* Fifteen minutes of asking in vain after it are silence again. */
	s = answering();
	s.asking_us = 0;
	standing_rest(&s, STANDING_SYSLOG, start);
	assert_int_equal(
	    line_at(&s, start + 15 * MIN + 1, false, &hole), STANDING_SILENT);
	assert_int_equal(hole, START + 15 * MIN);
}

static void
a_source_that_never_answered_is_not_silent_only_unwatched(void **state)
{
	struct standing s = answering();
	int64_t hole;

	(void)state;
	s.answers = false;
	standing_rest(&s, STANDING_SYSLOG, START + 20 * HOUR);
	assert_int_equal(s.through_us, START + 15 * MIN);
	assert_int_equal(
	    line_at(&s, START + 20 * HOUR, false, &hole), STANDING_UNWATCHED);
	assert_int_equal(hole, START + 15 * MIN);
}

static void
lines_that_waited_in_the_socket_break_no_silence_that_was_none(void **state)
{
	struct standing s = answering();
	int64_t hole, now = START + HOUR;

	(void)state;
	/* A daemon that hung for an hour: what was sent comes with the stamps
	 * of when it was. */
	standing_rest(&s, STANDING_SYSLOG, now);
	assert_true(s.silent_us != 0);
	for (int64_t t = START + 10 * MIN; t <= now; t += 10 * MIN)
		assert_int_equal(
		    standing_line(&s, STANDING_SYSLOG, t, false, now, &hole),
		    STANDING_NO_HOLE);
	assert_true(standing_rest(&s, STANDING_SYSLOG, now));
}

static void
a_clock_that_was_set_forward_is_no_silence(void **state)
{
	struct standing s = answering();
	int64_t hole, now = START + 10 * HOUR;

	(void)state;
	standing_anew(&s);
	assert_false(standing_rest(&s, STANDING_SYSLOG, now));
	assert_int_equal(s.silent_us, 0);
	assert_int_equal(
	    line_at(&s, now + 1, false, &hole), STANDING_UNWATCHED);
}

static void
a_clock_that_was_set_back_leaves_nothing_in_the_future(void **state)
{
	struct standing s = answering();
	int64_t hole, now = START - 365 * 24 * HOUR;

	(void)state;
	standing_anew(&s);
	assert_true(standing_rest(&s, STANDING_SYSLOG, now));
	assert_int_equal(s.through_us, now);
	assert_true(s.from_us <= s.through_us);
	/* And silence is found by the new clock. */
	assert_false(standing_rest(&s, STANDING_SYSLOG, now + 16 * MIN));
	assert_int_equal(s.through_us, now + 15 * MIN);
	assert_int_equal(
	    line_at(&s, now + HOUR, false, &hole), STANDING_SILENT);
}

/* Whatever happens, in any order: it never stands later than now, nor later
 * than 15 minutes after the last line, and a stretch that no line bounds
 * within 65 minutes is always a hole. */
static void
no_history_makes_it_stand_where_no_line_was(void **state)
{
	(void)state;
	srand(1);
	for (int history = 0; history < 3000; history++) {
		struct standing s = {.answers = history & 1};
		int64_t now = START, last = START, stood = START, hole;
		enum standing_hole got;

		line_at(&s, now, false, &hole);
		for (int i = 0; i < 60; i++) {
			now += (int64_t)(rand() % 40) * MIN;
			switch (rand() % 4) {
			case 0:
				got = line_at(&s, now, false, &hole);
				if (now - last > STANDING_QUIET_US)
					assert_int_not_equal(
					    got, STANDING_NO_HOLE);
				if (got != STANDING_NO_HOLE)
					assert_true(
					    hole >= stood &&
					    hole <= last + STANDING_SYSLOG_US);
				last = now;
				break;
			case 1:
				s.asking_us = 0; /* a restart */
				break;
			default:
				(void)standing_rest(&s, STANDING_SYSLOG, now);
			}
			assert_true(s.through_us <= now);
			assert_true(s.through_us <= last + STANDING_SYSLOG_US);
			assert_true(s.through_us >= stood);
			stood = s.through_us;
		}
	}
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
	    cmocka_unit_test(
		a_day_with_a_mark_every_ten_minutes_is_watched_throughout),
	    cmocka_unit_test(
		more_than_fifteen_minutes_without_a_mark_are_silence),
	    cmocka_unit_test(
		a_silence_goes_from_where_it_stood_to_the_first_new_line),
	    cmocka_unit_test(
		silence_that_was_seen_is_known_after_a_restart_and_no_boot_explains_it),
	    cmocka_unit_test(a_restart_alone_is_no_silence),
	    cmocka_unit_test(
		a_source_that_never_answered_is_not_silent_only_unwatched),
	    cmocka_unit_test(
		lines_that_waited_in_the_socket_break_no_silence_that_was_none),
	    cmocka_unit_test(a_clock_that_was_set_forward_is_no_silence),
	    cmocka_unit_test(
		a_clock_that_was_set_back_leaves_nothing_in_the_future),
	    cmocka_unit_test(no_history_makes_it_stand_where_no_line_was),
	};

	return cmocka_run_group_tests_name("standing", tests, NULL, NULL);
}
