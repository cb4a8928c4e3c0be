/* SPDX-License-Identifier: Apache-2.0 */
/* stamp: the one wire form of a time, RFC 3339 with six digits and "Z", and its
 * meaning as microseconds since 1970 UTC. Years 1970 to 9999. Pure. */
#ifndef ASSAY_STAMP_H
#define ASSAY_STAMP_H

#include <stdbool.h>
#include <stdint.h>

#include "assay/slice.h"

#define STAMP_LEN 27 /* "2026-07-03T14:59:17.000000Z" */
#define STAMP_US_PER_S INT64_C(1000000)
#define STAMP_US_PER_DAY (INT64_C(86400) * STAMP_US_PER_S)

/* Write the form and a final NUL. us must be within the years above. */
void stamp_format(char text[STAMP_LEN + 1], int64_t us);

/* Exactly the form written by stamp_format. False leaves *us. */
bool stamp_parse(struct slice text, int64_t *us);

/* Days since 1970-01-01 of a proleptic Gregorian date (month 1..12), and back.
 * Any day of month is taken as an offset, so (2026, 13 - 12, 32) works. */
int64_t stamp_days(int64_t year, int month, int day);
void stamp_date(int64_t days, int64_t *year, int *month, int *day);

#endif
