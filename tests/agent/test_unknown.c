/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "unknown.h"

#define ROWS (UNKNOWN_TOP + RULE_CLASSES)

static void
lines_are_counted_per_program_and_class(void **state)
{
	struct unknown *u = unknown_new();
	struct record_unknown rows[ROWS];

	(void)state;
	unknown_add(u, SLICE("cron"), RULE_SYSLOG, false, 30);
	unknown_add(u, SLICE("cron"), RULE_SYSLOG, false, 10);
	unknown_add(u, SLICE("cron"), RULE_SYSLOG, false, 20);
	unknown_add(u, SLICE("cron"), RULE_AUTH, false, 5);
	unknown_add(u, SLICE(""), RULE_APP, false, 7);
	assert_int_equal(unknown_rows(u, rows, ROWS), 3);
	assert_slice(rows[0].program, SLICE("cron"));
	assert_slice(rows[0].class, SLICE("syslog"));
	assert_int_equal(rows[0].lines, 3);
	assert_int_equal(rows[0].from_us, 10);
	assert_int_equal(rows[0].through_us, 30);
	assert_slice(rows[1].program, SLICE("(none)"));
	unknown_reset(u);
	assert_int_equal(unknown_rows(u, rows, ROWS), 0);
	unknown_free(u);
}

static void
closed_programs_come_first_however_few_their_lines(void **state)
{
	struct unknown *u = unknown_new();
	struct record_unknown rows[ROWS];

	(void)state;
	for (int i = 0; i < 100; i++)
		unknown_add(u, SLICE("loud"), RULE_AUTH, false, i);
	unknown_add(u, SLICE("sshd"), RULE_AUTH, true, 1);
	assert_int_equal(unknown_rows(u, rows, ROWS), 2);
	assert_slice(rows[0].program, SLICE("sshd"));
	assert_true(rows[0].closed);
	unknown_free(u);
}

/* Whatever names an attacker makes up: no line is lost, no table grows. */
static void
a_flood_of_names_is_counted_as_others_to_the_last_line(void **state)
{
	struct unknown *u = unknown_new();
	struct record_unknown rows[ROWS];
	int64_t lines = 0;
	size_t count;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		char name[32];

		snprintf(name, sizeof name, "made-up-%d", i);
		unknown_add(u, slice_of(name),
		    (enum rule_class)(i % RULE_CLASSES), false, i);
	}
	count = unknown_rows(u, rows, ROWS);
	assert_true(count <= ROWS);
	for (size_t i = 0; i < count; i++)
		lines += rows[i].lines;
	assert_int_equal(lines, 100000);
	assert_slice(rows[count - 1].program, SLICE("(other)"));
	unknown_free(u);
}

static void
a_closed_program_among_the_others_marks_them(void **state)
{
	struct unknown *u = unknown_new();
	struct record_unknown rows[ROWS];
	size_t count;

	(void)state;
	for (int i = 0; i < UNKNOWN_SLOTS; i++) {
		char name[32];

		snprintf(name, sizeof name, "made-up-%d", i);
		unknown_add(u, slice_of(name), RULE_AUTH, false, i);
	}
	unknown_add(u, SLICE("sshd"), RULE_AUTH, true, 1);
	count = unknown_rows(u, rows, ROWS);
	assert_slice(rows[count - 1].program, SLICE("(other)"));
	assert_true(rows[count - 1].closed);
	unknown_free(u);
}

static void
long_names_are_cut(void **state)
{
	struct unknown *u = unknown_new();
	struct record_unknown rows[ROWS];
	char name[500];

	(void)state;
	memset(name, 'n', sizeof name);
	unknown_add(u, (struct slice){name, 500}, RULE_AUTH, false, 1);
	unknown_add(u, (struct slice){name, 400}, RULE_AUTH, false, 1);
	assert_int_equal(unknown_rows(u, rows, ROWS), 1);
	assert_int_equal(rows[0].program.len, UNKNOWN_NAME_MAX);
	unknown_free(u);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lines_are_counted_per_program_and_class),
	    cmocka_unit_test(
		closed_programs_come_first_however_few_their_lines),
	    cmocka_unit_test(
		a_flood_of_names_is_counted_as_others_to_the_last_line),
	    cmocka_unit_test(a_closed_program_among_the_others_marks_them),
	    cmocka_unit_test(long_names_are_cut),
	};

	return cmocka_run_group_tests_name("unknown", tests, NULL, NULL);
}
