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

#endif
