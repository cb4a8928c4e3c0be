/* SPDX-License-Identifier: Apache-2.0 */
#include "assay/slice.h"

#include <stdlib.h>

int
slice_cmp(struct slice a, struct slice b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int order = n ? memcmp(a.ptr, b.ptr, n) : 0;

	if (order)
		return order;
	return (a.len > b.len) - (a.len < b.len);
}

bool
slice_starts(struct slice a, struct slice prefix)
{
	if (a.len < prefix.len)
		return false;
	return slice_eq((struct slice){a.ptr, prefix.len}, prefix);
}

struct slice
slice_from(struct slice a, size_t at)
{
	if (at > a.len)
		at = a.len;
	return (struct slice){a.ptr + at, a.len - at};
}

size_t
slice_find(struct slice a, char c)
{
	const char *hit = a.len ? memchr(a.ptr, c, a.len) : NULL;

	return hit ? (size_t)(hit - a.ptr) : a.len;
}

bool
slice_uint(struct slice a, unsigned long long max, unsigned long long *value)
{
	unsigned long long sum = 0;

	if (a.len == 0)
		return false;
	for (size_t i = 0; i < a.len; i++) {
		if (a.ptr[i] < '0' || a.ptr[i] > '9')
			return false;
		unsigned digit = (unsigned)(a.ptr[i] - '0');

		if (sum > (max - digit) / 10)
			return false;
		sum = sum * 10 + digit;
	}
	if (sum > max)
		return false;
	*value = sum;
	return true;
}

char *
slice_strdup(struct slice a)
{
	char *text;

	if (a.len && memchr(a.ptr, '\0', a.len))
		return NULL;
	text = malloc(a.len + 1);
	if (!text)
		return NULL;
	if (a.len)
		memcpy(text, a.ptr, a.len);
	text[a.len] = '\0';
	return text;
}
