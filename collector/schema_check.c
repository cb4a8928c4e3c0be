/* SPDX-License-Identifier: Apache-2.0 */
/* The validator of schema.h. Two passes: first each value and row by itself,
 * then what rows say of each other and of the world. The second looks only at
 * rows that are maps, and passes over values the first has refused. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assay/command.h"
#include "condition.h"
#include "schema.h"

struct checker {
	const struct schema *schema;
	struct tree *const *trees;
	size_t count;
	schema_known_fn *known;
	void *arg;
	struct problems *problems;
	int result;
};

/* All rows of a register over all files. */
struct rows {
	const struct tree_node **row;
	size_t count;
};

__attribute__((format(printf, 3, 4))) static void
report(struct checker *c, const struct tree_node *n, const char *format, ...)
{
	const struct problems_place at = {tree_name(tree_of(n)),
	    tree_source(tree_of(n)), tree_line(n), tree_column(n)};
	va_list args;

	c->result = -1;
	va_start(args, format);
	problems_addv(c->problems, PROBLEMS_ERROR, &at, format, args);
	va_end(args);
}

/* ---- each by itself ---- */

/* The column that stands at the top of a file under this key, or NULL. */
static const struct column *
value_column(const struct schema *s, struct slice key)
{
	const struct schema_register *r;

	for (size_t i = 0; (r = schema_register(s, i)); i++)
		if (r->shape == SCHEMA_VALUES)
			for (const struct column *c = r->columns; c->name; c++)
				if (slice_eq_str(key, c->name))
					return c;
	return NULL;
}

static const struct schema_register *
list_register(const struct schema *s, struct slice key)
{
	const struct schema_register *r;

	for (size_t i = 0; (r = schema_register(s, i)); i++)
		if (r->shape != SCHEMA_VALUES && slice_eq_str(key, r->name))
			return r;
	return NULL;
}

/* Every key a file may have at its top, NULL-terminated; free it. */
static const char **
all_keys(const struct schema *s)
{
	const struct schema_register *r;
	const char **keys;
	size_t count = 0;

	for (size_t i = 0; (r = schema_register(s, i)); i++) {
		count++;
		for (const struct column *c = r->columns; c->name; c++)
			count++;
	}
	keys = calloc(count + 1, sizeof *keys);
	count = 0;
	for (size_t i = 0; keys && (r = schema_register(s, i)); i++) {
		if (r->shape != SCHEMA_VALUES)
			keys[count++] = r->name;
		else
			for (const struct column *c = r->columns; c->name; c++)
				keys[count++] = c->name;
	}
	return keys;
}

static void
unknown_key(struct checker *c, const struct tree_node *key)
{
	const char **keys = all_keys(c->schema);
	char *name = slice_strdup(tree_text(key));
	const char *near = keys && name ? command_nearest(name, keys) : NULL;

	if (near)
		report(c, key, "unknown register '%s'; did you mean '%s'?",
		    name, near);
	else
		report(c, key,
		    "unknown register '%.*s': remove it, or declare it in a "
		    "registers.yml of the rules",
		    SLICE_FMT(tree_text(key)));
	free(name);
	free(keys);
}

static bool
is_empty(const struct tree_node *n)
{
	return tree_kind(n) == TREE_SCALAR && tree_is_null(n);
}

static void
check_list(struct checker *c, const struct schema_register *r,
    const struct tree_node *list)
{
	if (is_empty(list)) {
		tree_warning(c->problems, list,
		    "'%s' lists nothing: write '%s: []' when that is meant",
		    r->name, r->name);
		return;
	}
	if (tree_list(c->problems, list, "a list of rows")) {
		c->result = -1;
		return;
	}
	for (size_t i = 0; i < tree_count(list); i++) {
		const struct tree_node *row = tree_item(list, i);

		if (r->shape == SCHEMA_LIST
			? column_check(c->problems, r->columns, row)
			: column_check_row(c->problems, r->columns, row))
			c->result = -1;
	}
}

/* A value that an earlier file has already: NULL when there is none. */
static const struct tree_node *
earlier_value(const struct checker *c, size_t tree, struct slice key)
{
	for (size_t i = 0; i < tree; i++) {
		const struct tree_node *root = tree_root(c->trees[i]);

		for (size_t j = 0; j < tree_count(root); j++)
			if (tree_key(root, j) &&
			    slice_eq(tree_text(tree_key(root, j)), key))
				return tree_key(root, j);
	}
	return NULL;
}

static void
check_key(struct checker *c, size_t tree, const struct tree_node *key,
    const struct tree_node *value)
{
	const struct schema_register *r =
	    list_register(c->schema, tree_text(key));
	const struct column *column = value_column(c->schema, tree_text(key));
	const struct tree_node *earlier;

	if (r) {
		check_list(c, r, value);
		return;
	}
	if (!column) {
		unknown_key(c, key);
		return;
	}
	earlier = earlier_value(c, tree, tree_text(key));
	if (earlier)
		report(c, key, "'%s' stands in another file already, line %zu",
		    column->name, tree_line(earlier));
	if (is_empty(value) && (column->flags & COLUMN_NEED))
		tree_warning(
		    c->problems, key, "'%s' is not filled in", column->name);
	else if (!is_empty(value) && column_check(c->problems, column, value))
		c->result = -1;
}

