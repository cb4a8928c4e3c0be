/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>

#include "assay/stamp.h"
#include "ledger/calendar.h"

static struct zone *
zone_of(const char *name)
{
	struct err err;
	struct zone *z = zone_load_file(name, &err);

	if (!z)
		fail_msg("%s", err.text);
	return z;
}

static int64_t
at(const char *text)
{
	char stamp[STAMP_LEN + 1];
	int64_t us;

	snprintf(stamp, sizeof stamp, "%s:00.000000Z", text);
	if (!stamp_parse(slice_of(stamp), &us))
		fail_msg("%s is no time", stamp);
	return us;
}

static void
assert_at(int64_t us, const char *text)
{
	char stamp[STAMP_LEN + 1];

	stamp_format(stamp, us);
	stamp[16] = 0;
	assert_string_equal(stamp, text);
}

static void
a_boundary_is_at_itself_and_after_the_one_before(void **state)
{
	const struct calendar noon = {CALENDAR_DAY, 12 * 60};
	struct zone *z = zone_new_utc();

	(void)state;
	assert_at(
	    calendar_at(noon, z, at("2026-05-12T12:00")), "2026-05-12T12:00");
	assert_at(calendar_after(noon, z, at("2026-05-12T12:00")),
	    "2026-05-13T12:00");
	assert_at(
	    calendar_at(noon, z, at("2026-05-12T12:01")), "2026-05-13T12:00");
	zone_free(z);
}

static void
each_period_begins_where_people_say(void **state)
{
	static const struct {
		enum calendar_period period;
		const char *next;
	} cases[] = {
	    {CALENDAR_HOUR, "2026-08-19T11:30"},
	    {CALENDAR_DAY, "2026-08-20T06:30"},
	    {CALENDAR_WEEK, "2026-08-24T06:30"}, /* a Monday */
	    {CALENDAR_MONTH, "2026-09-01T06:30"},
	    {CALENDAR_QUARTER, "2026-10-01T06:30"},
	    {CALENDAR_YEAR, "2027-01-01T06:30"},
	};
	struct zone *z = zone_new_utc();

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct calendar c = {cases[i].period, 6 * 60 + 30};

		assert_at(calendar_after(c, z, at("2026-08-19T10:45")),
		    cases[i].next);
	}
	zone_free(z);
}

static void
days_when_clocks_change_have_23_and_25_hours(void **state)
{
	const struct calendar noon = {CALENDAR_DAY, 12 * 60};
	struct zone *z = zone_of("Europe/Berlin");

	(void)state;
	assert_at(
	    calendar_at(noon, z, at("2026-03-28T00:00")), "2026-03-28T11:00");
	assert_at(calendar_after(noon, z, at("2026-03-28T11:00")),
	    "2026-03-29T10:00");
	assert_at(calendar_after(noon, z, at("2026-10-24T10:00")),
	    "2026-10-25T11:00");
	zone_free(z);
}

static void
a_skipped_boundary_is_the_first_instant_after_the_jump(void **state)
{
	const struct calendar half_past_two = {CALENDAR_DAY, 2 * 60 + 30};
	struct zone *z = zone_of("Europe/Berlin");

	(void)state;
	assert_at(calendar_at(half_past_two, z, at("2026-03-28T12:00")),
	    "2026-03-29T01:00");
	zone_free(z);
}

static void
a_boundary_that_comes_twice_is_the_first(void **state)
{
	const struct calendar half_past_two = {CALENDAR_DAY, 2 * 60 + 30};
	struct zone *z = zone_of("Europe/Berlin");

	(void)state;
	assert_at(calendar_at(half_past_two, z, at("2026-10-24T12:00")),
	    "2026-10-25T00:30");
	assert_at(calendar_after(half_past_two, z, at("2026-10-25T00:30")),
	    "2026-10-26T01:30");
	zone_free(z);
}

static void
a_day_that_a_zone_skipped_has_no_slot_of_its_own(void **state)
{
	const struct calendar midnight = {CALENDAR_DAY, 0};
	struct zone *z = zone_of("Pacific/Apia");
	int64_t us;

	(void)state;
	/* Samoa went from 29 to 31 December 2011. */
	us = calendar_after(midnight, z, at("2011-12-29T10:00"));
	assert_at(us, "2011-12-30T10:00");
	assert_at(calendar_after(midnight, z, us), "2011-12-31T10:00");
	zone_free(z);
}

static void
boundaries_never_stand_still_nor_go_back(void **state)
{
	static const char *const zones[] = {"Europe/Berlin", "America/New_York",
	    "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kathmandu"};

	(void)state;
	for (size_t i = 0; i < sizeof zones / sizeof *zones; i++) {
		struct zone *z = zone_of(zones[i]);

		for (int p = CALENDAR_HOUR; p <= CALENDAR_YEAR; p++) {
			struct calendar c = {(enum calendar_period)p, 165};
			int64_t us = at("2026-01-01T00:00");

			for (int n = 0; n < 3000 && us < at("2028-01-01T00:00");
			     n++) {
				int64_t next = calendar_after(c, z, us);

				assert_true(next > us);
				assert_int_equal(calendar_at(c, z, next), next);
				assert_int_equal(
				    calendar_after(c, z, next - 1), next);
				us = next;
			}
		}
		zone_free(z);
	}
}

static void
dates_and_clocks_are_read_or_refused(void **state)
{
	struct zone *z = zone_of("Europe/Berlin");
	int64_t us = 7;
	int minutes = 7;

	(void)state;
	assert_true(calendar_date("2026-05-06", z, &us));
	assert_at(us, "2026-05-05T22:00");
	assert_false(calendar_date("2026-02-30", z, &us));
	assert_false(calendar_date(NULL, z, &us));
	assert_at(us, "2026-05-05T22:00");
	assert_true(calendar_clock(SLICE("23:59"), &minutes));
	assert_int_equal(minutes, 23 * 60 + 59);
	assert_false(calendar_clock(SLICE("24:00"), &minutes));
	assert_false(calendar_clock(SLICE("7:00"), &minutes));
	assert_false(calendar_clock(SLICE("07:60"), &minutes));
	zone_free(z);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_boundary_is_at_itself_and_after_the_one_before),
	    cmocka_unit_test(each_period_begins_where_people_say),
	    cmocka_unit_test(days_when_clocks_change_have_23_and_25_hours),
	    cmocka_unit_test(
		a_skipped_boundary_is_the_first_instant_after_the_jump),
	    cmocka_unit_test(a_boundary_that_comes_twice_is_the_first),
	    cmocka_unit_test(a_day_that_a_zone_skipped_has_no_slot_of_its_own),
	    cmocka_unit_test(boundaries_never_stand_still_nor_go_back),
	    cmocka_unit_test(dates_and_clocks_are_read_or_refused),
	};

	return cmocka_run_group_tests_name("calendar", tests, NULL, NULL);
}
