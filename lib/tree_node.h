/* SPDX-License-Identifier: Apache-2.0 */
/* tree_node: what a tree is made of, shared by the files of tree. */
#ifndef ASSAY_TREE_NODE_H
#define ASSAY_TREE_NODE_H

#include "assay/arena.h"
#include "assay/tree.h"

struct tree_node {
	const struct tree *tree;
	enum tree_kind kind;
	bool quoted;
	unsigned line; /* from 1 */
	unsigned column;
	struct slice text;
	size_t count;		  /* entries */
	struct tree_node **nodes; /* items, or keys and values in turn */
};

struct tree {
	struct arena arena;
	const char *name;
	struct slice source;
	struct tree_node *root;
};

#endif
