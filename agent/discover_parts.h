/* SPDX-License-Identifier: Apache-2.0 */
/* discover_parts: what the files of discover share. */
#ifndef ASSAY_AGENT_DISCOVER_PARTS_H
#define ASSAY_AGENT_DISCOVER_PARTS_H

#include "assay/tree.h"

#include "discover.h"

/* Say of a path (copied) why it is not read (constant text). */
void discover_note(struct discover *d, const char *path, const char *why);

/* Add the classes that a list in sources.yml, or one text, names. */
void discover_classes(struct source_spec *spec, const struct tree_node *list);

/* Add path as a pattern that stands for itself, with a pattern that follows. */
int discover_pattern(
    struct source_spec *spec, const char *path, const char *suffix);

#endif
