/* SPDX-License-Identifier: Apache-2.0 */
#include "layout.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "assay/smallfile.h"

struct tree *
layout_read(const char *const *dirs, struct problems *p)
{
	struct tree *tree = NULL;

	for (; *dirs; dirs++) {
		char path[PATH_MAX];

		if (snprintf(path, sizeof path, "%s/sources.yml", *dirs) >=
			(int)sizeof path ||
		    access(path, F_OK) != 0)
			continue;
		tree_free(tree);
		tree = tree_read(path, path, p);
	}
	return tree;
}

static const struct tree_node *
layouts(const struct tree *tree)
{
	return tree ? tree_get(tree_root(tree), "sources") : NULL;
}

static bool
holds_text(const struct tree_node *list, struct slice text)
{
	for (size_t i = 0; list && i < tree_count(list); i++)
		if (slice_eq(tree_text(tree_item(list, i)), text))
			return true;
	return false;
}

/* A value of /etc/os-release, unquoted. */
static struct slice
release_value(struct slice text, struct slice key)
{
	while (text.len > 0) {
		size_t len = slice_find(text, '\n');
		struct slice line = {text.ptr, len};

		text = slice_from(text, len + 1);
		if (!slice_starts(line, key))
			continue;
		line = slice_from(line, key.len);
		if (line.len > 1 && line.ptr[0] == '"')
			line = (struct slice){line.ptr + 1, line.len - 2};
		return line;
	}
	return (struct slice){"", 0};
}

static struct layout
layout_of(const struct tree_node *entry)
{
	struct layout l = {0};

	if (entry) {
		l.files = tree_get(entry, "files");
		l.copies = tree_get(entry, "copies");
	}
	return l;
}

static const struct tree_node *
local_entry(const struct tree *tree)
{
	const struct tree_node *all = layouts(tree);
	const struct tree_node *found = NULL;
	struct buf b = {0};
	struct slice ids[2];

	if (smallfile_read("/etc/os-release", 65536, &b, NULL) != 1) {
		buf_clear(&b);
		return NULL;
	}
	ids[0] = release_value(buf_slice(&b), SLICE("ID="));
	ids[1] = release_value(buf_slice(&b), SLICE("ID_LIKE="));
	for (size_t k = 0; k < 2 && !found; k++)
		while (ids[k].len > 0 && !found) {
			size_t len = slice_find(ids[k], ' ');
			struct slice id = {ids[k].ptr, len};

			ids[k] = slice_from(ids[k], len + 1);
			for (size_t i = 0; i < tree_count(all) && !found; i++)
				if (holds_text(tree_get(tree_item(all, i),
						   "distributions"),
					id))
					found = tree_item(all, i);
		}
	buf_clear(&b);
	return found;
}

struct layout
layout_local(const struct tree *tree)
{
	return layout_of(local_entry(tree));
}

const struct tree_node *
layout_file(const struct layout *l, const char *path)
{
	for (size_t i = 0; l->files && i < tree_count(l->files); i++) {
		const struct tree_node *f = tree_item(l->files, i);
		const struct tree_node *at = tree_get(f, "path");

		if (at && slice_eq_str(tree_text(at), path))
			return f;
	}
	return NULL;
}

bool
layout_is_copy(const struct layout *l, const char *path)
{
	return holds_text(l->copies, slice_of(path));
}

struct layout
layout_guess(const struct tree *tree, const char *const *homes, size_t count)
{
	const struct tree_node *all = layouts(tree);
	const struct tree_node *local = local_entry(tree);
	struct layout best = {0};
	size_t best_score = 1; /* one file of it must be there */

	for (size_t i = 0; all && i < tree_count(all); i++) {
		struct layout l = layout_of(tree_item(all, i));
		size_t score = tree_item(all, i) == local;

		for (size_t j = 0; j < count; j++)
			if (layout_file(&l, homes[j]))
				score += 2;
		if (score > best_score) {
			best = l;
			best_score = score;
		}
	}
	return best;
}
