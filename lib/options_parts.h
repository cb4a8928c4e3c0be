/* SPDX-License-Identifier: Apache-2.0 */
/* options_parts: what settings are made of, shared by the files of options. */
#ifndef ASSAY_OPTIONS_PARTS_H
#define ASSAY_OPTIONS_PARTS_H

#include "assay/options.h"

/* One setting's value, as it stands. */
struct options_value {
	char **texts; /* NULL-terminated, owned; TEXT has one */
	size_t count;
	int64_t number;
	const struct tree_node **nodes; /* OPTIONS_NODE, OPTIONS_MAP */
	size_t node_count;
	char *origin; /* "file:line", "option --state"; NULL: the default */
	char *note;   /* what the default means; or NULL */
	bool from_command;
};

struct options {
	const struct options_entry *table;
	struct options_value *values;
	struct tree **trees; /* the files: nodes and messages borrow */
	size_t tree_count;
};

/* Append a number in the unit that it was meant in: 3MiB, 14d, true. */
void options_put_number(
    struct buf *out, enum options_type type, int64_t number);

/* Is it read as a node of a tree? */
bool options_is_node(enum options_type type);

#endif
