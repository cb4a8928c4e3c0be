/* SPDX-License-Identifier: Apache-2.0 */
/* unknown: how many lines of which programs no rule knew, since the heartbeat
 * before. The names are whoever's writes the logs, so the table is of fixed
 * size: what does not fit is counted as "(other)". Allocates nothing. */
#ifndef ASSAY_AGENT_UNKNOWN_H
#define ASSAY_AGENT_UNKNOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assay/record.h"
#include "assay/slice.h"

#include "rule.h"

#define UNKNOWN_SLOTS 512
#define UNKNOWN_NAME_MAX 64
#define UNKNOWN_TOP 50 /* of a heartbeat, beside (other) */

struct unknown;

struct unknown *unknown_new(void);
void unknown_free(struct unknown *u);

/* One line of program (cut at UNKNOWN_NAME_MAX; empty: "(none)") in a source of
 * this class. closed: its rule file says that every line is known. time_us is
 * the line's stamp, or what stands for it. */
void unknown_add(struct unknown *u, struct slice program, enum rule_class class,
    bool closed, int64_t time_us);

/* The programs with most lines, closed ones first of all, then the rest as
 * (other), a row for each class: at most UNKNOWN_TOP + RULE_CLASSES. Borrows
 * until the next call. Returns how many. */
size_t unknown_rows(
    struct unknown *u, struct record_unknown *rows, size_t size);

/* Begin anew: what was told was put into a heartbeat. */
void unknown_reset(struct unknown *u);

#endif
