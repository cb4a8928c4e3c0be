/* SPDX-License-Identifier: Apache-2.0 */
#include "status.h"

#include <inttypes.h>
#include <string.h>

#include "assay/jsonin.h"
#include "assay/printable.h"
#include "assay/stamp.h"

#define STALE_US (INT64_C(60) * 1000000)

static int64_t
number(const json_t *json, const char *key)
{
	int64_t value = 0;

	(void)jsonin_int(json, key, &value);
	return value;
}

static struct slice
text_of(const json_t *json, const char *key)
{
	struct slice text = {"", 0};

	(void)jsonin_string(json, key, &text);
	return text;
}

static bool
says(const json_t *json, const char *key, const char *word)
{
	return slice_eq_str(text_of(json, key), word);
}

static void
put_bytes(struct buf *out, int64_t bytes)
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

/* "3 min", "2 h 5 min", "4 d": as exact as a person wants it. */
static void
put_span(struct buf *out, int64_t us)
{
	int64_t s = us / 1000000;

	if (s < 0)
		s = 0;
	if (s < 120)
		buf_printf(out, "%" PRId64 " s", s);
	else if (s < 7200)
		buf_printf(out, "%" PRId64 " min", s / 60);
	else if (s < 172800)
		buf_printf(out, "%" PRId64 " h %" PRId64 " min", s / 3600,
		    s / 60 % 60);
	else
		buf_printf(out, "%" PRId64 " d", s / 86400);
}

/* "2026-07-03 14:59:17Z" of a wire stamp. */
static void
put_time(struct buf *out, struct slice stamp)
{
	if (stamp.len == STAMP_LEN)
		buf_printf(out, "%.10s %.8sZ", stamp.ptr, stamp.ptr + 11);
}

static void
put_label(struct buf *out, const char *label)
{
	buf_printf(out, "%-9s", label);
}

/* ---- the head: is it fine? ---- */

static int64_t
age_of(const json_t *json, int64_t now_us)
{
	int64_t time_us = now_us;

	(void)jsonin_stamp(json, "time", &time_us);
	return now_us - time_us;
}

/* A stopped one and one that ran once write no more. */
static bool
is_stale(const json_t *json, int64_t now_us)
{
	return !says(json, "phase", "stopped") &&
	       !json_is_true(json_object_get(json, "once")) &&
	       age_of(json, now_us) > STALE_US;
}

/* Is something not read that should be? */
static int
judge(const json_t *json, int64_t now_us)
{
	const json_t *s;
	size_t i;

	if (is_stale(json, now_us) || says(json, "phase", "full") ||
	    says(json, "phase", "failing"))
		return 1;
	json_array_foreach(json_object_get(json, "sources"), i, s)
	{
		if (says(s, "place", "blocked") || says(s, "place", "silent"))
			return 1;
	}
	return 0;
}

static void
put_phase(struct buf *out, const json_t *json)
{
	static const struct {
		const char *phase, *words;
	} words[] = {{"watching", "watching: all that is there was read"},
	    {"full", "NOT READING: the spool is full"},
	    {"failing", "NOT READING: the spool cannot be written"},
	    {"stopped", "stopped"}};
	const json_t *p = json_object_get(json, "progress");
	int64_t left = number(p, "bytes_total") - number(p, "bytes_done");

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (says(json, "phase", words[i].phase)) {
			buf_puts(out, words[i].words);
			return;
		}
	buf_puts(out, "reading: ");
	put_bytes(out, left > 0 ? left : 0);
	buf_printf(
	    out, " to go, %" PRId64 " lines/s", number(p, "lines_per_s"));
}

