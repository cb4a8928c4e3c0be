/* SPDX-License-Identifier: Apache-2.0 */
/* wire: the envelope of a record and the values below it, as text: what the
 * encoders of record.h are made of. Text from outside may hold any bytes; each
 * byte that is not UTF-8, and NUL, becomes U+FFFD. Failure is the buf's. */
#ifndef ASSAY_WIRE_H
#define ASSAY_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assay/buf.h"
#include "assay/crypto.h"
#include "assay/err.h"
#include "assay/record.h"
#include "assay/slice.h"

#define WIRE_INTEGER_MAX (INT64_C(1) << 53)

/* Append the envelope up to the brace that opens data; *at is where the record
 * begins in b. b must be empty or end with LF. */
void wire_begin(struct buf *b, struct crypto *c,
    const struct record_envelope *e, enum record_type type, size_t *at);

/* The same for an event whose envelope has `same`, up to and with the host. */
void wire_begin_same(
    struct buf *b, const struct record_envelope *e, size_t *at);

/* Close data and envelope. -1 when the record is too large or b failed: b ends
 * at `at` again. */
int wire_end(struct buf *b, size_t at, enum record_type type, struct err *err);

/* UTF-8 without NUL (where many a JSON reader ends a text): stands in JSON as
 * it is. */
bool wire_is_plain(struct slice text);

/* "key":value, or the value alone when key is NULL. The _if forms leave out
 * what is empty, negative or NULL. */
void wire_text(struct buf *b, const char *key, struct slice text);
void wire_text_if(struct buf *b, const char *key, struct slice text);
void wire_texts(
    struct buf *b, const char *key, const struct slice *texts, size_t count);
void wire_int_if(struct buf *b, const char *key, int64_t value);
void wire_hex(struct buf *b, const char *key, const uint8_t *bytes, size_t len);
void wire_hex_if(
    struct buf *b, const char *key, const uint8_t *bytes, size_t len);
void wire_sequence(struct buf *b, const char *key, uint64_t sequence);
void wire_host(struct buf *b, const char *key, const struct record_host *host);

/* Values without the comma and the quote before them, for writers that put key
 * and quote as one literal text: the rest of a text with its closing quote; a
 * time, hex and a UUID without. */
void wire_close(struct buf *b, struct slice text);
void wire_stamp(struct buf *b, int64_t us);
void wire_bytes(struct buf *b, const uint8_t *bytes, size_t len);
void wire_uuid(struct buf *b, const uint8_t uuid[16]);

/* A text behind a literal that ends with its opening quote:
 * wire_member(b, SLICE(",\"rule\":\""), rule). */
static inline __attribute__((always_inline)) void
wire_member(struct buf *b, struct slice opening, struct slice text)
{
	buf_put(b, opening);
	wire_close(b, text);
}

/* The same for a text that wire_is_plain; false, and nothing put, for others.
 */
bool wire_member_plain(struct buf *b, struct slice opening, struct slice text);

/* A base64 string as a value. */
void wire_base64(struct buf *b, struct slice bytes);

#endif
