/* SPDX-License-Identifier: Apache-2.0 */
/* Replays exports (the files named by ASSAY_REPLAY, separated by ':') into one
 * ledger that is asked again and again on the way, at moments and with what was
 * known chosen at random; each answer must be that of a ledger that was given
 * the same records and asked once. 40-replay.sh makes the exports. */
#include "story.h"

#define LINES_MAX 20000

static unsigned
roll(unsigned *state, unsigned below)
{
	*state = *state * 1664525u + 1013904223u;
	return (*state >> 12) % below;
}

static size_t
split(struct slice text, struct slice lines[LINES_MAX])
{
	size_t count = 0;

	while (text.len && count < LINES_MAX) {
		size_t len = slice_find(text, '\n');

		if (len)
			lines[count++] = (struct slice){text.ptr, len};
		text = slice_from(text, len + 1);
	}
	return count;
}

/* The span of the records' times: what is asked about lies around it. */
static void
find_span(
    const struct slice *lines, size_t count, int64_t *from_us, int64_t *to_us)
{
	*from_us = INT64_MAX;
	*to_us = 0;
	for (size_t i = 0; i < count; i++) {
		struct record r;
		struct err err;

		if (record_decode(lines[i], &r, &err))
			fail_msg("%s", err.text);
		if (r.readtime_us < *from_us)
			*from_us = r.readtime_us;
		if (r.readtime_us > *to_us)
			*to_us = r.readtime_us;
		record_clear(&r);
	}
}

static void
replay(const char *path, unsigned seed)
{
	struct buf text = test_read(path);
	struct slice *lines = calloc(LINES_MAX, sizeof *lines);
	size_t count = split(buf_slice(&text), lines);
	struct ledger *l = story_ledger();
	int64_t from_us, to_us;
	size_t asked = 0;

	find_span(lines, count, &from_us, &to_us);
	for (size_t i = 0; i < count; i++) {
		unsigned minutes =
		    (unsigned)((to_us - from_us) / STORY_MIN) + 3000;
		int64_t as_of_us =
		    from_us + (int64_t)roll(&seed, minutes) * STORY_MIN;
		uint64_t known_at =
		    roll(&seed, 4) ? LEDGER_ALL : roll(&seed, (unsigned)i + 2);
		struct buf got, want;

		story_add(l, i, lines[i]);
		if (i + 1 < count && roll(&seed, (unsigned)count / 12 + 1))
			continue;
		got = story_ask(l, as_of_us, known_at);
		want = story_scratch(lines, i + 1, as_of_us, known_at);
		if (!slice_eq(buf_slice(&got), buf_slice(&want)))
			fail_msg("%s: after line %zu, as of %lld, known at "
				 "%lld, the answer depends on what was asked "
				 "before",
			    path, i + 1, (long long)as_of_us,
			    (long long)known_at);
		buf_clear(&got);
		buf_clear(&want);
		asked++;
	}
	assert_true(asked > 0);
	ledger_free(l);
	free(lines);
	buf_clear(&text);
}

static void
each_answer_on_the_way_is_that_of_a_fresh_ledger(void **state)
{
	const char *paths = getenv("ASSAY_REPLAY");
	char path[4096];
	unsigned seed = 1;

	(void)state;
	if (!paths)
		fail_msg("ASSAY_REPLAY names the exports, with : between");
	while (*paths) {
		size_t len = strcspn(paths, ":");

		assert_true(len < sizeof path);
		memcpy(path, paths, len);
		path[len] = 0;
		replay(path, seed++);
		paths += len + (paths[len] == ':');
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_answer_on_the_way_is_that_of_a_fresh_ledger),
	};

	return cmocka_run_group_tests_name("replay", tests, NULL, NULL);
}
