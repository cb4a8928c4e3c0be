/* SPDX-License-Identifier: Apache-2.0 */
#include "status.h"

#include <inttypes.h>
#include <string.h>

#include "assay/encode.h"
#include "assay/jsonin.h"
#include "assay/jsonout.h"
#include "assay/printable.h"
#include "assay/smallfile.h"
#include "assay/stamp.h"

static const char *const phases[] = {
    [AGENT_READING] = "reading",
    [AGENT_WATCHING] = "watching",
    [AGENT_FULL] = "full",
    [AGENT_FAILING] = "failing",
    [AGENT_STOPPED] = "stopped",
};

/* Text that may hold anything, as a JSON string. */
static void
put_text(struct buf *out, const char *key, const char *text)
{
	struct buf clean = {0};

	printable_utf8(&clean, slice_of(text));
	jsonout_kstring(out, key, buf_slice(&clean));
	out->failed |= clean.failed;
	buf_clear(&clean);
}

static void
put_feed(struct buf *out, const struct feed *f)
{
	uint64_t done, total;

	f->source.ops->progress(f->source.impl, &done, &total);
	jsonout_object(out);
	put_text(out, "id", f->spec->id);
	jsonout_key(out, "provides");
	jsonout_array(out);
	for (size_t i = 0; i < f->spec->provide_count; i++)
		jsonout_str(out, rule_class_name(f->spec->provides[i]));
	jsonout_array_end(out);
	if (f->spec->own)
		jsonout_kstr(out, "program", f->spec->own->programs[0]);
	if (f->spec->chosen)
		jsonout_kstr(out, "chosen", f->spec->chosen);
	if (f->standing.known) {
		jsonout_kstamp(out, "from", f->standing.from_us);
		jsonout_kstamp(out, "through", f->standing.through_us);
	}
	jsonout_kbool(out, "at_end", f->at_end);
	jsonout_kint(out, "lines", f->total_lines);
	jsonout_kint(out, "events", f->total_events);
	jsonout_kint(out, "bytes_done", (int64_t)done);
	jsonout_kint(out, "bytes_total", (int64_t)total);
	if (f->err.text[0])
		put_text(out, "problem", f->err.text);
	jsonout_object_end(out);
}

static void
put_notes(struct buf *out, const struct discover *d)
{
	jsonout_key(out, "not_read");
	jsonout_array(out);
	for (size_t i = 0; i < d->note_count; i++) {
		jsonout_object(out);
		put_text(out, "path", d->notes[i].path);
		jsonout_kstr(out, "why", d->notes[i].why);
		jsonout_object_end(out);
	}
	jsonout_array_end(out);
}

static void
put_spool(struct buf *out, const struct agent_view *v)
{
	jsonout_key(out, "spool");
	jsonout_object(out);
	jsonout_kint(out, "bytes", (int64_t)v->spool_bytes);
	jsonout_kint(out, "unsent", (int64_t)v->spool_unsent);
	jsonout_kint(out, "abandoned", v->spool_abandoned);
	jsonout_kint(out, "damaged", (int64_t)v->found->damage_count);
	jsonout_kint(out, "kept_aside", (int64_t)v->spool_kept_aside);
	jsonout_kint(out, "torn_bytes", (int64_t)v->found->torn_bytes);
	jsonout_object_end(out);
}

static void
put_progress(struct buf *out, const struct agent_view *v)
{
	jsonout_key(out, "progress");
	jsonout_object(out);
	jsonout_kint(out, "bytes_done", (int64_t)v->bytes_done);
	jsonout_kint(out, "bytes_total", (int64_t)v->bytes_total);
	jsonout_kint(out, "lines", v->lines);
	jsonout_kint(out, "events", v->events);
	jsonout_kint(out, "lines_per_s", v->lines_per_s);
	jsonout_object_end(out);
}

void
status_make(struct buf *out, const struct agent *a, const struct discover *d,
    const char *state, int64_t now_us)
{
	struct agent_view v;
	char uuid[ENCODE_UUID_LEN + 1];

	agent_look(a, &v);
	encode_uuid(uuid, v.agent);
	jsonout_object(out);
	jsonout_kstr(out, "version", ASSAY_VERSION);
	jsonout_kstr(out, "agent", uuid);
	put_text(out, "host", v.host);
	put_text(out, "state", state);
	jsonout_kstamp(out, "time", now_us);
	jsonout_kstr(out, "phase", phases[v.phase]);
	if (v.problem)
		put_text(out, "problem", v.problem);
	put_progress(out, &v);
	jsonout_kint(out, "records", (int64_t)v.records);
	put_spool(out, &v);
	jsonout_key(out, "sources");
	jsonout_array(out);
	for (size_t i = 0; i < v.feed_count; i++)
		put_feed(out, &v.feeds[i]);
	jsonout_array_end(out);
	put_notes(out, d);
	jsonout_object_end(out);
	buf_putc(out, '\n');
}

