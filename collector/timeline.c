/* SPDX-License-Identifier: Apache-2.0 */
#include "timeline.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "assay/encode.h"
#include "assay/jsonin.h"
#include "assay/jsonout.h"
#include "assay/printable.h"
#include "assay/record.h"
#include "assay/stamp.h"

enum row_kind { ROW_SLOT, ROW_GAP, ROW_ACT, ROW_EVENT };

static const char *const kind_names[] = {
    [ROW_SLOT] = "slot",
    [ROW_GAP] = "gap",
    [ROW_ACT] = "act",
    [ROW_EVENT] = "event",
};

struct row {
	enum row_kind kind;
	int64_t from_us, to_us; /* equal for what has no length */
	size_t order;		/* of equal times: as they were found */
	uint64_t index;		/* of the record; 0: of slots */
	const char *who;	/* unit or host */
	const char *what;	/* check, event, source, kind of act */
	const char *state;	/* state, outcome, reason of a gap, actor */
	const char *rule;
	const char *text; /* reason */
	const struct slot *slot;
};

struct timeline {
	const struct timeline_query *query;
	struct store *store;
	struct row *rows;
	size_t count, room;
	bool failed; /* memory */
	struct buf *out;
	struct buf cell;
	struct buf fields; /* of the row's record: JSON, or k=v */
	struct buf raw;
};

/* ---- collecting ---- */

static struct row *
add(struct timeline *t)
{
	if (t->count == t->room) {
		size_t room = t->room ? t->room * 2 : 256;
		struct row *rows = reallocarray(t->rows, room, sizeof *t->rows);

		if (!rows) {
			t->failed = true;
			return NULL;
		}
		t->rows = rows;
		t->room = room;
	}
	t->rows[t->count] = (struct row){.order = t->count};
	return &t->rows[t->count++];
}

static void
add_slots(struct timeline *t, const struct report_check *check,
    const struct report_unit *unit)
{
	const struct timeline_query *q = t->query;

	for (size_t i = 0; i < unit->slot_count; i++) {
		const struct slot *slot = &unit->slots[i];
		struct row *row;

		if (slot->end_us <= q->from_us || slot->start_us >= q->to_us)
			continue;
		row = add(t);
		if (!row)
			return;
		row->kind = ROW_SLOT;
		row->from_us = slot->start_us;
		row->to_us = slot->end_us;
		row->who = unit->id;
		row->what = check->id;
		row->state = slot_state_name(slot->state);
		row->text = slot->reason;
		row->slot = slot;
	}
}

static bool
add_event(void *arg, const struct ledger_event *event)
{
	struct row *row = add(arg);

	if (!row)
		return false;
	row->kind = ROW_EVENT;
	row->from_us = row->to_us = event->time_us;
	row->index = event->index;
	row->who = event->host;
	row->what = event->event;
	row->state = event->outcome;
	row->rule = event->rule;
	row->text = event->usable ? "" : "not fit for a pass";
	return true;
}

static bool
add_gap(void *arg, const struct ledger_gap *gap)
{
	struct row *row = add(arg);

	if (!row)
		return false;
	row->kind = ROW_GAP;
	row->from_us = gap->from_us;
	row->to_us = gap->to_us;
	row->index = gap->index;
	row->who = gap->host;
	row->what = gap->source;
	row->state = gap->reason;
	row->text = gap->recovered ? "found again in a copy" : "";
	return true;
}

static bool
add_act(void *arg, const struct ledger_act *act)
{
	struct row *row = add(arg);

	if (!row)
		return false;
	row->kind = ROW_ACT;
	row->from_us = row->to_us = act->time_us;
	row->index = act->index;
	row->who = act->actor;
	row->what = act->kind;
	row->state = "";
	row->text = act->reason;
	return true;
}

static int
compare(const void *a, const void *b)
{
	const struct row *left = a, *right = b;

	if (left->from_us != right->from_us)
		return left->from_us < right->from_us ? -1 : 1;
	if (left->kind != right->kind)
		return (int)left->kind - (int)right->kind;
	return left->order < right->order ? -1 : left->order > right->order;
}

