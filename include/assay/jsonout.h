/* SPDX-License-Identifier: Apache-2.0 */
/* jsonout: compact JSON into a buf, keys in the order of the calls. Everything
 * assay hashes or prints as JSON comes from here, so one value has one text:
 * strings escape only '"', '\\' and bytes below 0x20 (\b \t \n \f \r, else
 * \u00xx lower-case hex), and 0x7f as \u007f; other UTF-8 stands as it is;
 * numbers are integers. Failure is the buf's. Commas are put by the writer:
 * each call puts one when the byte before is not an opener or a colon. */
#ifndef ASSAY_JSONOUT_H
#define ASSAY_JSONOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "assay/buf.h"
#include "assay/slice.h"

void jsonout_object(struct buf *b);	/* { */
void jsonout_object_end(struct buf *b); /* } */
void jsonout_array(struct buf *b);	/* [ */
void jsonout_array_end(struct buf *b);	/* ] */

/* "key": of the next value. */
void jsonout_key(struct buf *b, const char *key);

/* Copy a text whose bytes all stand in a JSON string as they are and are ASCII.
 * False when it is not such a text; `to`, which has room for it, is then
 * undefined. */
bool jsonout_copy(char *to, struct slice text);

/* The characters of a string without its quotes, and a number without the comma
 * before it: for writers that put those themselves. */
void jsonout_chars(struct buf *b, struct slice text);
void jsonout_digits(struct buf *b, int64_t value);

/* A string; text must be valid UTF-8 (encode_is_utf8). */
void jsonout_string(struct buf *b, struct slice text);
void jsonout_str(struct buf *b, const char *text);
void jsonout_int(struct buf *b, int64_t value);
void jsonout_bool(struct buf *b, bool value);
void jsonout_null(struct buf *b);

/* A value that is JSON text already, taken as it is. */
void jsonout_raw(struct buf *b, struct slice json);

/* key and value in one call. */
void jsonout_kstring(struct buf *b, const char *key, struct slice text);
void jsonout_kstr(struct buf *b, const char *key, const char *text);
void jsonout_kint(struct buf *b, const char *key, int64_t value);
void jsonout_kbool(struct buf *b, const char *key, bool value);
/* The wire form of stamp.h as a string. */
void jsonout_kstamp(struct buf *b, const char *key, int64_t us);

#endif
