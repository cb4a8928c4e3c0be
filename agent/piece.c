/* SPDX-License-Identifier: Apache-2.0 */
#include "piece.h"

#include <stdlib.h>
#include <string.h>

#include "assay/arena.h"
#include "assay/command.h"

#define PIECES_MAX 200

struct piece_set {
	struct arena arena;
	struct pattern_piece *pieces;
	size_t count;
};

/* In the order of enum pattern_check. */
static const char *const check_names[] = {"none", "ip", "port", "int", NULL};

static bool
is_name(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (!(c >= 'a' && c <= 'z') &&
		    (i == 0 || !((c >= '0' && c <= '9') || c == '_')))
			return false;
	}
	return text.len > 0 && text.len <= 32;
}

static int
read_pattern(struct piece_set *s, struct pattern_piece *piece,
    const struct tree_node *n, struct problems *p)
{
	struct pattern_facts facts;
	struct pattern_error error;
	struct slice text;

	if (tree_string(p, n, &text))
		return -1;
	if (pattern_parse(&facts, text, NULL, NULL, &s->arena, &error))
		return tree_problem_at(p, n, error.at, "%s", error.text);
	if (facts.group_count)
		return tree_problem(p, n, "a piece may not hold a named group");
	piece->pattern = arena_copy(&s->arena, text);
	return piece->pattern ? 0 : tree_problem(p, n, "out of memory");
}

static int
read_piece(struct piece_set *s, const struct tree_node *key,
    const struct tree_node *n, struct problems *p)
{
	static const char *const known[] = {"pattern", "check", "about", NULL};
	struct pattern_piece *piece = &s->pieces[s->count];
	const struct tree_node *pattern, *check, *about;
	struct slice text;
	size_t index = 0;
	int result = 0;

	if (!is_name(tree_text(key)))
		return tree_problem(p, key,
		    "a piece's name is at most 32 lower-case letters, digits "
		    "and _");
	if (tree_map(p, n, "a piece"))
		return -1;
	result |= tree_keys(p, n, known);
	pattern = tree_need(p, n, "pattern");
	about = tree_need(p, n, "about");
	check = tree_get(n, "check");
	if (!pattern || read_pattern(s, piece, pattern, p))
		result = -1;
	if (!about || tree_string(p, about, &text))
		result = -1;
	if (check && tree_word(p, check, check_names, &index))
		result = -1;
	piece->check = (enum pattern_check)index;
	piece->name = arena_copy(&s->arena, tree_text(key));
	if (!piece->name)
		result = tree_problem(p, key, "out of memory");
	s->count += result == 0;
	return result;
}

static int
read_root(struct piece_set *s, const struct tree_node *root, struct problems *p)
{
	static const char *const known[] = {"pieces", NULL};
	const struct tree_node *map;
	int result = 0;

	if (tree_keys(p, root, known))
		return -1;
	map = tree_need(p, root, "pieces");
	if (!map || tree_map(p, map, "a map of pieces"))
		return -1;
	if (tree_count(map) > PIECES_MAX)
		return tree_problem(
		    p, map, "at most %d pieces are allowed", PIECES_MAX);
	s->pieces = arena_array(&s->arena, tree_count(map), sizeof *s->pieces);
	if (!s->pieces)
		return tree_problem(p, map, "out of memory");
	for (size_t i = 0; i < tree_count(map); i++)
		if (read_piece(s, tree_key(map, i), tree_item(map, i), p))
			result = -1;
	return result;
}

struct piece_set *
piece_read(const struct tree *t, struct problems *p)
{
	struct piece_set *s = calloc(1, sizeof *s);

	if (!s) {
		tree_problem(p, tree_root(t), "out of memory");
		return NULL;
	}
	if (read_root(s, tree_root(t), p) == 0)
		return s;
	piece_set_free(s);
	return NULL;
}

void
piece_set_free(struct piece_set *s)
{
	if (!s)
		return;
	arena_clear(&s->arena);
	free(s);
}

const struct pattern_piece *
piece_find(const void *set, struct slice name)
{
	const struct piece_set *s = set;

	for (size_t i = 0; i < s->count; i++)
		if (slice_eq_str(name, s->pieces[i].name))
			return &s->pieces[i];
	return NULL;
}

const struct pattern_piece *
piece_nearest(const struct piece_set *s, struct slice name)
{
	const char *names[PIECES_MAX + 1] = {0};
	char text[64];
	const char *nearest;

	if (name.len >= sizeof text)
		return NULL;
	memcpy(text, name.ptr, name.len);
	text[name.len] = '\0';
	for (size_t i = 0; i < s->count; i++)
		names[i] = s->pieces[i].name;
	nearest = command_nearest(text, names);
	return nearest ? piece_find(s, slice_of(nearest)) : NULL;
}
