/* SPDX-License-Identifier: Apache-2.0 */
/* piece: the named pieces of patterns (rules/pieces.yml): what {ip} or {user}
 * stands for, and what its text must pass beyond the pattern. */
#ifndef ASSAY_PIECE_H
#define ASSAY_PIECE_H

#include "assay/problems.h"
#include "assay/slice.h"
#include "assay/tree.h"

#include "pattern.h"

struct piece_set;

/* New pieces from a parsed pieces file (copied, the tree may go), or NULL with
 * what is wrong in p. */
struct piece_set *piece_read(const struct tree *t, struct problems *p);
void piece_set_free(struct piece_set *s);

/* A pattern_find_fn. */
const struct pattern_piece *piece_find(const void *set, struct slice name);

/* The piece with the nearest name, for messages, or NULL. */
const struct pattern_piece *piece_nearest(
    const struct piece_set *s, struct slice name);

#endif
