/* SPDX-License-Identifier: Apache-2.0 */
/* layout: what rules/sources.yml says of the files that a syslog daemon writes:
 * per distribution, which file holds which facilities, which classes that
 * provides, and which files only repeat others. */
#ifndef ASSAY_AGENT_LAYOUT_H
#define ASSAY_AGENT_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

#include "assay/problems.h"
#include "assay/slice.h"
#include "assay/tree.h"

/* One distribution's entry; NULL where there is none. All nodes borrow from the
 * tree. */
struct layout {
	const struct tree_node *files;	/* list, or NULL */
	const struct tree_node *copies; /* list, or NULL */
};

/* The sources.yml of the last of the directories (NULL-terminated) that has
 * one, checked; NULL when none has, or with what is wrong in p. */
struct tree *layout_read(const char *const *dirs, struct problems *p);

/* The layout of this machine's distribution: by ID of /etc/os-release, else by
 * ID_LIKE. Empty when it is not known. */
struct layout layout_local(const struct tree *tree);

/* The layout that has most of these files (their homes, as they are written
 * now); of equals this machine's, then the first. Empty when none has any. */
struct layout layout_guess(
    const struct tree *tree, const char *const *homes, size_t count);

/* The entry of `files:` for a path; NULL when it has none. */
const struct tree_node *layout_file(const struct layout *l, const char *path);

/* A facility whose lines come to this file (an entry of `files:`) and to none
 * of the others that are read: what is sent with it can only be read back from
 * here. Of several: authpriv, then daemon, then the first. -1: there is none.
 */
int layout_facility(const struct layout *l, const struct tree_node *file);

bool layout_is_copy(const struct layout *l, const char *path);

#endif
