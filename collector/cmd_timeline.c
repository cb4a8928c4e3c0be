/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assay/command.h"
#include "load.h"
#include "timeline.h"

static const struct argument arguments[] = {
    ARGUMENTS_COMMON,
    {"--control", "ID", "the control, such as A.8.13"},
    {"--from", "TIME", "begin (default: that of the report's period)"},
    {"--to", "TIME", "end (default: the newest record)"},
    {"--format", "FORM", "table (default), csv or ndjson"},
    {0},
};

static bool
read_format(const char *text, enum timeline_format *format)
{
	static const char *const names[] = {"table", "csv", "ndjson"};

	for (size_t i = 0; text && i < sizeof names / sizeof *names; i++) {
		if (strcmp(text, names[i]) == 0) {
			*format = (enum timeline_format)i;
			return true;
		}
	}
	return text == NULL;
}

static const struct report_control *
find_control(const struct report *r, const char *id)
{
	const char *colon = strchr(id, ':');

	if (colon)
		id = colon + 1; /* iso27001-2022:A.8.13 */
	for (size_t i = 0; i < r->control_count; i++)
		if (strcmp(r->controls[i].id, id) == 0)
			return &r->controls[i];
	return NULL;
}

static int
print(const struct ledger *l, const char *path,
    const struct timeline_query *query)
{
	enum store_trouble trouble;
	struct err err = {0};
	struct buf out = {0};
	struct store *s = store_open(path, STORE_READ, &trouble, &err);
	int rc;

	if (!s)
		return cmd_fail(cmd_store_code(trouble), &err);
	rc = timeline_put(l, s, query, &out, &err);
	trouble = store_trouble(s);
	store_close(s);
	if (rc == 0)
		return cmd_print(&out);
	buf_clear(&out);
	return cmd_fail(cmd_store_code(trouble), &err);
}

static int
answer(const struct arguments *a, const char *path, struct ledger *l)
{
	const struct cmd_question question = {
	    .as_of = arguments_value(a, "--to")};
	const char *id = arguments_value(a, "--control");
	const char *from = arguments_value(a, "--from");
	struct timeline_query query = {0};
	const struct report *r;
	struct err err = {0};
	int code;

	r = cmd_ask(l, &question, &code, &err);
	if (!r)
		return cmd_fail(code, &err);
	query.control = find_control(r, id);
	query.from_us = r->from_us;
	query.to_us = r->as_of_us + 1; /* what happened just then too */
	if (!query.control) {
		err_set(&err,
		    "no control '%s' in the framework; `report --all` lists "
		    "them",
		    id);
		return cmd_fail(COMMAND_USAGE, &err);
	}
	if (from && !cmd_time(from, &query.from_us))
		return cmd_bad_time("--from", from);
	if (!read_format(arguments_value(a, "--format"), &query.format)) {
		err_set(&err, "--format '%s' is none of table, csv, ndjson",
		    arguments_value(a, "--format"));
		return cmd_fail(COMMAND_USAGE, &err);
	}
	return print(l, path, &query);
}

static int
load_and_answer(const struct arguments *a, const char *path)
{
	struct err err = {0};
	struct ledger *l;
	int code;

	if (!arguments_value(a, "--control")) {
		fputs("assay-collector: timeline wants --control ID, such as "
		      "A.8.13\n",
		    stderr);
		return COMMAND_USAGE;
	}
	l = load_ledger(path, &code, &err);
	if (!l)
		return cmd_fail(code, &err);
	code = answer(a, path, l);
	ledger_free(l);
	return code;
}

int
cmd_timeline(int argc, char **argv)
{
	struct settings settings;
	struct arguments a;
	int code = cmd_settings(&settings, &a, arguments,
	    "timeline --control ID [--from TIME] [--to TIME] "
	    "[--format table|csv|ndjson]",
	    0, argc, argv);
	char *path;

	if (code >= 0)
		return code;
	path = settings_store(&settings);
	code = path ? load_and_answer(&a, path) : COMMAND_UNREACHABLE;
	free(path);
	settings_clear(&settings);
	return code;
}
