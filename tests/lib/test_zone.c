/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "assay/stamp.h"
#include "assay/zone.h"

#define S STAMP_US_PER_S
#define HOUR (3600 * S)

static int64_t
at(const char *text)
{
	int64_t us;

	if (!stamp_parse(slice_of(text), &us))
		fail_msg("'%s' is no stamp", text);
	return us;
}

static uint64_t
next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* libc reads the same file by other code. */
static long
libc_offset(int64_t s)
{
	time_t t = (time_t)s;
	struct tm tm;

	localtime_r(&t, &tm);
	return tm.tm_gmtoff;
}

static void
agrees_with_libc(const char *name)
{
	struct err err = {""};
	struct zone *z = zone_load_file(name, &err);
	uint64_t seed = 88172645463325252U;

	if (!z)
		fail_msg("%s", err.text);
	setenv("TZ", name, 1);
	tzset();
	/* 1890 to 2190: the table, its ends and the rule after it. */
	for (int i = 0; i < 3000; i++) {
		int64_t s =
		    (int64_t)(next_random(&seed) % 9467280000U) - 2524608000;

		if (zone_offset_s(z, s * S) != libc_offset(s))
			fail_msg("%s at %lld: %d, libc says %ld", name,
			    (long long)s, zone_offset_s(z, s * S),
			    libc_offset(s));
	}
	zone_free(z);
	unsetenv("TZ");
	tzset();
}

static void
well_known_zones_agree_with_libc(void **state)
{
	static const char *const names[] = {"Europe/Berlin", "America/New_York",
	    "Australia/Lord_Howe", "Africa/Casablanca", "Europe/Dublin",
	    "Asia/Kolkata", "Pacific/Apia", "America/Sao_Paulo", "Asia/Gaza",
	    "Antarctica/Troll", "America/Nuuk", "Africa/Monrovia", "UTC",
	    "EST5EDT"};

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		agrees_with_libc(names[i]);
}

static int zones_seen;

static int
on_zone(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	struct buf bytes;
	bool tzif;

	(void)st;
	if (kind != FTW_F || strstr(path, "/right/") || strstr(path, "/posix/"))
		return 0;
	(void)where;
	bytes = test_read(path);
	tzif = bytes.len > 4 && !memcmp(bytes.ptr, "TZif", 4);
	buf_clear(&bytes);
	if (!tzif)
		return 0;
	zones_seen++;
	agrees_with_libc(path + strlen("/usr/share/zoneinfo/"));
	return 0;
}

static void
every_zone_of_this_machine_agrees_with_libc(void **state)
{
	(void)state;
	nftw("/usr/share/zoneinfo", on_zone, 16, FTW_PHYS);
	assert_true(zones_seen > 100);
}

static int locals_checked;

/* By brute force: all instants around that show the local time. */
static void
check_local(const struct zone *z, int64_t local)
{
	int64_t found[8] = {0}, near = local + 7 * HOUR, best = 0;
	enum zone_fit fit;
	int count = 0;
	int64_t got = zone_utc_us(z, local, &fit);

	locals_checked++;
	for (int64_t q = -27 * 4; q <= 27 * 4; q++) {
		int64_t utc = local + q * 15 * 60 * S;

		if (zone_local_us(z, utc) == local && count < 8)
			found[count++] = utc;
	}
	if (count == 0) {
		assert_int_equal(fit, ZONE_SKIPPED);
		/* The clock that was before the change would show it. */
		assert_int_equal(
		    got, local - zone_offset_s(z, got - 3 * HOUR) * S);
		assert_true(zone_local_us(z, got) > local);
		return;
	}
	assert_int_equal(fit, count == 1 ? ZONE_ONCE : ZONE_TWICE);
	assert_int_equal(got, found[0]);
	for (int i = 0; i < count; i++)
		if (i == 0 || llabs(found[i] - near) < llabs(best - near))
			best = found[i];
	assert_int_equal(zone_utc_near_us(z, local, near, &fit), best);
	near = found[0] - HOUR;
	assert_int_equal(zone_utc_near_us(z, local, near, NULL), found[0]);
}

static void
local_times_are_found_as_by_trying_all(void **state)
{
	static const char *const names[] = {"Europe/Berlin", "America/New_York",
	    "Australia/Lord_Howe", "Africa/Casablanca"};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct zone *z = zone_load_file(names[i], NULL);

		assert_non_null(z);
		/* Each quarter of an hour of the days around all changes of
		 * two years in the table and one long after it. */
		for (int64_t t = at("2026-01-01T00:00:00.000000Z");
		     t < at("2028-01-01T00:00:00.000000Z"); t += 6 * HOUR)
			if (zone_offset_s(z, t) !=
			    zone_offset_s(z, t + 6 * HOUR))
				for (int q = -40; q < 64; q++)
					check_local(z, zone_local_us(z, t) +
							   q * 15 * 60 * S);
		for (int64_t t = at("2091-01-01T00:00:00.000000Z");
		     t < at("2092-01-01T00:00:00.000000Z"); t += 6 * HOUR)
			if (zone_offset_s(z, t) !=
			    zone_offset_s(z, t + 6 * HOUR))
				for (int q = -40; q < 64; q++)
					check_local(z, zone_local_us(z, t) +
							   q * 15 * 60 * S);
		zone_free(z);
	}
	assert_true(locals_checked > 2000);
}

