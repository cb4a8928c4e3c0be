/* SPDX-License-Identifier: Apache-2.0 */
/* Where the fields of a rule's events get their values. */
#include "rule_reader.h"

#include <string.h>

#include "assay/command.h"
#include "assay/record.h"

static int
unknown_field(struct rule_reader *r, const struct tree_node *n, size_t at,
    const struct vocab_kind *kind, const char *name)
{
	const char *names[VOCAB_FIELDS_MAX + 1] = {0};
	const char *nearest;

	for (size_t i = 0; i < kind->field_count; i++)
		names[i] = kind->fields[i].name;
	nearest = command_nearest(name, names);
	if (nearest)
		return tree_problem_at(r->problems, n, at,
		    "%s has no field '%s'; did you mean '%s'?", kind->event,
		    name, nearest);
	return tree_problem_at(r->problems, n, at,
	    "%s has no field '%s': events.yml lists those it has", kind->event,
	    name);
}

static int
read_constant(struct rule_reader *r, const struct tree_node *n,
    const struct vocab_field *field, struct vocab_value *out)
{
	struct slice text = tree_text(n);
	bool bare = tree_kind(n) == TREE_SCALAR && !tree_is_null(n);
	char *copy;

	if (field->type == VOCAB_STRING) {
		if (tree_string(r->problems, n, &text))
			return -1;
	} else if (!bare || !vocab_parse(field->type, text, out)) {
		return tree_problem(r->problems, n,
		    "'%s' is of type %s, and this is none", field->name,
		    vocab_type_name(field->type));
	}
	copy = arena_copy(r->arena, text);
	if (!copy)
		return rule_no_memory(r, n);
	vocab_parse(field->type, (struct slice){copy, text.len}, out);
	return 0;
}

/* Fields of a rule by the index of the vocabulary: which have a source. */
struct sources {
	bool there[VOCAB_FIELDS_MAX];
	struct rule_field fields[VOCAB_FIELDS_MAX];
};

static int
take_groups(struct rule_reader *r, const struct rule *rule,
    struct sources *sources, const struct tree_node *n)
{
	const struct pattern_facts *facts = &rule->pattern->facts;
	int result = 0;

	for (unsigned i = 0; i < facts->group_count; i++) {
		const char *name = facts->groups[i].name;
		const struct vocab_field *field;

		if (!name)
			continue;
		field = vocab_field(rule->kind, slice_of(name));
		if (!field) {
			result = unknown_field(
			    r, n, facts->groups[i].at, rule->kind, name);
			continue;
		}
		sources->there[field->index] = true;
		sources->fields[field->index] = (struct rule_field){
		    .field = field,
		    .origin = RULE_GROUP,
		    .group = i + 1,
		    .check = facts->groups[i].check,
		};
	}
	return result;
}

static int
take_constants(struct rule_reader *r, const struct rule *rule,
    struct sources *sources, const struct tree_node *set)
{
	int result = 0;

	if (!set)
		return 0;
	if (tree_map(r->problems, set, "a map of fields and values"))
		return -1;
	for (size_t i = 0; i < tree_count(set); i++) {
		const struct tree_node *key = tree_key(set, i);
		const struct vocab_field *field =
		    vocab_field(rule->kind, tree_text(key));
		struct rule_field *new;

		if (!field) {
			result = unknown_field(
			    r, key, 0, rule->kind, tree_text(key).ptr);
			continue;
		}
		if (sources->there[field->index]) {
			result = tree_problem(r->problems, key,
			    "'%s' is a group of the pattern as well: remove "
			    "one",
			    field->name);
			continue;
		}
		new = &sources->fields[field->index];
		*new = (struct rule_field){.field = field, .origin = RULE_SET};
		sources->there[field->index] = true;
		if (read_constant(r, tree_item(set, i), field, &new->constant))
			result = -1;
	}
	return result;
}

/* Lines of a pam module come with the service that asked and for what. */
static void
take_pam(const struct rule_reader *r, const struct rule *rule,
    struct sources *sources)
{
	static const struct {
		const char *name;
		enum rule_origin origin;
	} given[] = {{"service", RULE_SERVICE}, {"type", RULE_TYPE}};
	bool pam = false;

	for (rule_texts t = r->file->programs; *t; t++)
		pam |= !strncmp(*t, "pam_", 4);
	for (size_t i = 0; pam && i < 2; i++) {
		const struct vocab_field *field =
		    vocab_field(rule->kind, slice_of(given[i].name));

		if (!field || field->type != VOCAB_STRING ||
		    sources->there[field->index])
			continue;
		sources->there[field->index] = true;
		sources->fields[field->index] = (struct rule_field){
		    .field = field, .origin = given[i].origin};
	}
}

/* The fields of a loss are what the gap takes from the line. */
static int
check_loss(struct rule_reader *r, const struct rule *rule,
    const struct tree_node *match)
{
	for (size_t i = 0; i < rule->field_count; i++) {
		const char *name = rule->fields[i].field->name;

		if (strcmp(name, "lines") != 0 && strcmp(name, "begins") != 0)
			return tree_problem(r->problems, match,
			    "a rule for %s fills 'lines' and 'begins' only, "
			    "not '%s'",
			    rule->kind->event, name);
	}
	return 0;
}

int
rule_fields(struct rule_reader *r, struct rule *rule,
    const struct tree_node *match, const struct tree_node *set)
{
	struct sources sources = {0};
	struct rule_field *fields;
	int result = 0;

	result |= take_groups(r, rule, &sources, match);
	result |= take_constants(r, rule, &sources, set);
	take_pam(r, rule, &sources);
	fields = arena_array(r->arena, rule->kind->field_count, sizeof *fields);
	if (!fields)
		return rule_no_memory(r, match);
	for (size_t i = 0; i < rule->kind->field_count; i++)
		if (sources.there[i])
			fields[rule->field_count++] = sources.fields[i];
	rule->fields = fields;
	if (rule->loss)
		result |= check_loss(r, rule, match);
	return result ? -1 : 0;
}

int
rule_make_head(struct rule *rule, struct arena *arena)
{
	struct slice *controls;
	size_t count = 0;
	struct record_event e = {.event = slice_of(rule->kind->event),
	    .outcome = slice_of(vocab_outcome_name(rule->outcome)),
	    .rule = slice_of(rule->id),
	    .phase = slice_of(rule_phase_name(rule->phase))};
	struct buf b = {0};

	while (rule->controls && rule->controls[count])
		count++;
	controls = arena_array(arena, count, sizeof *controls);
	if (!controls)
		return -1;
	for (size_t i = 0; i < count; i++)
		controls[i] = slice_of(rule->controls[i]);
	e.controls = controls;
	e.control_count = count;
	record_event_head(&b, &e);
	rule->head.ptr = b.failed ? NULL : arena_copy(arena, buf_slice(&b));
	rule->head.len = rule->head.ptr ? b.len : 0;
	buf_clear(&b);
	return rule->head.ptr ? 0 : -1;
}
