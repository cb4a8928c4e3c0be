/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>

#include "ledger/rating.h"

/* What a slot of a small history may be. */
static const enum slot_state states[] = {
    SLOT_PASS, SLOT_WARN, SLOT_FAIL, SLOT_LATE, SLOT_MISSED, SLOT_UNKNOWN};
#define STATES (sizeof states / sizeof *states)
#define LENGTH_MAX 6
#define SEQUENCES 55986 /* 6 + 6^2 ... + 6^6 */

/* The rating of one unit's slots in order, with the caps that follow from the
 * slots alone. */
static enum rating
rate(const enum slot_state *slots, size_t count, int tolerance)
{
	struct rating_counts counts = {{0}};
	bool twice = false, before = false;
	enum rating rating;

	for (size_t i = 0; i < count; i++) {
		bool bad = slot_deviates(slots[i]) || slots[i] == SLOT_UNKNOWN;

		rating_count(&counts, slots[i]);
		if (slots[i] == SLOT_NONE || slots[i] == SLOT_EXCEPTED)
			continue;
		twice = twice || (bad && before);
		before = bad;
	}
	rating = rating_of(&counts, tolerance, false);
	if (rating == RATING_EFFECTIVE &&
	    (twice || rating_is_wavering(&counts)))
		return RATING_PARTLY;
	return rating;
}

static void
assert_no_better(enum rating was, enum rating is, const char *what)
{
	/* The order of the enum is that of the worst: greater is better. The
	 * one thing silence may do is hide that something was ineffective. */
	if (is > was && !(was == RATING_INEFFECTIVE && is == RATING_UNKNOWN))
		fail_msg("%s: %s became %s", what, rating_name(was),
		    rating_name(is));
}

/* Every sequence of up to LENGTH_MAX slots, each of its slots made silent. */
static void
silence_never_improves_a_rating_over_all_small_sequences(void **state)
{
	size_t sequences = 0, turned = 0;

	(void)state;
	for (size_t length = 1; length <= LENGTH_MAX; length++) {
		size_t all = 1;

		for (size_t i = 0; i < length; i++)
			all *= STATES;
		for (size_t n = 0; n < all; n++) {
			enum slot_state slots[LENGTH_MAX];
			size_t rest = n;

			for (size_t i = 0; i < length; i++, rest /= STATES)
				slots[i] = states[rest % STATES];
			sequences++;
			for (size_t i = 0; i < length; i++) {
				enum slot_state was = slots[i];

				for (int t = 0; t <= 5; t += 5) {
					enum rating before =
					    rate(slots, length, t);

					slots[i] = SLOT_UNKNOWN;
					assert_no_better(before,
					    rate(slots, length, t),
					    "unwatched");
					slots[i] = was;
				}
				turned++;
				if (was != SLOT_PASS && was != SLOT_WARN)
					continue;
				for (int t = 0; t <= 5; t += 5) {
					enum rating before =
					    rate(slots, length, t);

					slots[i] = SLOT_MISSED;
					assert_no_better(before,
					    rate(slots, length, t), "missed");
					slots[i] = was;
				}
			}
		}
	}
	assert_int_equal(sequences, SEQUENCES);
	assert_true(turned > SEQUENCES);
}

