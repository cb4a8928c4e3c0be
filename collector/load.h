/* SPDX-License-Identifier: Apache-2.0 */
/* load: a ledger that holds the evidence of a place, for the commands that
 * answer from it: the same records in the same order, whichever place it is. */
#ifndef COLLECTOR_LOAD_H
#define COLLECTOR_LOAD_H

#include <stdint.h>

#include "assay/err.h"
#include "ledger/ledger.h"

/* A new ledger with every record of path (a store, an export, `-`). NULL with
 * an exit code (command.h) and a sentence: what cannot be read as a record is
 * an integrity failure, because nothing may be left out of an answer silently.
 */
struct ledger *load_ledger(const char *path, int *code, struct err *err);

/* What is asked of a ledger on the command line. */
struct load_question {
	const char *as_of;    /* NULL: the latest readtime that counts */
	const char *known_at; /* NULL: everything */
};

/* Ask. NULL with an exit code when the question makes no sense (said already)
 * or memory is short. */
const struct report *load_report(struct ledger *l,
    const struct load_question *question, int *code, struct err *err);

#endif
