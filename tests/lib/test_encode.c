/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include "assay/encode.h"

static void
base64_has_the_vectors_of_rfc_4648(void **state)
{
	static const char *const vector[][2] = {{"", ""}, {"f", "Zg=="},
	    {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="},
	    {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};

	(void)state;
	for (size_t i = 0; i < sizeof vector / sizeof *vector; i++) {
		struct buf text = {0}, back = {0};

		encode_base64(&text, slice_of(vector[i][0]));
		assert_slice(buf_slice(&text), slice_of(vector[i][1]));
		assert_true(encode_unbase64(&back, buf_slice(&text)));
		assert_slice(buf_slice(&back), slice_of(vector[i][0]));
		buf_clear(&text);
		buf_clear(&back);
	}
}

static void
base64_that_is_not_canonical_is_refused(void **state)
{
	static const char *const bad[] = {"Zg", "Zg=", "Zh==", "Zm9=", "=m9v",
	    "Z===", "Zg==Zg==", "Zm 9", "Zm9v\n", "Zm-v"};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct buf back = {0};

		assert_false(encode_unbase64(&back, slice_of(bad[i])));
		buf_clear(&back);
	}
}

static void
hex_and_uuid_come_back_and_refuse_other_forms(void **state)
{
	static const uint8_t uuid[16] = {0x6b, 0xa7, 0xb8, 0x11, 0x9d, 0xad,
	    0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8};
	char text[ENCODE_UUID_LEN + 1];
	uint8_t back[16];

	(void)state;
	encode_uuid(text, uuid);
	assert_string_equal(text, "6ba7b811-9dad-11d1-80b4-00c04fd430c8");
	assert_true(encode_unuuid(slice_of(text), back));
	assert_memory_equal(back, uuid, 16);
	text[8] = '0';
	assert_false(encode_unuuid(slice_of(text), back));
	assert_false(encode_unhex(SLICE("0G"), back, 1));
	assert_false(encode_unhex(SLICE("AB"), back, 1));
	assert_false(encode_unhex(SLICE("abc"), back, 1));
}

/* The definition of UTF-8, written the slow way. */
static bool
is_utf8_by_the_book(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len;) {
		for (size_t n = 1;; n++) {
			static const uint32_t least[] = {
			    0, 0, 128, 2048, 65536};
			static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
			static const uint8_t mask[] = {
			    0, 0x80, 0xe0, 0xf0, 0xf8};
			uint32_t code;

			if (n == 5 || i + n > len)
				return false;
			if ((p[i] & mask[n]) != lead[n])
				continue;
			code = p[i] & (uint8_t)~mask[n];
			for (size_t k = 1; k < n; k++) {
				if ((p[i + k] & 0xc0) != 0x80)
					return false;
				code = code << 6 | (p[i + k] & 0x3f);
			}
			if (code < least[n] || code > 0x10ffff ||
			    (code >= 0xd800 && code <= 0xdfff))
				return false;
			i += n;
			break;
		}
	}
	return true;
}

static void
utf8_is_told_as_the_book_tells_it_for_all_edges(void **state)
{
	static const uint8_t edge[] = {0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f,
	    0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee,
	    0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xf8, 0xff};
	const size_t n = sizeof edge;

	(void)state;
	for (size_t i = 0; i < n * n * n * n; i++) {
		uint8_t p[4] = {edge[i % n], edge[i / n % n],
		    edge[i / n / n % n], edge[i / n / n / n]};

		for (size_t len = 0; len <= 4; len++)
			if (encode_is_utf8((struct slice){(char *)p, len}) !=
			    is_utf8_by_the_book(p, len))
				fail_msg("%02x %02x %02x %02x, %zu bytes", p[0],
				    p[1], p[2], p[3], len);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(base64_has_the_vectors_of_rfc_4648),
	    cmocka_unit_test(base64_that_is_not_canonical_is_refused),
	    cmocka_unit_test(hex_and_uuid_come_back_and_refuse_other_forms),
	    cmocka_unit_test(utf8_is_told_as_the_book_tells_it_for_all_edges),
	};

	return cmocka_run_group_tests_name("encode", tests, NULL, NULL);
}
