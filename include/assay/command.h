/* SPDX-License-Identifier: Apache-2.0 */
/* command: the subcommands of a program as one const table, from which dispatch
 * and --help are made, and the exit codes every program shares. */
#ifndef ASSAY_COMMAND_H
#define ASSAY_COMMAND_H

enum command_exit {
	COMMAND_OK = 0,
	COMMAND_NO = 1,	      /* ran well, and the answer is no */
	COMMAND_USAGE = 2,    /* usage or configuration */
	COMMAND_WARNINGS = 3, /* warnings under --strict */
	COMMAND_UNREACHABLE = 4,
	COMMAND_PERMISSION = 5,
	COMMAND_INTEGRITY = 6,
};

struct command {
	const char *name; /* NULL ends a table */
	const char *arguments;
	const char *help; /* one sentence */
	/* argv[0] is the subcommand's name. Returns an exit code. */
	int (*run)(int argc, char **argv);
};

/* Run the subcommand argv[1] names; print --help, --version or what is wrong
 * (with the nearest known name). Returns the exit code. */
int command_main(
    const char *program, const struct command *table, int argc, char **argv);

/* The candidate (NULL-terminated list) nearest to name by edit distance, or
 * NULL when none is near. Borrows from candidates. */
const char *command_nearest(const char *name, const char *const *candidates);

#endif
