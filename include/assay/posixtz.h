/* SPDX-License-Identifier: Apache-2.0 */
/* posixtz: the one-line rule of a zone ("CET-1CEST,M3.5.0,M10.5.0/3", POSIX TZ
 * with the extensions of RFC 9636: <+01> names, hours to 167) that says how a
 * zone goes on past its table. Times are seconds since 1970 UTC. Pure. */
#ifndef ASSAY_POSIXTZ_H
#define ASSAY_POSIXTZ_H

#include <stdbool.h>
#include <stdint.h>

#include "assay/slice.h"

#define POSIXTZ_OFFSET_MAX 93599 /* seconds either way: under 26 h */

struct posixtz_day {
	enum {
		POSIXTZ_JULIAN, /* Jn: 1..365, Feb 29 does not count */
		POSIXTZ_ZERO,	/* n: 0..365, it does */
		POSIXTZ_WEEK,	/* Mm.w.d: day d of week w (5 = last) */
	} kind;
	int day, week, month;
	int32_t time_s; /* local time of that day, may be out of it */
};

struct posixtz {
	int32_t std_s, dst_s; /* east of UTC */
	bool has_dst;
	struct posixtz_day start, end; /* of summer time */
};

/* False (and *rule undefined) when text is not such a rule. */
bool posixtz_parse(struct slice text, struct posixtz *rule);

/* Seconds east of UTC at t. */
int32_t posixtz_offset_s(const struct posixtz *rule, int64_t t);

/* The first change after t; false when there is never one. */
bool posixtz_next_s(const struct posixtz *rule, int64_t t, int64_t *next);

#endif
