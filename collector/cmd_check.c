/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd_check.h"

#include "assay/command.h"
#include "assay/jsonout.h"
#include "cmd.h"
#include "lint.h"

static const struct argument arguments[] = {
    ARGUMENTS_COMMON,
    {"--isms", "DIR", "what the organisation declares"},
    {"--strict", NULL, "warnings give exit code 3"},
    {"--show", NULL, "print the configuration that is in force, and leave"},
    {"--json", NULL, "one JSON object"},
    {0},
};

static void
put_number(struct buf *out, size_t n, const char *one, const char *many)
{
	buf_printf(out, "%zu %s", n, n == 1 ? one : many);
}

static void
put_verdict(
    struct buf *out, const struct problems *p, const struct lint_counts *n)
{
	put_number(out, n->checks, "check", "checks");
	buf_printf(out, " (%zu adopted), ", n->adopted);
	put_number(out, n->controls, "control", "controls");
	buf_printf(out, " (%zu not decided), ", n->undecided);
	put_number(out, n->hosts, "host", "hosts");
	buf_puts(out, " and ");
	put_number(out, n->jobs, "job", "jobs");
	buf_puts(out, " declared: ");
	if (problems_errors(p) + problems_warnings(p) == 0)
		buf_puts(out, "nothing is wrong");
	else
		put_number(out, problems_errors(p), "error", "errors");
	if (problems_warnings(p)) {
		buf_puts(out, ", ");
		put_number(out, problems_warnings(p), "warning", "warnings");
	}
	buf_putc(out, '\n');
}

static void
put_json(struct buf *out, struct problems *p, const struct lint_counts *n)
{
	jsonout_object(out);
	jsonout_kint(out, "errors", (int64_t)problems_errors(p));
	jsonout_kint(out, "warnings", (int64_t)problems_warnings(p));
	jsonout_kint(out, "checks", (int64_t)n->checks);
	jsonout_kint(out, "adopted", (int64_t)n->adopted);
	jsonout_kint(out, "controls", (int64_t)n->controls);
	jsonout_kint(out, "undecided", (int64_t)n->undecided);
	jsonout_kint(out, "hosts", (int64_t)n->hosts);
	jsonout_kint(out, "jobs", (int64_t)n->jobs);
	jsonout_key(out, "problems");
	problems_json(p, out);
	jsonout_object_end(out);
	buf_putc(out, '\n');
}

/* The exit code. */
static int
check(const struct settings *s, const struct arguments *a, struct problems *p)
{
	struct lint_counts counts;
	struct buf out = {0};
	struct err err = {""};
	int code;

	if (lint_run(s->rules, s->isms, p, &counts, &err))
		return cmd_fail(COMMAND_USAGE, &err);
	if (arguments_has(a, "--json")) {
		put_json(&out, p, &counts);
	} else {
		problems_print(p, &out);
		put_verdict(&out, p, &counts);
	}
	code = cmd_print(&out);
	if (code)
		return code;
	if (problems_errors(p))
		return COMMAND_NO;
	return arguments_has(a, "--strict") && problems_warnings(p)
		   ? COMMAND_WARNINGS
		   : COMMAND_OK;
}

static int
show(const struct settings *s)
{
	struct buf out = {0};

	options_show(s->options, &out);
	return cmd_print(&out);
}

int
cmd_check(int argc, char **argv)
{
	struct arguments a;
	struct settings s;
	struct problems *p;
	int code = cmd_settings(&s, &a, arguments,
	    "check [--rules DIR] [--isms DIR] [--strict]", 0, argc, argv);

	if (code >= 0)
		return code;
	p = problems_new();
	if (!p)
		code = cmd_fail(
		    COMMAND_UNREACHABLE, &(struct err){"memory is short"});
	else
		code =
		    arguments_has(&a, "--show") ? show(&s) : check(&s, &a, p);
	problems_free(p);
	settings_clear(&s);
	return code;
}
