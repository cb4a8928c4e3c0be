/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "tally.h"

static int64_t
sum(const struct tally_row *rows, size_t count)
{
	int64_t lines = 0;

	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < TALLY_FATES; k++)
			lines += rows[i].lines[k];
	return lines;
}

static struct slice
name_of(const struct tally_row *r)
{
	return (struct slice){r->name, r->len};
}

static void
what_became_of_the_lines_is_told_for_each_program(void **state)
{
	struct tally *t = tally_new();
	struct tally_row rows[8];

	(void)state;
	assert_int_equal(tally_rows(t, rows, 8), 0);
	for (int i = 0; i < 3; i++)
		tally_add(t, SLICE("sshd"), TALLY_KNOWN);
	tally_add(t, SLICE("cron"), TALLY_UNKNOWN);
	tally_add(t, SLICE("sshd"), TALLY_IGNORED);
	tally_add(t, SLICE(""), TALLY_UNKNOWN);
	tally_add(t, SLICE("cron"), TALLY_UNKNOWN);
	assert_int_equal(tally_rows(t, rows, 8), 3);
	assert_slice(name_of(&rows[0]), SLICE("sshd"));
	assert_int_equal(rows[0].lines[TALLY_KNOWN], 3);
	assert_int_equal(rows[0].lines[TALLY_IGNORED], 1);
	assert_int_equal(rows[0].lines[TALLY_UNKNOWN], 0);
	assert_slice(name_of(&rows[1]), SLICE("cron"));
	assert_int_equal(rows[1].lines[TALLY_UNKNOWN], 2);
	assert_slice(name_of(&rows[2]), SLICE("(none)"));
	tally_free(t);
}

static void
a_flood_of_names_is_bounded_and_no_line_is_forgotten(void **state)
{
	struct tally *t = tally_new();
	struct tally_row rows[50];
	char name[200];
	int64_t added = 0;
	size_t count;

	(void)state;
	for (int i = 0; i < 20000; i++, added++) {
		int len = snprintf(name, sizeof name, "%d-%0*d", i % 7001,
		    i % 90 + 1, i % 7001);

		tally_add(t, (struct slice){name, (size_t)len},
		    (enum tally_fate)(i % 3));
	}
	for (int i = 0; i < 500; i++, added++)
		tally_add(t, SLICE("7-7"), TALLY_KNOWN);
	count = tally_rows(t, rows, 50);
	assert_int_equal(count, 50);
	assert_slice(name_of(&rows[49]), SLICE("(other)"));
	assert_int_equal(sum(rows, count), added);
	assert_int_equal(tally_rows(t, rows, 1), 1);
	assert_int_equal(sum(rows, 1), added);
	tally_free(t);
}

static void
a_full_table_that_fits_has_no_others(void **state)
{
	static struct tally_row rows[TALLY_PROGRAMS + 1];
	struct tally *t = tally_new();
	char name[20];

	(void)state;
	for (int i = 0; i < TALLY_PROGRAMS; i++) {
		int len = snprintf(name, sizeof name, "p%d", i);

		tally_add(t, (struct slice){name, (size_t)len}, TALLY_UNKNOWN);
	}
	assert_int_equal(
	    tally_rows(t, rows, TALLY_PROGRAMS + 1), TALLY_PROGRAMS);
	assert_int_equal(tally_rows(t, rows, TALLY_PROGRAMS), TALLY_PROGRAMS);
	assert_int_equal(sum(rows, TALLY_PROGRAMS), TALLY_PROGRAMS);
	tally_add(t, SLICE("one more"), TALLY_KNOWN);
	assert_int_equal(
	    tally_rows(t, rows, TALLY_PROGRAMS + 1), TALLY_PROGRAMS + 1);
	assert_slice(name_of(&rows[TALLY_PROGRAMS]), SLICE("(other)"));
	tally_free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_became_of_the_lines_is_told_for_each_program),
	    cmocka_unit_test(
		a_flood_of_names_is_bounded_and_no_line_is_forgotten),
	    cmocka_unit_test(a_full_table_that_fits_has_no_others),
	};

	return cmocka_run_group_tests_name("tally", tests, NULL, NULL);
}
