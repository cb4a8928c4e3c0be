/* SPDX-License-Identifier: Apache-2.0 */
#include "instant.h"

#include <string.h>

#include "assay/stamp.h"
#include "assay/zone.h"

#define FUTURE_US (2 * STAMP_US_PER_DAY)
#define JUMP_US (180 * STAMP_US_PER_DAY)
#define END_US (INT64_C(253402300800) * STAMP_US_PER_S)

bool
instant_take_digits(struct slice *text, size_t least, size_t most, int *value)
{
	int sum = 0;
	size_t n = 0;

	while (n < most && n < text->len && text->ptr[n] >= '0' &&
	       text->ptr[n] <= '9')
		sum = sum * 10 + (text->ptr[n++] - '0');
	if (n < least)
		return false;
	*text = slice_from(*text, n);
	*value = sum;
	return true;
}

static bool
take_byte(struct slice *text, char c)
{
	if (!text->len || *text->ptr != c)
		return false;
	*text = slice_from(*text, 1);
	return true;
}

bool
instant_take_month(struct slice *text, int *month)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	if (text->len < 3)
		return false;
	for (int m = 0; m < 12; m++)
		if (!memcmp(text->ptr, names + 3 * (size_t)m, 3)) {
			*text = slice_from(*text, 3);
			*month = m + 1;
			return true;
		}
	return false;
}

bool
instant_take_fraction(struct slice *text, struct instant *out)
{
	int64_t us = 0;
	size_t n = 0;

	while (n < text->len && text->ptr[n] >= '0' && text->ptr[n] <= '9')
		n++;
	if (n == 0 || n > 9)
		return false;
	for (size_t i = 0; i < 6; i++)
		us = us * 10 + (i < n ? text->ptr[i] - '0' : 0);
	out->fraction_us = us;
	out->fraction_digits = (unsigned)n;
	*text = slice_from(*text, n);
	return true;
}

bool
instant_take_offset(struct slice *text, struct instant *out)
{
	struct slice rest = *text;
	bool west = rest.len && *rest.ptr == '-';
	int hours, minutes;

	if (take_byte(text, 'Z')) {
		out->has_offset = true;
		out->offset_us = 0;
		return true;
	}
	if (!take_byte(&rest, '+') && !take_byte(&rest, '-'))
		return false;
	if (!instant_take_digits(&rest, 2, 2, &hours))
		return false;
	take_byte(&rest, ':');
	if (!instant_take_digits(&rest, 2, 2, &minutes) || hours > 23 ||
	    minutes > 59)
		return false;
	out->has_offset = true;
	out->offset_us = (hours * INT64_C(60) + minutes) * 60 * STAMP_US_PER_S;
	if (west)
		out->offset_us = -out->offset_us;
	*text = rest;
	return true;
}

/* hh:mm:ss[.f] */
static bool
take_clock(struct slice *text, struct instant *out)
{
	if (!instant_take_digits(text, 2, 2, &out->hour) ||
	    !take_byte(text, ':') ||
	    !instant_take_digits(text, 2, 2, &out->minute) ||
	    !take_byte(text, ':') ||
	    !instant_take_digits(text, 2, 2, &out->second))
		return false;
	if (text->len > 1 && (*text->ptr == '.' || *text->ptr == ',')) {
		struct slice rest = slice_from(*text, 1);

		if (instant_take_fraction(&rest, out))
			*text = rest;
	}
	return true;
}

bool
instant_take_bsd(struct slice *text, struct instant *out)
{
	struct slice rest = *text;
	struct instant new = {0};

	if (!instant_take_month(&rest, &new.month) || !take_byte(&rest, ' '))
		return false;
	take_byte(&rest, ' ');
	if (!instant_take_digits(&rest, 1, 2, &new.day) ||
	    !take_byte(&rest, ' ') || !take_clock(&rest, &new) ||
	    !instant_is_valid(&new))
		return false;
	*text = rest;
	*out = new;
	return true;
}

bool
instant_take_iso(struct slice *text, struct instant *out)
{
	struct slice rest = *text;
	struct instant new = {0};

	if (!instant_take_digits(&rest, 4, 4, &new.year) || new.year == 0 ||
	    !take_byte(&rest, '-') ||
	    !instant_take_digits(&rest, 2, 2, &new.month) ||
	    !take_byte(&rest, '-') ||
	    !instant_take_digits(&rest, 2, 2, &new.day))
		return false;
	if (!take_byte(&rest, 'T') && !take_byte(&rest, ' '))
		return false;
	if (!take_clock(&rest, &new) || !instant_is_valid(&new))
		return false;
	instant_take_offset(&rest, &new);
	*text = rest;
	*out = new;
	return true;
}

static bool
is_leap(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

bool
instant_is_valid(const struct instant *i)
{
	static const int days[] = {
	    31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	if (i->month < 1 || i->month > 12 || i->day < 1 ||
	    i->day > days[i->month - 1])
		return false;
	if (i->month == 2 && i->day == 29 && i->year && !is_leap(i->year))
		return false;
	return i->hour < 24 && i->minute < 60 && i->second < 60;
}

static int64_t
in_year(const struct instant *i, int64_t year, const struct zone *zone,
    int64_t near_us)
{
	int64_t s = stamp_days(year, i->month, i->day) * 86400 +
		    i->hour * INT64_C(3600) + i->minute * INT64_C(60) +
		    i->second;
	int64_t us = s * STAMP_US_PER_S + i->fraction_us;

	if (i->has_offset)
		return us - i->offset_us;
	return zone ? zone_utc_near_us(zone, us, near_us, NULL) : us;
}

static int64_t
floor_days(int64_t us)
{
	return us / STAMP_US_PER_DAY - (us % STAMP_US_PER_DAY < 0);
}

/* The latest year in which the stamp exists and is not after the reference;
 * but lines of a file follow each other, whatever the file's own time says. */
static int64_t
infer_year(const struct instant *i, const struct zone *zone,
    int64_t reference_us, int64_t previous_us)
{
	int64_t local = zone ? zone_local_us(zone, reference_us) : reference_us;
	bool leap_day = i->month == 2 && i->day == 29;
	int64_t year, us;
	int month, day;

	stamp_date(floor_days(local), &year, &month, &day);
	/* In the last days of a year the next one is within 48 h. */
	for (year++;
	     (leap_day && !is_leap(year)) ||
	     in_year(i, year, zone, reference_us) > reference_us + FUTURE_US;
	     year--)
		;
	us = in_year(i, year, zone, reference_us);
	if (previous_us && us < previous_us - JUMP_US && !leap_day)
		year++;
	return year;
}

bool
instant_us(const struct instant *i, const struct zone *zone,
    int64_t reference_us, int64_t previous_us, int64_t *us)
{
	int64_t year = i->year, result;

	if (year == 0)
		year = infer_year(i, zone, reference_us, previous_us);
	result = in_year(i, year, zone, reference_us);
	if (result < 0 || result >= END_US)
		return false;
	*us = result;
	return true;
}
