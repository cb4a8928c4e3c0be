/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "assay/encode.h"
#include "assay/jsonin.h"
#include "assay/jsonout.h"

static void
commas_and_order_are_those_of_the_calls(void **state)
{
	struct buf b = {0};

	(void)state;
	jsonout_object(&b);
	jsonout_kstr(&b, "z", "x");
	jsonout_key(&b, "a");
	jsonout_array(&b);
	jsonout_int(&b, -1);
	jsonout_object(&b);
	jsonout_object_end(&b);
	jsonout_null(&b);
	jsonout_array_end(&b);
	jsonout_kbool(&b, "t", true);
	jsonout_kstamp(&b, "at", 1);
	jsonout_object_end(&b);
	assert_slice(
	    buf_slice(&b), SLICE("{\"z\":\"x\",\"a\":[-1,{},null],\"t\":true,"
				 "\"at\":\"1970-01-01T00:00:00.000001Z\"}"));
	buf_clear(&b);
}

static void
every_ascii_byte_comes_back_through_another_parser(void **state)
{
	struct buf b = {0};
	char all[127];
	struct slice back;
	json_t *value;

	(void)state;
	for (int i = 0; i < 127; i++)
		all[i] = (char)(i + 1);
	jsonout_object(&b);
	jsonout_kstring(&b, "s", (struct slice){all, sizeof all});
	jsonout_object_end(&b);
	for (size_t i = 0; i < b.len; i++)
		assert_true(
		    (unsigned char)b.ptr[i] >= 0x20 && b.ptr[i] != 0x7f);
	value = jsonin_parse(buf_slice(&b), NULL);
	assert_true(jsonin_string(value, "s", &back));
	assert_slice(back, ((struct slice){all, sizeof all}));
	json_decref(value);
	buf_clear(&b);
}

static void
what_the_limits_forbid_is_refused_with_a_sentence(void **state)
{
	static const struct {
		const char *text, *why;
	} bad[] = {{"{\"a\":1,\"a\":2}", "duplicate"}, {"[1.5]", "integer"},
	    {"{\"a\":", "byte"}, {"", "byte"}, {"[1]x", "byte"},
	    {"[99999999999999999999]", "too big"}, {"\"\xff\"", "decode"}};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct err err = {0};

		assert_null(jsonin_parse(slice_of(bad[i].text), &err));
		if (!strstr(err.text, bad[i].why))
			fail_msg("%s: %s", bad[i].text, err.text);
	}
}

static void
depth_is_counted_outside_strings_only(void **state)
{
	struct buf b = {0};
	json_t *value;

	(void)state;
	buf_puts(&b, "[\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[[\"]");
	value = jsonin_parse(buf_slice(&b), NULL);
	assert_non_null(value);
	json_decref(value);
	buf_reset(&b);
	for (int i = 0; i < 33; i++)
		buf_putc(&b, '[');
	for (int i = 0; i < 33; i++)
		buf_putc(&b, ']');
	assert_null(jsonin_parse(buf_slice(&b), NULL));
	value = jsonin_parse((struct slice){b.ptr + 1, 64}, NULL);
	assert_non_null(value);
	json_decref(value);
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(commas_and_order_are_those_of_the_calls),
	    cmocka_unit_test(
		every_ascii_byte_comes_back_through_another_parser),
	    cmocka_unit_test(what_the_limits_forbid_is_refused_with_a_sentence),
	    cmocka_unit_test(depth_is_counted_outside_strings_only),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
