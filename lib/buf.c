/* SPDX-License-Identifier: Apache-2.0 */
#include "assay/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEFAULT ((size_t)1 << 30)

void
buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){.max = max};
}

void
buf_clear(struct buf *b)
{
	free(b->ptr);
	*b = (struct buf){.max = b->max};
}

void
buf_reset(struct buf *b)
{
	b->len = 0;
	b->failed = false;
}

char *
buf_grow(struct buf *b, size_t n)
{
	size_t max = b->max ? b->max : MAX_DEFAULT;
	size_t cap = b->cap ? b->cap : 256;
	char *bigger;

	if (b->failed || n > max - b->len) {
		b->failed = true;
		return NULL;
	}
	if (b->ptr && b->len + n <= b->cap)
		return b->ptr + b->len;
	while (cap < b->len + n)
		cap *= 2;
	/* So that room within cap is always within the maximum. */
	if (cap > max)
		cap = max;
	bigger = realloc(b->ptr, cap ? cap : 1);
	if (!bigger) {
		b->failed = true;
		return NULL;
	}
	b->ptr = bigger;
	b->cap = cap;
	return b->ptr + b->len;
}

void
buf_printf(struct buf *b, const char *format, ...)
{
	va_list ap;
	int need;
	char *room;

	va_start(ap, format);
	need = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	room = need < 0 ? NULL : buf_reserve(b, (size_t)need + 1);
	if (!room) {
		b->failed = true;
		return;
	}
	va_start(ap, format);
	vsnprintf(room, (size_t)need + 1, format, ap);
	va_end(ap);
	b->len += (size_t)need;
}

struct slice
buf_slice(const struct buf *b)
{
	return (struct slice){b->ptr ? b->ptr : "", b->len};
}
