/* SPDX-License-Identifier: Apache-2.0 */
/* ruleset_load: from directories of files to a set that is proven. */
#include "ruleset.h"

#include <dirent.h>
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assay/arena.h"
#include "assay/tree.h"

#include "match.h"
#include "piece.h"
#include "proof.h"

#define FILES_MAX 2000

/* One file to read. */
struct entry {
	const char *path;      /* relative: "auth/sshd.yml" */
	const char *name;      /* as opened and called in messages */
	enum rule_class class; /* RULE_CLASSES for events.yml, pieces.yml and
				  files named one by one */
};

struct loader {
	struct ruleset *set;
	struct problems *problems;
	struct err *err;
	struct arena arena; /* names */
	struct entry entries[FILES_MAX];
	size_t count;
};

static const char *
join(struct loader *l, const char *a, const char *b)
{
	struct buf path = {0};
	const char *copy;

	if (*a)
		buf_printf(&path, "%s/%s", a, b);
	else
		buf_puts(&path, b);
	copy = path.failed ? NULL : arena_copy(&l->arena, buf_slice(&path));
	buf_clear(&path);
	return copy;
}

/* A file of a later directory takes the place of one of the same path. */
static int
add_entry(
    struct loader *l, const char *dir, const char *path, enum rule_class class)
{
	const char *name = join(l, dir, path);
	size_t i = 0;

	if (!name)
		return err_set(l->err, "out of memory");
	while (i < l->count && strcmp(l->entries[i].path, path) != 0)
		i++;
	if (i == FILES_MAX)
		return err_set(l->err, "more than %d rule files", FILES_MAX);
	l->entries[i] = (struct entry){path, name, class};
	l->count += i == l->count;
	return 0;
}

static bool
ends_with(const char *text, const char *end)
{
	size_t a = strlen(text), b = strlen(end);

	return a > b && !strcmp(text + a - b, end);
}

static int
list_class(struct loader *l, const char *dir, enum rule_class class)
{
	const char *sub = join(l, dir, rule_class_name(class));
	DIR *d = sub ? opendir(sub) : NULL;
	struct dirent *e;
	int result = 0;

	if (!d)
		return errno == ENOENT
			   ? 0
			   : err_sys(l->err, "open '%s'", sub ? sub : dir);
	while (result == 0 && (e = readdir(d))) {
		const char *path;

		if (e->d_name[0] == '.')
			continue;
		path = join(l, rule_class_name(class), e->d_name);
		if (!path)
			result = err_set(l->err, "out of memory");
		else if (ends_with(e->d_name, ".yml"))
			result = add_entry(l, dir, path, class);
		else if (ends_with(e->d_name, ".yaml")) {
			struct problems_place at = {.file = join(l, dir, path)};

			if (at.file)
				problems_add(l->problems, PROBLEMS_WARNING, &at,
				    "not read: rule files end with .yml");
		}
	}
	closedir(d);
	return result;
}

static int
list_dir(struct loader *l, const char *dir)
{
	static const char *const single[] = {"events.yml", "pieces.yml"};
	DIR *d = opendir(dir);

	if (!d)
		return err_sys(l->err, "open the rules directory '%s'", dir);
	closedir(d);
	for (size_t i = 0; i < 2; i++) {
		const char *name = join(l, dir, single[i]);
		FILE *f = name ? fopen(name, "re") : NULL;

		if (!f && errno == ENOENT)
			continue;
		if (f)
			fclose(f);
		if (add_entry(l, dir, single[i], RULE_CLASSES))
			return -1;
	}
	return 0;
}

static int
list_dirs(struct loader *l, const struct ruleset_options *o)
{
	for (const char *const *dir = o->dirs; dir && *dir; dir++) {
		if (list_dir(l, *dir))
			return -1;
		for (int c = 0; !o->files && c < RULE_CLASSES; c++)
			if (list_class(l, *dir, (enum rule_class)c))
				return -1;
	}
	for (const char *const *file = o->files; file && *file; file++)
		if (add_entry(l, "", *file, RULE_CLASSES))
			return -1;
	return 0;
}

