/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <time.h>

#include "assay/stamp.h"

static void
the_epoch_has_its_wire_form(void **state)
{
	char text[STAMP_LEN + 1];

	(void)state;
	stamp_format(text, 0);
	assert_string_equal(text, "1970-01-01T00:00:00.000000Z");
}

static void
every_day_of_four_centuries_agrees_with_libc_and_comes_back(void **state)
{
	(void)state;
	for (int64_t day = 0; day < 146097; day++) {
		int64_t us = day * STAMP_US_PER_DAY + 12345678901, back = -1;
		time_t s = (time_t)(us / STAMP_US_PER_S);
		char text[STAMP_LEN + 1], libc[32];
		struct tm tm;

		stamp_format(text, us);
		gmtime_r(&s, &tm);
		strftime(libc, sizeof libc, "%Y-%m-%dT%H:%M:%S", &tm);
		assert_memory_equal(text, libc, 19);
		assert_true(stamp_parse(slice_of(text), &back));
		assert_int_equal(back, us);
	}
}

static void
a_time_that_does_not_exist_is_refused(void **state)
{
	static const char *const bad[] = {"2026-02-29T00:00:00.000000Z",
	    "2026-01-01T24:00:00.000000Z", "2026-13-01T00:00:00.000000Z",
	    "2026-01-01T00:60:00.000000Z", "2026-01-01T00:00:60.000000Z",
	    "2026-01-00T00:00:00.000000Z", "1969-12-31T23:59:59.999999Z",
	    "2026-01-01t00:00:00.000000Z", "2026-01-01T00:00:00.00000Z",
	    "2026-01-01T00:00:00.0000000Z", "2026-01-01T00:00:00.000000+",
	    "2026-01-01T00:00:00.00000 Z", ""};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		int64_t us = 7;

		assert_false(stamp_parse(slice_of(bad[i]), &us));
		assert_int_equal(us, 7);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_epoch_has_its_wire_form),
	    cmocka_unit_test(
		every_day_of_four_centuries_agrees_with_libc_and_comes_back),
	    cmocka_unit_test(a_time_that_does_not_exist_is_refused),
	};

	return cmocka_run_group_tests_name("stamp", tests, NULL, NULL);
}
