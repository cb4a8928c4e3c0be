/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <time.h>

#include "assay/clock.h"

static void
a_simulated_clock_moves_only_when_told(void **state)
{
	struct clock *c = clock_new_simulated(1000);

	(void)state;
	assert_true(clock_is_simulated(c));
	assert_int_equal(clock_now_us(c), 1000);
	assert_int_equal(clock_mono_us(c), 0);
	clock_advance(c, 50);
	assert_int_equal(clock_now_us(c), 1050);
	assert_int_equal(clock_mono_us(c), 50);
	clock_free(c);
}

static void
setting_the_wall_clock_back_leaves_monotonic_time(void **state)
{
	struct clock *c = clock_new_simulated(1000);

	(void)state;
	clock_advance(c, 50);
	clock_set(c, 10);
	assert_int_equal(clock_now_us(c), 10);
	assert_int_equal(clock_mono_us(c), 50);
	clock_free(c);
}

static void
the_real_clock_is_the_machines(void **state)
{
	struct clock *c = clock_new();
	int64_t before = (int64_t)time(NULL), now = clock_now_us(c);
	int64_t mono = clock_mono_us(c);

	(void)state;
	assert_false(clock_is_simulated(c));
	assert_in_range(now, (uint64_t)before * 1000000,
	    ((uint64_t)time(NULL) + 1) * 1000000);
	assert_true(clock_mono_us(c) >= mono);
	clock_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_simulated_clock_moves_only_when_told),
	    cmocka_unit_test(setting_the_wall_clock_back_leaves_monotonic_time),
	    cmocka_unit_test(the_real_clock_is_the_machines),
	};

	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
