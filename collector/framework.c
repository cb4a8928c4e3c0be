/* SPDX-License-Identifier: Apache-2.0 */
#include "framework.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assay/arena.h"
#include "assay/slice.h"

struct head {
	const char *framework;
	const char *edition;
	const char *title;
};

/* Rows of one kind, each `size` bytes. */
struct rows {
	char *row;
	size_t count;
};

struct framework {
	struct arena arena;
	struct head head;
	struct rows themes;
	struct rows controls;
	struct rows clauses;
	struct rows items;
	struct rows bands;
};

static const char *const modes[] = {
    "direct", "joined", "facet", "attest", NULL};
static const char *const types[] = {
    "preventive", "detective", "corrective", NULL};
static const char *const properties[] = {"C", "I", "A", NULL};
static const char *const concepts[] = {
    "identify", "protect", "detect", "respond", "recover", NULL};

static const struct column head_columns[] = {
    COLUMN("framework", COLUMN_NAME, COLUMN_NEED, struct head, framework),
    COLUMN("edition", COLUMN_TEXT, COLUMN_NEED, struct head, edition),
    COLUMN("title", COLUMN_TEXT, COLUMN_NEED, struct head, title),
    COLUMN_END,
};

static const struct column theme_columns[] = {
    COLUMN("theme", COLUMN_NAME, COLUMN_NEED, struct framework_theme, theme),
    COLUMN("title", COLUMN_TEXT, COLUMN_NEED, struct framework_theme, title),
    COLUMN("controls", COLUMN_COUNT, COLUMN_NEED, struct framework_theme,
	controls),
    COLUMN_END,
};

/* Modes are read by index into a place as wide as one. */
struct control_row {
	struct framework_control control;
	size_t mode;
};

static const struct column control_columns[] = {
    COLUMN("id", COLUMN_CONTROL, COLUMN_NEED, struct control_row, control.id),
    COLUMN(
	"title", COLUMN_TEXT, COLUMN_NEED, struct control_row, control.title),
    COLUMN(
	"theme", COLUMN_NAME, COLUMN_NEED, struct control_row, control.theme),
    COLUMN("new", COLUMN_BOOL, COLUMN_NEED, struct control_row, control.is_new),
    COLUMN_OF("mode", COLUMN_WORD, COLUMN_NEED | COLUMN_INDEX,
	struct control_row, mode, modes, NULL),
    COLUMN_OF("types", COLUMN_WORD, COLUMN_NEED | COLUMN_LIST,
	struct control_row, control.types, types, NULL),
    COLUMN_OF("properties", COLUMN_WORD, COLUMN_NEED | COLUMN_LIST,
	struct control_row, control.properties, properties, NULL),
    COLUMN_OF("concepts", COLUMN_WORD, COLUMN_NEED | COLUMN_LIST,
	struct control_row, control.concepts, concepts, NULL),
    COLUMN("capabilities", COLUMN_NAME, COLUMN_NEED | COLUMN_LIST,
	struct control_row, control.capabilities),
    COLUMN("was_2013", COLUMN_CONTROL, COLUMN_NEED | COLUMN_LIST,
	struct control_row, control.was),
    COLUMN_END,
};

struct clause_row {
	struct framework_clause clause;
	size_t mode;
};

static const struct column clause_columns[] = {
    COLUMN("id", COLUMN_REF, COLUMN_NEED, struct clause_row, clause.id),
    COLUMN("title", COLUMN_TEXT, COLUMN_NEED, struct clause_row, clause.title),
    COLUMN("about", COLUMN_TEXT, COLUMN_NEED, struct clause_row, clause.about),
    COLUMN_OF("mode", COLUMN_WORD, COLUMN_NEED | COLUMN_INDEX,
	struct clause_row, mode, modes, NULL),
    COLUMN_END,
};

struct item_row {
	struct framework_item item;
	size_t mode;
};

static const struct column item_columns[] = {
    COLUMN("id", COLUMN_NAME, COLUMN_NEED, struct item_row, item.id),
    COLUMN("group", COLUMN_TEXT, COLUMN_NEED, struct item_row, item.group),
    COLUMN("title", COLUMN_TEXT, COLUMN_NEED, struct item_row, item.title),
    COLUMN("refs", COLUMN_REF, COLUMN_NEED | COLUMN_LIST, struct item_row,
	item.refs),
    COLUMN_OF("mode", COLUMN_WORD, COLUMN_NEED | COLUMN_INDEX, struct item_row,
	mode, modes, NULL),
    COLUMN("note", COLUMN_TEXT, 0, struct item_row, item.note),
    COLUMN_END,
};

static const struct column band_columns[] = {
    COLUMN("from", COLUMN_COUNT, COLUMN_NEED, struct framework_band, from),
    COLUMN("title", COLUMN_TEXT, COLUMN_NEED, struct framework_band, title),
    COLUMN_END,
};