static void
put_head(struct buf *out, const json_t *json, int64_t now_us)
{
	printable_put(out, text_of(json, "host"));
	buf_puts(out, "  ");
	if (is_stale(json, now_us)) {
		buf_puts(out, "NOT RUNNING (or stuck): the last sign of life "
			      "is ");
		put_span(out, age_of(json, now_us));
		buf_puts(out, " old; it was ");
	}
	put_phase(out, json);
	buf_puts(out, "\n");
	put_label(out, "agent");
	printable_put(out, text_of(json, "agent"));
	buf_puts(out, ", assay ");
	printable_put(out, text_of(json, "version"));
	buf_puts(out, ", state ");
	printable_put(out, text_of(json, "state"));
	buf_putc(out, '\n');
	put_label(out, "as of");
	put_time(out, text_of(json, "time"));
	if (!json_is_true(
		json_object_get(json_object_get(json, "clock"), "simulated"))) {
		buf_puts(out, ", ");
		put_span(out, age_of(json, now_us));
		buf_puts(out, " ago");
	}
	buf_putc(out, '\n');
}

/* Words of a sentence, broken before column 80. */
static void
put_folded(
    struct buf *out, struct slice text, const char *first, const char *rest)
{
	struct buf safe = {0};
	size_t column = strlen(first);
	struct slice left;

	printable_put(&safe, text);
	buf_puts(out, first);
	for (left = buf_slice(&safe); left.len > 0;) {
		size_t len = slice_find(left, ' ');

		if (column + 1 + len > 79 && column > strlen(rest)) {
			buf_printf(out, "\n%s", rest);
			column = strlen(rest);
		} else if (column > strlen(rest)) {
			buf_putc(out, ' ');
			column++;
		}
		buf_put(out, (struct slice){left.ptr, len});
		column += len;
		left = slice_from(left, len + 1);
	}
	buf_putc(out, '\n');
	out->failed |= safe.failed;
	buf_clear(&safe);
}

static void
put_attention(struct buf *out, const json_t *json, int64_t now_us)
{
	const json_t *list = json_object_get(json, "attention");
	const json_t *one;
	size_t i;

	if (json_array_size(list) == 0 && !is_stale(json, now_us)) {
		buf_puts(out, "\nNothing needs attention.\n");
		return;
	}
	buf_putc(out, '\n');
	json_array_foreach(list, i, one)
	{
		if (json_is_string(one))
			put_folded(
			    out, slice_of(json_string_value(one)), "! ", "  ");
	}
}

/* ---- sources ---- */

static void
put_lag(struct buf *out, const json_t *s)
{
	struct buf word = {0};
	int64_t left = number(s, "bytes_total") - number(s, "bytes_done");

	if (says(s, "place", "reading") && left > 0) {
		put_bytes(&word, left);
		buf_puts(&word, " left");
	} else if (says(s, "place", "watching") ||
		   says(s, "place", "reading")) {
		buf_puts(&word, number(s, "lag_us") < 2000000 ? "now" : "");
		if (word.len == 0)
			put_span(&word, number(s, "lag_us"));
	} else {
		printable_put(&word, text_of(s, "place"));
		if (says(s, "place", "silent") || says(s, "place", "quiet")) {
			buf_putc(&word, ' ');
			put_span(&word, number(s, "lag_us"));
		}
	}
	buf_printf(out, "%-14.*s", SLICE_FMT(buf_slice(&word)));
	buf_clear(&word);
}

static void
put_source_detail(struct buf *out, const json_t *s)
{
	const json_t *gap = json_object_get(s, "last_gap");

	if (gap) {
		buf_puts(out, "    last gap: ");
		printable_put(out, text_of(gap, "reason"));
		buf_puts(out, ", ");
		put_time(out, text_of(gap, "from"));
		buf_puts(out, " to ");
		put_time(out, text_of(gap, "to"));
		buf_putc(out, '\n');
	}
	if (text_of(s, "problem").len > 0 && !says(s, "place", "blocked"))
		put_folded(out, text_of(s, "problem"), "    ", "    ");
}

