/* SPDX-License-Identifier: Apache-2.0 */
/* lint_files: all files of one look, parsed, and the words in which its parts
 * ask about them. A part of lint. */
#ifndef COLLECTOR_LINT_FILES_H
#define COLLECTOR_LINT_FILES_H

#include "assay/buf.h"
#include "assay/problems.h"
#include "assay/tree.h"
#include "assay/vocab.h"
#include "fileset.h"
#include "framework.h"
#include "ledger/check.h"
#include "ledger/names.h"
#include "schema.h"

#define LINT_FRAMEWORKS_MAX 16

/* The trees of a set's files that are YAML at all, in the order of paths. */
struct lint_trees {
	struct tree **tree;
	size_t count;
};

struct lint_files {
	struct problems *problems;
	struct vocab *vocab;   /* NULL: the file is bad or missing */
	struct schema *schema; /* likewise */
	struct framework *frameworks[LINT_FRAMEWORKS_MAX];
	size_t framework_count;
	struct lint_trees checks;
	struct names *names; /* of the set */
	struct check_set *set;
	struct lint_trees isms;
	const char *zone_fault; /* as fileset_zone_fault, or NULL */
};

/* Read and parse everything. -1 with the reason when files cannot be read or
 * memory is short; clear f either way. */
int lint_files_load(struct lint_files *f, const char *const *rules,
    const char *isms, struct problems *p, struct err *err);
void lint_files_clear(struct lint_files *f);

/* The check of this id, NULL when there is none or it is bad. */
const struct check *lint_files_check(
    const struct lint_files *f, struct slice id);

/* Is a check of this id written down, however badly? */
bool lint_files_has_check(const struct lint_files *f, struct slice id);

/* Append "; did you mean '...'?" of the nearest id, if one is near. */
void lint_files_nearest_check(
    const struct lint_files *f, struct slice id, struct buf *advice);

/* The framework of this name, NULL when it is not here. */
const struct framework *lint_files_framework(
    const struct lint_files *f, struct slice id);

/* A control of any framework, NULL when there is none. When not, what to do is
 * appended to advice: the control that an id of the edition before went
 * into. */
const struct framework_control *lint_files_control(
    const struct lint_files *f, struct slice id, struct buf *advice);

/* Report the fields of a where-clause that events of this kind do not have. */
void lint_files_fields(const struct lint_files *f,
    const struct tree_node *where, const char *event);

/* Report the registers a where-clause names that do not exist, or have no
 * column of the field's name. */
void lint_files_registers(
    const struct lint_files *f, const struct tree_node *where);

#endif
