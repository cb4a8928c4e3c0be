/* SPDX-License-Identifier: Apache-2.0 */
#include "stretch.h"

#include <string.h>

size_t
stretch_leading_nuls(struct slice bytes)
{
	size_t n = 0;

	while (n < bytes.len && bytes.ptr[n] == '\0')
		n++;
	return n;
}

struct slice
stretch_before_nuls(struct slice lines)
{
	static const char lf_nul[2] = {'\n', '\0'};
	const char *at = NULL;

	if (memchr(lines.ptr, '\0', lines.len))
		at = memmem(lines.ptr, lines.len, lf_nul, sizeof lf_nul);
	if (at)
		lines.len = (size_t)(at - lines.ptr) + 1;
	return lines;
}