static void
the_skipped_and_the_doubled_hour_of_berlin(void **state)
{
	struct zone *z = zone_load_file("Europe/Berlin", NULL);
	enum zone_fit fit;
	int64_t doubled = at("2026-10-25T02:30:00.000000Z");

	(void)state;
	assert_non_null(z);
	assert_int_equal(
	    zone_utc_us(z, at("2026-03-29T02:30:00.000000Z"), &fit),
	    at("2026-03-29T01:30:00.000000Z"));
	assert_int_equal(fit, ZONE_SKIPPED);
	assert_int_equal(
	    zone_utc_us(z, at("2026-03-29T03:10:00.000000Z"), &fit),
	    at("2026-03-29T01:10:00.000000Z"));
	assert_int_equal(fit, ZONE_ONCE);
	assert_int_equal(
	    zone_utc_us(z, doubled, &fit), at("2026-10-25T00:30:00.000000Z"));
	assert_int_equal(fit, ZONE_TWICE);
	assert_int_equal(zone_utc_near_us(z, doubled,
			     at("2026-10-25T01:31:00.000000Z"), NULL),
	    at("2026-10-25T01:30:00.000000Z"));
	/* As near to one as to the other: the first. */
	assert_int_equal(zone_utc_near_us(z, doubled,
			     at("2026-10-25T01:00:00.000000Z"), NULL),
	    at("2026-10-25T00:30:00.000000Z"));
	/* A microsecond before a change is still before it. */
	assert_int_equal(
	    zone_offset_s(z, at("2026-03-29T00:59:59.999999Z")), 3600);
	assert_int_equal(
	    zone_offset_s(z, at("2026-03-29T01:00:00.000000Z")), 7200);
	assert_int_equal(zone_offset_s(z, -1), 3600);
	zone_free(z);
}

static void
a_rule_may_keep_summer_all_the_year_or_use_any_form_of_day(void **state)
{
	static const struct {
		const char *rule;
		const char *when;
		int offset;
	} cases[] = {
	    {"EST5EDT4,0/0,J365/25", "2027-01-01T04:30:00.000000Z", -14400},
	    {"EST5EDT4,0/0,J365/25", "2027-01-01T05:30:00.000000Z", -14400},
	    {"EST5EDT4,0/0,J365/25", "2026-07-01T00:00:00.000000Z", -14400},
	    {"<-03>3<-02>,M3.5.0/-2,M10.5.0/-1", "2026-03-29T00:59:59.000000Z",
		-10800},
	    {"<-03>3<-02>,M3.5.0/-2,M10.5.0/-1", "2026-03-29T01:00:00.000000Z",
		-7200},
	    {"AAA0BBB,J60/0,J61/0", "2028-03-01T00:00:00.000000Z", 3600},
	    {"AAA0BBB,J60/0,J61/0", "2028-02-29T12:00:00.000000Z", 0},
	    {"AAA0BBB,59/0,60/0", "2028-02-29T12:00:00.000000Z", 3600},
	    {"<+0530>-5:30", "2030-01-01T00:00:00.000000Z", 19800},
	    {"IST-1GMT0,M10.5.0,M3.5.0/1", "2030-01-01T00:00:00.000000Z", 0},
	    {"IST-1GMT0,M10.5.0,M3.5.0/1", "2030-07-01T00:00:00.000000Z", 3600},
	};
	struct buf tzif = {0};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct zone *z;
		size_t len;

		buf_reset(&tzif);
		assert_int_equal(zone_read("UTC", &tzif, NULL), 0);
		len = tzif.len - strlen("UTC0\n");
		tzif.len = len;
		buf_printf(&tzif, "%s\n", cases[i].rule);
		z = zone_new(buf_slice(&tzif), NULL);
		assert_non_null(z);
		if (zone_offset_s(z, at(cases[i].when)) != cases[i].offset)
			fail_msg("%s at %s", cases[i].rule, cases[i].when);
		zone_free(z);
	}
	buf_clear(&tzif);
}

static void
a_zone_file_cut_at_any_byte_is_refused(void **state)
{
	struct buf whole = {0};

	(void)state;
	assert_int_equal(zone_read("Europe/Berlin", &whole, NULL), 0);
	for (size_t len = 0; len < whole.len; len++) {
		struct err err = {""};
		char *copy = malloc(len + 1); /* so that a read past it shows */
		struct zone *z;

		memcpy(copy, whole.ptr, len);
		z = zone_new((struct slice){copy, len}, &err);
		free(copy);
		if (z)
			fail_msg("%zu bytes were taken for a zone", len);
		assert_true(err.text[0]);
	}
	buf_clear(&whole);
}

static void
a_name_that_is_none_is_refused(void **state)
{
	static const char *const names[] = {"", "../etc/passwd", "a/../../b",
	    ".", "Europe/", "Europe/Nowhere", "Europe/Berlin\n", "zone.tab",
	    "right/../Europe/Berlin", "/nonexistent"};

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct err err = {""};

		assert_null(zone_load_file(names[i], &err));
		assert_non_null(strstr(err.text, "zone '"));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(well_known_zones_agree_with_libc),
	    cmocka_unit_test(every_zone_of_this_machine_agrees_with_libc),
	    cmocka_unit_test(local_times_are_found_as_by_trying_all),
	    cmocka_unit_test(the_skipped_and_the_doubled_hour_of_berlin),
	    cmocka_unit_test(
		a_rule_may_keep_summer_all_the_year_or_use_any_form_of_day),
	    cmocka_unit_test(a_zone_file_cut_at_any_byte_is_refused),
	    cmocka_unit_test(a_name_that_is_none_is_refused),
	};

	return cmocka_run_group_tests_name("zone", tests, NULL, NULL);
}