/* The lists of a file: where their rows go, and the column no two rows may
 * share. */
static const struct part {
	const char *key;
	const char *unique;
	const struct column *columns;
	size_t size;
	size_t offset;
	bool required;
} parts[] = {
    {"themes", "theme", theme_columns, sizeof(struct framework_theme),
	offsetof(struct framework, themes), true},
    {"controls", "id", control_columns, sizeof(struct control_row),
	offsetof(struct framework, controls), true},
    {"clauses", "id", clause_columns, sizeof(struct clause_row),
	offsetof(struct framework, clauses), false},
    {"readiness", "id", item_columns, sizeof(struct item_row),
	offsetof(struct framework, items), false},
    {"bands", "from", band_columns, sizeof(struct framework_band),
	offsetof(struct framework, bands), false},
};
#define PARTS (sizeof parts / sizeof *parts)

static void *
row_at(const struct rows *rows, size_t size, size_t i)
{
	return i < rows->count ? rows->row + i * size : NULL;
}

static int
no_memory(struct problems *p, const struct tree_node *n)
{
	return tree_problem(p, n, "memory is short: try again with more");
}

static int
check_unique(
    struct problems *p, const struct tree_node *list, const char *unique)
{
	int result = 0;

	for (size_t i = 0; i < tree_count(list); i++) {
		const struct tree_node *a =
		    tree_get(tree_item(list, i), unique);

		for (size_t j = 0; a && j < i; j++) {
			const struct tree_node *b =
			    tree_get(tree_item(list, j), unique);

			if (!b || !slice_eq(tree_text(a), tree_text(b)))
				continue;
			result = tree_problem(p, a,
			    "%s '%.*s' stands in line %zu already: "
			    "give each its own",
			    unique, SLICE_FMT(tree_text(a)), tree_line(b));
			break;
		}
	}
	return result;
}

static int
fill_rows(struct framework *f, const struct part *part,
    const struct tree_node *list, struct problems *p)
{
	struct rows *rows = (void *)((char *)f + part->offset);
	bool short_of_memory = false;
	int result;

	if (tree_list(p, list, "a list of rows"))
		return -1;
	rows->row = arena_array(&f->arena, tree_count(list), part->size);
	if (!rows->row)
		return no_memory(p, list);
	result = check_unique(p, list, part->unique);
	for (size_t i = 0; i < tree_count(list); i++) {
		const struct tree_node *row = tree_item(list, i);

		if (column_check_row(p, part->columns, row) ||
		    column_fill(p, &f->arena, part->columns, row,
			rows->row + i * part->size, &short_of_memory))
			result = -1;
	}
	rows->count = tree_count(list);
	return short_of_memory ? no_memory(p, list) : result;
}

static void
set_modes(struct framework *f)
{
	for (size_t i = 0; i < f->controls.count; i++) {
		struct control_row *row = row_at(&f->controls, sizeof *row, i);

		row->control.mode = (enum framework_mode)row->mode;
	}
	for (size_t i = 0; i < f->clauses.count; i++) {
		struct clause_row *row = row_at(&f->clauses, sizeof *row, i);

		row->clause.mode = (enum framework_mode)row->mode;
	}
	for (size_t i = 0; i < f->items.count; i++) {
		struct item_row *row = row_at(&f->items, sizeof *row, i);

		row->item.mode = (enum framework_mode)row->mode;
	}
}

static int64_t
controls_of(const struct framework *f, const char *theme)
{
	const struct framework_control *c;
	int64_t n = 0;

	for (size_t i = 0; (c = framework_control(f, i)); i++)
		n += !strcmp(c->theme, theme);
	return n;
}

static int
check_themes(
    struct framework *f, const struct tree_node *root, struct problems *p)
{
	const struct tree_node *list = tree_get(root, "controls");
	const struct framework_theme *t;
	int result = 0;

	for (size_t i = 0; (t = framework_theme(f, i)); i++) {
		int64_t n = controls_of(f, t->theme);

		if (n != t->controls)
			result = tree_problem(p,
			    tree_item(tree_get(root, "themes"), i),
			    "theme '%s' says %" PRId64
			    " controls and has %" PRId64
			    ": one of the two is wrong",
			    t->theme, t->controls, n);
	}
	for (size_t i = 0; i < f->controls.count; i++) {
		const struct framework_control *c = framework_control(f, i);
		bool known = false;

		for (size_t j = 0; !known && (t = framework_theme(f, j)); j++)
			known = !strcmp(t->theme, c->theme);
		if (!known)
			result = tree_problem(p,
			    tree_get(tree_item(list, i), "theme"),
			    "theme '%s' is not among the themes above",
			    c->theme);
	}
	return result;
}

static int
check_controls(
    struct framework *f, const struct tree_node *root, struct problems *p)
{
	const struct tree_node *list = tree_get(root, "controls");
	const struct framework_control *c;
	int result = 0;

