/* SPDX-License-Identifier: Apache-2.0 */
#include "selector.h"

#include "condition.h"

static const char *
name_of(struct selector_reader *r, struct slice text)
{
	const char *name = names_get(r->names, text);

	if (!name)
		r->failed = true;
	return name;
}

int
selector_name(
    struct selector_reader *r, const struct tree_node *n, const char **into)
{
	struct slice text;

	if (!n || tree_string(r->p, n, &text))
		return -1;
	*into = name_of(r, text);
	return *into ? 0 : -1;
}

/* A value of one of column.h's kinds as a name. */
int
selector_value(struct selector_reader *r, const struct tree_node *n,
    enum column_kind kind, const char **into)
{
	const struct column column = {.name = "", .kind = kind};

	if (!n || column_check(r->p, &column, n))
		return -1;
	*into = name_of(r, tree_text(n));
	return *into ? 0 : -1;
}

int
selector_names(struct selector_reader *r, const struct tree_node *n,
    const char *what, const char ***into, size_t *count)
{
	int result = 0;

	if (!n || tree_list(r->p, n, what))
		return -1;
	*into = arena_array(r->arena, tree_count(n) + 1, sizeof **into);
	if (!*into) {
		r->failed = true;
		return -1;
	}
	for (size_t i = 0; i < tree_count(n); i++)
		if (selector_name(r, tree_item(n, i), &(*into)[(*count)++]))
			result = -1;
	if (*count == 0)
		return tree_problem(
		    r->p, n, "the list is empty, name at least one");
	return result;
}

static int
read_outcomes(
    struct selector_reader *r, const struct tree_node *n, unsigned *outcomes)
{
	bool list = tree_kind(n) == TREE_LIST;
	size_t count = list ? tree_count(n) : 1;

	*outcomes = 0;
	for (size_t i = 0; i < count; i++) {
		const struct tree_node *item = list ? tree_item(n, i) : n;
		enum vocab_outcome outcome;
		struct slice text;

		if (tree_string(r->p, item, &text))
			return -1;
		if (!vocab_outcome_parse(text, &outcome))
			return tree_problem(r->p, item,
			    "'%.*s' is no outcome; one of success, warning, "
			    "failure, none is expected here",
			    SLICE_FMT(text));
		*outcomes |= 1u << outcome;
	}
	return count ? 0 : tree_problem(r->p, n, "name at least one outcome");
}

/* Fields that are of every event, whatever its kind. */
static bool
is_common(struct slice field)
{
	static const char *const common[] = {
	    "host", "program", "rule", "job", "outcome"};

	for (size_t i = 0; i < sizeof common / sizeof *common; i++)
		if (slice_eq_str(field, common[i]))
			return true;
	return false;
}

/* Fields of a clause must be fields of the kind. Built-in kinds are not looked
 * at: their fields are the ledger's own. */
static int
check_fields(
    struct selector_reader *r, const struct tree_node *where, const char *event)
{
	const struct vocab_kind *kind =
	    r->vocab && event ? vocab_find(r->vocab, slice_of(event)) : NULL;
	int result = 0;

	for (size_t i = 0; kind && i < tree_count(where); i++) {
		const struct tree_node *key = tree_key(where, i);
		struct slice field = tree_text(key);

		if (!is_common(field) && !vocab_field(kind, field))
			result = tree_problem(r->p, key,
			    "%s has no field '%.*s'; events.yml names those "
			    "it has",
			    event, SLICE_FMT(field));
	}
	return result;
}

static int
read_where(struct selector_reader *r, const struct tree_node *n,
    const char *event, struct where **into)
{
	if (n && (condition_check(r->p, n) || check_fields(r, n, event)))
		return -1;
	*into = where_new(r->arena, r->names, n);
	if (!*into)
		r->failed = true;
	return *into ? 0 : -1;
}

static int
read_event(
    struct selector_reader *r, const struct tree_node *n, const char **event)
{
	const struct vocab_kind *near;
	struct slice text;

	if (selector_value(r, n, COLUMN_EVENT, event))
		return -1;
	text = slice_of(*event);
	if (!r->vocab || vocab_find(r->vocab, text) ||
	    slice_eq_str(text, "log.fork"))
		return 0;
	near = vocab_nearest(r->vocab, text);
	if (near)
		return tree_problem(r->p, n,
		    "there is no kind of event '%s'; did you mean '%s'?",
		    *event, near->event);
	return tree_problem(r->p, n,
	    "there is no kind of event '%s'; events.yml names those there are",
	    *event);
}

/* event, outcome, where; the keys have been looked at. */
int
selector_read(struct selector_reader *r, const struct tree_node *n, bool event,
    struct check_selector *into)
{
	const struct tree_node *outcome = tree_get(n, "outcome");
	int result = 0;

	if (event && read_event(r, tree_need(r->p, n, "event"), &into->event))
		result = -1;
	if (outcome && read_outcomes(r, outcome, &into->outcomes))
		result = -1;
	if (read_where(r, tree_get(n, "where"), into->event, &into->where))
		result = -1;
	return result;
}
