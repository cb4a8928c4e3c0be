/* SPDX-License-Identifier: Apache-2.0 */
/* byteset: a set of bytes, one bit each: what one place of a pattern takes. */
#ifndef ASSAY_BYTESET_H
#define ASSAY_BYTESET_H

#include <stdbool.h>
#include <stdint.h>

#define BYTESET_BYTES 32

struct byteset {
	uint8_t bits[BYTESET_BYTES];
};

void byteset_add(struct byteset *s, unsigned char c);
bool byteset_has(const struct byteset *s, unsigned char c);

/* How many bytes are in it. */
unsigned byteset_size(const struct byteset *s);

/* Take exactly those it did not hold. */
void byteset_invert(struct byteset *s);

/* Add all of other. */
void byteset_join(struct byteset *s, const struct byteset *other);

/* Add what \d \w \s \D \W \S (named by the letter) stand for; false when c
 * is none of them. */
bool byteset_add_class(struct byteset *s, char c);

/* Nothing a stranger can do much with: at most 70 different visible ASCII
 * characters and no blank. */
bool byteset_is_narrow(const struct byteset *s);

#endif