	for (size_t i = 0; (c = framework_control(f, i)); i++)
		if (c->is_new != (c->was.count == 0))
			result =
			    tree_problem(p, tree_get(tree_item(list, i), "new"),
				c->is_new ? "'%s' is new and has ancestors: "
					    "one of the two is wrong"
					  : "'%s' is not new and has no "
					    "ancestor: one of the two is wrong",
				c->id);
	return result;
}

static bool
knows_ref(const struct framework *f, const char *ref)
{
	const struct framework_clause *clause;

	if (framework_find(f, ref))
		return true;
	for (size_t i = 0; (clause = framework_clause(f, i)); i++)
		if (!strcmp(clause->id, ref))
			return true;
	return false;
}

static int
check_items(
    struct framework *f, const struct tree_node *root, struct problems *p)
{
	const struct tree_node *list = tree_get(root, "readiness");
	const struct framework_item *item;
	int result = 0;

	for (size_t i = 0; (item = framework_item(f, i)); i++)
		for (size_t j = 0; j < item->refs.count; j++)
			if (!knows_ref(f, item->refs.text[j]))
				result = tree_problem(p,
				    tree_item(
					tree_get(tree_item(list, i), "refs"),
					j),
				    "'%s' is neither a control nor a clause "
				    "of this file",
				    item->refs.text[j]);
	return result;
}

static int
check_keys(const struct tree_node *root, struct problems *p)
{
	const char *known[PARTS + 4] = {"framework", "edition", "title"};

	for (size_t i = 0; i < PARTS; i++)
		known[3 + i] = parts[i].key;
	return tree_keys(p, root, known);
}

static int
fill(struct framework *f, const struct tree_node *root, struct problems *p)
{
	bool short_of_memory = false;
	int result;

	if (tree_map(p, root, "a framework, a map of keys,"))
		return -1;
	result = check_keys(root, p);
	if (column_fill(
		p, &f->arena, head_columns, root, &f->head, &short_of_memory))
		result = -1;
	for (size_t i = 0; i < PARTS; i++) {
		const struct tree_node *list = tree_get(root, parts[i].key);

		if (!list && parts[i].required)
			tree_need(p, root, parts[i].key);
		if (list ? fill_rows(f, &parts[i], list, p) : parts[i].required)
			result = -1;
	}
	return short_of_memory ? no_memory(p, root) : result;
}

struct framework *
framework_new(const struct tree *t, struct problems *p)
{
	const struct tree_node *root = tree_root(t);
	struct framework *f = calloc(1, sizeof *f);
	int result;

	if (!f) {
		no_memory(p, root);
		return NULL;
	}
	if (fill(f, root, p))
		goto fail;
	set_modes(f);
	result = check_themes(f, root, p);
	result |= check_controls(f, root, p);
	result |= check_items(f, root, p);
	if (result)
		goto fail;
	return f;
fail:
	framework_free(f);
	return NULL;
}

void
framework_free(struct framework *f)
{
	if (!f)
		return;
	arena_clear(&f->arena);
	free(f);
}

const char *
framework_id(const struct framework *f)
{
	return f->head.framework;
}

const char *
framework_edition(const struct framework *f)
{
	return f->head.edition;
}

const char *
framework_title(const struct framework *f)
{
	return f->head.title;
}

const struct framework_theme *
framework_theme(const struct framework *f, size_t i)
{
	return row_at(&f->themes, sizeof(struct framework_theme), i);
}

const struct framework_control *
framework_control(const struct framework *f, size_t i)
{
	const struct control_row *row = row_at(&f->controls, sizeof *row, i);

	return row ? &row->control : NULL;
}

const struct framework_clause *
framework_clause(const struct framework *f, size_t i)
{
	const struct clause_row *row = row_at(&f->clauses, sizeof *row, i);

	return row ? &row->clause : NULL;
}

const struct framework_item *
framework_item(const struct framework *f, size_t i)
{
	const struct item_row *row = row_at(&f->items, sizeof *row, i);

	return row ? &row->item : NULL;
}

const struct framework_band *
framework_band(const struct framework *f, size_t i)
{
	return row_at(&f->bands, sizeof(struct framework_band), i);
}

const struct framework_control *
framework_find(const struct framework *f, const char *id)
{
	const struct framework_control *c;

	for (size_t i = 0; (c = framework_control(f, i)); i++)
		if (!strcmp(c->id, id))
			return c;
	return NULL;
}

const struct framework_control *
framework_was(const struct framework *f, const char *old, size_t i)
{
	const struct framework_control *c;

	for (size_t at = 0; (c = framework_control(f, at)); at++)
		for (size_t j = 0; j < c->was.count; j++)
			if (!strcmp(c->was.text[j], old) && i-- == 0)
				return c;
	return NULL;
}

const char *
framework_mode_name(enum framework_mode mode)
{
	assert((size_t)mode < sizeof modes / sizeof *modes - 1);
	return modes[mode];
}
