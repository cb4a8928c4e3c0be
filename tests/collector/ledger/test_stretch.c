/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/stretch.h"

#define POINTS 48

/* A set of time as one flag a point: slow and obviously right. */
struct model {
	bool in[POINTS];
};

static unsigned
roll(unsigned *state, unsigned below)
{
	*state = *state * 1664525u + 1013904223u;
	return (*state >> 12) % below;
}

static void
assert_like(const struct stretches *s, const struct model *m)
{
	size_t i = 0;

	for (int us = 0; us < POINTS; us++) {
		while (i < s->count && s->at[i].to_us <= us)
			i++;
		assert_int_equal(
		    m->in[us], i < s->count && s->at[i].from_us <= us);
	}
	for (i = 0; i < s->count; i++) {
		assert_true(s->at[i].from_us < s->at[i].to_us);
		if (i)
			assert_true(s->at[i - 1].to_us < s->at[i].from_us);
	}
}

static void
assert_answers(
    const struct stretches *s, const struct model *m, int from, int to)
{
	struct stretch hole = {-1, -1};
	int count = 0, first = -1, until = -1;

	for (int us = from; us < to; us++) {
		count += m->in[us];
		if (!m->in[us] && first < 0)
			first = us;
		if (first >= 0 && until < 0 && m->in[us])
			until = us;
	}
	assert_int_equal(stretch_measure(s, from, to), count);
	assert_int_equal(stretch_overlap(s, from, to), count > 0);
	assert_int_equal(stretch_hold(s, from, to), from >= to || first < 0);
	assert_int_equal(stretch_hole(s, from, to, &hole), first >= 0);
	assert_int_equal(hole.from_us, first);
	assert_int_equal(hole.to_us, first < 0 ? -1 : until < 0 ? to : until);
}

static void
random_sets_behave_like_flags(void **state)
{
	unsigned seed = 7;

	(void)state;
	for (int round = 0; round < 3000; round++) {
		struct arena arena = {0};
		struct stretches s[2] = {{0}}, out;
		struct model m[2] = {{{false}}}, want;

		for (int step = 0; step < 24; step++) {
			unsigned which = roll(&seed, 2);
			int from = (int)roll(&seed, POINTS);
			int to = (int)roll(&seed, POINTS);
			bool add = roll(&seed, 3) > 0;

			assert_int_equal(
			    add ? stretch_add(&s[which], &arena, from, to)
				: stretch_cut(&s[which], &arena, from, to),
			    0);
			for (int us = from; us < to; us++)
				m[which].in[us] = add;
			assert_like(&s[which], &m[which]);
			if (from <= to)
				assert_answers(&s[which], &m[which], from, to);
		}
		assert_int_equal(stretch_unite(&out, &arena, &s[0], &s[1]), 0);
		for (int us = 0; us < POINTS; us++)
			want.in[us] = m[0].in[us] || m[1].in[us];
		assert_like(&out, &want);
		assert_int_equal(
		    stretch_subtract(&out, &arena, &s[0], &s[1]), 0);
		for (int us = 0; us < POINTS; us++)
			want.in[us] = m[0].in[us] && !m[1].in[us];
		assert_like(&out, &want);
		assert_int_equal(stretch_differ(&out, &arena, &s[0], &s[1]), 0);
		for (int us = 0; us < POINTS; us++)
			want.in[us] = m[0].in[us] != m[1].in[us];
		assert_like(&out, &want);
		arena_clear(&arena);
	}
}

static void
a_set_may_last_for_ever(void **state)
{
	struct arena arena = {0};
	struct stretches s = {0}, rest;

	(void)state;
	assert_int_equal(stretch_add(&s, &arena, 5, STRETCH_FOREVER), 0);
	assert_true(stretch_hold(&s, 5, STRETCH_FOREVER));
	assert_int_equal(stretch_subtract(&rest, &arena, &s, &s), 0);
	assert_int_equal(rest.count, 0);
	arena_clear(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(random_sets_behave_like_flags),
	    cmocka_unit_test(a_set_may_last_for_ever),
	};

	return cmocka_run_group_tests_name("stretch", tests, NULL, NULL);
}