static void
check_file(struct checker *c, size_t tree)
{
	const struct tree_node *root = tree_root(c->trees[tree]);

	if (tree_kind(root) == TREE_SCALAR && tree_is_null(root))
		return;
	if (tree_map(c->problems, root, "a map of registers")) {
		c->result = -1;
		return;
	}
	for (size_t i = 0; i < tree_count(root); i++)
		check_key(c, tree, tree_key(root, i), tree_item(root, i));
}

/* ---- what they say of each other ---- */

static const struct tree_node *
list_of(const struct checker *c, size_t tree, const char *name)
{
	const struct tree_node *list =
	    tree_get(tree_root(c->trees[tree]), name);

	return list && tree_kind(list) == TREE_LIST ? list : NULL;
}

static size_t
length_of(const struct tree_node *list)
{
	return list ? tree_count(list) : 0;
}

/* Does any file hold the register? */
static bool
is_held(const struct checker *c, const char *name)
{
	for (size_t i = 0; i < c->count; i++)
		if (list_of(c, i, name))
			return true;
	return false;
}

/* False when memory is short. Free rows->row. */
static bool
gather(const struct checker *c, const char *name, struct rows *rows)
{
	size_t count = 0;

	for (size_t i = 0; i < c->count; i++)
		count += length_of(list_of(c, i, name));
	rows->count = 0;
	rows->row = calloc(count + 1, sizeof(void *));
	for (size_t i = 0; rows->row && i < c->count; i++)
		for (size_t j = 0; j < length_of(list_of(c, i, name)); j++)
			rows->row[rows->count++] =
			    tree_item(list_of(c, i, name), j);
	return rows->row != NULL;
}

/* Text of a row's column; empty when it has none. */
static struct slice
text_of(const struct tree_node *row, const char *column)
{
	const struct tree_node *n = tree_get(row, column);

	return n && tree_kind(n) == TREE_SCALAR ? tree_text(n) : SLICE("");
}

static bool
same_key(const struct tree_node *a, const struct tree_node *b,
    const struct column_list *columns)
{
	for (size_t i = 0; i < columns->count; i++) {
		struct slice left = text_of(a, columns->text[i]);

		if (left.len == 0 ||
		    !slice_eq(left, text_of(b, columns->text[i])))
			return false;
	}
	return columns->count > 0;
}

static void
check_unique(
    struct checker *c, const struct schema_register *r, const struct rows *rows)
{
	const char *first = r->unique.count ? r->unique.text[0] : NULL;

	for (size_t i = 1; first && i < rows->count; i++)
		for (size_t j = 0; j < i; j++) {
			if (!same_key(rows->row[i], rows->row[j], &r->unique))
				continue;
			report(c, tree_get(rows->row[i], first),
			    "%s '%.*s' has a row already, in line %zu of %s: "
			    "keep one of them",
			    first, SLICE_FMT(text_of(rows->row[i], first)),
			    tree_line(rows->row[j]),
			    tree_name(tree_of(rows->row[j])));
			break;
		}
}

static void
check_order(struct checker *c, const struct schema_register *r,
    const struct tree_node *row)
{
	for (size_t i = 1; i < r->order.count; i++) {
		const char *first = r->order.text[i - 1];
		const char *second = r->order.text[i];
		struct slice a = text_of(row, first), b = text_of(row, second);
		int64_t year;
		int month, day;

		if (column_date(a, &year, &month, &day) &&
		    column_date(b, &year, &month, &day) && slice_cmp(a, b) >= 0)
			report(c, tree_get(row, second),
			    "'%s' must be later than '%s', %.*s: nothing lies "
			    "between them",
			    second, first, SLICE_FMT(a));
	}
}

/* The nearest text that a column of the rows holds; free it. */
static char *
nearest_text(const struct rows *rows, const char *column, const char *wanted)
{
	char **texts = calloc(rows->count + 1, sizeof *texts), *found = NULL;
	const char *near;
	size_t count = 0;

	for (size_t i = 0; texts && i < rows->count; i++) {
		texts[count] = slice_strdup(text_of(rows->row[i], column));
		count += texts[count] != NULL;
	}
	near =
	    texts ? command_nearest(wanted, (const char *const *)texts) : NULL;
	if (near)
		found = strdup(near);
	for (size_t i = 0; i < count; i++)
		free(texts[i]);
	free(texts);
	return found;
}

