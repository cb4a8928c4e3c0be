/* SPDX-License-Identifier: Apache-2.0 */
/* calendar: where periods begin in the organisation's zone. Boundaries are
 * local times: one that clocks jump over is the first instant after the jump,
 * one that comes twice is the first of the two. Pure. */
#ifndef COLLECTOR_LEDGER_CALENDAR_H
#define COLLECTOR_LEDGER_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

#include "assay/slice.h"
#include "assay/zone.h"

enum calendar_period {
	CALENDAR_HOUR,
	CALENDAR_DAY,
	CALENDAR_WEEK,
	CALENDAR_MONTH,
	CALENDAR_QUARTER,
	CALENDAR_YEAR,
};

/* "hour" ... static text; and the words as a NULL-terminated list. */
extern const char *const calendar_periods[];

/* Periods of this length, begun so many minutes into the local day (of hours:
 * into the hour). */
struct calendar {
	enum calendar_period period;
	int starts_min;
};

bool calendar_equal(struct calendar a, struct calendar b);

/* The first boundary at or after us, or after us. STRETCH_FOREVER past 9999. */
int64_t calendar_at(struct calendar c, const struct zone *z, int64_t us);
int64_t calendar_after(struct calendar c, const struct zone *z, int64_t us);

/* Nominal length in days; 0 for hours. */
int calendar_days(enum calendar_period period);

/* The instant of 00:00 of a date YYYY-MM-DD. False when there is no such date
 * (*us untouched). */
bool calendar_date(const char *date, const struct zone *z, int64_t *us);

/* "HH:MM" as minutes. False leaves *minutes. */
bool calendar_clock(struct slice text, int *minutes);

#endif
