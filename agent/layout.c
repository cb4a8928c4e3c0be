/* SPDX-License-Identifier: Apache-2.0 */
#include "layout.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "assay/smallfile.h"

#include "facility.h"
#include "rule.h"

/* ---- is it what it must be? ---- */

static int
check_any(void *arg, const struct tree_node *n, struct slice text)
{
	(void)arg;
	(void)n;
	(void)text;
	return 0;
}

static int
check_path(void *arg, const struct tree_node *n, struct slice text)
{
	if (slice_starts(text, SLICE("/")))
		return 0;
	return tree_problem(arg, n, "a path begins with '/'");
}

static int
check_facility(void *arg, const struct tree_node *n, struct slice text)
{
	if (facility_find(text) >= 0)
		return 0;
	return tree_problem(arg, n,
	    "there is no facility '%.*s'; write kern, user, mail, daemon, "
	    "auth, authpriv, cron, local0 ..",
	    SLICE_FMT(text));
}

static int
check_class(void *arg, const struct tree_node *n, struct slice text)
{
	for (int i = 0; i < RULE_CLASSES; i++)
		if (slice_eq_str(text, rule_class_name((enum rule_class)i)))
			return 0;
	return tree_problem(arg, n,
	    "there is no class '%.*s'; the classes are auth, syslog, audit, "
	    "backup, package, app",
	    SLICE_FMT(text));
}

static void
check_file(struct problems *p, const struct tree_node *n)
{
	static const char *const keys[] = {
	    "path", "facilities", "provides", NULL};
	const struct tree_node *path, *facilities, *provides;

	if (tree_keys(p, n, keys) != 0)
		return;
	path = tree_need(p, n, "path");
	facilities = tree_need(p, n, "facilities");
	provides = tree_need(p, n, "provides");
	if (path)
		(void)tree_strings(p, path, check_path, p);
	if (facilities)
		(void)tree_strings(p, facilities, check_facility, p);
	if (provides)
		(void)tree_strings(p, provides, check_class, p);
}

static void
check_layout(struct problems *p, const struct tree_node *n)
{
	static const char *const keys[] = {
	    "distributions", "about", "files", "copies", NULL};
	const struct tree_node *names, *files, *copies;

	if (tree_keys(p, n, keys) != 0)
		return;
	names = tree_need(p, n, "distributions");
	files = tree_need(p, n, "files");
	copies = tree_get(n, "copies");
	if (names)
		(void)tree_strings(p, names, check_any, p);
	if (copies)
		(void)tree_strings(p, copies, check_path, p);
	if (!files || tree_list(p, files, "the files") != 0)
		return;
	for (size_t i = 0; i < tree_count(files); i++)
		check_file(p, tree_item(files, i));
}

static int
check(struct problems *p, const struct tree *tree)
{
	static const char *const keys[] = {"sources", NULL};
	const struct tree_node *list;
	size_t before = problems_errors(p);

	if (tree_keys(p, tree_root(tree), keys) != 0)
		return -1;
	list = tree_need(p, tree_root(tree), "sources");
	if (!list || tree_list(p, list, "the layouts") != 0)
		return -1;
	for (size_t i = 0; i < tree_count(list); i++)
		check_layout(p, tree_item(list, i));
	return problems_errors(p) == before ? 0 : -1;
}

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
	if (!tree || check(p, tree) == 0)
		return tree;
	tree_free(tree);
	return NULL;
}

static const struct tree_node *
layouts(const struct tree *tree)
{
	return tree ? tree_get(tree_root(tree), "sources") : NULL;
}

/* Of a list, or of one text in its place. */
static bool
holds_text(const struct tree_node *list, struct slice text)
{
	if (list && tree_kind(list) == TREE_SCALAR)
		return slice_eq(tree_text(list), text);
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

	if (!all || smallfile_read("/etc/os-release", 65536, &b, NULL) != 1) {
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

static bool
has_alone(
    const struct layout *l, const struct tree_node *file, struct slice name)
{
	if (!holds_text(tree_get(file, "facilities"), name))
		return false;
	for (size_t i = 0; i < tree_count(l->files); i++) {
		const struct tree_node *other = tree_item(l->files, i);

		if (other != file &&
		    holds_text(tree_get(other, "facilities"), name))
			return false;
	}
	return true;
}

int
layout_facility(const struct layout *l, const struct tree_node *file)
{
	static const int first[] = {FACILITY_AUTHPRIV, FACILITY_DAEMON};

	for (size_t i = 0; i < sizeof first / sizeof *first; i++)
		if (has_alone(l, file, slice_of(facility_name(first[i]))))
			return first[i];
	for (int code = 0; code < FACILITIES; code++)
		if (facility_name(code) &&
		    has_alone(l, file, slice_of(facility_name(code))))
			return code;
	return -1;
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
