/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd_match.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assay/command.h"
#include "assay/jsonout.h"
#include "assay/printable.h"

#include "cmd_options.h"
#include "match.h"

#define FLUSH_BYTES ((size_t)64 * 1024)

struct run {
	const struct cmd_options *o;
	struct match *match;
	struct header_context context;
	struct match_result result;
	struct buf line; /* of output, before it is made safe to show */
	struct buf out;
	size_t lines;
	size_t kinds[MATCH_NO_PROGRAM + 1];
	size_t limit_hits;
};

static const char *const kind_names[] = {
    "event", "ignored", "unknown", "no program"};

static void
put_utf8(struct buf *out, const char *key, struct slice text)
{
	struct buf clean = {0};

	printable_utf8(&clean, text);
	jsonout_kstring(out, key, buf_slice(&clean));
	out->failed |= clean.failed;
	buf_clear(&clean);
}

static void
put_event_json(struct run *r, const struct match_event *e)
{
	struct buf *b = &r->line;

	jsonout_object(b);
	jsonout_kstr(b, "rule", e->rule->id);
	jsonout_kstr(b, "event", e->rule->kind->event);
	jsonout_kstr(b, "outcome", vocab_outcome_name(e->rule->outcome));
	if (r->o->why && e->rule->phase)
		jsonout_kstr(b, "phase", rule_phase_name(e->rule->phase));
	jsonout_kbool(b, "ambiguous", e->ambiguous);
	jsonout_key(b, "fields");
	jsonout_object(b);
	for (size_t i = 0; i < e->field_count; i++) {
		jsonout_key(b, e->fields[i].field->name);
		vocab_json(b, &e->fields[i].value);
	}
	jsonout_object_end(b);
	jsonout_object_end(b);
}

static void
put_line_json(struct run *r, const struct header *h)
{
	struct buf *b = &r->line;

	jsonout_object(b);
	jsonout_kint(b, "line", (int64_t)r->lines);
	if (h->program.len)
		put_utf8(b, "program", h->program);
	else {
		jsonout_key(b, "program");
		jsonout_null(b);
	}
	if (r->o->why) {
		jsonout_kstr(b, "kind", kind_names[r->result.kind]);
		jsonout_kint(b, "limit_hits", r->result.limit_hits);
	}
	jsonout_key(b, "events");
	jsonout_array(b);
	for (size_t i = 0; i < r->result.count; i++)
		put_event_json(r, &r->result.events[i]);
	jsonout_array_end(b);
	jsonout_object_end(b);
	printable_json(&r->out, buf_slice(b));
	buf_putc(&r->out, '\n');
}

static void
put_event_text(struct run *r, const struct match_event *e)
{
	struct buf *b = &r->out;

	buf_printf(b, "%6zu  %s %s%s  %s", r->lines, e->rule->kind->event,
	    vocab_outcome_name(e->rule->outcome),
	    e->ambiguous ? " (ambiguous)" : "", e->rule->id);
	for (size_t i = 0; i < e->field_count; i++) {
		buf_printf(b, "  %s=", e->fields[i].field->name);
		printable_put(b, e->fields[i].value.text);
	}
	buf_putc(b, '\n');
}

static void
put_line_text(struct run *r, const struct header *h)
{
	for (size_t i = 0; i < r->result.count; i++)
		put_event_text(r, &r->result.events[i]);
	if (r->result.count)
		return;
	buf_printf(&r->out, "%6zu  %s  ", r->lines, kind_names[r->result.kind]);
	if (h->program.len) {
		printable_put(&r->out, h->program);
		buf_puts(&r->out, ": ");
	}
	printable_put(&r->out, h->message);
	buf_putc(&r->out, '\n');
}

/* An empty line of a program's own log only sets lines apart. */
static void
match_one(struct run *r, const struct header *h)
{
	if (r->context.program.len && h->form == HEADER_NONE && !h->message.len)
		r->result = (struct match_result){.kind = MATCH_IGNORED};
	else
		match_line(r->match, h, &r->result);
}

static bool
take_line(struct run *r, struct slice line)
{
	struct header h;

	r->lines++;
	if (r->o->program)
		header_message(slice_of(r->o->program), line, &h);
	else if (!header_parse(&r->context, line, &h) && r->context.program.len)
		header_message(r->context.program, line, &h);
	match_one(r, &h);
	r->kinds[r->result.kind]++;
	r->limit_hits += r->result.limit_hits;
	buf_reset(&r->line);
	if (r->o->json)
		put_line_json(r, &h);
	else
		put_line_text(r, &h);
	r->out.failed |= r->line.failed;
	return r->out.len < FLUSH_BYTES || cmd_options_flush(r->o, &r->out);
}

