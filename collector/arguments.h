/* SPDX-License-Identifier: Apache-2.0 */
/* arguments: what a subcommand's command line says, against one const table per
 * subcommand, from which its --help is made as well. */
#ifndef COLLECTOR_ARGUMENTS_H
#define COLLECTOR_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

#define ARGUMENTS_MAX 64

struct argument {
	const char *name;  /* "--as-of"; NULL ends a table */
	const char *value; /* what stands for its value in --help; NULL: none */
	const char *help;  /* one sentence */
};

/* Every subcommand that uses the configuration takes these. */
#define ARGUMENTS_COMMON                                                  \
	{"--config", "FILE", "configuration (/etc/assay/collector.yml)"}, \
	    {"--state", "DIR", "where the store and the key are"},        \
	{                                                                 \
		"--rules", "DIR",                                         \
		    "rules, checks and frameworks; may be "               \
		    "given again"                                         \
	}

struct arguments {
	const struct argument *given[ARGUMENTS_MAX];
	const char *value[ARGUMENTS_MAX];
	size_t count;
	const char *operand[ARGUMENTS_MAX]; /* what is no option */
	size_t operands;
};

/* Parse argv[1..]. usage is the line after "usage: assay-collector ".
 * -1: go on; else leave with this exit code (--help was printed, or what is
 * wrong). At most operands_max operands. Borrows argv. */
int arguments_parse(struct arguments *a, const struct argument *table,
    const char *usage, size_t operands_max, int argc, char **argv);

bool arguments_has(const struct arguments *a, const char *name);

/* The last value given, or NULL. */
const char *arguments_value(const struct arguments *a, const char *name);

/* The i-th value given, NULL past the last: for what may be repeated. */
const char *arguments_nth(
    const struct arguments *a, const char *name, size_t i);

#endif
