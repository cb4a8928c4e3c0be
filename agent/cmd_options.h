/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_options: the options that the rule commands share, and the loading of
 * the rules they name, with everything a person must be told on the way. */
#ifndef ASSAY_CMD_OPTIONS_H
#define ASSAY_CMD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "assay/buf.h"
#include "assay/options.h"
#include "assay/problems.h"

#include "discover.h"
#include "ruleset.h"

#define CMD_OPTIONS_DIRS_MAX 16

struct cmd_options {
	const char *command;
	const char *dirs[CMD_OPTIONS_DIRS_MAX + 1]; /* --rules, in order */
	size_t dir_count;
	const char *config;	 /* --config, or NULL */
	struct options *options; /* what the configuration says, once read */
	const char *program;	 /* --program */
	bool json;
	bool strict;
	bool why;
	bool show;
	char **arguments; /* what is no option; borrows argv */
	size_t argument_count;
};

/* Read argv. known is a list like "rules json program" of the long options the
 * command takes. Returns 0, or -1 after telling the person on stderr what is
 * wrong. Moves the arguments to the front of argv. */
int cmd_options_parse(
    struct cmd_options *o, const char *known, int argc, char **argv);

/* Read the configuration, where there is one, and fill in the directories:
 * those of --rules, else its `rules`, else those of the usual ones that exist.
 * -1 when there is none, after saying so, or with what is wrong with the
 * configuration in p. */
int cmd_options_dirs(struct cmd_options *o, struct problems *p);

/* The same for a command that cannot go on without: what is wrong is printed on
 * stderr. */
int cmd_options_need_dirs(struct cmd_options *o, struct problems *p);

/* Free what was read. */
void cmd_options_clear(struct cmd_options *o);

/* Load the rules (files: just these rule files, or NULL) with their trees. What
 * is wrong is printed on out: as text, or with --json as one array. Returns a
 * new set, or NULL with the exit code in *status. */
struct ruleset *cmd_options_load(const struct cmd_options *o,
    const char *const *files, struct problems *p, int *status);

/* What an agent with this configuration would read; d is to be cleared either
 * way. -1 with what is wrong with `sources:` in p, or after saying it. */
int cmd_options_sources(const struct cmd_options *o, const struct ruleset *s,
    struct discover *d, struct problems *p);

/* Write out to stdout and empty it; false after saying why it failed. */
bool cmd_options_flush(const struct cmd_options *o, struct buf *out);

#endif
