/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd_explain.h"

#include <stdio.h>
#include <string.h>

#include "assay/command.h"
#include "assay/printable.h"

#include "cmd_options.h"

static void
put_quoted(struct buf *out, struct slice text)
{
	buf_putc(out, '\'');
	printable_put(out, text);
	buf_putc(out, '\'');
}

static void
put_texts(struct buf *out, const char *name, rule_texts texts)
{
	buf_printf(out, "  %-11s", name);
	for (; texts && *texts; texts++) {
		printable_put(out, slice_of(*texts));
		buf_puts(out, texts[1] ? ", " : "");
	}
	buf_putc(out, '\n');
}

static void
put_fields(struct buf *out, const struct rule *rule)
{
	static const char *const origins[] = {
	    "from the line", "always", "the service", "the pam type"};

	for (size_t i = 0; i < rule->field_count; i++) {
		const struct rule_field *f = &rule->fields[i];

		buf_printf(out, "  %-11s%s (%s) %s", i ? "" : "fields",
		    f->field->name, vocab_type_name(f->field->type),
		    origins[f->origin]);
		if (f->origin == RULE_SET) {
			buf_putc(out, ' ');
			printable_put(out, f->constant.text);
		}
		buf_putc(out, '\n');
	}
}

/* How the engine finds the lines this rule may match. */
static void
put_plan(struct buf *out, const struct rule *rule)
{
	const struct pattern_facts *facts = &rule->pattern->facts;

	put_texts(out, "bucket", rule->file->programs);
	buf_printf(out, "  %-11s", "prefix");
	if (facts->prefix.len)
		put_quoted(out, facts->prefix);
	else
		buf_puts(out, "none: the pattern begins with something "
			      "variable");
	buf_printf(out, "\n  %-11s", "literal");
	if (rule->pattern->literal.len)
		put_quoted(out, rule->pattern->literal);
	else
		buf_puts(out,
		    facts->prefix.len
			? "none beyond the prefix"
			: "none: slow, every line of the program is tried");
	buf_printf(out, "\n  %-11s%zu bytes, %zu of them fixed", "at least",
	    facts->min_len, facts->fixed);
	if (facts->below)
		buf_printf(out, "; fewer than %zu", facts->below);
	buf_printf(out, "; %s\n",
	    reading_is_jit(rule->pattern->code) ? "machine code"
						: "interpreted");
}

static void
put_lines(
    struct buf *out, const struct rule *rule, const char *key, const char *name)
{
	const struct tree_node *list = tree_get(rule->node, key);

	for (size_t i = 0; list && i < tree_count(list); i++) {
		const struct tree_node *n = tree_item(list, i);
		const struct tree_node *line = tree_get(n, "line");

		buf_printf(out, "  %-11s", i ? "" : name);
		put_quoted(out, tree_text(line ? line : n));
		buf_putc(out, '\n');
	}
}

static void
put_rule(struct buf *out, const struct rule *rule)
{
	static const char *const raw[] = {"the line is kept",
	    "a hash of the line is kept", "the line is not kept"};

	buf_printf(out, "rule %s: %s\n", rule->id, rule->title);
	buf_printf(out, "  %-11s%s:%zu\n", "file", rule->file->name,
	    tree_line(rule->node));
	if (rule->file->from)
		buf_printf(out, "  %-11s%s\n", "from", rule->file->from);
	buf_printf(out, "  %-11s%s, outcome %s%s%s\n", "event",
	    rule->kind->event, vocab_outcome_name(rule->outcome),
	    rule->phase ? ", phase " : "", rule_phase_name(rule->phase));
	put_texts(out, "controls", rule->controls);
	put_fields(out, rule);
	buf_printf(out, "  %-11s", "pattern");
	put_quoted(out, rule->pattern->text);
	buf_printf(out, "\n  %-11s%s\n", "raw", raw[rule->raw]);
	put_plan(out, rule);
	put_lines(out, rule, "examples", "matches");
	put_lines(out, rule, "near_misses", "not");
	put_lines(out, rule, "ambiguous", "ambiguous");
}

static void
put_rule_line(struct buf *out, const struct rule *rule)
{
	buf_printf(out, "  %-28s %s %s: %s\n", rule->id, rule->kind->event,
	    vocab_outcome_name(rule->outcome), rule->title);
}

