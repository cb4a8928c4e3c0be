/* SPDX-License-Identifier: Apache-2.0 */
/* buf: growable bytes with a hard maximum. A failed append (no memory, or past
 * the maximum) marks the buffer failed and leaves what it held; further appends
 * do nothing. So a writer checks once, at the end. */
#ifndef ASSAY_BUF_H
#define ASSAY_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "assay/slice.h"

struct buf {
	char *ptr;
	size_t len;
	size_t cap;
	size_t max; /* bytes; 0 means 1 GiB */
	bool failed;
};

/* Make b empty with the given maximum. {0} is a valid buf as well. */
void buf_init(struct buf *b, size_t max);

/* Free the bytes; b is empty and usable again. */
void buf_clear(struct buf *b);

/* Forget the content and the failure, keep the memory. */
void buf_reset(struct buf *b);

/* Make room for n more bytes. For buf_reserve. */
char *buf_grow(struct buf *b, size_t n);

/* Room for n more bytes at b->ptr + b->len; the caller fills it and adds to
 * len. NULL when that fails. */
static inline char *
buf_reserve(struct buf *b, size_t n)
{
	if (b->ptr && !b->failed && n <= b->cap - b->len)
		return b->ptr + b->len;
	return buf_grow(b, n);
}

static inline void
buf_put(struct buf *b, struct slice bytes)
{
	char *room = buf_reserve(b, bytes.len);

	if (!room || bytes.len == 0)
		return;
	memcpy(room, bytes.ptr, bytes.len);
	b->len += bytes.len;
}

static inline void
buf_putc(struct buf *b, char c)
{
	char *room = buf_reserve(b, 1);

	if (!room)
		return;
	*room = c;
	b->len++;
}

static inline void
buf_puts(struct buf *b, const char *text)
{
	buf_put(b, slice_of(text));
}

void buf_printf(struct buf *b, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* View of the content. Borrows until the next call on b. */
struct slice buf_slice(const struct buf *b);

#endif