/* Longer histories as counts: the thresholds lie at 5 and 15 %. */
static void
silence_never_improves_a_rating_over_all_counts_up_to_forty(void **state)
{
	size_t cases = 0;

	(void)state;
	for (int64_t p = 0; p <= 40; p++)
		for (int64_t w = 0; p + w <= 40; w++)
			for (int64_t f = 0; p + w + f <= 40; f++)
				for (int64_t u = 0; p + w + f + u <= 40; u++)
					for (int t = 0; t <= 5; t += 5) {
						struct rating_counts c = {{0}};
						enum rating was;

						c.of[SLOT_PASS] = p;
						c.of[SLOT_WARN] = w;
						c.of[SLOT_FAIL] = f;
						c.of[SLOT_UNKNOWN] = u;
						if (rating_all(&c) == 0)
							continue;
						cases++;
						was = rating_of(&c, t, false);
						for (int s = SLOT_PASS;
						     s <= SLOT_FAIL; s++) {
							if (!c.of[s])
								continue;
							c.of[s]--;
							c.of[SLOT_UNKNOWN]++;
							assert_no_better(was,
							    rating_of(
								&c, t, false),
							    "unwatched");
							c.of[s]++;
							c.of[SLOT_UNKNOWN]--;
						}
					}
	assert_int_equal(cases, 2 * (135751 - 1));
}

static enum rating
rating_for(int64_t pass, int64_t warn, int64_t fail, int64_t unknown, int t)
{
	struct rating_counts c = {{0}};

	c.of[SLOT_PASS] = pass;
	c.of[SLOT_WARN] = warn;
	c.of[SLOT_MISSED] = fail;
	c.of[SLOT_UNKNOWN] = unknown;
	return rating_of(&c, t, false);
}

static void
the_rows_of_the_table_hold_at_their_edges(void **state)
{
	(void)state;
	assert_int_equal(rating_for(0, 0, 0, 0, 5), RATING_NOT_EXERCISED);
	assert_int_equal(rating_for(19, 0, 1, 0, 5), RATING_EFFECTIVE);
	assert_int_equal(rating_for(18, 0, 1, 0, 5), RATING_PARTLY);
	assert_int_equal(rating_for(17, 0, 3, 0, 5), RATING_PARTLY);
	assert_int_equal(rating_for(16, 0, 3, 0, 5), RATING_INEFFECTIVE);
	assert_int_equal(rating_for(29, 0, 1, 0, 0), RATING_PARTLY);
	assert_int_equal(rating_for(30, 0, 0, 0, 0), RATING_EFFECTIVE);
	/* Two of thirty unwatched: too much for a check that must be whole. */
	assert_int_equal(rating_for(28, 0, 0, 2, 0), RATING_UNKNOWN);
	assert_int_equal(rating_for(88, 0, 0, 2, 0), RATING_PARTLY);
	/* Much unwatched says nothing, and little of what was seen bad. */
	assert_int_equal(rating_for(10, 0, 1, 9, 5), RATING_UNKNOWN);
	assert_int_equal(rating_for(0, 0, 0, 3, 5), RATING_UNKNOWN);
}

static void
one_fatal_fail_decides_and_no_missed_slot_does(void **state)
{
	struct rating_counts c = {{0}};

	(void)state;
	c.of[SLOT_PASS] = 1000;
	c.of[SLOT_MISSED] = 1;
	assert_int_equal(rating_of(&c, 5, true), RATING_EFFECTIVE);
	c.of[SLOT_FAIL] = 1;
	assert_int_equal(rating_of(&c, 5, true), RATING_INEFFECTIVE);
}

static void
more_than_a_twentieth_of_warnings_and_unknowns_waver(void **state)
{
	struct rating_counts c = {{0}};

	(void)state;
	c.of[SLOT_PASS] = 19;
	c.of[SLOT_WARN] = 1;
	assert_false(rating_is_wavering(&c));
	c.of[SLOT_PASS] = 18;
	assert_true(rating_is_wavering(&c));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		silence_never_improves_a_rating_over_all_small_sequences),
	    cmocka_unit_test(
		silence_never_improves_a_rating_over_all_counts_up_to_forty),
	    cmocka_unit_test(the_rows_of_the_table_hold_at_their_edges),
	    cmocka_unit_test(one_fatal_fail_decides_and_no_missed_slot_does),
	    cmocka_unit_test(
		more_than_a_twentieth_of_warnings_and_unknowns_waver),
	};

	return cmocka_run_group_tests_name("rating", tests, NULL, NULL);
}