static int
by_path(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;

	return strcmp(a->path, b->path);
}

/* Read the file at path as a tree that the set keeps; NULL with a problem. */
static struct tree *
read_tree(struct loader *l, const struct entry *e)
{
	struct tree *t = tree_read(e->name, e->name, l->problems);

	if (!t)
		return NULL;
	if (ruleset_take_tree(l->set, t) ||
	    ruleset_add_text(l->set, e->path, tree_source(t))) {
		tree_problem(l->problems, tree_root(t), "out of memory");
		return NULL;
	}
	return t;
}

static struct entry *
find_entry(struct loader *l, const char *path)
{
	for (size_t i = 0; i < l->count; i++)
		if (!strcmp(l->entries[i].path, path))
			return &l->entries[i];
	err_set(l->err,
	    "there is no %s in any rules directory; --rules DIR names one",
	    path);
	return NULL;
}

static int
read_base(struct loader *l)
{
	const struct entry *events = find_entry(l, "events.yml");
	const struct entry *pieces =
	    events ? find_entry(l, "pieces.yml") : NULL;
	struct tree *t;

	if (!events || !pieces)
		return -1;
	t = read_tree(l, events);
	if (t)
		ruleset_take_vocab(l->set, vocab_new(t, l->problems));
	t = read_tree(l, pieces);
	if (t)
		ruleset_take_pieces(l->set, piece_read(t, l->problems));
	return 0;
}

static void
read_rule_file(struct loader *l, const struct entry *e)
{
	struct rule_file file = {0};
	struct tree *t = read_tree(l, e);

	/* An empty file turns one of an earlier directory off. */
	if (!t || tree_is_null(tree_root(t)))
		return;
	rule_read(&file, t, e->path, e->class, ruleset_vocab(l->set),
	    ruleset_pieces(l->set), ruleset_arena(l->set), l->problems);
	if (ruleset_take_file(l->set, &file))
		tree_problem(l->problems, tree_root(t), "out of memory");
}

static int
read_files(struct loader *l)
{
	if (read_base(l))
		return -1;
	if (!ruleset_vocab(l->set) || !ruleset_pieces(l->set))
		return 0;
	for (size_t i = 0; i < l->count; i++)
		if (strcmp(l->entries[i].path, "events.yml") != 0 &&
		    strcmp(l->entries[i].path, "pieces.yml") != 0)
			read_rule_file(l, &l->entries[i]);
	return 0;
}

static int
prove(struct loader *l)
{
	struct match *m = match_new_plain(l->set);
	struct proof_counts counts = {0};

	if (!m)
		return err_set(l->err, "out of memory");
	proof_set(m, l->set, l->problems, &counts);
	match_free(m);
	return 0;
}

static int
load(struct loader *l, const struct ruleset_options *o)
{
	size_t before = problems_errors(l->problems);

	if (list_dirs(l, o))
		return -1;
	qsort(l->entries, l->count, sizeof *l->entries, by_path);
	if (read_files(l))
		return -1;
	if (problems_errors(l->problems) != before ||
	    ruleset_seal(l->set, l->problems) || prove(l))
		return -1;
	return problems_errors(l->problems) == before ? 0 : -1;
}

struct ruleset *
ruleset_load(
    const struct ruleset_options *o, struct problems *p, struct err *err)
{
	struct loader *l = calloc(1, sizeof *l);
	struct ruleset *s = ruleset_new();

	err_set(err, "%s", "");
	if (!l || !s) {
		err_set(err, "out of memory");
		goto fail;
	}
	l->set = s;
	l->problems = p;
	l->err = err;
	if (load(l, o))
		goto fail;
	if (!o->keep_trees)
		ruleset_drop_trees(s);
	arena_clear(&l->arena);
	free(l);
	/* Reading and proving took as much again as what stays. */
	malloc_trim(0);
	return s;
fail:
	if (l)
		arena_clear(&l->arena);
	free(l);
	ruleset_free(s);
	return NULL;
}
