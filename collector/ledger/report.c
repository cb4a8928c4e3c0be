/* SPDX-License-Identifier: Apache-2.0 */
#include "report.h"

#include "assay/jsonout.h"

static void
put_time_or_null(struct buf *out, const char *key, int64_t us)
{
	if (us != REPORT_NEVER) {
		jsonout_kstamp(out, key, us);
		return;
	}
	jsonout_key(out, key);
	jsonout_null(out);
}

static void
put_counts(struct buf *out, const struct rating_counts *c)
{
	static const enum slot_state order[] = {SLOT_PASS, SLOT_WARN, SLOT_FAIL,
	    SLOT_LATE, SLOT_MISSED, SLOT_UNKNOWN, SLOT_OPEN, SLOT_NONE,
	    SLOT_EXCEPTED};

	jsonout_kint(out, "n", rating_seen(c));
	for (size_t i = 0; i < sizeof order / sizeof *order; i++)
		jsonout_kint(out, slot_state_name(order[i]), c->of[order[i]]);
}

static void
put_check(struct buf *out, const struct report_check *c)
{
	jsonout_object(out);
	jsonout_kstr(out, "id", c->id);
	jsonout_kstr(out, "kind", c->kind);
	jsonout_kbool(out, "adopted", c->adopted);
	jsonout_key(out, "criterion");
	if (c->criterion)
		jsonout_str(out, c->criterion);
	else
		jsonout_null(out);
	jsonout_kstr(out, "rating", rating_name(c->rating));
	jsonout_kstr(out, "reason", c->reason);
	put_counts(out, &c->counts);
	jsonout_key(out, "units");
	jsonout_object(out);
	jsonout_kint(out, "total", (int64_t)c->units);
	jsonout_kint(out, "ineffective", (int64_t)c->units_ineffective);
	jsonout_kint(out, "unknown", (int64_t)c->units_unknown);
	jsonout_object_end(out);
	jsonout_key(out, "coverage");
	jsonout_object(out);
	jsonout_kint(out, "covered_s", c->covered_us / 1000000);
	jsonout_kint(out, "period_s", c->period_us / 1000000);
	jsonout_object_end(out);
	jsonout_object_end(out);
}

static void
put_control(struct buf *out, const struct report_control *c)
{
	jsonout_object(out);
	jsonout_kstr(out, "id", c->id);
	jsonout_kstr(out, "title", c->title);
	jsonout_kstr(out, "theme", c->theme);
	jsonout_kstr(out, "mode", c->mode);
	jsonout_kstr(out, "rating", rating_name(c->rating));
	jsonout_kstr(out, "reason", c->reason);
	put_time_or_null(out, "last_evidence", c->last_evidence_us);
	jsonout_key(out, "checks");
	jsonout_array(out);
	for (size_t i = 0; i < c->check_count; i++)
		put_check(out, &c->checks[i]);
	jsonout_array_end(out);
	jsonout_object_end(out);
}

static void
put_source(struct buf *out, const struct report_source *s)
{
	jsonout_object(out);
	jsonout_kstr(out, "host", s->host);
	jsonout_kstr(out, "source", s->source);
	jsonout_key(out, "provides");
	jsonout_array(out);
	for (size_t i = 0; i < s->provide_count; i++)
		jsonout_str(out, s->provides[i]);
	jsonout_array_end(out);
	jsonout_kstamp(out, "from", s->from_us);
	jsonout_kstamp(out, "through", s->through_us);
	jsonout_kint(out, "lines", s->lines);
	jsonout_kint(out, "known", s->known);
	jsonout_kint(out, "ignored", s->ignored);
	jsonout_kint(out, "unknown", s->unknown);
	jsonout_kbool(out, "simulated", s->simulated);
	jsonout_object_end(out);
}

void
report_json(const struct report *r, struct buf *out)
{
	jsonout_object(out);
	jsonout_kstamp(out, "as_of", r->as_of_us);
	jsonout_kint(out, "known_at", (int64_t)r->known_at);
	jsonout_key(out, "period");
	jsonout_object(out);
	jsonout_kstamp(out, "from", r->from_us);
	jsonout_kstamp(out, "to", r->as_of_us);
	jsonout_object_end(out);
	jsonout_kstr(out, "framework", r->framework);
	jsonout_kint(out, "ledger", REPORT_LEDGER);
	jsonout_key(out, "controls");
	jsonout_array(out);
	for (size_t i = 0; i < r->control_count; i++)
		put_control(out, &r->controls[i]);
	jsonout_array_end(out);
	jsonout_key(out, "sources");
	jsonout_array(out);
	for (size_t i = 0; i < r->source_count; i++)
		put_source(out, &r->sources[i]);
	jsonout_array_end(out);
	jsonout_object_end(out);
}

static void
put_slot(
    struct buf *out, const char *check, const char *unit, const struct slot *s)
{
	jsonout_object(out);
	jsonout_kstr(out, "check", check);
	jsonout_kstr(out, "unit", unit);
	jsonout_kstamp(out, "start", s->start_us);
	jsonout_kstamp(out, "end", s->end_us);
	jsonout_kstamp(out, "due", s->due_us);
	jsonout_kstr(out, "state", slot_state_name(s->state));
	jsonout_kstr(out, "code", s->code);
	jsonout_kstr(out, "reason", s->reason);
	jsonout_kbool(out, "retrospective", s->retrospective);
	jsonout_kbool(out, "counted", s->counted);
	jsonout_object_end(out);
	buf_putc(out, '\n');
}

void
report_slots(const struct report *r, struct buf *out)
{
	for (size_t i = 0; i < r->check_count; i++) {
		const struct report_check *c = &r->checks[i];

		for (size_t k = 0; k < c->units; k++)
			for (size_t n = 0; n < c->unit[k].slot_count; n++)
				put_slot(out, c->id, c->unit[k].id,
				    &c->unit[k].slots[n]);
	}
}
