/* SPDX-License-Identifier: Apache-2.0 */
#include "closing.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "assay/stamp.h"

#define DAYS_MAX 92 /* looked back for a day whose slots were due late */

/* The last midnight at or before us. */
static int64_t
midnight(const struct zone *zone, int64_t us)
{
	int64_t local = zone_local_us(zone, us);

	return zone_utc_us(zone, local - local % STAMP_US_PER_DAY, NULL);
}

int
closing_done(struct store *s, int64_t midnight_us, struct err *err)
{
	char text[32];

	snprintf(text, sizeof text, "%" PRId64, midnight_us);
	return store_meta_set(s, "closed", text, err);
}

int
closing_look(struct closing *c, struct store *s, const struct zone *zone,
    int64_t now_us, struct err *err)
{
	int64_t today_us = midnight(zone, now_us);
	struct buf text = {0};
	int got = store_meta(s, "closed", &text, err);

	buf_putc(&text, '\0');
	c->now_us = now_us;
	c->closed_us =
	    got == 1 && !text.failed ? strtoll(text.ptr, NULL, 10) : today_us;
	buf_clear(&text);
	if (got == 0)
		got = closing_done(s, today_us, err);
	if (got < 0)
		return -1;
	if (today_us <= c->closed_us)
		return 0;
	return c->day_us != today_us || now_us >= c->again_us;
}

/* The latest due of the slots of one check that end within (from, to]. */
static int64_t
latest_due(const struct report_check *check, int64_t from_us, int64_t to_us,
    int64_t due_us)
{
	for (size_t i = 0; i < check->units; i++) {
		const struct report_unit *unit = &check->unit[i];

		for (size_t n = 0; n < unit->slot_count; n++) {
			const struct slot *slot = &unit->slots[n];

			if (slot->end_us > from_us && slot->end_us <= to_us &&
			    slot->due_us > due_us)
				due_us = slot->due_us;
		}
	}
	return due_us;
}

/* When everything that ended within (from, to] is due. */
static int64_t
closing_time(const struct report *r, int64_t from_us, int64_t to_us)
{
	int64_t due_us = to_us;

	for (size_t i = 0; i < r->control_count; i++)
		for (size_t n = 0; n < r->controls[i].check_count; n++)
			due_us = latest_due(
			    &r->controls[i].checks[n], from_us, to_us, due_us);
	return due_us;
}

int
closing_find(struct closing *c, struct ledger *l, const struct zone *zone,
    struct err *err)
{
	const struct report *r = ledger_report(l, c->now_us, LEDGER_ALL, err);
	int64_t to_us = midnight(zone, c->now_us);

	if (!r)
		return -1;
	c->day_us = to_us;
	c->again_us = INT64_MAX;
	for (int i = 0; i < DAYS_MAX && to_us > c->closed_us; i++) {
		int64_t from_us = midnight(zone, to_us - 1);
		int64_t due_us = closing_time(r, from_us, to_us);

		if (due_us <= c->now_us) {
			c->midnight_us = to_us;
			c->as_of_us = due_us;
			return 1;
		}
		if (due_us < c->again_us)
			c->again_us = due_us;
		to_us = from_us;
	}
	return 0;
}