static void
put_source(struct buf *out, const json_t *s)
{
	const json_t *class;
	size_t i;

	buf_puts(out, "  ");
	put_lag(out, s);
	buf_printf(out,
	    "%9" PRId64 " %8" PRId64 " %8" PRId64 " %8" PRId64 " %5" PRId64
	    "  ",
	    number(s, "lines"), number(s, "events"), number(s, "ignored"),
	    number(s, "unknown"), number(s, "gaps"));
	printable_put(out, text_of(s, "id"));
	buf_puts(out, " (");
	json_array_foreach(json_object_get(s, "provides"), i, class)
	{
		const char *name = json_string_value(class);

		buf_puts(out, i > 0 ? ", " : "");
		printable_put(out, slice_of(name ? name : ""));
	}
	buf_puts(out, ")\n");
	put_source_detail(out, s);
}

static void
put_sources(struct buf *out, const json_t *json)
{
	const json_t *list = json_object_get(json, "sources");
	const json_t *s;
	size_t i;

	buf_puts(out,
	    "\nsources\n  stands at         lines   events  ignored  unknown  "
	    "gaps  source\n");
	json_array_foreach(list, i, s) put_source(out, s);
	if (number(json, "more_sources") > 0)
		buf_printf(out, "  and %" PRId64 " more\n",
		    number(json, "more_sources"));
}

/* ---- below ---- */

static void
put_unknown(struct buf *out, const json_t *json)
{
	const json_t *list = json_object_get(json, "unknown");
	const json_t *row;
	size_t i;

	if (json_array_size(list) == 0)
		return;
	put_label(out, "unknown");
	json_array_foreach(list, i, row)
	{
		buf_puts(out, i > 0 ? ", " : "");
		printable_put(out, text_of(row, "program"));
		buf_printf(out, "%s %" PRId64,
		    json_is_true(json_object_get(row, "closed")) ? "!" : "",
		    number(row, "lines"));
	}
	buf_puts(out, " (lines since ");
	put_time(out, text_of(json, "unknown_since"));
	buf_puts(out, ")\n");
}

static void
put_acks(struct buf *out, const json_t *spool, int64_t now_us)
{
	const json_t *list = json_object_get(spool, "acks");
	const json_t *ack;
	size_t i;

	json_array_foreach(list, i, ack)
	{
		int64_t at_us;

		put_label(out, i == 0 ? "acks" : "");
		printable_put(out, text_of(ack, "name"));
		if (!json_is_true(json_object_get(ack, "counts")))
			buf_puts(out, " (not one of spool.readers: ignored)");
		if (!jsonin_stamp(ack, "at", &at_us)) {
			buf_puts(out, ": none yet\n");
			continue;
		}
		buf_puts(out, ": ");
		put_span(out, now_us - at_us);
		buf_puts(out, " ago");
		if (json_object_get(ack, "behind"))
			buf_printf(out, ", %" PRId64 " records behind",
			    number(ack, "behind"));
		buf_putc(out, '\n');
	}
}

static void
put_spool(struct buf *out, const json_t *json, int64_t now_us)
{
	const json_t *spool = json_object_get(json, "spool");

	put_label(out, "spool");
	put_bytes(out, number(spool, "bytes"));
	buf_puts(out, " of ");
	put_bytes(out, number(spool, "max_bytes"));
	buf_puts(out, ", not acknowledged ");
	put_bytes(out, number(spool, "unsent"));
	if (number(spool, "held_deleted_bytes") > 0) {
		buf_puts(out, "; holds ");
		put_bytes(out, number(spool, "held_deleted_bytes"));
		buf_puts(out, " of deleted logs");
	}
	buf_putc(out, '\n');
	put_acks(out, spool, now_us);
}

/* "connected to k1:9092 since 12 min, topic assay.evidence, 0 records unsent"
 */
