/* SPDX-License-Identifier: Apache-2.0 */
/* evidence: records in the order of the log, wherever they are kept: the store
 * (its file, or the state directory that holds it), an export (one record a
 * line; `-` is standard input), or an agent's spool directory. One loader for
 * every command that reads. Reads only. */
#ifndef COLLECTOR_EVIDENCE_H
#define COLLECTOR_EVIDENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "assay/err.h"
#include "assay/slice.h"
#include "store.h"

#define EVIDENCE_LINE_MAX ((size_t)2 << 20) /* of an export */

enum evidence_kind { EVIDENCE_STORE, EVIDENCE_EXPORT, EVIDENCE_SPOOL };

/* Why opening failed, for the exit code. */
enum evidence_trouble {
	EVIDENCE_MISSING,
	EVIDENCE_DENIED,
	EVIDENCE_BROKEN,
};

struct evidence;

struct evidence_item {
	uint64_t index;	     /* place in the log, from 1 */
	struct slice bytes;  /* of one record; borrows until the next call */
	const char *where;   /* "line 12 (byte 8823)", "record 12"; the same */
	const uint8_t *leaf; /* as the store has it; NULL elsewhere */
	const struct store_key *key; /* as the store has it; NULL elsewhere */
	bool erased; /* the store keeps its leaf, not its bytes */
	bool broken; /* damage of the container there: bytes are empty, why in
		      * err; it goes on behind it */
};

/* Open path. NULL with the trouble and a sentence. */
struct evidence *evidence_open(
    const char *path, enum evidence_trouble *trouble, struct err *err);
void evidence_close(struct evidence *e);

enum evidence_kind evidence_kind(const struct evidence *e);

/* The store that is read; NULL for the others. Borrows. */
struct store *evidence_store(struct evidence *e);

/* The next one: 1, 0 at the end, -1 when it cannot be read any further. */
int evidence_next(
    struct evidence *e, struct evidence_item *item, struct err *err);

#endif