static void
check_register_ref(struct checker *c, const struct column *column,
    const struct tree_node *n, const char *name)
{
	const char *target = strchr(column->refers, '.') + 1;
	struct rows rows = {0};
	char reg[128], *near;
	bool found = false;

	snprintf(reg, sizeof reg, "%.*s", (int)(target - column->refers - 1),
	    column->refers);
	if (!is_held(c, reg) || !gather(c, reg, &rows))
		return;
	for (size_t i = 0; !found && i < rows.count; i++)
		found = slice_eq_str(text_of(rows.row[i], target), name);
	near = found ? NULL : nearest_text(&rows, target, name);
	if (!found && near)
		report(c, n, "no row of %s has the %s '%s'; did you mean '%s'?",
		    reg, target, name, near);
	else if (!found)
		report(c, n,
		    "no row of %s has the %s '%s': add one, or mend "
		    "it here",
		    reg, target, name);
	free(near);
	free(rows.row);
}

static void
check_ref(
    struct checker *c, const struct column *column, const struct tree_node *n)
{
	char *name = slice_strdup(tree_text(n));
	struct buf advice = {0};

	if (!name || tree_kind(n) != TREE_SCALAR || !*name) {
		free(name);
		return;
	}
	if (strchr(column->refers, '.')) {
		check_register_ref(c, column, n, name);
	} else if (!c->known(c->arg, column->refers, tree_text(n), &advice)) {
		buf_putc(&advice, '\0');
		report(c, n, "unknown %s '%s'%s", column->refers, name,
		    advice.failed ? "" : advice.ptr);
	}
	buf_clear(&advice);
	free(name);
}

static void
check_where_register(void *arg, const struct tree_node *n, struct slice name)
{
	struct checker *c = arg;
	char *text = slice_strdup(name);

	if (text && !schema_find(c->schema, text))
		report(c, n, "there is no register '%s'", text);
	else if (text && !is_held(c, text))
		tree_warning(c->problems, n,
		    "no file holds the register '%s': the slots that need it "
		    "are unknown; write '%s: []' when it is empty",
		    text, text);
	free(text);
}

/* A value of a column, by what it refers to. */
static void check_values(struct checker *c, const struct column *columns,
    const struct tree_node *row);

static void
check_value(
    struct checker *c, const struct column *column, const struct tree_node *n)
{
	if (column->kind == COLUMN_ROW)
		check_values(c, column->columns, n);
	else if (column->kind == COLUMN_WHERE && tree_kind(n) == TREE_MAP)
		condition_registers(n, check_where_register, c);
	else if (column->refers && tree_kind(n) == TREE_LIST)
		for (size_t i = 0; i < tree_count(n); i++)
			check_ref(c, column, tree_item(n, i));
	else if (column->refers)
		check_ref(c, column, n);
}

static void
check_values(struct checker *c, const struct column *columns,
    const struct tree_node *row)
{
	for (; columns->name; columns++)
		if (tree_get(row, columns->name))
			check_value(c, columns, tree_get(row, columns->name));
}

/* The row in which another thing still is called so; NULL when none is. */
static const struct tree_node *
still_called(
    const struct rows *rows, size_t but, const char *column, struct slice text)
{
	for (size_t i = 0; text.len && i < rows->count; i++)
		if (i != but && text_of(rows->row[i], "to").len == 0 &&
		    slice_eq(text_of(rows->row[i], column), text))
			return rows->row[i];
	return NULL;
}

static void
check_unlike(struct checker *c, const struct schema_register *r,
    const struct rows *rows, size_t at)
{
	for (const struct column *column = r->columns; column->name; column++) {
		const struct tree_node *row = rows->row[at], *other;
		struct slice text = text_of(row, column->name);

		if (!column->unlike)
			continue;
		other = still_called(rows, at, column->unlike, text);
		if (other)
			report(c, tree_get(row, column->name),
			    "the row in line %zu still has the %s '%.*s': end "
			    "that one with 'to', or drop '%s' here",
			    tree_line(other), column->unlike, SLICE_FMT(text),
			    column->name);
	}
}

static void
check_register(struct checker *c, const struct schema_register *r)
{
	struct rows rows = {0};

	if (!gather(c, r->name, &rows))
		return;
	check_unique(c, r, &rows);
	for (size_t i = 0; i < rows.count; i++) {
		if (r->shape == SCHEMA_LIST) {
			check_value(c, r->columns, rows.row[i]);
			continue;
		}
		check_order(c, r, rows.row[i]);
		check_values(c, r->columns, rows.row[i]);
		check_unlike(c, r, &rows, i);
	}
	free(rows.row);
}

int
schema_check(const struct schema *s, struct tree *const *trees, size_t count,
    schema_known_fn *known, void *arg, struct problems *p)
{
	struct checker c = {s, trees, count, known, arg, p, 0};
	const struct schema_register *r;

	for (size_t i = 0; i < count; i++)
		check_file(&c, i);
	for (size_t i = 0; (r = schema_register(s, i)); i++)
		if (r->shape != SCHEMA_VALUES)
			check_register(&c, r);
	return c.result;
}
