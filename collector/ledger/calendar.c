/* SPDX-License-Identifier: Apache-2.0 */
#include "calendar.h"

#include "assay/stamp.h"
#include "column.h"
#include "stretch.h"

#define MINUTE_US INT64_C(60000000)
#define HOUR_US INT64_C(3600000000)
#define YEAR_MAX 9999

const char *const calendar_periods[] = {
    "hour", "day", "week", "month", "quarter", "year", NULL};

bool
calendar_equal(struct calendar a, struct calendar b)
{
	return a.period == b.period && a.starts_min == b.starts_min;
}

static int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* The number of the period that holds a local time. */
static int64_t
number_of(enum calendar_period period, int64_t local_us)
{
	int64_t day = floor_div(local_us, STAMP_US_PER_DAY), year;
	int month, of_month;

	stamp_date(day, &year, &month, &of_month);
	switch (period) {
	case CALENDAR_HOUR:
		return floor_div(local_us, HOUR_US);
	case CALENDAR_DAY:
		return day;
	case CALENDAR_WEEK: /* day 0 was a Thursday */
		return floor_div(day + 3, 7);
	case CALENDAR_MONTH:
		return year * 12 + month - 1;
	case CALENDAR_QUARTER:
		return year * 4 + (month - 1) / 3;
	default:
		return year;
	}
}

/* The local time at which a period begins, were it to begin at its first
 * minute. */
static int64_t
beginning_of(enum calendar_period period, int64_t number)
{
	int64_t day;

	switch (period) {
	case CALENDAR_HOUR:
		return number * HOUR_US;
	case CALENDAR_DAY:
		day = number;
		break;
	case CALENDAR_WEEK:
		day = number * 7 - 3;
		break;
	case CALENDAR_MONTH:
		day = stamp_days(floor_div(number, 12),
		    (int)(number - floor_div(number, 12) * 12) + 1, 1);
		break;
	case CALENDAR_QUARTER:
		day = stamp_days(floor_div(number, 4),
		    (int)(number - floor_div(number, 4) * 4) * 3 + 1, 1);
		break;
	default:
		day = stamp_days(number, 1, 1);
	}
	return day * STAMP_US_PER_DAY;
}

/* The first instant after the jump that skipped a local time. moved_us is that
 * time in the offset before the jump, so the jump is at most its own size
 * before it. */
static int64_t
after_jump(const struct zone *z, int64_t local_us, int64_t moved_us)
{
	int32_t after_s = zone_offset_s(z, moved_us);
	int64_t jump_s = after_s - (local_us - moved_us) / STAMP_US_PER_S;
	int64_t hi_s = floor_div(moved_us, STAMP_US_PER_S);
	int64_t lo_s = hi_s - jump_s - 1;

	while (hi_s - lo_s > 1) {
		int64_t mid_s = lo_s + (hi_s - lo_s) / 2;

		if (zone_offset_s(z, mid_s * STAMP_US_PER_S) == after_s)
			hi_s = mid_s;
		else
			lo_s = mid_s;
	}
	return hi_s * STAMP_US_PER_S;
}

static int64_t
instant_of(const struct zone *z, int64_t local_us)
{
	enum zone_fit fit;
	int64_t us = zone_utc_us(z, local_us, &fit);

	return fit == ZONE_SKIPPED ? after_jump(z, local_us, us) : us;
}

/* The boundary that begins a period; STRETCH_FOREVER past the years we know. */
static int64_t
boundary(struct calendar c, const struct zone *z, int64_t number)
{
	int64_t starts_us = c.starts_min * MINUTE_US;
	int64_t local_us = beginning_of(c.period, number);

	if (c.period == CALENDAR_HOUR)
		starts_us %= HOUR_US;
	if (local_us >= stamp_days(YEAR_MAX, 12, 30) * STAMP_US_PER_DAY)
		return STRETCH_FOREVER;
	return instant_of(z, local_us + starts_us);
}

int64_t
calendar_after(struct calendar c, const struct zone *z, int64_t us)
{
	int64_t number = number_of(c.period, zone_local_us(z, us));
	int64_t at_us;

	while (boundary(c, z, number) > us)
		number--;
	while ((at_us = boundary(c, z, number)) <= us)
		number++;
	return at_us;
}

int64_t
calendar_at(struct calendar c, const struct zone *z, int64_t us)
{
	return calendar_after(c, z, us - 1);
}

int
calendar_days(enum calendar_period period)
{
	static const int days[] = {0, 1, 7, 31, 92, 366};

	return days[period];
}

bool
calendar_date(const char *date, const struct zone *z, int64_t *us)
{
	int64_t year;
	int month, day;

	if (!date || !column_date(slice_of(date), &year, &month, &day))
		return false;
	*us = instant_of(z, stamp_days(year, month, day) * STAMP_US_PER_DAY);
	return true;
}

bool
calendar_clock(struct slice text, int *minutes)
{
	unsigned long long hour, minute;

	if (text.len != 5 || text.ptr[2] != ':' ||
	    !slice_uint((struct slice){text.ptr, 2}, 23, &hour) ||
	    !slice_uint((struct slice){text.ptr + 3, 2}, 59, &minute))
		return false;
	*minutes = (int)(hour * 60 + minute);
	return true;
}
