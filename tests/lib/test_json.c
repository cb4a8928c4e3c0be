/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>

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

/* The rule of jsonout.h, byte by byte. */
static void
put_escaped(struct buf *b, struct slice text)
{
	static const char named[] = "\b\t\n\f\r", letters[] = "btnfr";

	buf_putc(b, '"');
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];
		const char *hit = c ? strchr(named, c) : NULL;

		if (c == '"' || c == '\\')
			buf_printf(b, "\\%c", c);
		else if (hit)
			buf_printf(b, "\\%c", letters[hit - named]);
		else if (c < 0x20 || c == 0x7f)
			buf_printf(b, "\\u%04x", c);
		else
			buf_putc(b, (char)c);
	}
	buf_putc(b, '"');
}

/* In memory of their own size, so that no byte behind them may be read; given
 * to a buffer with just as much room as is asked for. */
static void
check_string(const char *bytes, size_t len)
{
	char *copy = malloc(len ? len : 1), *to = malloc(len ? len : 1);
	struct slice text = {copy, len};
	struct buf wanted = {0}, got = {0};

	if (len)
		memcpy(copy, bytes, len);
	put_escaped(&wanted, text);
	jsonout_string(&got, text);
	assert_slice(buf_slice(&got), buf_slice(&wanted));
	/* What is copied as it is needs no escape and is ASCII. */
	if (jsonout_copy(to, text)) {
		assert_int_equal(wanted.len, len + 2);
		assert_int_equal(encode_ascii(text), len);
		assert_true(len == 0 || !memcmp(to, copy, len));
	} else {
		assert_true(wanted.len != len + 2 || encode_ascii(text) < len);
	}
	buf_clear(&wanted);
	buf_clear(&got);
	free(copy);
	free(to);
}

static void
strings_of_any_length_are_escaped_by_the_rule(void **state)
{
	static const unsigned char odd[] = {0, 1, 8, 9, 10, 11, 12, 13, 0x1f,
	    ' ', '!', '"', '#', '[', '\\', ']', '~', 0x7f, 0x80, 0xc3, 0xff};
	char text[80];

	(void)state;
	for (size_t len = 0; len < 70; len++) {
		memset(text, 'x', sizeof text);
		check_string(text, len);
		for (size_t at = 0; at < len; at++)
			for (size_t i = 0; i < sizeof odd; i++) {
				text[at] = (char)odd[i];
				check_string(text, len);
				text[at] = 'x';
			}
	}
}

static void
numbers_are_printed_as_libc_does(void **state)
{
	static const int64_t numbers[] = {0, 1, 9, 10, 99, 100, 12345, -1, -9,
	    -10, INT64_MAX, INT64_MIN, INT64_C(1) << 53};
	char text[32];

	(void)state;
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		struct buf b = {0};

		snprintf(text, sizeof text, "%lld", (long long)numbers[i]);
		jsonout_digits(&b, numbers[i]);
		assert_slice(buf_slice(&b), slice_of(text));
		buf_clear(&b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(commas_and_order_are_those_of_the_calls),
	    cmocka_unit_test(
		every_ascii_byte_comes_back_through_another_parser),
	    cmocka_unit_test(what_the_limits_forbid_is_refused_with_a_sentence),
	    cmocka_unit_test(strings_of_any_length_are_escaped_by_the_rule),
	    cmocka_unit_test(numbers_are_printed_as_libc_does),
	    cmocka_unit_test(depth_is_counted_outside_strings_only),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
