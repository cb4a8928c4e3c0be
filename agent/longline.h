/* SPDX-License-Identifier: Apache-2.0 */
/* longline: a line that is longer than a window, while it goes by: how long it
 * is, its SHA-256, and its last bytes. Its beginning stays with whoever reads
 * it; nothing else of it is kept, however long it gets. */
#ifndef ASSAY_AGENT_LONGLINE_H
#define ASSAY_AGENT_LONGLINE_H

#include <stdbool.h>
#include <stdint.h>

#include "assay/crypto.h"
#include "assay/slice.h"

#define LONGLINE_TAIL 1024

struct longline;

/* A new one that begins with start, which holds no LF. NULL: no memory. */
struct longline *longline_new(struct crypto *c, struct slice start);
void longline_free(struct longline *l);

/* The next bytes: takes those up to the line's LF, and says how many. */
size_t longline_add(struct longline *l, struct slice bytes);

/* Its LF was seen. */
bool longline_ended(const struct longline *l);

/* Bytes so far, with the LF. */
uint64_t longline_size(const struct longline *l);

/* SHA-256 of the line without its LF, as far as it goes; nothing may be added
 * after. Borrows. */
const uint8_t *longline_hash(struct longline *l);

/* Its last bytes with the LF, LONGLINE_TAIL at most. Borrows. */
struct slice longline_tail(const struct longline *l);

#endif
