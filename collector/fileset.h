/* SPDX-License-Identifier: Apache-2.0 */
/* fileset: the files of a set as they are on disk now: checks, frameworks, the
 * organisation's. Knows where each set lives and what belongs to it, so that
 * `check` looks at the very files that the log is told of.
 *
 * Rules may lie in several directories: a file of a later one replaces a file
 * of the same path of an earlier one, and an empty file turns it off. Only
 * files whose names end in .yml and do not begin with a dot are read. */
#ifndef COLLECTOR_FILESET_H
#define COLLECTOR_FILESET_H

#include <stddef.h>

#include "assay/err.h"
#include "assay/slice.h"

struct fileset;

struct fileset_file {
	const char *path; /* in the set: "backup.yml" */
	const char *name; /* on disk, for messages */
	struct slice bytes;
};

/* New sets. NULL with the file and the reason when something is there and
 * cannot be read, is larger than 256 KiB, or memory is short. The directories
 * are NULL-terminated; one that does not exist has no files.
 *   checks      DIR/checks/ *.yml, and DIR/events.yml as events.yml
 *   frameworks  DIR/frameworks/ *.yml
 *   isms        DIR/ *.yml, and as `zone` the TZif bytes of the zone they name
 *   rules       DIR/NAME, one file of the rules, such as registers.yml */
struct fileset *fileset_checks(const char *const *dirs, struct err *err);
struct fileset *fileset_frameworks(const char *const *dirs, struct err *err);
struct fileset *fileset_isms(const char *dir, struct err *err);
struct fileset *fileset_rules(
    const char *const *dirs, const char *name, struct err *err);
void fileset_free(struct fileset *s);

/* The i-th in the order of paths (bytes), NULL past the last. Borrows. */
const struct fileset_file *fileset_file(const struct fileset *s, size_t i);
size_t fileset_count(const struct fileset *s);

/* The i-th file that looks as if it belonged to the set and was not read, since
 * its name ends in .yaml; NULL past the last. */
const char *fileset_skipped(const struct fileset *s, size_t i);

/* Of an isms set: why the zone it names has no bytes (no such zone), or NULL.
 * Times are then those of UTC. */
const char *fileset_zone_fault(const struct fileset *s);

#endif
