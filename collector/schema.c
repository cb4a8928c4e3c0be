/* SPDX-License-Identifier: Apache-2.0 */
#include "schema.h"

#include <stdlib.h>
#include <string.h>

#include "assay/arena.h"
#include "assay/command.h"

struct schema {
	struct arena arena;
	struct schema_register *registers;
	size_t count;
};

struct register_row {
	struct schema_register reg;
	size_t shape;
};

struct column_row {
	struct column column;
	const char *type;
	struct column_list words;
	bool list;
	bool need;
};

static const char *const shapes[] = {"rows", "values", "list", NULL};

static const struct column register_columns[] = {
    COLUMN("register", COLUMN_NAME, COLUMN_NEED, struct register_row, reg.name),
    COLUMN("about", COLUMN_TEXT, COLUMN_NEED, struct register_row, reg.about),
    COLUMN("file", COLUMN_NAME, COLUMN_NEED, struct register_row, reg.file),
    COLUMN_OF("shape", COLUMN_WORD, COLUMN_INDEX, struct register_row, shape,
	shapes, NULL),
    COLUMN("unique", COLUMN_NAME, COLUMN_LIST, struct register_row, reg.unique),
    COLUMN("order", COLUMN_NAME, COLUMN_LIST, struct register_row, reg.order),
    COLUMN_END,
};
static const char *const register_keys[] = {
    "register", "about", "file", "shape", "unique", "order", "columns", NULL};

static const struct column column_columns[] = {
    COLUMN("column", COLUMN_NAME, COLUMN_NEED, struct column_row, column.name),
    COLUMN("type", COLUMN_NAME, COLUMN_NEED, struct column_row, type),
    COLUMN("list", COLUMN_BOOL, 0, struct column_row, list),
    COLUMN("need", COLUMN_BOOL, 0, struct column_row, need),
    COLUMN("words", COLUMN_NAME, COLUMN_LIST, struct column_row, words),
    COLUMN("refers", COLUMN_NAME, 0, struct column_row, column.refers),
    COLUMN("unlike", COLUMN_NAME, 0, struct column_row, column.unlike),
    COLUMN("about", COLUMN_TEXT, 0, struct column_row, column.about),
    COLUMN_END,
};
static const char *const column_keys[] = {"column", "type", "list", "need",
    "words", "refers", "unlike", "about", "columns", NULL};

static int
no_memory(struct problems *p, const struct tree_node *n)
{
	return tree_problem(p, n, "memory is short: try again with more");
}

static int
unknown_type(struct problems *p, const struct tree_node *n, const char *type)
{
	const char *names[COLUMN_KINDS + 1] = {NULL}, *nearest;

	for (size_t i = 0; i < COLUMN_KINDS; i++)
		names[i] = column_kind_name((enum column_kind)i);
	nearest = command_nearest(type, names);
	if (nearest)
		return tree_problem(p, n,
		    "unknown type '%s'; did you mean '%s'?", type, nearest);
	return tree_problem(p, n,
	    "unknown type '%s': the types are named at the top of the file "
	    "that comes with the rules",
	    type);
}

static const struct column *read_columns(
    struct schema *s, const struct tree_node *list, struct problems *p);

/* What a type asks of its column beyond the type. */
static int
finish_column(struct schema *s, struct column_row *row,
    const struct tree_node *n, struct problems *p)
{
	const struct tree_node *inner = tree_get(n, "columns");
	struct column *c = &row->column;

	if (!column_kind_parse(slice_of(row->type), &c->kind))
		return unknown_type(p, tree_get(n, "type"), row->type);
	c->flags =
	    (row->list ? COLUMN_LIST : 0u) | (row->need ? COLUMN_NEED : 0u);
	if ((c->kind == COLUMN_WORD) != (row->words.count > 0))
		return tree_problem(p, n,
		    "'words' and the type word need each other: add the one "
		    "that is missing");
	if ((c->kind == COLUMN_ROW) != (inner != NULL))
		return tree_problem(p, n,
		    "'columns' and the type row need each other: add the one "
		    "that is missing");
	if (row->list && (c->kind == COLUMN_ROW || c->kind == COLUMN_WHERE))
		return tree_problem(p, tree_get(n, "list"),
		    "there are no lists of rows or where-clauses: remove it");
	c->words = row->words.text;
	if (inner)
		c->columns = read_columns(s, inner, p);
	return inner && !c->columns ? -1 : 0;
}

static int
read_column(struct schema *s, struct column *c, const struct tree_node *n,
    struct problems *p)
{
	struct column_row row = {0};
	bool short_of_memory = false;

	if (tree_keys(p, n, column_keys) ||
	    column_fill(
		p, &s->arena, column_columns, n, &row, &short_of_memory))
		return short_of_memory ? no_memory(p, n) : -1;
	if (finish_column(s, &row, n, p))
		return -1;
	*c = row.column;
	return 0;
}

static const struct column *
read_columns(struct schema *s, const struct tree_node *list, struct problems *p)
{
	size_t count = tree_count(list);
	struct column *columns =
	    arena_array(&s->arena, count + 1, sizeof *columns);
	int result = 0;

	if (tree_list(p, list, "a list of columns"))
		return NULL;
	if (!columns) {
		no_memory(p, list);
		return NULL;
	}
	for (size_t i = 0; i < count; i++) {
		if (read_column(s, &columns[i], tree_item(list, i), p)) {
			result = -1;
			continue;
		}
		for (size_t j = 0; j < i; j++)
			if (columns[j].name &&
			    !strcmp(columns[j].name, columns[i].name))
				result = tree_problem(p, tree_item(list, i),
				    "column '%s' is named twice",
				    columns[i].name);
	}
	return result ? NULL : columns;
}

