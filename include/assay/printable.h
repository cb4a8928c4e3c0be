/* SPDX-License-Identifier: Apache-2.0 */
/* printable: bytes that strangers wrote, made safe to show. Log text may hold
 * terminal escapes, bidirectional overrides and bytes that are not UTF-8; what
 * a person or a JSON reader gets goes through here first. Pure. */
#ifndef ASSAY_PRINTABLE_H
#define ASSAY_PRINTABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "assay/buf.h"
#include "assay/slice.h"

/* Append text for a terminal: control characters (C0, DEL, C1), bytes that are
 * not UTF-8, line and paragraph separators and bidirectional controls stand as
 * \n, \t, \xNN or \u{NNNN}; all other text as it is. One line in, one line
 * out. */
void printable_put(struct buf *out, struct slice text);

/* Append text as valid UTF-8: each byte that is not part of a well-formed
 * character stands as \xNN, everything else (controls too) as it is. */
void printable_utf8(struct buf *out, struct slice text);

/* Append JSON text (valid UTF-8) with the characters that printable_put would
 * escape beyond ASCII written as \uNNNN: the same JSON value, safe to show. */
void printable_json(struct buf *out, struct slice json);

/* Bytes of the well-formed UTF-8 character text begins with, and its code
 * point; 0 when there is none. */
size_t printable_decode(struct slice text, unsigned *code);

/* True for characters beyond ASCII that change how the rest of a line looks: C1
 * controls, bidirectional controls, line separators, the byte order mark. */
bool printable_is_hostile(unsigned code);

#endif
