/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a log line, with the rules that ship: the quick header and match
 * say what the plain ones say. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../../agent/lines.h"
#include "../support/twin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The same for all inputs, and made once. */
static struct match *match;

static void
make_match(void)
{
	static const char *const dirs[] = {SOURCE_DIR "/rules", NULL};
	struct ruleset_options o = {.dirs = dirs};
	struct problems *p = problems_new();
	struct err err = {0};
	struct ruleset *rules = ruleset_load(&o, p, &err);

	problems_free(p);
	assert(rules);
	match = match_new(rules);
	assert(match);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = {(const char *)data, size}, line;
	struct lines l;

	if (!match)
		make_match();
	lines_begin(&l, rest);
	while (lines_next(&l, &line)) {
		struct slice wanted = {rest.ptr, slice_find(rest, '\n')};

		assert(line.ptr == wanted.ptr && line.len == wanted.len);
		assert(twin_agrees(match, line));
		rest = slice_from(rest, wanted.len + 1);
	}
	assert(rest.len == 0);
	return 0;
}