static void
put_kafka(struct buf *out, const json_t *json, int64_t now_us)
{
	const json_t *k = json_object_get(json, "kafka");
	int64_t since_us = now_us;

	if (!k)
		return;
	(void)jsonin_stamp(k, "since", &since_us);
	put_label(out, "kafka");
	buf_puts(out, says(k, "state", "connected") ? "connected to "
		      : says(k, "state", "waiting") ? "NOT DELIVERING to "
						    : "connecting to ");
	printable_put(out, text_of(k, "brokers"));
	buf_puts(out, " since ");
	put_span(out, now_us - since_us);
	buf_puts(out, ", topic ");
	printable_put(out, text_of(k, "topic"));
	if (json_is_true(json_object_get(k, "insecure")))
		buf_puts(out, ", UNENCRYPTED");
	if (json_object_get(k, "unsent"))
		buf_printf(
		    out, ", %" PRId64 " records unsent", number(k, "unsent"));
	else {
		buf_puts(out, ", unsent ");
		put_bytes(out, number(k, "unsent_bytes"));
	}
	if (json_object_get(k, "sent_again"))
		buf_printf(out, ", %" PRId64 " sent again so far",
		    number(k, "sent_again"));
	buf_putc(out, '\n');
}

static void
put_clock(struct buf *out, const json_t *json)
{
	const json_t *clock = json_object_get(json, "clock");
	int64_t offset = number(clock, "offset_us");

	put_label(out, "clock");
	if (json_is_true(json_object_get(clock, "simulated")))
		buf_puts(out, "simulated\n");
	else if (!json_is_true(json_object_get(clock, "synced")))
		buf_puts(out, "not synchronised\n");
	else
		buf_printf(out,
		    "synchronised, off by %" PRId64 " us, at most %" PRId64
		    " us\n",
		    offset < 0 ? -offset : offset,
		    number(clock, "maxerror_us"));
}

static void
put_rules(struct buf *out, const json_t *json)
{
	const json_t *rules = json_object_get(json, "rules");
	struct slice refused = text_of(rules, "refused");
	struct slice hash = text_of(rules, "hash");

	if (hash.len > 12)
		hash.len = 12;
	put_label(out, "rules");
	buf_printf(out, "%" PRId64 " in %" PRId64 " files, in force since ",
	    number(rules, "rules"), number(rules, "files"));
	put_time(out, text_of(rules, "since"));
	buf_puts(out, " (");
	printable_put(out, hash);
	buf_puts(out, ")\n");
	if (refused.len == 0)
		return;
	buf_puts(out, "         refused ");
	put_time(out, text_of(rules, "refused_at"));
	buf_putc(out, '\n');
	for (int i = 0; refused.len > 0 && i < 8; i++) {
		size_t len = slice_find(refused, '\n');

		put_folded(out, (struct slice){refused.ptr, len}, "           ",
		    "           ");
		refused = slice_from(refused, len + 1);
	}
}

static void
put_not_read(struct buf *out, const json_t *json)
{
	const json_t *list = json_object_get(json, "not_read");
	const json_t *n;
	size_t i;

	if (json_array_size(list) > 0)
		buf_puts(out, "\nnot read\n");
	json_array_foreach(list, i, n)
	{
		buf_puts(out, "  ");
		printable_put(out, text_of(n, "path"));
		buf_puts(out, ": ");
		printable_put(out, text_of(n, "why"));
		buf_putc(out, '\n');
	}
}

int
status_show(struct slice text, int64_t now_us, struct buf *out, struct err *err)
{
	json_t *json = jsonin_parse(text, err);
	int answer;

	if (!json)
		return -1;
	answer = judge(json, now_us);
	put_head(out, json, now_us);
	put_attention(out, json, now_us);
	put_sources(out, json);
	buf_putc(out, '\n');
	put_unknown(out, json);
	put_spool(out, json, now_us);
	put_kafka(out, json, now_us);
	put_clock(out, json);
	put_rules(out, json);
	if (text_of(json, "polling").len > 0) {
		put_label(out, "hints");
		printable_put(out, text_of(json, "polling"));
		buf_puts(out, "; logs are looked at each second\n");
	}
	put_not_read(out, json);
	json_decref(json);
	return out->failed ? err_set(err, "no memory for the status") : answer;
}

int
status_judge(struct slice text, int64_t now_us, struct err *err)
{
	json_t *json = jsonin_parse(text, err);
	int answer = json ? judge(json, now_us) : -1;

	json_decref(json);
	return answer;
}