static void
put_event(
    struct buf *out, const struct vocab_kind *kind, const struct ruleset *s)
{
	const struct rule *rule;

	buf_printf(out, "event %s: %s\n", kind->event, kind->about);
	buf_printf(out, "  %-11s", "outcomes");
	for (int i = VOCAB_NONE; i <= VOCAB_FAILURE; i++)
		if (kind->outcomes >> i & 1)
			buf_printf(out, "%s ",
			    vocab_outcome_name((enum vocab_outcome)i));
	buf_putc(out, '\n');
	for (size_t i = 0; i < kind->field_count; i++)
		buf_printf(out, "  %-11s%s (%s)\n", i ? "" : "fields",
		    kind->fields[i].name,
		    vocab_type_name(kind->fields[i].type));
	if (kind->run)
		buf_printf(out,
		    "  %-11sa run of several lines, failed when it has not "
		    "ended within %lld s\n",
		    "run", (long long)(kind->run_limit_us / 1000000));
	buf_puts(out, "rules that see it:\n");
	for (size_t i = 0; (rule = ruleset_rule(s, i)); i++)
		if (rule->kind == kind)
			put_rule_line(out, rule);
}

static bool
is_about(const struct rule *rule, const char *control)
{
	for (rule_texts c = rule->controls; *c; c++) {
		const char *colon = strchr(*c, ':');

		if (!strcmp(*c, control) ||
		    (colon && !strcmp(colon + 1, control)))
			return true;
	}
	return false;
}

static bool
put_control(struct buf *out, const char *control, const struct ruleset *s)
{
	const struct rule *rule;
	bool found = false;

	for (size_t i = 0; (rule = ruleset_rule(s, i)); i++) {
		if (!is_about(rule, control))
			continue;
		if (!found)
			buf_printf(out,
			    "control %s: these rules see evidence about it; "
			    "checks decide\n",
			    control);
		found = true;
		put_rule_line(out, rule);
	}
	return found;
}

static bool
put_answer(struct buf *out, const char *id, const struct ruleset *s)
{
	const struct rule *rule = ruleset_find(s, id);
	const struct vocab_kind *kind =
	    vocab_find(ruleset_vocab(s), slice_of(id));

	if (rule)
		put_rule(out, rule);
	else if (kind)
		put_event(out, kind, s);
	else
		return put_control(out, id, s);
	return true;
}

static void
tell_unknown(const struct cmd_options *o, const struct ruleset *s)
{
	const char *nearest = NULL;
	const struct vocab_kind *kind =
	    vocab_nearest(ruleset_vocab(s), slice_of(o->arguments[0]));
	struct buf shown = {0};

	for (size_t i = 0; !nearest && ruleset_rule(s, i); i++) {
		const char *one[] = {ruleset_rule(s, i)->id, NULL};

		nearest = command_nearest(o->arguments[0], one);
	}
	if (!nearest && kind)
		nearest = kind->event;
	printable_put(&shown, slice_of(o->arguments[0]));
	buf_putc(&shown, '\0');
	fprintf(stderr,
	    "assay-agent explain: there is no rule, event or control '%s'%s%s"
	    "%s\n",
	    shown.failed ? "?" : shown.ptr, nearest ? "; did you mean '" : "",
	    nearest ? nearest : "", nearest ? "'?" : "");
	buf_clear(&shown);
}

int
cmd_explain(int argc, char **argv)
{
	struct cmd_options o;
	struct problems *p;
	struct ruleset *s = NULL;
	struct buf out = {0};
	int status;

	if (cmd_options_parse(&o, "rules config", argc, argv))
		return COMMAND_USAGE;
	if (o.argument_count != 1) {
		fprintf(stderr,
		    "assay-agent explain: name one rule (sshd.accepted), event "
		    "(auth.login) or control (A.8.5)\n");
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
	} else if (!put_answer(&out, o.arguments[0], s)) {
		tell_unknown(&o, s);
		status = COMMAND_NO;
	} else if (!cmd_options_flush(&o, &out)) {
		status = COMMAND_USAGE;
	}
fail:
	buf_clear(&out);
	ruleset_free(s);
	cmd_options_clear(&o);
	problems_free(p);
	return status;
}
