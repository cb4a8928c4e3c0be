/* SPDX-License-Identifier: Apache-2.0 */
/* sentence: the one table of sentences that tell people why. Each cause has its
 * own; each names the unit, and numbers and times where there are any. */
#ifndef COLLECTOR_LEDGER_SENTENCE_H
#define COLLECTOR_LEDGER_SENTENCE_H

#include <stddef.h>
#include <stdint.h>

#include "assay/buf.h"

/* What stands for the words in braces. Only what the sentence asks for need be
 * set. */
struct sentence {
	const char *unit, *host, *event, *need, *trust, *name, *program, *by,
	    *reason, *state, *hole, *at_least;
	int64_t start_us, end_us, due_us, from_us, to_us, time_us;
	int64_t n, k, m, minutes;
};

/* Append the sentence of a code; asserts that there is one. */
void sentence_put(
    struct buf *out, const char *code, const struct sentence *words);

/* A time as people read it, to the minute: "2026-05-12 12:00Z". */
void sentence_time(struct buf *out, int64_t us);

/* The i-th code of the table, NULL past the last; its sentence. */
const char *sentence_code(size_t i);
const char *sentence_text(const char *code);

#endif
