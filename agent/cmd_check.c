/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd_check.h"

#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assay/command.h"
#include "assay/jsonout.h"

#include "cmd_options.h"
#include "cmd_show.h"
#include "discover.h"
#include "proof.h"

static void
put_count(struct buf *out, size_t n, const char *one, const char *many)
{
	buf_printf(out, "%zu %s", n, n == 1 ? one : many);
}

static int
warned(const struct cmd_options *o, const struct problems *p)
{
	return o->strict && problems_warnings(p) ? COMMAND_WARNINGS
						 : COMMAND_OK;
}

static size_t
count_files(const struct ruleset *s)
{
	size_t n = 0;

	while (ruleset_file(s, n))
		n++;
	return n;
}

static void
put_verdict(struct buf *out, const struct problems *p, const struct ruleset *s)
{
	if (s && problems_errors(p) == 0) {
		put_count(out, count_files(s), "file", "files");
		buf_puts(out, ", ");
		put_count(out, ruleset_rules(s), "rule", "rules");
		buf_puts(out, ", ");
		put_count(out, ruleset_ignores(s), "ignored pattern",
		    "ignored patterns");
		buf_puts(out, ": all examples hold");
	} else {
		put_count(out, problems_errors(p), "error", "errors");
	}
	if (problems_warnings(p)) {
		buf_puts(out, ", ");
		put_count(out, problems_warnings(p), "warning", "warnings");
	}
	buf_puts(out, "\n");
}

/* Everything there is to read; the exit code. */
static int
check_all(struct cmd_options *o, struct problems *p, struct buf *out)
{
	struct discover d = {0};
	struct ruleset *s = NULL;
	int status = COMMAND_USAGE;

	if (cmd_options_dirs(o, p))
		status = problems_errors(p) ? COMMAND_NO : COMMAND_USAGE;
	else
		s = cmd_options_load(o, NULL, p, &status);
	if (s && cmd_options_sources(o, s, &d, p) != 0)
		status = COMMAND_NO;
	discover_clear(&d);
	if (o->json) {
		problems_json(p, out);
		buf_putc(out, '\n');
	} else {
		problems_print(p, out);
		if (status != COMMAND_USAGE)
			put_verdict(out, p, s);
	}
	ruleset_free(s);
	return status;
}

int
cmd_check(int argc, char **argv)
{
	struct cmd_options o;
	struct problems *p;
	struct buf out = {0};
	int status;

	if (cmd_options_parse(&o, "rules config json strict show", argc, argv))
		return COMMAND_USAGE;
	if (o.argument_count) {
		fprintf(stderr,
		    "assay-agent check: it takes no files; `assay-agent test "
		    "FILE` tries one\n");
		return COMMAND_USAGE;
	}
	p = problems_new();
	if (!p)
		return COMMAND_USAGE;
	status = o.show ? cmd_show(&o, p, &out) : check_all(&o, p, &out);
	if (!cmd_options_flush(&o, &out))
		status = COMMAND_USAGE;
	else if (status == COMMAND_OK)
		status = warned(&o, p);
	buf_clear(&out);
	cmd_options_clear(&o);
	problems_free(p);
	return status;
}

static void
put_rule(struct buf *out, const struct rule *rule,
    const struct proof_counts *counts, bool json)
{
	if (json) {
		jsonout_object(out);
		jsonout_kstr(out, "rule", rule->id);
		jsonout_kint(out, "examples", (int64_t)counts->examples);
		jsonout_kint(out, "near_misses", (int64_t)counts->near_misses);
		jsonout_kint(out, "ambiguous", (int64_t)counts->ambiguous);
		jsonout_object_end(out);
		return;
	}
	buf_printf(out, "ok %s: ", rule->id);
	put_count(out, counts->examples, "example", "examples");
	buf_puts(out, ", ");
	put_count(out, counts->near_misses, "near miss", "near misses");
	if (counts->ambiguous) {
		buf_puts(out, ", ");
		put_count(out, counts->ambiguous, "ambiguous line",
		    "ambiguous lines");
	}
	buf_putc(out, '\n');
}

/* Say of each rule what its lines proved. The set was proven when it was
 * loaded; here the lines are counted, and tried once more. */
static int
put_proofs(
    struct buf *out, const struct ruleset *s, struct problems *p, bool json)
{
	struct match *m = match_new(s);

	if (!m)
		return -1;
	if (json)
		jsonout_array(out);
	for (size_t i = 0; ruleset_rule(s, i); i++) {
		struct proof_counts counts = {0};

		proof_rule(m, ruleset_rule(s, i), p, &counts);
		put_rule(out, ruleset_rule(s, i), &counts, json);
	}
	if (json) {
		jsonout_array_end(out);
		buf_putc(out, '\n');
	}
	match_free(m);
	return 0;
}

/* rules/auth/sshd.yml lies in the rules directory rules. */
static int
dir_of_file(struct cmd_options *o, struct problems *p, char **owned)
{
	char *copy;

	if (o->dir_count || o->argument_count == 0)
		return cmd_options_need_dirs(o, p);
	copy = strdup(o->arguments[0]);
	if (!copy)
		return -1;
	o->dirs[o->dir_count++] = dirname(dirname(copy));
	*owned = copy;
	return 0;
}

int
cmd_check_test(int argc, char **argv)
{
	struct cmd_options o;
	struct problems *p = NULL;
	struct ruleset *s = NULL;
	struct buf out = {0};
	char *owned = NULL;
	int status = COMMAND_USAGE;

	if (cmd_options_parse(&o, "rules config json strict", argc, argv))
		return COMMAND_USAGE;
	p = problems_new();
	if (!p || dir_of_file(&o, p, &owned))
		goto fail;
	o.arguments[o.argument_count] = NULL;
	s = cmd_options_load(&o,
	    o.argument_count ? (const char *const *)o.arguments : NULL, p,
	    &status);
	if (s && put_proofs(&out, s, p, o.json))
		status = COMMAND_USAGE;
	else if (s)
		status = warned(&o, p);
	if (!s && o.json) {
		problems_json(p, &out);
		buf_putc(&out, '\n');
	} else if (!o.json) {
		problems_print(p, &out);
		if (status != COMMAND_USAGE)
			put_verdict(&out, p, s);
	}
	if (!cmd_options_flush(&o, &out))
		status = COMMAND_USAGE;
fail:
	buf_clear(&out);
	ruleset_free(s);
	cmd_options_clear(&o);
	problems_free(p);
	free(owned);
	return status;
}
