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

/* The month of a name, or 0. */
static int
month_of(const char *name)
{
#define KEY(a, b, c) ((unsigned)(a) << 16 | (unsigned)(b) << 8 | (unsigned)(c))
	switch (KEY(name[0], name[1], name[2])) {
	case KEY('J', 'a', 'n'):
		return 1;
	case KEY('F', 'e', 'b'):
		return 2;
	case KEY('M', 'a', 'r'):
		return 3;
	case KEY('A', 'p', 'r'):
		return 4;
	case KEY('M', 'a', 'y'):
		return 5;
	case KEY('J', 'u', 'n'):
		return 6;
	case KEY('J', 'u', 'l'):
		return 7;
	case KEY('A', 'u', 'g'):
		return 8;
	case KEY('S', 'e', 'p'):
		return 9;
	case KEY('O', 'c', 't'):
		return 10;
	case KEY('N', 'o', 'v'):
		return 11;
	case KEY('D', 'e', 'c'):
		return 12;
	default:
		return 0;
	}
#undef KEY
}

bool
instant_take_month(struct slice *text, int *month)
{
	int found = text->len < 3 ? 0 : month_of(text->ptr);

	if (!found)
		return false;
	*text = slice_from(*text, 3);
	*month = found;
	return true;
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

/* The number of two digits, or -1. */
static inline int
two_digits(const char *p)
{
	unsigned tens = (unsigned char)p[0] - (unsigned)'0';
	unsigned ones = (unsigned char)p[1] - (unsigned)'0';

	return tens > 9 || ones > 9 ? -1 : (int)(10 * tens + ones);
}

/* hh:mm:ss[.f] */
static bool
take_clock(struct slice *text, struct instant *out)
{
	const char *p = text->ptr;

	if (text->len < 8 || p[2] != ':' || p[5] != ':')
		return false;
	out->hour = two_digits(p);
	out->minute = two_digits(p + 3);
	out->second = two_digits(p + 6);
	if ((out->hour | out->minute | out->second) < 0)
		return false;
	*text = slice_from(*text, 8);
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
	const char *p = rest.ptr;
	int century;

	if (rest.len < 19 || p[4] != '-' || p[7] != '-' ||
	    (p[10] != 'T' && p[10] != ' '))
		return false;
	century = two_digits(p);
	new.year = two_digits(p + 2);
	new.month = two_digits(p + 5);
	new.day = two_digits(p + 8);
	if ((century | new.year | new.month | new.day) < 0)
		return false;
	new.year += 100 * century;
	rest = slice_from(rest, 11);
	if (new.year == 0 || !take_clock(&rest, &new) ||
	    !instant_is_valid(&new))
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
in_inferred_year(const struct instant *i, const struct zone *zone,
    int64_t reference_us, int64_t previous_us)
{
	int64_t local = zone ? zone_local_us(zone, reference_us) : reference_us;
	bool leap_day = i->month == 2 && i->day == 29;
	int64_t year, us;
	int month, day;

	stamp_date(floor_days(local), &year, &month, &day);
	/* Only in the last days of a year the next one is within 48 h. */
	if (month == 12 && day > 27)
		year++;
	for (;; year--) {
		if (leap_day && !is_leap(year))
			continue;
		us = in_year(i, year, zone, reference_us);
		if (us <= reference_us + FUTURE_US)
			break;
	}
	if (previous_us && us < previous_us - JUMP_US && !leap_day)
		us = in_year(i, year + 1, zone, reference_us);
	return us;
}

bool
instant_us(const struct instant *i, const struct zone *zone,
    int64_t reference_us, int64_t previous_us, int64_t *us)
{
	int64_t result =
	    i->year ? in_year(i, i->year, zone, reference_us)
		    : in_inferred_year(i, zone, reference_us, previous_us);

	if (result < 0 || result >= END_US)
		return false;
	*us = result;
	return true;
}