const struct column *
schema_column(const struct schema_register *r, const char *name)
{
	for (const struct column *c = r->columns; c->name; c++)
		if (!strcmp(c->name, name))
			return c;
	return NULL;
}

/* Every name in the list is a column of the register. */
static int
check_list(const struct schema_register *r, const struct column_list *names,
    const struct tree_node *n, struct problems *p)
{
	int result = 0;

	for (size_t i = 0; i < names->count; i++)
		if (!schema_column(r, names->text[i]))
			result = tree_problem(p, tree_item(n, i),
			    "register '%s' has no column '%s'", r->name,
			    names->text[i]);
	return result;
}

static int
check_shape(const struct schema_register *r, const struct tree_node *n,
    struct problems *p)
{
	if (r->shape == SCHEMA_LIST &&
	    (!r->columns->name || r->columns[1].name))
		return tree_problem(p, n,
		    "a register of the shape list has exactly one column");
	return 0;
}

static int
read_register(struct schema *s, struct schema_register *r,
    const struct tree_node *n, struct problems *p)
{
	struct register_row row = {0};
	bool short_of_memory = false;
	const struct tree_node *columns;

	if (tree_keys(p, n, register_keys) ||
	    column_fill(
		p, &s->arena, register_columns, n, &row, &short_of_memory))
		return short_of_memory ? no_memory(p, n) : -1;
	*r = row.reg;
	r->shape = (enum schema_shape)row.shape;
	columns = tree_need(p, n, "columns");
	r->columns = columns ? read_columns(s, columns, p) : NULL;
	if (!r->columns)
		return -1;
	return check_shape(r, n, p) ||
		       check_list(r, &r->unique, tree_get(n, "unique"), p) ||
		       check_list(r, &r->order, tree_get(n, "order"), p)
		   ? -1
		   : 0;
}

/* `check`, `control`, `event`, or a column of a register of the table. */
static bool
is_target(const struct schema *s, const char *refers)
{
	static const char *const outside[] = {"check", "control", "event"};
	const struct schema_register *r;
	size_t dot = strcspn(refers, ".");

	for (size_t i = 0; i < sizeof outside / sizeof *outside; i++)
		if (!strcmp(refers, outside[i]))
			return true;
	for (size_t i = 0; (r = schema_register(s, i)); i++)
		if (!strncmp(refers, r->name, dot) && !r->name[dot] &&
		    refers[dot])
			return schema_column(r, refers + dot + 1) != NULL;
	return false;
}

static int
check_targets(const struct schema *s, const struct schema_register *r,
    const struct column *columns, const struct tree_node *list,
    struct problems *p)
{
	int result = 0;

	for (size_t i = 0; columns[i].name; i++) {
		const struct column *c = &columns[i];
		const struct tree_node *n = tree_item(list, i);

		if (c->refers && !is_target(s, c->refers))
			result = tree_problem(p, tree_get(n, "refers"),
			    "'%s' is no check, control, event or "
			    "REGISTER.COLUMN of this table",
			    c->refers);
		if (c->unlike && !schema_column(r, c->unlike))
			result = tree_problem(p, tree_get(n, "unlike"),
			    "register '%s' has no column '%s'", r->name,
			    c->unlike);
		if (c->columns &&
		    check_targets(s, r, c->columns, tree_get(n, "columns"), p))
			result = -1;
	}
	return result;
}

static int
read_registers(
    struct schema *s, const struct tree_node *list, struct problems *p)
{
	int result = 0;

	if (tree_list(p, list, "a list of registers"))
		return -1;
	s->registers =
	    arena_array(&s->arena, tree_count(list), sizeof *s->registers);
	if (!s->registers)
		return no_memory(p, list);
	for (size_t i = 0; i < tree_count(list); i++) {
		struct schema_register *r = &s->registers[s->count];

		if (read_register(s, r, tree_item(list, i), p)) {
			result = -1;
			continue;
		}
		if (schema_find(s, r->name))
			result = tree_problem(p, tree_item(list, i),
			    "register '%s' is named twice", r->name);
		s->count++;
	}
	for (size_t i = 0; !result && i < s->count; i++)
		result =
		    check_targets(s, &s->registers[i], s->registers[i].columns,
			tree_get(tree_item(list, i), "columns"), p);
	return result;
}

struct schema *
schema_new(const struct tree *t, struct problems *p)
{
	static const char *const keys[] = {"registers", NULL};
	const struct tree_node *root = tree_root(t), *list;
	struct schema *s = calloc(1, sizeof *s);

	if (!s) {
		no_memory(p, root);
		return NULL;
	}
	if (tree_keys(p, root, keys) || !(list = tree_need(p, root, *keys)) ||
	    read_registers(s, list, p)) {
		schema_free(s);
		return NULL;
	}
	return s;
}

void
schema_free(struct schema *s)
{
	if (!s)
		return;
	arena_clear(&s->arena);
	free(s);
}

const struct schema_register *
schema_register(const struct schema *s, size_t i)
{
	return i < s->count ? &s->registers[i] : NULL;
}

const struct schema_register *
schema_find(const struct schema *s, const char *name)
{
	for (size_t i = 0; i < s->count; i++)
		if (!strcmp(s->registers[i].name, name))
			return &s->registers[i];
	return NULL;
}