static void
collect(struct timeline *t, const struct ledger *l)
{
	const struct timeline_query *q = t->query;

	for (size_t i = 0; i < q->control->check_count; i++) {
		const struct report_check *check = &q->control->checks[i];

		for (size_t n = 0; n < check->units; n++)
			add_slots(t, check, &check->unit[n]);
	}
	ledger_events(l, q->control->id, q->from_us, q->to_us, add_event, t);
	ledger_gaps(l, q->from_us, q->to_us, add_gap, t);
	ledger_acts(l, q->from_us, q->to_us, add_act, t);
	if (t->count)
		qsort(t->rows, t->count, sizeof *t->rows, compare);
}

/* ---- the record behind a row ---- */

static void
put_raw_line(struct timeline *t, const json_t *raw)
{
	struct slice text, enc;

	if (!jsonin_string(raw, "text", &text))
		return;
	if (jsonin_string(raw, "enc", &enc)) {
		struct buf bytes = {0};

		encode_unbase64(&bytes, text);
		printable_put(&t->raw, buf_slice(&bytes));
		buf_clear(&bytes);
	} else {
		printable_put(&t->raw, text);
	}
}

static void
put_value(struct buf *out, const json_t *value)
{
	if (json_is_string(value))
		printable_put(out, (struct slice){json_string_value(value),
				       json_string_length(value)});
	else if (json_is_integer(value))
		buf_printf(
		    out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else
		buf_puts(out, json_is_true(value) ? "true" : "false");
}

static void
put_pairs(struct buf *out, json_t *fields)
{
	const char *separator = "";
	const char *key;
	json_t *value;

	json_object_foreach(fields, key, value)
	{
		buf_puts(out, separator);
		printable_put(out, slice_of(key));
		buf_putc(out, '=');
		put_value(out, value);
		separator = " ";
	}
}

static void
put_json(struct buf *out, const json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

	if (text)
		buf_puts(out, text);
	else
		out->failed = true;
	free(text);
}

static int
read_row(void *arg, const struct store_row *row)
{
	struct timeline *t = arg;
	struct record r;
	json_t *fields;

	if (row->bytes.len == 0 || record_decode(row->bytes, &r, NULL))
		return 0;
	fields = json_object_get(r.data, "fields");
	if (t->query->format == TIMELINE_NDJSON) {
		if (fields)
			put_json(&t->fields, fields);
		if (json_object_get(r.data, "raw"))
			put_json(&t->raw, json_object_get(r.data, "raw"));
	} else {
		put_pairs(&t->fields, fields);
		put_raw_line(t, json_object_get(r.data, "raw"));
	}
	record_clear(&r);
	return 0;
}

static int
fetch(struct timeline *t, const struct row *row, struct err *err)
{
	buf_reset(&t->fields);
	buf_reset(&t->raw);
	if (row->kind != ROW_EVENT)
		return 0;
	return store_rows(t->store, row->index, row->index, read_row, t, err);
}

/* ---- printing ---- */

static void
put_minute(struct buf *out, int64_t us)
{
	char text[STAMP_LEN + 1];

	stamp_format(text, us);
	buf_printf(out, "%.10s %.8sZ", text, text + 11);
}

static void
put_table_row(struct timeline *t, const struct row *row)
{
	struct buf *out = t->out;

	put_minute(out, row->from_us);
	buf_printf(out, "  %-5s  %-8s ", kind_names[row->kind], row->state);
	printable_put(out, slice_of(row->what));
	buf_puts(out, "  ");
	printable_put(out, slice_of(row->who));
	if (t->fields.len) {
		buf_puts(out, "  ");
		buf_put(out, buf_slice(&t->fields));
	}
	if (row->text && *row->text) {
		buf_puts(out, "\n    ");
		printable_put(out, slice_of(row->text));
	}
	if (row->to_us > row->from_us) {
		buf_puts(out, "  until ");
		put_minute(out, row->to_us);
	}
	if (t->raw.len) {
		buf_puts(out, "\n    ");
		buf_put(out, buf_slice(&t->raw));
	}
	buf_putc(out, '\n');
}

/* One quoted cell of printable text. */
static void
put_cell(struct timeline *t, struct slice text, bool last)
{
	struct buf *out = t->out;

	buf_putc(out, '"');
	if (text.len && strchr("=+-@\t\r", text.ptr[0]))
		buf_putc(out, '\'');
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] == '"')
			buf_putc(out, '"');
		buf_putc(out, text.ptr[i]);
	}
	buf_puts(out, last ? "\"\r\n" : "\",");
}

