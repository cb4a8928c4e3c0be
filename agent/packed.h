/* SPDX-License-Identifier: Apache-2.0 */
/* packed: windows of a compressed log. It can only be read forward: what was
 * decompressed and not passed is kept. Positions are of the decompressed bytes,
 * so a file that was half read and then compressed is gone on with inside. */
#ifndef ASSAY_AGENT_PACKED_H
#define ASSAY_AGENT_PACKED_H

#include <stdint.h>
#include <sys/types.h>

#include "assay/crypto.h"
#include "assay/err.h"

#include "position.h"
#include "stretch.h"

struct packed;

/* A new reader of fd (borrowed) that stands at offset: *found, which was
 * init'ed, says what was passed to get there. NULL and *proof: the file is
 * shorter (STRETCH_OTHER), or err says why it cannot be read. */
struct packed *packed_open(int fd, uint64_t offset, struct crypto *c,
    struct position *found, enum stretch_proof *proof, struct err *err);
void packed_free(struct packed *r);

/* The next whole lines after the position. out borrows until the next call.
 * STRETCH_BROKEN: the file is damaged or cut short; what came before was
 * given. */
enum stretch_proof packed_read(struct packed *r, struct position *at,
    struct crypto *c, struct stretch *out, struct err *err);

/* After packed_read gave nothing: the line without an end at the end. */
void packed_rest(struct packed *r, struct stretch *out);

/* Move past n bytes that were given. */
void packed_pass(
    struct packed *r, struct position *at, struct crypto *c, uint64_t n);

/* Any bytes next, lines or not, for who compares: false at the end. */
bool packed_take(struct packed *r, struct stretch *out);

/* Is there nothing after where it stands? Reads ahead. */
bool packed_at_end(struct packed *r);

/* How far it is in the compressed file. */
off_t packed_at(const struct packed *r);

#endif
