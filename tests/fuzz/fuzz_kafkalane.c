/* SPDX-License-Identifier: Apache-2.0 */
/* The input is the text of a position, as a store may hold it. What is taken is
 * exactly what formatting makes, and a decision by it starts within the
 * partition. */
#include <stdlib.h>
#include <string.h>

#include "kafkalane.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
decide(
    const struct kafkalane_position *p, bool denied, int64_t low, int64_t high)
{
	struct kafkalane_facts facts = {low, high, "cluster"};
	struct err err = {0};
	int64_t start = -1;

	(void)kafkalane_decide(p, denied, &facts, &start, &err);
	if (start < low || start > high)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = {(const char *)data, size};
	char same[STREAM_POSITION_MAX];
	struct kafkalane_position p;

	if (!kafkalane_parse(text, &p))
		return 0;
	kafkalane_format(&p, same);
	if (!slice_eq_str(text, same))
		abort();
	decide(&p, false, 0, 10);
	decide(&p, true, 5, 10);
	decide(&p, false, p.next, INT64_MAX);
	decide(&p, false, 0, p.next);
	return 0;
}