static void
put_text_cell(struct timeline *t, const char *text)
{
	buf_reset(&t->cell);
	if (text)
		printable_put(&t->cell, slice_of(text));
	put_cell(t, buf_slice(&t->cell), false);
}

static void
put_time_cell(struct timeline *t, int64_t us)
{
	char text[STAMP_LEN + 1];

	stamp_format(text, us);
	put_cell(t, slice_of(text), false);
}

static void
put_csv_row(struct timeline *t, const struct row *row)
{
	put_time_cell(t, row->from_us);
	put_time_cell(t, row->to_us);
	put_text_cell(t, kind_names[row->kind]);
	put_text_cell(t, row->what);
	put_text_cell(t, row->who);
	put_text_cell(t, row->state);
	put_text_cell(t, row->rule);
	put_text_cell(t, row->text);
	put_cell(t, buf_slice(&t->fields), false);
	put_cell(t, buf_slice(&t->raw), true);
}

static void
put_json_row(struct timeline *t, const struct row *row)
{
	struct buf *out = t->out;

	jsonout_object(out);
	jsonout_kstr(out, "kind", kind_names[row->kind]);
	jsonout_kstamp(out, "time", row->from_us);
	if (row->to_us > row->from_us)
		jsonout_kstamp(out, "to", row->to_us);
	if (row->slot)
		jsonout_kstamp(out, "due", row->slot->due_us);
	jsonout_kstr(out, "what", row->what);
	jsonout_kstr(out, "who", row->who);
	if (*row->state)
		jsonout_kstr(out, "state", row->state);
	if (row->slot)
		jsonout_kstr(out, "code", row->slot->code);
	if (row->rule)
		jsonout_kstr(out, "rule", row->rule);
	if (row->text && *row->text)
		jsonout_kstr(out, "reason", row->text);
	if (row->index)
		jsonout_kint(out, "index", (int64_t)row->index);
	if (t->fields.len) {
		jsonout_key(out, "fields");
		jsonout_raw(out, buf_slice(&t->fields));
	}
	if (t->raw.len) {
		jsonout_key(out, "raw");
		jsonout_raw(out, buf_slice(&t->raw));
	}
	jsonout_object_end(out);
	buf_putc(out, '\n');
}

static int
put_rows(struct timeline *t, struct err *err)
{
	if (t->query->format == TIMELINE_CSV)
		buf_puts(t->out,
		    "\"time\",\"to\",\"kind\",\"what\",\"who\",\"state\","
		    "\"rule\",\"reason\",\"fields\",\"raw\"\r\n");
	for (size_t i = 0; i < t->count; i++) {
		if (fetch(t, &t->rows[i], err) < 0)
			return -1;
		if (t->query->format == TIMELINE_CSV)
			put_csv_row(t, &t->rows[i]);
		else if (t->query->format == TIMELINE_NDJSON)
			put_json_row(t, &t->rows[i]);
		else
			put_table_row(t, &t->rows[i]);
	}
	return 0;
}

int
timeline_put(const struct ledger *l, struct store *s,
    const struct timeline_query *query, struct buf *out, struct err *err)
{
	struct timeline t = {.query = query, .store = s, .out = out};
	int rc;

	collect(&t, l);
	if (t.failed)
		rc = err_set(err, "no memory for the timeline");
	else
		rc = put_rows(&t, err);
	if (rc == 0 && (t.fields.failed || t.raw.failed || t.cell.failed))
		rc = err_set(err, "no memory for the timeline");
	free(t.rows);
	buf_clear(&t.cell);
	buf_clear(&t.fields);
	buf_clear(&t.raw);
	return rc;
}
