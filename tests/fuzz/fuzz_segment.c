/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a segment: what the walk says is consistent with itself. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "assay/segment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_run(struct slice bytes, const struct segment_run *run)
{
	struct err err;

	assert(run->start <= run->end && run->end <= run->stop);
	assert(run->stop <= bytes.len);
	assert(run->last >= run->first - 1);
	assert((run->commits == 0) == (run->end == run->start));
	(void)segment_judge(bytes, run->end, run);
	/* A second walk over what the first accepted accepts all of it. */
	if (run->commits > 0) {
		struct segment_run again;

		segment_walk((struct slice){bytes.ptr, run->end}, run->start,
		    run->first, run->prev, &again, &err);
		assert(again.end == run->end && again.last == run->last);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice bytes = {(const char *)data, size};
	struct segment_header h = {.first_sequence = 1};
	struct segment_commit commit;
	struct segment_run run;
	struct err err;
	size_t at = size < SEGMENT_HEADER_LEN ? size : SEGMENT_HEADER_LEN;

	(void)segment_header_decode(bytes, &h, &err);
	segment_walk(bytes, at, h.first_sequence, h.prev_head, &run, &err);
	check_run(bytes, &run);
	while (segment_resync(bytes, run.stop, &at, &commit)) {
		assert(at > run.stop && at <= size);
		segment_walk(
		    bytes, at, commit.last + 1, commit.head, &run, &err);
		check_run(bytes, &run);
	}
	return 0;
}
