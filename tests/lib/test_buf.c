/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

static void
bytes_come_back_in_the_order_they_went_in(void **state)
{
	struct buf b = {0};

	(void)state;
	for (int i = 0; i < 1000; i++)
		buf_printf(&b, "%d,", i);
	assert_false(b.failed);
	assert_int_equal(b.len, 10 * 2 + 90 * 3 + 900 * 4);
	assert_memory_equal(b.ptr + b.len - 8, "998,999,", 8);
	buf_clear(&b);
}

static void
past_the_maximum_it_fails_and_keeps_what_it_held(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 10);
	buf_puts(&b, "12345678");
	buf_puts(&b, "abc");
	assert_true(b.failed);
	buf_putc(&b, 'x'); /* would fit, but the text would have a hole */
	assert_slice(buf_slice(&b), SLICE("12345678"));
	buf_reset(&b);
	buf_puts(&b, "1234567890");
	assert_false(b.failed);
	buf_clear(&b);
}

static void
an_empty_buf_is_an_empty_slice_and_not_null(void **state)
{
	struct buf b = {0};

	(void)state;
	assert_non_null(buf_slice(&b).ptr);
	assert_int_equal(buf_slice(&b).len, 0);
	buf_put(&b, (struct slice){NULL, 0});
	assert_false(b.failed);
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bytes_come_back_in_the_order_they_went_in),
	    cmocka_unit_test(past_the_maximum_it_fails_and_keeps_what_it_held),
	    cmocka_unit_test(an_empty_buf_is_an_empty_slice_and_not_null),
	};

	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
