/* SPDX-License-Identifier: Apache-2.0 */
/* encode: bytes as text and back: hex, base64 (RFC 4648 section 4, padded),
 * UUID text, and the test whether bytes are UTF-8. Pure. */
#ifndef ASSAY_ENCODE_H
#define ASSAY_ENCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assay/buf.h"
#include "assay/slice.h"

#define ENCODE_UUID_LEN 36

/* Lower-case hex and a final NUL into text[2 * len + 1]. */
void encode_hex(char *text, const uint8_t *bytes, size_t len);

/* Exactly 2 * len lower-case hex digits. False leaves bytes undefined. */
bool encode_unhex(struct slice text, uint8_t *bytes, size_t len);

/* Append base64. */
void encode_base64(struct buf *out, struct slice bytes);

/* Append the decoded bytes; false on anything but canonical padded base64. */
bool encode_unbase64(struct buf *out, struct slice text);

/* 8-4-4-4-12 lower-case and a final NUL. */
void encode_uuid(char text[ENCODE_UUID_LEN + 1], const uint8_t uuid[16]);
bool encode_unuuid(struct slice text, uint8_t uuid[16]);

/* How many of the first bytes are ASCII. */
size_t encode_ascii(struct slice bytes);

/* Valid UTF-8 (no surrogates, no overlong forms, up to U+10FFFF). */
bool encode_is_utf8(struct slice bytes);

#endif
