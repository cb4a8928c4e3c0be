/* SPDX-License-Identifier: Apache-2.0 */
/* instant: the stamps of log lines as text -> the instant they mean. Knows the
 * written forms, which year a stamp without one belongs to and which of two
 * instants a local time means. Pure. */
#ifndef ASSAY_INSTANT_H
#define ASSAY_INSTANT_H

#include <stdbool.h>
#include <stdint.h>

#include "assay/slice.h"

struct zone;

/* A stamp taken apart. */
struct instant {
	int year; /* 0: not written */
	int month;
	int day;
	int hour;
	int minute;
	int second;
	int64_t fraction_us;
	unsigned fraction_digits;
	bool has_offset;
	int64_t offset_us; /* east of UTC */
};

/* Take a stamp off the front of *text: `Mmm dd hh:mm:ss[.f]` (the day padded
 * with a blank, a zero or not at all), or `yyyy-mm-ddThh:mm:ss[.f][zone]` (T or
 * a blank; fraction after . or , with 1 to 9 digits; zone Z, +hh:mm or +hhmm).
 * False leaves both untouched. */
bool instant_take_bsd(struct slice *text, struct instant *out);
bool instant_take_iso(struct slice *text, struct instant *out);

/* Steps of the above, for stamps that are declared. Each takes its part off the
 * front of *text. */
bool instant_take_digits(
    struct slice *text, size_t least, size_t most, int *value);
bool instant_take_month(struct slice *text, int *month);
bool instant_take_fraction(struct slice *text, struct instant *out);
bool instant_take_offset(struct slice *text, struct instant *out);

/* Whether the parts name a day and time that exist (a missing year counts as a
 * leap year; there is no second 60). */
bool instant_is_valid(const struct instant *i);

/* The instant meant. A missing year is the latest that puts the result at most
 * 48 h after reference_us (29 February: the latest leap year that does); when
 * that lies more than 180 days before previous_us (0: none), the next year. A
 * missing offset is the zone's (NULL: UTC); a local time that occurs twice is
 * the one nearest to the reference. False when it lies outside 1970 to 9999. */
bool instant_us(const struct instant *i, const struct zone *zone,
    int64_t reference_us, int64_t previous_us, int64_t *us);

#endif