static bool
take_lines(struct run *r, FILE *in)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;
	bool good = true;

	while (good && (len = getline(&line, &cap, in)) >= 0) {
		if (len && line[len - 1] == '\n')
			len--;
		good = take_line(r, (struct slice){line, (size_t)len});
	}
	free(line);
	if (ferror(in)) {
		fprintf(
		    stderr, "assay-agent match: read: %s\n", strerror(errno));
		return false;
	}
	return good && cmd_options_flush(r->o, &r->out);
}

/* The last parts of a path. */
static const char *
tail_of(const char *path, unsigned parts)
{
	const char *p = path + strlen(path);

	while (p > path && (p[-1] != '/' || --parts > 0))
		p--;
	return p;
}

/* Whether a file that may lie anywhere is one of those a rule file names: by
 * its name, or by its directory and name where the name alone says too little.
 */
static bool
is_named(const char *glob, const char *path)
{
	unsigned parts = *tail_of(glob, 1) == '*' ? 2 : 1;

	return fnmatch(tail_of(glob, parts), tail_of(path, parts), 0) == 0;
}

/* A program's own log has no tags: the rule file that names such a file says
 * how its stamps look. */
static void
set_context(struct run *r, const struct ruleset *s, const char *path)
{
	const struct rule_file *f;

	for (size_t i = 0; (f = ruleset_rule_file(s, i)); i++) {
		for (rule_texts g = f->files; f->stamp && g && *g; g++) {
			if (!is_named(*g, path))
				continue;
			r->context.stamp = f->stamp;
			r->context.program = slice_of(f->programs[0]);
			return;
		}
	}
}

static void
tell_counts(const struct run *r)
{
	fprintf(stderr,
	    "%zu lines: %zu with events, %zu ignored, %zu unknown, %zu of no "
	    "program with rules",
	    r->lines, r->kinds[MATCH_EVENT], r->kinds[MATCH_IGNORED],
	    r->kinds[MATCH_UNKNOWN], r->kinds[MATCH_NO_PROGRAM]);
	if (r->limit_hits)
		fprintf(stderr, "; %zu times a pattern gave up", r->limit_hits);
	fputc('\n', stderr);
}

static int
run_match(const struct cmd_options *o, const struct ruleset *s)
{
	const char *path = o->arguments[0];
	struct run *r = calloc(1, sizeof *r);
	FILE *in = strcmp(path, "-") ? fopen(path, "re") : stdin;
	int status = COMMAND_USAGE;

	if (!in) {
		fprintf(stderr, "assay-agent match: open '%s': %s\n", path,
		    strerror(errno));
		if (errno == EACCES)
			status = COMMAND_PERMISSION;
		goto fail;
	}
	if (!r || !(r->match = match_new(s))) {
		fprintf(stderr, "assay-agent match: out of memory\n");
		goto fail;
	}
	r->o = o;
	set_context(r, s, path);
	if (!take_lines(r, in))
		goto fail;
	if (!o->json)
		tell_counts(r);
	status = COMMAND_OK;
fail:
	if (in && in != stdin)
		fclose(in);
	if (r) {
		match_free(r->match);
		buf_clear(&r->line);
		buf_clear(&r->out);
	}
	free(r);
	return status;
}

int
cmd_match(int argc, char **argv)
{
	struct cmd_options o;
	struct problems *p;
	struct ruleset *s = NULL;
	struct buf out = {0};
	int status;

	if (cmd_options_parse(&o, "rules config json program why", argc, argv))
		return COMMAND_USAGE;
	if (o.argument_count != 1) {
		fprintf(stderr,
		    "assay-agent match: name one file, or - for standard "
		    "input\n");
		return COMMAND_USAGE;
	}
	p = problems_new();
	if (!p)
		return COMMAND_USAGE;
	status = COMMAND_USAGE;
	if (cmd_options_need_dirs(&o, p))
		goto fail;
	s = cmd_options_load(&o, NULL, p, &status);
	if (!s) {
		problems_print(p, &out);
		fwrite(out.ptr, 1, out.len, stderr);
		status = COMMAND_USAGE;
	} else {
		status = run_match(&o, s);
	}
fail:
	buf_clear(&out);
	ruleset_free(s);
	cmd_options_clear(&o);
	problems_free(p);
	return status;
}
