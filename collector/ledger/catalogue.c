/* SPDX-License-Identifier: Apache-2.0 */
#include "catalogue.h"

#include <stdlib.h>
#include <string.h>

#include "assay/arena.h"

struct catalogue {
	struct arena arena;
	const char *framework;
	struct catalogue_control *controls;
	size_t count;
};

static const char *
text_of(struct catalogue *c, const struct tree_node *n, const char *key)
{
	const struct tree_node *value = tree_get(n, key);

	return arena_copy(&c->arena, value ? tree_text(value) : SLICE(""));
}

static enum framework_mode
mode_of(const struct tree_node *n)
{
	const struct tree_node *value = tree_get(n, "mode");

	for (int mode = FRAMEWORK_DIRECT; value && mode < FRAMEWORK_ATTEST;
	     mode++)
		if (slice_eq_str(tree_text(value),
			framework_mode_name((enum framework_mode)mode)))
			return (enum framework_mode)mode;
	return FRAMEWORK_ATTEST;
}

static int
read_controls(struct catalogue *c, const struct tree_node *list)
{
	size_t count = list ? tree_count(list) : 0;

	c->controls = arena_array(&c->arena, count + 1, sizeof *c->controls);
	if (!c->controls)
		return -1;
	for (size_t i = 0; i < count; i++) {
		const struct tree_node *n = tree_item(list, i);
		struct catalogue_control *into = &c->controls[c->count];

		into->id = text_of(c, n, "id");
		into->title = text_of(c, n, "title");
		into->theme = text_of(c, n, "theme");
		into->mode = mode_of(n);
		if (!into->id || !into->title || !into->theme)
			return -1;
		c->count += *into->id != 0;
	}
	return 0;
}

struct catalogue *
catalogue_new(const struct tree *t)
{
	const struct tree_node *root = tree_root(t);
	struct catalogue *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	c->framework = text_of(c, root, "framework");
	if (c->framework && read_controls(c, tree_get(root, "controls")) == 0)
		return c;
	catalogue_free(c);
	return NULL;
}

void
catalogue_free(struct catalogue *c)
{
	if (!c)
		return;
	arena_clear(&c->arena);
	free(c);
}

const char *
catalogue_framework(const struct catalogue *c)
{
	return c->framework;
}

const struct catalogue_control *
catalogue_at(const struct catalogue *c, size_t i)
{
	return i < c->count ? &c->controls[i] : NULL;
}

const struct catalogue_control *
catalogue_find(const struct catalogue *c, const char *id)
{
	for (size_t i = 0; i < c->count; i++)
		if (strcmp(c->controls[i].id, id) == 0)
			return &c->controls[i];
	return NULL;
}
