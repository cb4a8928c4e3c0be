/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a log line: the first byte chooses what is known beforehand, the
 * rest is the line. Every slice stays within it. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../../agent/header.h"
#include "assay/stamp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_inside(struct slice part, const char *line, size_t len)
{
	assert(part.len == 0 ||
	       (part.ptr >= line && part.ptr + part.len <= line + len));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct header_context c = {.reference_us = INT64_C(1795521600000000)};
	struct header_stamp *stamp = NULL;
	struct header h;
	char *line;
	bool found;

	if (size == 0)
		return 0;
	if (data[0] & 1)
		stamp =
		    header_stamp_new(SLICE("%Y-%m-%d %H:%M:%S.%f%z "), NULL);
	if (data[0] & 2)
		c.previous_us = c.reference_us - 300 * STAMP_US_PER_DAY;
	c.stamp = stamp;
	size--;
	line = malloc(size ? size : 1);
	if (!line)
		return 0;
	memcpy(line, data + 1, size);
	found = header_parse(&c, (struct slice){line, size}, &h);
	assert(found == (h.form != HEADER_NONE));
	check_inside(h.host, line, size);
	check_inside(h.program, line, size);
	check_inside(h.pid, line, size);
	check_inside(h.service, line, size);
	check_inside(h.type, line, size);
	check_inside(h.message, line, size);
	check_inside(h.stamp, line, size);
	assert(h.repeated >= 1);
	if (h.has_time)
		assert(found && h.time_us >= 0);
	header_message(
	    (struct slice){line, size / 2}, (struct slice){line, size}, &h);
	check_inside(h.message, line, size);
	check_inside(h.program, line, size);
	free(line);
	header_stamp_free(stamp);
	return 0;
}
