/* SPDX-License-Identifier: Apache-2.0 */
#include "registry_named.h"

#include <string.h>

#include "column.h"

struct list {
	const char *name;
	struct registry_row *rows;
	size_t count;
};

struct registry_named {
	struct list *lists;
	size_t count;
};

size_t
registry_named_count(struct tree *const *trees, size_t count, const char *key)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		const struct tree_node *list =
		    tree_get(tree_root(trees[i]), key);

		if (list && tree_kind(list) == TREE_LIST)
			n += tree_count(list);
	}
	return n;
}

static struct list *
find(const struct registry_named *named, const char *name)
{
	for (size_t i = 0; i < named->count; i++)
		if (!strcmp(named->lists[i].name, name))
			return &named->lists[i];
	return NULL;
}

static size_t
leading_zeros(struct slice digits)
{
	size_t n = 0;

	while (n + 1 < digits.len && digits.ptr[n] == '0')
		n++;
	return n;
}

/* A whole number in decimal has one form; other numbers stay as written. */
static struct slice
number_text(struct slice text)
{
	size_t sign = *text.ptr == '+' || *text.ptr == '-' ? 1 : 0;
	struct slice digits = slice_from(text, sign);
	unsigned long long number;
	size_t zeros = leading_zeros(digits);

	if (!slice_uint(slice_from(digits, zeros), UINT64_MAX, &number))
		return text;
	if (*text.ptr == '-' && number > 0)
		return text;
	return slice_from(digits, zeros);
}

/* Text of a cell in the one form it is compared in. False: no cell. */
static bool
cell_text(const struct tree_node *n, struct slice *text)
{
	*text = tree_text(n);
	switch (tree_meaning(n)) {
	case TREE_IS_NOT_SCALAR:
	case TREE_IS_NULL:
		return false;
	case TREE_IS_BOOL:
		*text = *text->ptr == 't' || *text->ptr == 'T' ? SLICE("true")
							       : SLICE("false");
		return true;
	case TREE_IS_NUMBER:
		*text = number_text(*text);
		return true;
	default:
		return slice_find(*text, '\0') == text->len;
	}
}

/* Dates of a row that say when it is in force. */
static void
note_date(struct registry_row *row, const struct registry_cell *cell)
{
	int64_t year;
	int month, day;

	if (!column_date(slice_of(cell->text), &year, &month, &day))
		return;
	if (!strcmp(cell->column, "from"))
		row->from = cell->text;
	else if (!strcmp(cell->column, "to"))
		row->to = cell->text;
}

static int
fill_row(
    struct arena *a, struct registry_row *row, const struct tree_node *node)
{
	struct registry_cell *cells =
	    arena_array(a, tree_count(node), sizeof *cells);

	if (!cells)
		return -1;
	row->node = node;
	row->cells = cells;
	for (size_t i = 0; i < tree_count(node); i++) {
		struct registry_cell *cell = &cells[row->cell_count];
		struct slice text;

		if (!cell_text(tree_item(node, i), &text))
			continue;
		cell->column = arena_copy(a, tree_text(tree_key(node, i)));
		cell->text = arena_copy(a, text);
		if (!cell->column || !cell->text)
			return -1;
		note_date(row, cell);
		row->cell_count++;
	}
	return 0;
}

static struct list *
add_list(struct arena *a, struct registry_named *named,
    struct tree *const *trees, size_t count, struct slice key)
{
	struct list *list = &named->lists[named->count];
	const char *name = arena_copy(a, key);

	if (!name || find(named, name))
		return name ? find(named, name) : NULL;
	list->name = name;
	list->rows = arena_array(
	    a, registry_named_count(trees, count, name), sizeof *list->rows);
	if (!list->rows)
		return NULL;
	named->count++;
	return list;
}

static int
add_rows(struct arena *a, struct list *list, const struct tree_node *items)
{
	for (size_t i = 0; i < tree_count(items); i++)
		if (tree_kind(tree_item(items, i)) == TREE_MAP &&
		    fill_row(
			a, &list->rows[list->count++], tree_item(items, i)))
			return -1;
	return 0;
}

struct registry_named *
registry_named_new(struct arena *a, struct tree *const *trees, size_t count)
{
	struct registry_named *named = arena_alloc(a, sizeof *named);
	size_t keys = 0;

	for (size_t i = 0; i < count; i++)
		keys += tree_count(tree_root(trees[i]));
	if (!named ||
	    !(named->lists = arena_array(a, keys, sizeof *named->lists)))
		return NULL;
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < tree_count(tree_root(trees[i])); j++) {
			const struct tree_node *root = tree_root(trees[i]);
			const struct tree_node *items = tree_item(root, j);
			struct list *list;

			if (tree_kind(items) != TREE_LIST)
				continue;
			list = add_list(a, named, trees, count,
			    tree_text(tree_key(root, j)));
			if (!list || add_rows(a, list, items))
				return NULL;
		}
	return named;
}

bool
registry_named_has(const struct registry_named *named, const char *name)
{
	return find(named, name) != NULL;
}

const struct registry_row *
registry_named_row(
    const struct registry_named *named, const char *name, size_t i)
{
	const struct list *list = find(named, name);

	return list && i < list->count ? &list->rows[i] : NULL;
}

const char *
registry_text(const struct registry_row *row, const char *column)
{
	for (size_t i = 0; i < row->cell_count; i++)
		if (!strcmp(row->cells[i].column, column))
			return row->cells[i].text;
	return NULL;
}
