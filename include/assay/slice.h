/* SPDX-License-Identifier: Apache-2.0 */
/* slice: a view of bytes that somebody else owns. Log lines are not C strings:
 * a slice may hold NUL and any other byte, and is never NUL-terminated by
 * contract. A slice borrows; its maker says until when. */
#ifndef ASSAY_SLICE_H
#define ASSAY_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct slice {
	const char *ptr;
	size_t len;
};

/* A string literal as a slice. */
#define SLICE(literal) ((struct slice){(literal), sizeof(literal) - 1})

/* Arguments for a "%.*s" of a slice known to be printable. */
#define SLICE_FMT(s) (int)(s).len, (s).ptr

/* View of a C string. Borrows text. */
static inline struct slice
slice_of(const char *text)
{
	return (struct slice){text, strlen(text)};
}

static inline bool
slice_eq(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || !memcmp(a.ptr, b.ptr, a.len));
}

static inline bool
slice_eq_str(struct slice a, const char *b)
{
	return slice_eq(a, slice_of(b));
}

/* Order of bytes, a shorter prefix first: <0, 0, >0. */
int slice_cmp(struct slice a, struct slice b);

/* True when a begins with prefix. */
static inline bool
slice_starts(struct slice a, struct slice prefix)
{
	return a.len >= prefix.len &&
	       (prefix.len == 0 || !memcmp(a.ptr, prefix.ptr, prefix.len));
}

/* The part of a from byte at on (empty when at is past the end). */
static inline struct slice
slice_from(struct slice a, size_t at)
{
	if (at > a.len)
		at = a.len;
	return (struct slice){a.ptr + at, a.len - at};
}

/* Position of the first byte c, or a.len when there is none. */
static inline size_t
slice_find(struct slice a, char c)
{
	const char *hit = a.len ? memchr(a.ptr, c, a.len) : NULL;

	return hit ? (size_t)(hit - a.ptr) : a.len;
}

/* Decimal digits only, at least one, within 0..max. False leaves *value. */
bool slice_uint(
    struct slice a, unsigned long long max, unsigned long long *value);

/* A new C string holding the bytes and a final NUL; the caller frees it. NULL
 * when memory is short or a holds a NUL byte. */
char *slice_strdup(struct slice a);

#endif
