/* SPDX-License-Identifier: Apache-2.0 */
/* discover: which logs there are to read when nobody says so: what the local
 * syslog daemon writes (rules/sources.yml knows, per distribution, which file
 * holds what and which files only repeat others) and the logs that rule files
 * name as their program's own (`files:`). Also for a directory of logs copied
 * from some /var/log. Says of each file what became of it and why. */
#ifndef ASSAY_AGENT_DISCOVER_H
#define ASSAY_AGENT_DISCOVER_H

#include <stdbool.h>
#include <stddef.h>

#include "assay/buf.h"
#include "assay/err.h"
#include "assay/problems.h"

#include "ruleset.h"
#include "source.h"

/* What was looked at and is not read, for people. */
struct discover_left {
	char *path;
	const char *why; /* constant text */
};

struct discover {
	struct source_spec **specs;
	size_t count;
	struct discover_left *notes;
	size_t note_count;
	size_t told; /* bytes that a heartbeat takes for all specs, at most */
};

/* This machine's logs, live. dirs: the rule directories, NULL-terminated; the
 * sources.yml of the last one that has it counts. -1 and err, or problems in
 * p. */
int discover_host(struct discover *d, const struct ruleset *rules,
    const char *const *dirs, struct problems *p, struct err *err);

/* The logs below dir, taken as a copy of /var/log; not live. */
int discover_dir(struct discover *d, const char *dir,
    const struct ruleset *rules, const char *const *dirs, struct problems *p,
    struct err *err);

/* Add the logs that a glob names, bare specs without classes: one, when what
 * follows the name can only be rotation (`/var/log/dpkg.log*`), there or not;
 * else one for each log that is there now, with its rotated files. */
int discover_logs(struct discover *d, const char *glob);

/* The rule file whose own log this path is, or NULL. */
const struct rule_file *discover_owner(
    const struct ruleset *rules, const char *path);

/* Add a spec (taken, also on failure). One that no heartbeat could name beside
 * the others is not read: a note says so. */
int discover_add(struct discover *d, struct source_spec *spec);

void discover_clear(struct discover *d);

#endif
