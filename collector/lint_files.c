/* SPDX-License-Identifier: Apache-2.0 */
#include "lint_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assay/command.h"
#include "condition.h"

static void
name_skipped(const struct fileset *s, struct problems *p)
{
	const char *name;

	for (size_t i = 0; (name = fileset_skipped(s, i)); i++)
		problems_add(p, PROBLEMS_WARNING,
		    &(struct problems_place){name, {NULL, 0}, 0, 0},
		    "this file is not read: files must end in .yml");
}

static int
parse_set(const struct fileset *s, struct lint_trees *trees, struct problems *p)
{
	name_skipped(s, p);
	trees->tree = calloc(fileset_count(s) + 1, sizeof(void *));
	if (!trees->tree)
		return -1;
	for (size_t i = 0; i < fileset_count(s); i++) {
		const struct fileset_file *f = fileset_file(s, i);
		struct tree *t;

		if (!strcmp(f->path, "events.yml") || !strcmp(f->path, "zone"))
			continue;
		t = tree_parse(f->name, f->bytes, p);
		if (t)
			trees->tree[trees->count++] = t;
	}
	return 0;
}

static void
clear_trees(struct lint_trees *trees)
{
	for (size_t i = 0; i < trees->count; i++)
		tree_free(trees->tree[i]);
	free(trees->tree);
}

/* One file of the rules, which must be there. */
static struct tree *
parse_one(const char *const *rules, const char *name, struct problems *p,
    struct err *err)
{
	struct fileset *s = fileset_rules(rules, name, err);
	const struct fileset_file *f = s ? fileset_file(s, 0) : NULL;
	struct tree *t = f ? tree_parse(f->name, f->bytes, p) : NULL;

	if (s && !f)
		problems_add(p, PROBLEMS_ERROR,
		    &(struct problems_place){name, {NULL, 0}, 0, 0},
		    "no rules directory holds this file: install the rules, "
		    "or say where they are with --rules DIR");
	fileset_free(s);
	return t;
}

static int
load_vocab(struct lint_files *f, const char *const *rules, struct err *err)
{
	struct tree *t = parse_one(rules, "events.yml", f->problems, err);

	f->vocab = t ? vocab_new(t, f->problems) : NULL;
	tree_free(t);
	return *err->text ? -1 : 0;
}

static int
load_schema(struct lint_files *f, const char *const *rules, struct err *err)
{
	struct tree *t = parse_one(rules, "registers.yml", f->problems, err);

	f->schema = t ? schema_new(t, f->problems) : NULL;
	tree_free(t);
	return *err->text ? -1 : 0;
}

static void
add_framework(struct lint_files *f, const struct tree *t)
{
	struct framework *new = framework_new(t, f->problems);

	for (size_t i = 0; new &&i < f->framework_count; i++)
		if (!strcmp(
			framework_id(f->frameworks[i]), framework_id(new))) {
			tree_problem(f->problems, tree_root(t),
			    "framework '%s' is in another file already",
			    framework_id(new));
			framework_free(new);
			return;
		}
	if (new && f->framework_count == LINT_FRAMEWORKS_MAX) {
		tree_problem(f->problems, tree_root(t),
		    "this is one framework too many: %d are allowed",
		    LINT_FRAMEWORKS_MAX);
		framework_free(new);
	} else if (new) {
		f->frameworks[f->framework_count++] = new;
	}
}

static int
load_frameworks(struct lint_files *f, const char *const *rules, struct err *err)
{
	struct fileset *s = fileset_frameworks(rules, err);
	struct lint_trees trees = {0};
	int result = s ? parse_set(s, &trees, f->problems) : -1;

	for (size_t i = 0; i < trees.count; i++)
		add_framework(f, trees.tree[i]);
	clear_trees(&trees);
	fileset_free(s);
	return result;
}

static int
load_isms(struct lint_files *f, const char *isms, struct err *err)
{
	struct fileset *s = fileset_isms(isms, err);
	int result = s ? parse_set(s, &f->isms, f->problems) : -1;

	if (s && fileset_zone_fault(s))
		f->zone_fault = strdup(fileset_zone_fault(s));
	fileset_free(s);
	return result;
}

static int
load_checks(struct lint_files *f, const char *const *rules, struct err *err)
{
	struct fileset *s = fileset_checks(rules, err);
	int result = s ? parse_set(s, &f->checks, f->problems) : -1;

	fileset_free(s);
	f->names = names_new();
	f->set = f->names ? check_set_new(f->names) : NULL;
	for (size_t i = 0; !result && f->set && i < f->checks.count; i++)
		result = check_set_add(
		    f->set, f->checks.tree[i], f->vocab, f->problems);
	return f->set ? result : -1;
}

int
lint_files_load(struct lint_files *f, const char *const *rules,
    const char *isms, struct problems *p, struct err *err)
{
	*f = (struct lint_files){.problems = p};
	*err->text = '\0';
	if (load_vocab(f, rules, err) || load_frameworks(f, rules, err) ||
	    load_schema(f, rules, err) || load_checks(f, rules, err) ||
	    load_isms(f, isms, err))
		return *err->text ? -1 : err_set(err, "memory is short");
	return 0;
}

void
lint_files_clear(struct lint_files *f)
{
	for (size_t i = 0; i < f->framework_count; i++)
		framework_free(f->frameworks[i]);
	check_set_free(f->set);
	names_free(f->names);
	clear_trees(&f->checks);
	clear_trees(&f->isms);
	schema_free(f->schema);
	vocab_free(f->vocab);
	free((void *)(uintptr_t)f->zone_fault);
}

static size_t
length_of(const struct tree_node *list)
{
	return list && tree_kind(list) == TREE_LIST ? tree_count(list) : 0;
}

