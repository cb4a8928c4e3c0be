/* SPDX-License-Identifier: Apache-2.0 */
#include "rate.h"

#include <stdio.h>

/* What is judged, without what is judged of it. */
static struct record_rating
frame(const struct report *r, const char *control)
{
	return (struct record_rating){
	    .framework = slice_of(r->framework),
	    .control = slice_of(control),
	    .as_of_us = r->as_of_us,
	    .known_at = (int64_t)r->known_at,
	    .from_us = r->from_us,
	    .to_us = r->as_of_us,
	    .ledger = REPORT_LEDGER,
	};
}

static int
give_control(struct author *a, const struct report *r,
    const struct report_control *c, struct err *err)
{
	struct record_rating rating;
	char control[128];

	snprintf(control, sizeof control, "%s:%s", r->framework, c->id);
	rating = frame(r, control);
	rating.rating = slice_of(rating_name(c->rating));
	rating.reason = slice_of(c->reason);
	if (author_rating(a, &rating, err))
		return -1;
	for (size_t i = 0; i < c->check_count; i++) {
		const struct report_check *check = &c->checks[i];

		rating = frame(r, control);
		rating.check = slice_of(check->id);
		rating.rating = slice_of(rating_name(check->rating));
		rating.reason = slice_of(check->reason);
		if (author_rating(a, &rating, err))
			return -1;
	}
	return 0;
}

int
rate_give(struct ledger *l, struct author *a, int64_t as_of_us, struct err *err)
{
	const struct report *r = ledger_report(l, as_of_us, LEDGER_ALL, err);

	if (!r)
		return -1;
	for (size_t i = 0; i < r->control_count; i++)
		if (r->controls[i].check_count &&
		    give_control(a, r, &r->controls[i], err))
			return -1;
	return 0;
}
