/* SPDX-License-Identifier: Apache-2.0 */
/* cmd: the subcommands that read and run, one file each (cmd_<name>.c), and the
 * few words they share. Each takes argv from its own name on and returns an
 * exit code; data goes to standard output, talk to standard error. */
#ifndef COLLECTOR_CMD_H
#define COLLECTOR_CMD_H

#include <stdbool.h>
#include <stdint.h>

#include "assay/buf.h"
#include "assay/err.h"
#include "assay/slice.h"
#include "arguments.h"
#include "ledger/ledger.h"
#include "settings.h"
#include "store.h"

int cmd_run(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_timeline(int argc, char **argv);
int cmd_coverage(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_verify(int argc, char **argv);
int cmd_status(int argc, char **argv);

/* Parse the command line (arguments.h) and read the configuration. -1: go on,
 * and clear the settings in the end; else leave with this exit code. */
int cmd_settings(struct settings *s, struct arguments *a,
    const struct argument *table, const char *usage, size_t operands_max,
    int argc, char **argv);

/* A time as people give it: RFC 3339 in UTC with or without a fraction, a date
 * (its first instant), or `now`. False leaves *us. */
bool cmd_time(const char *text, int64_t *us);

/* Say that text is no time for this option; the exit code for that. */
int cmd_bad_time(const char *option, const char *text);

/* What is asked of a ledger on the command line. */
struct cmd_question {
	const char *as_of;    /* NULL: the latest readtime that counts */
	const char *known_at; /* NULL: everything */
};

/* Ask. NULL with an exit code and a sentence. */
const struct report *cmd_ask(struct ledger *l,
    const struct cmd_question *question, int *code, struct err *err);

/* Append a time for people: "2026-05-12 12:00Z", "2026-05-12 12:00:00Z". */
void cmd_put_minute(struct buf *out, int64_t us);
void cmd_put_second(struct buf *out, int64_t us);

/* Write what a command made to standard output. The exit code: 0, or that of
 * output that cannot be written. Clears out. */
int cmd_print(struct buf *out);

/* Say an error; code. */
int cmd_fail(int code, const struct err *err);

/* The exit code for a store that cannot be used. */
int cmd_store_code(enum store_trouble trouble);

/* True when standard output is a terminal that wants colour. */
bool cmd_colour(void);

#endif
