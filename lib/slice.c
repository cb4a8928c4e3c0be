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
