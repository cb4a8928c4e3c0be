/* SPDX-License-Identifier: Apache-2.0 */
/* rating: from counts of slots to a rating, in whole numbers. Knows the rows of
 * the design's table and nothing of where slots come from. Pure. */
#ifndef COLLECTOR_LEDGER_RATING_H
#define COLLECTOR_LEDGER_RATING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "slot.h"

enum rating {
	RATING_INEFFECTIVE, /* in the order in which the worst decides */
	RATING_UNKNOWN,
	RATING_PARTLY,
	RATING_EFFECTIVE,
	RATING_NOT_EXERCISED,
	RATING_NOT_MONITORED,
	RATING_NOT_APPLICABLE,
};

/* "effective", "partly effective" ... static text. */
const char *rating_name(enum rating rating);

struct rating_counts {
	int64_t of[SLOT_STATES];
};

void rating_count(struct rating_counts *counts, enum slot_state state);

int64_t rating_deviating(const struct rating_counts *c); /* F */
int64_t rating_unknown(const struct rating_counts *c);	 /* U */
int64_t rating_seen(const struct rating_counts *c);	 /* n */
int64_t rating_all(const struct rating_counts *c);	 /* N */

/* The rating of the counts alone, without caps: not exercised when N is 0.
 * tolerance_percent is t; fatal lets one fail decide. */
enum rating rating_of(
    const struct rating_counts *c, int tolerance_percent, bool fatal);

/* More than 5 % of N warn or are unknown. */
bool rating_is_wavering(const struct rating_counts *c);

#endif
