/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a compressed log: what is read does not depend on the pieces it
 * is read in, and a piece never is more than was asked for. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../agent/inflate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define OUTPUT_MAX ((size_t)1 << 18)

/* -1 damaged, 0 whole, 1 more than OUTPUT_MAX. */
static int
read_all(int fd, off_t size, size_t piece, char *out, size_t *len)
{
	struct err err = {0};
	struct inflate *z = inflate_new(fd, &err);
	ssize_t got = 1;

	*len = 0;
	if (!z)
		return -1;
	while (got > 0 && *len + piece <= OUTPUT_MAX) {
		got = inflate_read(z, out + *len, piece, &err);
		assert(got <= (ssize_t)piece);
		assert(inflate_at(z) >= 0 && inflate_at(z) <= size);
		assert(got >= 0 || err.text[0]);
		if (got > 0)
			*len += (size_t)got;
	}
	inflate_free(z);
	return got > 0 ? 1 : (int)got;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char one[OUTPUT_MAX], two[OUTPUT_MAX];
	int fd = memfd_create("fuzz", 0);
	size_t one_len, two_len;
	int first, second;

	assert(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	first = read_all(fd, (off_t)size, 16384, one, &one_len);
	second = read_all(fd, (off_t)size, 1021, two, &two_len);
	/* How much of a damaged block is given may depend on the room; what is
	 * given may not. */
	if (first <= 0 && second <= 0)
		assert(first == second && (first < 0 || one_len == two_len));
	assert(memcmp(one, two, one_len < two_len ? one_len : two_len) == 0);
	close(fd);
	return 0;
}
