/* SPDX-License-Identifier: Apache-2.0 */
#include "rating.h"

const char *
rating_name(enum rating rating)
{
	static const char *const names[] = {
	    [RATING_INEFFECTIVE] = "ineffective",
	    [RATING_UNKNOWN] = "unknown",
	    [RATING_PARTLY] = "partly effective",
	    [RATING_EFFECTIVE] = "effective",
	    [RATING_NOT_EXERCISED] = "not exercised",
	    [RATING_NOT_MONITORED] = "not monitored",
	    [RATING_NOT_APPLICABLE] = "not applicable",
	};

	return names[rating];
}

void
rating_count(struct rating_counts *counts, enum slot_state state)
{
	counts->of[state]++;
}

int64_t
rating_deviating(const struct rating_counts *c)
{
	return c->of[SLOT_FAIL] + c->of[SLOT_LATE] + c->of[SLOT_MISSED];
}

int64_t
rating_unknown(const struct rating_counts *c)
{
	return c->of[SLOT_UNKNOWN];
}

int64_t
rating_seen(const struct rating_counts *c)
{
	return c->of[SLOT_PASS] + c->of[SLOT_WARN] + rating_deviating(c);
}

int64_t
rating_all(const struct rating_counts *c)
{
	return rating_seen(c) + rating_unknown(c);
}

enum rating
rating_of(const struct rating_counts *c, int tolerance_percent, bool fatal)
{
	int64_t f = rating_deviating(c), u = rating_unknown(c);
	int64_t n = rating_seen(c), all = rating_all(c);

	if (all == 0)
		return RATING_NOT_EXERCISED;
	if (f * 100 > 15 * n || (fatal && c->of[SLOT_FAIL]))
		return RATING_INEFFECTIVE;
	if ((f + u) * 100 <= tolerance_percent * all)
		return RATING_EFFECTIVE;
	if ((f + u) * 100 <= 5 * all ||
	    (f * 100 > tolerance_percent * all && (f + u) * 100 <= 15 * all))
		return RATING_PARTLY;
	return RATING_UNKNOWN;
}

bool
rating_is_wavering(const struct rating_counts *c)
{
	return (c->of[SLOT_WARN] + rating_unknown(c)) * 100 > 5 * rating_all(c);
}
