/* SPDX-License-Identifier: Apache-2.0 */
#include "assay/posixtz.h"

#include <stddef.h>

#include "assay/stamp.h"

#define DAY_S INT64_C(86400)

/* ---- parsing: p moves on, false at the first misfit ---- */

static bool
take_char(struct slice *p, char c)
{
	if (p->len == 0 || *p->ptr != c)
		return false;
	*p = slice_from(*p, 1);
	return true;
}

static bool
take_int(struct slice *p, int max, int *value)
{
	int sum = 0;
	size_t n = 0;

	while (n < p->len && n < 4 && p->ptr[n] >= '0' && p->ptr[n] <= '9')
		sum = sum * 10 + (p->ptr[n++] - '0');
	if (n == 0 || sum > max)
		return false;
	*p = slice_from(*p, n);
	*value = sum;
	return true;
}

static bool
is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool
take_name(struct slice *p)
{
	bool quoted = take_char(p, '<');
	size_t n = 0;

	while (n < p->len &&
	       (is_letter(p->ptr[n]) ||
		   (quoted && (p->ptr[n] == '+' || p->ptr[n] == '-' ||
				  (p->ptr[n] >= '0' && p->ptr[n] <= '9')))))
		n++;
	*p = slice_from(*p, n);
	return n >= 3 && (!quoted || take_char(p, '>'));
}

/* [+-]hh[:mm[:ss]] */
static bool
take_time(struct slice *p, int hours_max, int32_t *seconds)
{
	int sign = take_char(p, '-') ? -1 : 1;
	int h, m = 0, s = 0;

	if (sign == 1)
		take_char(p, '+');
	if (!take_int(p, hours_max, &h))
		return false;
	if (take_char(p, ':')) {
		if (!take_int(p, 59, &m))
			return false;
		if (take_char(p, ':') && !take_int(p, 59, &s))
			return false;
	}
	*seconds = sign * (h * 3600 + m * 60 + s);
	return true;
}

/* The sign of an offset in a rule is west of UTC. */
static bool
take_offset(struct slice *p, int32_t *east_s)
{
	int32_t west_s;

	if (!take_time(p, 24, &west_s))
		return false;
	*east_s = -west_s;
	return true;
}

static bool
take_week(struct slice *p, struct posixtz_day *day)
{
	day->kind = POSIXTZ_WEEK;
	return take_int(p, 12, &day->month) && day->month >= 1 &&
	       take_char(p, '.') && take_int(p, 5, &day->week) &&
	       day->week >= 1 && take_char(p, '.') && take_int(p, 6, &day->day);
}

static bool
take_day(struct slice *p, struct posixtz_day *day)
{
	bool fine;

	*day = (struct posixtz_day){.time_s = 2 * 3600};
	if (take_char(p, 'M')) {
		fine = take_week(p, day);
	} else if (take_char(p, 'J')) {
		day->kind = POSIXTZ_JULIAN;
		fine = take_int(p, 365, &day->day) && day->day >= 1;
	} else {
		day->kind = POSIXTZ_ZERO;
		fine = take_int(p, 365, &day->day);
	}
	if (fine && take_char(p, '/'))
		fine = take_time(p, 167, &day->time_s);
	return fine;
}

bool
posixtz_parse(struct slice text, struct posixtz *rule)
{
	struct slice p = text;

	*rule = (struct posixtz){0};
	if (!take_name(&p) || !take_offset(&p, &rule->std_s))
		return false;
	if (p.len == 0)
		return true;
	rule->has_dst = true;
	rule->dst_s = rule->std_s + 3600;
	if (!take_name(&p))
		return false;
	if (p.len && *p.ptr != ',' && !take_offset(&p, &rule->dst_s))
		return false;
	return take_char(&p, ',') && take_day(&p, &rule->start) &&
	       take_char(&p, ',') && take_day(&p, &rule->end) && p.len == 0;
}

/* ---- asking ---- */

static bool
is_leap(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int64_t
day_of_week(const struct posixtz_day *d, int64_t year)
{
	int64_t first = stamp_days(year, d->month, 1);
	int64_t next = d->month == 12 ? stamp_days(year + 1, 1, 1)
				      : stamp_days(year, d->month + 1, 1);
	/* 1970-01-01 was a Thursday, day 4. */
	int64_t weekday = ((first + 4) % 7 + 7) % 7;
	int64_t day = first + (d->day - weekday + 7) % 7 + 7 * (d->week - 1);

	while (day >= next)
		day -= 7;
	return day;
}

/* The local time of a change in a year, as if it were UTC. */
static int64_t
local_s(const struct posixtz_day *d, int64_t year)
{
	int64_t day = stamp_days(year, 1, 1);

	switch (d->kind) {
	case POSIXTZ_JULIAN:
		day += d->day - 1 + (d->day >= 60 && is_leap(year));
		break;
	case POSIXTZ_ZERO:
		day += d->day;
		break;
	case POSIXTZ_WEEK:
		day = day_of_week(d, year);
		break;
	}
	return day * DAY_S + d->time_s;
}

struct change {
	int64_t at;
	int32_t offset_s;
};

#define CHANGES 6

/* The changes of the years around t, in no order. Those that end summer time
 * come first, so that one that begins it at the same instant, for a zone that
 * has it all the year, is seen after it. */
static void
changes_around(
    const struct posixtz *rule, int64_t t, struct change out[CHANGES])
{
	int64_t days = t / DAY_S - (t % DAY_S < 0), year;
	int month, day;

	stamp_date(days, &year, &month, &day);
	for (int i = 0; i < 3; i++) {
		int64_t y = year - 1 + i;

		out[i] = (struct change){
		    local_s(&rule->end, y) - rule->dst_s, rule->std_s};
		out[i + 3] = (struct change){
		    local_s(&rule->start, y) - rule->std_s, rule->dst_s};
	}
}

int32_t
posixtz_offset_s(const struct posixtz *rule, int64_t t)
{
	struct change changes[CHANGES];
	const struct change *last = NULL;

	if (!rule->has_dst)
		return rule->std_s;
	changes_around(rule, t, changes);
	for (size_t i = 0; i < CHANGES; i++)
		if (changes[i].at <= t && (!last || changes[i].at >= last->at))
			last = &changes[i];
	return last ? last->offset_s : rule->std_s;
}

bool
posixtz_next_s(const struct posixtz *rule, int64_t t, int64_t *next)
{
	struct change changes[CHANGES];
	bool found = false;

	if (!rule->has_dst)
		return false;
	changes_around(rule, t, changes);
	for (size_t i = 0; i < CHANGES; i++)
		if (changes[i].at > t && (!found || changes[i].at < *next)) {
			*next = changes[i].at;
			found = true;
		}
	return found;
}