/* The id of the i-th entry over all check files; empty past the last, and for
 * one without. */
static bool
check_id(const struct lint_files *f, size_t i, struct slice *id)
{
	for (size_t t = 0; t < f->checks.count; t++) {
		const struct tree_node *list =
		    tree_get(tree_root(f->checks.tree[t]), "checks");

		if (i < length_of(list)) {
			const struct tree_node *n =
			    tree_get(tree_item(list, i), "id");

			*id = n ? tree_text(n) : SLICE("");
			return true;
		}
		i -= length_of(list);
	}
	return false;
}

const struct check *
lint_files_check(const struct lint_files *f, struct slice id)
{
	char *text = slice_strdup(id);
	const struct check *c = text ? check_set_find(f->set, text) : NULL;

	free(text);
	return c;
}

bool
lint_files_has_check(const struct lint_files *f, struct slice id)
{
	struct slice other;

	for (size_t i = 0; check_id(f, i, &other); i++)
		if (other.len && slice_eq(other, id))
			return true;
	return false;
}

void
lint_files_nearest_check(
    const struct lint_files *f, struct slice id, struct buf *advice)
{
	const struct check *c;
	const char **ids = NULL, *near;
	char *text = slice_strdup(id);
	size_t count = 0;

	while (check_set_at(f->set, count))
		count++;
	ids = calloc(count + 1, sizeof *ids);
	for (size_t i = 0; ids && (c = check_set_at(f->set, i)); i++)
		ids[i] = c->id;
	near = ids && text ? command_nearest(text, ids) : NULL;
	if (near)
		buf_printf(advice, "; did you mean '%s'?", near);
	free(ids);
	free(text);
}

const struct framework *
lint_files_framework(const struct lint_files *f, struct slice id)
{
	for (size_t i = 0; i < f->framework_count; i++)
		if (slice_eq_str(id, framework_id(f->frameworks[i])))
			return f->frameworks[i];
	return NULL;
}

/* Where an id of the edition before went. */
static void
advise(const struct framework *f, const char *id, struct buf *advice)
{
	const struct framework_control *c = framework_was(f, id, 0);

	if (!c || advice->len)
		return;
	buf_printf(advice, ": it is one of the edition before and went into %s",
	    c->id);
	for (size_t i = 1; (c = framework_was(f, id, i)); i++)
		buf_printf(advice, " and %s", c->id);
}

const struct framework_control *
lint_files_control(
    const struct lint_files *f, struct slice id, struct buf *advice)
{
	char *text = slice_strdup(id);
	const struct framework_control *c = NULL;

	for (size_t i = 0; text && !c && i < f->framework_count; i++)
		c = framework_find(f->frameworks[i], text);
	for (size_t i = 0; text && !c && i < f->framework_count; i++)
		advise(f->frameworks[i], text, advice);
	if (!c && advice->len == 0)
		buf_puts(advice, ": frameworks/ of the rules names those "
				 "there are");
	free(text);
	return c;
}

/* What every event has beside its own fields. */
static const char *const common[] = {
    "host", "program", "rule", "job", "outcome", NULL};

static void
unknown_field(const struct lint_files *f, const struct vocab_kind *kind,
    const struct tree_node *key)
{
	const char *names[VOCAB_FIELDS_MAX + 6] = {NULL}, *near;
	char *text = slice_strdup(tree_text(key));
	size_t count = 0;

	for (size_t i = 0; i < kind->field_count; i++)
		names[count++] = kind->fields[i].name;
	for (size_t i = 0; common[i]; i++)
		names[count++] = common[i];
	near = text ? command_nearest(text, names) : NULL;
	tree_problem(f->problems, key,
	    "events of the kind %s have no field '%.*s'%s%s%s", kind->event,
	    SLICE_FMT(tree_text(key)), near ? "; did you mean '" : "",
	    near ? near : "", near ? "'?" : "");
	free(text);
}

static bool
has_field(const struct vocab_kind *kind, struct slice name)
{
	for (size_t i = 0; common[i]; i++)
		if (slice_eq_str(name, common[i]))
			return true;
	return vocab_field(kind, name) != NULL;
}

struct register_use {
	const struct lint_files *files;
	const struct tree_node *field; /* the key that is compared */
};

static void
check_register(void *arg, const struct tree_node *n, struct slice name)
{
	const struct register_use *use = arg;
	char *text = slice_strdup(name);
	char *field = slice_strdup(tree_text(use->field));
	const struct schema_register *r =
	    text ? schema_find(use->files->schema, text) : NULL;

	if (text && !r)
		tree_problem(use->files->problems, n,
		    "there is no register '%s': the registers are declared "
		    "in registers.yml",
		    text);
	else if (r && field && !schema_column(r, field))
		tree_problem(use->files->problems, n,
		    "the register '%s' has no column '%s' to compare the "
		    "field with",
		    text, field);
	free(text);
	free(field);
}

void
lint_files_fields(const struct lint_files *f, const struct tree_node *where,
    const char *event)
{
	const struct vocab_kind *kind =
	    f->vocab ? vocab_find(f->vocab, slice_of(event)) : NULL;

	if (!kind || !where || tree_kind(where) != TREE_MAP)
		return;
	for (size_t i = 0; i < tree_count(where); i++)
		if (!has_field(kind, tree_text(tree_key(where, i))))
			unknown_field(f, kind, tree_key(where, i));
}

void
lint_files_registers(const struct lint_files *f, const struct tree_node *where)
{
	if (!f->schema || !where || tree_kind(where) != TREE_MAP)
		return;
	for (size_t i = 0; i < tree_count(where); i++) {
		struct register_use use = {f, tree_key(where, i)};

		condition_registers_of(
		    tree_item(where, i), check_register, &use);
	}
}
