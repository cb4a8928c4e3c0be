/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdlib.h>

static void
order_is_of_unsigned_bytes_with_the_shorter_prefix_first(void **state)
{
	(void)state;
	assert_true(slice_cmp(SLICE("a"), SLICE("b")) < 0);
	assert_true(slice_cmp(SLICE("ab"), SLICE("a")) > 0);
	assert_true(slice_cmp(SLICE("\xff"), SLICE("a")) > 0);
	assert_int_equal(slice_cmp(SLICE("a\0b"), SLICE("a\0b")), 0);
	assert_true(slice_cmp((struct slice){NULL, 0}, SLICE("a")) < 0);
}

static void
a_number_is_digits_only_and_within_its_maximum(void **state)
{
	unsigned long long v = 5;

	(void)state;
	assert_true(slice_uint(SLICE("0"), 9, &v));
	assert_int_equal(v, 0);
	assert_true(slice_uint(SLICE("18446744073709551615"), ~0ULL, &v));
	assert_true(v == ~0ULL);
	v = 5;
	assert_false(slice_uint(SLICE("18446744073709551616"), ~0ULL, &v));
	assert_false(slice_uint(SLICE("10"), 9, &v));
	assert_false(slice_uint(SLICE(""), 9, &v));
	assert_false(slice_uint(SLICE("-1"), 9, &v));
	assert_false(slice_uint(SLICE("1 "), 9, &v));
	assert_int_equal(v, 5);
}

static void
a_c_string_is_refused_to_bytes_with_a_nul(void **state)
{
	char *text = slice_strdup(SLICE("plain"));

	(void)state;
	assert_string_equal(text, "plain");
	free(text);
	assert_null(slice_strdup(SLICE("a\0b")));
}

static void
a_part_past_the_end_is_empty(void **state)
{
	(void)state;
	assert_slice(slice_from(SLICE("abc"), 1), SLICE("bc"));
	assert_int_equal(slice_from(SLICE("abc"), 9).len, 0);
	assert_int_equal(slice_find(SLICE("a=b"), '='), 1);
	assert_int_equal(slice_find(SLICE("ab"), '='), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		order_is_of_unsigned_bytes_with_the_shorter_prefix_first),
	    cmocka_unit_test(a_number_is_digits_only_and_within_its_maximum),
	    cmocka_unit_test(a_c_string_is_refused_to_bytes_with_a_nul),
	    cmocka_unit_test(a_part_past_the_end_is_empty),
	};

	return cmocka_run_group_tests_name("slice", tests, NULL, NULL);
}
