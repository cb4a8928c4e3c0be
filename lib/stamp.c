/* SPDX-License-Identifier: Apache-2.0 */
#include "assay/stamp.h"

#include <assert.h>
#include <string.h>

#define MAX_US (INT64_C(253402300800) * STAMP_US_PER_S)

int64_t
stamp_days(int64_t year, int month, int day)
{
	/* Years that begin in March put the leap day at their end. */
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 +
	       of_year + day - 1 - 719468;
}

void
stamp_date(int64_t days, int64_t *year, int *month, int *day)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t of_era = z - era * 146097;
	int64_t y =
	    (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * y + y / 4 - y / 100);
	int64_t m = (5 * of_year + 2) / 153;

	*day = (int)(of_year - (153 * m + 2) / 5 + 1);
	*month = (int)(m < 10 ? m + 3 : m - 9);
	*year = y + era * 400 + (*month <= 2);
}

static inline void
put_two(char *text, unsigned value)
{
	text[0] = (char)('0' + value / 10 % 10);
	text[1] = (char)('0' + value % 10);
}

/* Written for each record several times: by hand, printf takes ten times as
 * long. */
void
stamp_format(char text[STAMP_LEN + 1], int64_t us)
{
	int64_t year, days, rest;
	unsigned s, us_part;
	int month, day;

	assert(us >= 0 && us < MAX_US);
	days = us / STAMP_US_PER_DAY;
	rest = us % STAMP_US_PER_DAY;
	stamp_date(days, &year, &month, &day);
	s = (unsigned)(rest / STAMP_US_PER_S);
	us_part = (unsigned)(rest % STAMP_US_PER_S);
	memcpy(text, "0000-00-00T00:00:00.000000Z", STAMP_LEN + 1);
	put_two(text, (unsigned)year / 100);
	put_two(text + 2, (unsigned)year % 100);
	put_two(text + 5, (unsigned)month);
	put_two(text + 8, (unsigned)day);
	put_two(text + 11, s / 3600);
	put_two(text + 14, s / 60 % 60);
	put_two(text + 17, s % 60);
	put_two(text + 20, us_part / 10000);
	put_two(text + 22, us_part / 100 % 100);
	put_two(text + 24, us_part % 100);
}

bool
stamp_parse(struct slice text, int64_t *us)
{
	static const char shape[] = "0000-00-00T00:00:00.000000Z";
	unsigned long long part[7];
	static const struct {
		size_t at, len;
	} where[7] = {
	    {0, 4}, {5, 2}, {8, 2}, {11, 2}, {14, 2}, {17, 2}, {20, 6}};
	char again[STAMP_LEN + 1];
	int64_t value;

	if (text.len != STAMP_LEN)
		return false;
	for (size_t i = 0; i < STAMP_LEN; i++)
		if (shape[i] != '0' && text.ptr[i] != shape[i])
			return false;
	for (size_t i = 0; i < 7; i++)
		if (!slice_uint(
			(struct slice){text.ptr + where[i].at, where[i].len},
			999999, &part[i]))
			return false;
	if (part[0] < 1970 || part[1] < 1 || part[1] > 12)
		return false;
	value = stamp_days((int64_t)part[0], (int)part[1], (int)part[2]) *
		STAMP_US_PER_DAY;
	value +=
	    (int64_t)(part[3] * 3600 + part[4] * 60 + part[5]) * STAMP_US_PER_S;
	value += (int64_t)part[6];
	if (value < 0 || value >= MAX_US)
		return false;
	/* Anything that does not come back as it was (Feb 30, 25:00) is wrong.
	 */
	stamp_format(again, value);
	if (memcmp(again, text.ptr, STAMP_LEN) != 0)
		return false;
	*us = value;
	return true;
}
