/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assay/command.h"
#include "assay/printable.h"
#include "assay/stamp.h"
#include "arguments.h"
#include "load.h"
#include "settings.h"

#define ROWS_MAX 12
#define STALE_US (INT64_C(3600) * STAMP_US_PER_S)

static const struct argument arguments[] = {
    ARGUMENTS_COMMON,
    {"--as-of", "TIME", "judge at this time (default: the newest record)"},
    {"--known-at", "N", "by the first N counted records only"},
    {"--all", NULL, "all controls, not the most informative ones"},
    {"--json", NULL, "one line of JSON, as `recompute` prints it"},
    {0},
};

/* Which row says most: what was seen to work or not first, what nothing is
 * known of last. */
static int
weight(const struct report_control *c)
{
	bool has_units = false;

	for (size_t i = 0; i < c->check_count; i++)
		has_units |= c->checks[i].units > 0;
	switch (c->rating) {
	case RATING_INEFFECTIVE:
		return 0;
	case RATING_PARTLY:
		return 1;
	case RATING_EFFECTIVE:
		return 2;
	case RATING_UNKNOWN:
		return has_units			     ? 3
		       : c->last_evidence_us != REPORT_NEVER ? 4
							     : 5;
	case RATING_NOT_EXERCISED:
		return 6;
	case RATING_NOT_APPLICABLE:
		return 7;
	case RATING_NOT_MONITORED:
		return 8;
	}
	return 8;
}

static int
compare(const void *a, const void *b)
{
	const struct report_control *const *left = a, *const *right = b;
	int by_weight = weight(*left) - weight(*right);

	/* The framework's order is that of their places in one array. */
	return by_weight ? by_weight : (*left > *right) - (*left < *right);
}

static const char *
colour_of(enum rating rating)
{
	switch (rating) {
	case RATING_INEFFECTIVE:
		return "\033[31m";
	case RATING_PARTLY:
		return "\033[33m";
	case RATING_EFFECTIVE:
		return "\033[32m";
	default:
		return "\033[2m";
	}
}

static void
put_row(struct buf *out, const struct report_control *c, bool colour)
{
	buf_printf(out, "%-8s ", c->id);
	if (colour)
		buf_puts(out, colour_of(c->rating));
	buf_printf(out, "%-16s", rating_name(c->rating));
	if (colour)
		buf_puts(out, "\033[0m");
	buf_puts(out, "  ");
	printable_put(out, slice_of(c->title));
	buf_puts(out, "\n         ");
	printable_put(out, slice_of(c->reason));
	buf_putc(out, '\n');
}

static void
put_head(struct buf *out, const struct report *r)
{
	buf_puts(out, "Operating effectiveness as far as logs show it, as of ");
	cmd_put_minute(out, r->as_of_us);
	buf_printf(out, ", %" PRIu64 " records known.\n", r->known_at);
	buf_printf(out, "%zu controls", r->control_count);
	for (int rating = 0; rating <= RATING_NOT_APPLICABLE; rating++) {
		size_t n = 0;

		for (size_t i = 0; i < r->control_count; i++)
			n += r->controls[i].rating == (enum rating)rating;
		if (n)
			buf_printf(out, " · %zu %s", n,
			    rating_name((enum rating)rating));
	}
	buf_puts(out, "\n\n");
}

static int
put_table(struct buf *out, const struct report *r, bool all)
{
	const struct report_control **rows =
	    calloc(r->control_count + 1, sizeof(void *));
	bool colour = cmd_colour();
	size_t shown = 0;

	if (!rows)
		return -1;
	for (size_t i = 0; i < r->control_count; i++)
		rows[i] = &r->controls[i];
	qsort(rows, r->control_count, sizeof(void *), compare);
	put_head(out, r);
	for (size_t i = 0; i < r->control_count; i++) {
		if (!all && (shown == ROWS_MAX ||
				rows[i]->rating == RATING_NOT_MONITORED))
			break;
		put_row(out, rows[i], colour);
		shown++;
	}
	if (shown < r->control_count)
		buf_printf(out,
		    "%s%zu of %zu shown; `assay-collector report --all` shows "
		    "the others, `timeline --control ID` what lies behind "
		    "one.\n",
		    shown ? "\n" : "", shown, r->control_count);
	free(rows);
	return 0;
}

/* The answer is as old as what it is made from: say so when that is long. */
static void
say_stale(const struct report *r)
{
	struct buf text = {0};
	int64_t now_us = 0;

	cmd_time("now", &now_us);
	if (now_us - r->as_of_us < STALE_US)
		return;
	cmd_put_minute(&text, r->as_of_us);
	fprintf(stderr,
	    "assay-collector: the newest record is of %.*s and this is the "
	    "answer as of then; --as-of now judges this moment\n",
	    SLICE_FMT(buf_slice(&text)));
	buf_clear(&text);
}

static int
answer(const struct arguments *a, const char *path)
{
	const struct cmd_question question = {
	    .as_of = arguments_value(a, "--as-of"),
	    .known_at = arguments_value(a, "--known-at"),
	};
	struct err err = {0};
	struct buf out = {0};
	int code;
	struct ledger *l = load_ledger(path, &code, &err);
	const struct report *r = NULL;

	if (l)
		r = cmd_ask(l, &question, &code, &err);
	if (!r) {
		ledger_free(l);
		return cmd_fail(code, &err);
	}
	if (!question.as_of)
		say_stale(r);
	if (arguments_has(a, "--json")) {
		report_json(r, &out);
		buf_putc(&out, '\n');
	} else if (put_table(&out, r, arguments_has(a, "--all"))) {
		out.failed = true;
	}
	ledger_free(l);
	return cmd_print(&out);
}

int
cmd_report(int argc, char **argv)
{
	struct settings settings;
	struct arguments a;
	int code = cmd_settings(&settings, &a, arguments,
	    "report [--as-of TIME] [--known-at N] [--all] [--json]", 0, argc,
	    argv);
	char *path;

	if (code >= 0)
		return code;
	path = settings_store(&settings);
	code = path ? answer(&a, path) : COMMAND_UNREACHABLE;
	free(path);
	settings_clear(&settings);
	return code;
}
