/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "assay/counters.h"

enum { LINES, REFUSED, QUEUED };

static const struct counters_entry table[] = {
    [LINES] = {"lines", "Lines read."},
    [REFUSED] = {"refused", "Records that had no room."},
    [QUEUED] = {"queued", "Records that wait."},
    {0},
};

static void
counters_print_in_the_order_of_their_table(void **state)
{
	struct counters *c = counters_new(table);
	struct buf out = {0};

	(void)state;
	counters_add(c, QUEUED, 5);
	counters_add(c, LINES, 2);
	counters_add(c, LINES, 40);
	counters_set(c, QUEUED, 3);
	assert_int_equal(counters_get(c, LINES), 42);
	counters_json(c, &out);
	assert_slice(buf_slice(&out),
	    SLICE("{\"lines\":42,\"refused\":0,\"queued\":3}"));
	buf_reset(&out);
	counters_json_nonzero(c, &out);
	assert_slice(buf_slice(&out), SLICE("{\"lines\":42,\"queued\":3}"));
	buf_clear(&out);
	counters_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(counters_print_in_the_order_of_their_table),
	};

	return cmocka_run_group_tests_name("counters", tests, NULL, NULL);
}
