/* SPDX-License-Identifier: Apache-2.0 */
#include "lint_checks.h"

#include <stdlib.h>

#include "assay/command.h"

static const char *const classes[] = {
    "auth", "syslog", "audit", "backup", "package", "app", "agent", NULL};

static void
check_framework(const struct lint_files *f, const struct tree *t)
{
	const struct tree_node *n = tree_get(tree_root(t), "framework");
	const char *names[LINT_FRAMEWORKS_MAX + 1] = {NULL}, *near;
	struct slice id;
	char *text;

	if (!n || tree_string(f->problems, n, &id) ||
	    lint_files_framework(f, id))
		return;
	for (size_t i = 0; i < f->framework_count; i++)
		names[i] = framework_id(f->frameworks[i]);
	text = slice_strdup(id);
	near = text ? command_nearest(text, names) : NULL;
	tree_problem(f->problems, n, "there is no framework '%.*s'%s%s%s",
	    SLICE_FMT(id), near ? "; did you mean '" : "", near ? near : "",
	    near ? "'?" : ": its file belongs into frameworks/ of the rules");
	free(text);
}

/* Controls of another framework than the file's are not its own. */
static void
check_control(const struct lint_files *f, const struct tree_node *check)
{
	const struct tree_node *n = tree_get(check, "control");
	const struct tree_node *name =
	    tree_get(tree_root(tree_of(check)), "framework");
	const struct framework *framework =
	    name ? lint_files_framework(f, tree_text(name)) : NULL;
	const struct framework_control *c;
	struct buf advice = {0};

	if (!n || !framework || tree_text(n).len == 0)
		return;
	c = lint_files_control(f, tree_text(n), &advice);
	if (!c || !framework_find(framework, c->id))
		tree_problem(f->problems, n, "%s has no control '%.*s'%.*s",
		    framework_id(framework), SLICE_FMT(tree_text(n)),
		    (int)advice.len, advice.len ? advice.ptr : "");
	buf_clear(&advice);
}

static void
check_classes(const struct lint_files *f, const struct tree_node *check)
{
	const struct tree_node *watch = tree_get(check, "watch");
	size_t index;

	if (!watch || tree_kind(watch) != TREE_LIST)
		return;
	for (size_t i = 0; i < tree_count(watch); i++)
		if (tree_text(tree_item(watch, i)).len)
			tree_word(
			    f->problems, tree_item(watch, i), classes, &index);
}

/* The register of a unit and the columns of its key. */
static void
check_row_unit(const struct lint_files *f, const struct tree_node *unit)
{
	const struct tree_node *name = tree_get(unit, "register");
	const struct tree_node *key = tree_get(unit, "key");
	const struct schema_register *r;
	char *text;

	if (!f->schema || !name || !key || tree_kind(key) != TREE_LIST)
		return;
	text = slice_strdup(tree_text(name));
	r = text ? schema_find(f->schema, text) : NULL;
	if (text && *text && !r)
		tree_problem(f->problems, name,
		    "there is no register '%s': the registers are declared "
		    "in registers.yml",
		    text);
	free(text);
	for (size_t i = 0; r && i < tree_count(key); i++) {
		const struct tree_node *n = tree_item(key, i);

		text = slice_strdup(tree_text(n));
		if (text && *text && !schema_column(r, text))
			tree_problem(f->problems, n,
			    "the register '%s' has no column '%s'", r->name,
			    text);
		free(text);
	}
}

/* The where-clauses and units of a check, wherever they stand in it. */
static void
check_inside(const struct lint_files *f, const struct tree_node *n)
{
	for (size_t i = 0; i < tree_count(n); i++) {
		const struct tree_node *item = tree_item(n, i);
		const struct tree_node *key = tree_key(n, i);

		if (key && slice_eq_str(tree_text(key), "where"))
			lint_files_registers(f, item);
		else if (key && slice_eq_str(tree_text(key), "unit"))
			check_row_unit(f, item);
		else
			check_inside(f, item);
	}
}

static void
check_why(const struct lint_files *f, const struct tree_node *check)
{
	if (!tree_get(check, "why"))
		tree_problem(f->problems, check,
		    "'why' is missing: tell an auditor in one sentence why "
		    "this shows that the control works");
}

void
lint_checks(const struct lint_files *f)
{
	for (size_t t = 0; t < f->checks.count; t++) {
		const struct tree_node *list =
		    tree_get(tree_root(f->checks.tree[t]), "checks");

		check_framework(f, f->checks.tree[t]);
		if (!list || tree_kind(list) != TREE_LIST)
			continue;
		for (size_t i = 0; i < tree_count(list); i++) {
			const struct tree_node *check = tree_item(list, i);

			if (tree_kind(check) != TREE_MAP)
				continue;
			check_why(f, check);
			check_control(f, check);
			check_classes(f, check);
			check_inside(f, check);
		}
	}
}