int
status_write(const char *path, const struct agent *a, const struct discover *d,
    const char *state, int64_t now_us, struct err *err)
{
	struct buf b = {0};
	int status;

	status_make(&b, a, d, state, now_us);
	status = b.failed
		     ? err_set(err, "no memory for the status")
		     : smallfile_write(path, buf_slice(&b), 0644, false, err);
	buf_clear(&b);
	return status;
}

/* ---- for people ---- */

static void
show_text(
    struct buf *out, const char *label, const json_t *json, const char *key)
{
	struct slice text;

	if (!jsonin_string(json, key, &text))
		return;
	buf_printf(out, "%-10s ", label);
	printable_put(out, text);
	buf_putc(out, '\n');
}

static int64_t
number(const json_t *json, const char *key)
{
	int64_t value = 0;

	(void)jsonin_int(json, key, &value);
	return value;
}

static void
show_bytes(struct buf *out, int64_t bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	int64_t tenths = bytes * 10;
	size_t unit = 0;

	while (tenths >= 10240 && unit < 4) {
		tenths /= 1024;
		unit++;
	}
	if (unit == 0)
		buf_printf(out, "%" PRId64 " B", bytes);
	else
		buf_printf(out, "%" PRId64 ".%" PRId64 " %s", tenths / 10,
		    tenths % 10, units[unit]);
}

static void
show_source(struct buf *out, const json_t *s)
{
	struct slice text;

	buf_puts(out, "  ");
	if (jsonin_string(s, "id", &text))
		printable_put(out, text);
	buf_printf(out, "\n      %" PRId64 " lines, %" PRId64 " events",
	    number(s, "lines"), number(s, "events"));
	if (jsonin_string(s, "from", &text))
		buf_printf(out, "; from %.*s", SLICE_FMT(text));
	if (jsonin_string(s, "through", &text))
		buf_printf(out, " through %.*s", SLICE_FMT(text));
	if (number(s, "bytes_total") > number(s, "bytes_done")) {
		buf_puts(out, "; still to read: ");
		show_bytes(
		    out, number(s, "bytes_total") - number(s, "bytes_done"));
	}
	buf_putc(out, '\n');
	if (jsonin_string(s, "problem", &text)) {
		buf_puts(out, "      ");
		printable_put(out, text);
		buf_putc(out, '\n');
	}
}

static void
show_not_read(struct buf *out, const json_t *list)
{
	size_t i;
	json_t *n;

	if (json_array_size(list) > 0)
		buf_puts(out, "not read\n");
	json_array_foreach(list, i, n)
	{
		struct slice text;

		buf_puts(out, "  ");
		if (jsonin_string(n, "path", &text))
			printable_put(out, text);
		buf_puts(out, ": ");
		if (jsonin_string(n, "why", &text))
			printable_put(out, text);
		buf_putc(out, '\n');
	}
}

int
status_show(struct slice text, struct buf *out, struct err *err)
{
	json_t *json = jsonin_parse(text, err);
	const json_t *part, *list;
	size_t i;
	json_t *s;

	if (!json)
		return -1;
	show_text(out, "agent", json, "agent");
	show_text(out, "host", json, "host");
	show_text(out, "as of", json, "time");
	show_text(out, "phase", json, "phase");
	show_text(out, "problem", json, "problem");
	part = json_object_get(json, "progress");
	buf_puts(out, "read       ");
	show_bytes(out, number(part, "bytes_done"));
	buf_puts(out, " of ");
	show_bytes(out, number(part, "bytes_total"));
	buf_printf(out,
	    ", %" PRId64 " lines (%" PRId64 "/s), %" PRId64 " events\n",
	    number(part, "lines"), number(part, "lines_per_s"),
	    number(part, "events"));
	part = json_object_get(json, "spool");
	buf_puts(out, "spool      ");
	show_bytes(out, number(part, "bytes"));
	buf_puts(out, ", not acknowledged ");
	show_bytes(out, number(part, "unsent"));
	buf_puts(out, "\nsources\n");
	list = json_object_get(json, "sources");
	json_array_foreach(list, i, s) show_source(out, s);
	show_not_read(out, json_object_get(json, "not_read"));
	json_decref(json);
	return out->failed ? err_set(err, "no memory for the status") : 0;
}
