/* SPDX-License-Identifier: Apache-2.0 */
#include "proof.h"

#include "assay/tree.h"

/* One line of a rule on trial. */
struct trial {
	struct match *match;
	const struct rule *rule;
	struct problems *problems;
	const struct tree_node *node; /* the line */
	struct header header;
	struct match_event event; /* what the rule alone makes of it */
	struct match_result result;
	bool limited;
};

static int
set_line(struct trial *t, const struct tree_node *n)
{
	struct slice line;
	const char *program = t->rule->file->programs[0];

	t->node = n;
	if (tree_string(t->problems, n, &line))
		return -1;
	header_message(slice_of(program), line, &t->header);
	for (rule_texts p = t->rule->file->programs; *p; p++)
		if (slice_eq_str(t->header.program, *p))
			return 0;
	return tree_problem(t->problems, n,
	    "a line like this belongs to program %.*s, not to %s",
	    SLICE_FMT(t->header.program), program);
}

static bool
try_rule(struct trial *t)
{
	return match_pattern(
	    t->match, t->rule->pattern, &t->header, &t->event, &t->limited);
}

static const struct match_event *
try_all(struct trial *t)
{
	match_line(t->match, &t->header, &t->result);
	for (size_t i = 0; i < t->result.count; i++)
		if (t->result.events[i].rule->kind == t->rule->kind)
			return &t->result.events[i];
	return NULL;
}

static const struct match_field *
find_field(const struct match_event *e, const struct vocab_field *field)
{
	for (size_t i = 0; i < e->field_count; i++)
		if (e->fields[i].field == field)
			return &e->fields[i];
	return NULL;
}

static int
check_field(
    struct trial *t, const struct tree_node *key, const struct tree_node *n)
{
	const struct vocab_field *field =
	    vocab_field(t->rule->kind, tree_text(key));
	const struct match_field *got;
	struct vocab_value wanted;

	if (!field)
		return tree_problem(t->problems, key, "%s has no field '%.*s'",
		    t->rule->kind->event, SLICE_FMT(tree_text(key)));
	if (tree_kind(n) != TREE_SCALAR || tree_is_null(n) ||
	    !vocab_parse(field->type, tree_text(n), &wanted))
		return tree_problem(t->problems, n,
		    "'%s' is of type %s, and this is none", field->name,
		    vocab_type_name(field->type));
	got = find_field(&t->event, field);
	if (!got)
		return tree_problem(t->problems, n,
		    "the line gives no '%s' at all", field->name);
	if (!vocab_equal(&got->value, &wanted))
		return tree_problem(t->problems, n,
		    "the line gives %s '%.*s', not '%.*s'", field->name,
		    SLICE_FMT(got->value.text), SLICE_FMT(wanted.text));
	return 0;
}

static int
check_fields(struct trial *t, const struct tree_node *fields)
{
	int result = 0;

	if (tree_map(t->problems, fields, "a map of fields and values"))
		return -1;
	for (size_t i = 0; i < tree_count(fields); i++)
		if (check_field(t, tree_key(fields, i), tree_item(fields, i)))
			result = -1;
	return result;
}

/* Another rule that reads the line otherwise, or NULL. */
static const struct rule *
other_rule(struct trial *t)
{
	const struct ruleset_bucket *b =
	    match_bucket(t->match, t->header.program);
	struct ruleset_candidates c = ruleset_candidates(b, t->header.message);
	const struct filter *f;
	struct match_event event;
	bool limited;

	while ((f = ruleset_candidate(&c))) {
		const struct rule *other = f->pattern->rule;

		if (other && other != t->rule && other->kind == t->rule->kind &&
		    match_pattern(
			t->match, f->pattern, &t->header, &event, &limited))
			return other;
	}
	return NULL;
}

static int
check_unambiguous(struct trial *t)
{
	const struct match_event *event;
	const struct rule *other;

	if (t->event.ambiguous)
		return tree_problem(t->problems, t->node,
		    "%s reads this example in more than one way: list it under "
		    "'ambiguous', or narrow the pattern",
		    t->rule->id);
	event = try_all(t);
	if (event && !event->ambiguous && event->rule == t->rule)
		return 0;
	other = other_rule(t);
	if (event && !event->ambiguous) {
		tree_warning(t->problems, t->node,
		    "rule %s says the same of this line, and comes first",
		    event->rule->id);
		return 0;
	}
	return tree_problem(t->problems, t->node,
	    "rule %s reads this example too, and otherwise",
	    other ? other->id : "of another kind");
}

static int
try_example(struct trial *t, const struct tree_node *n)
{
	static const char *const known[] = {"line", "fields", NULL};
	const struct tree_node *line, *fields;

	if (tree_keys(t->problems, n, known))
		return -1;
	line = tree_need(t->problems, n, "line");
	fields = tree_get(n, "fields");
	if (!line || set_line(t, line))
		return -1;
	if (!try_rule(t))
		return tree_problem(t->problems, line,
		    t->limited
			? "%s gives up on its example: the pattern can be read "
			  "in too many ways"
			: "%s does not match its example, or a value is not of "
			  "its type",
		    t->rule->id);
	if (fields && check_fields(t, fields))
		return -1;
	return check_unambiguous(t);
}

static int
try_near_miss(struct trial *t, const struct tree_node *n)
{
	if (set_line(t, n))
		return -1;
	if (try_rule(t))
		return tree_problem(t->problems, n,
		    "%s matches its near miss: narrow the pattern",
		    t->rule->id);
	if (t->limited)
		return tree_problem(t->problems, n,
		    "%s gives up on its near miss: the pattern can be read in "
		    "too many ways",
		    t->rule->id);
	return 0;
}

static int
try_ambiguous(struct trial *t, const struct tree_node *n)
{
	const struct match_event *event;

	if (set_line(t, n))
		return -1;
	if (!try_rule(t))
		return tree_problem(t->problems, n,
		    "%s does not match this line at all", t->rule->id);
	event = try_all(t);
	if (!event || !event->ambiguous)
		return tree_problem(t->problems, n,
		    "%s reads this line in one way only: list it under "
		    "'examples' or 'near_misses'",
		    t->rule->id);
	return 0;
}

static void
try_list(struct trial *t, const char *key,
    int (*try)(struct trial *t, const struct tree_node *n), size_t *count,
    size_t *failed)
{
	const struct tree_node *list = tree_get(t->rule->node, key);

	if (!list)
		return;
	if (tree_list(t->problems, list, "a list")) {
		(*failed)++;
		return;
	}
	for (size_t i = 0; i < tree_count(list); i++) {
		++*count;
		if (try(t, tree_item(list, i)))
			++*failed;
	}
}

void
proof_rule(struct match *m, const struct rule *rule, struct problems *p,
    struct proof_counts *counts)
{
	struct trial t = {.match = m, .rule = rule, .problems = p};

	try_list(
	    &t, "examples", try_example, &counts->examples, &counts->failed);
	try_list(&t, "near_misses", try_near_miss, &counts->near_misses,
	    &counts->failed);
	try_list(&t, "ambiguous", try_ambiguous, &counts->ambiguous,
	    &counts->failed);
}

void
proof_set(struct match *m, const struct ruleset *s, struct problems *p,
    struct proof_counts *counts)
{
	for (size_t i = 0; ruleset_rule(s, i); i++)
		proof_rule(m, ruleset_rule(s, i), p, counts);
}
