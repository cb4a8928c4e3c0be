/* SPDX-License-Identifier: Apache-2.0 */
/* tally: how many lines each program wrote since the start, and what became of
 * them: known, ignored, unknown. For people who wonder whether their logs are
 * understood; heartbeats tell of the unknown alone. The names are whoever's
 * writes the logs, so the table is of fixed size: the lines of programs that
 * came when it was full are counted as "(other)". Allocates nothing. */
#ifndef ASSAY_AGENT_TALLY_H
#define ASSAY_AGENT_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assay/slice.h"

#define TALLY_PROGRAMS 256
#define TALLY_NAME_MAX 64

enum tally_fate { TALLY_KNOWN, TALLY_IGNORED, TALLY_UNKNOWN };
#define TALLY_FATES 3

struct tally_row {
	char name[TALLY_NAME_MAX];
	size_t len;
	int64_t lines[TALLY_FATES];
};

struct tally;

struct tally *tally_new(void);
void tally_free(struct tally *t);

/* One line of program (cut at TALLY_NAME_MAX; empty: "(none)"). */
void tally_add(struct tally *t, struct slice program, enum tally_fate fate);

/* The programs with most lines, then the rest as "(other)": at most size rows.
 * Borrows until the next call. Returns how many. */
size_t tally_rows(const struct tally *t, struct tally_row *rows, size_t size);

#endif
