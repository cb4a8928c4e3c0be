/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <string.h>

#include "assay/crc32c.h"

static void
check_values_of_rfc_3720_are_met(void **state)
{
	uint8_t bytes[32];

	(void)state;
	assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283);
	memset(bytes, 0, sizeof bytes);
	assert_int_equal(crc32c(0, bytes, 32), 0x8a9136aa);
	memset(bytes, 0xff, sizeof bytes);
	assert_int_equal(crc32c(0, bytes, 32), 0x62a8ab43);
	for (uint8_t i = 0; i < 32; i++)
		bytes[i] = i;
	assert_int_equal(crc32c(0, bytes, 32), 0x46dd794e);
}

static void
processor_and_table_agree_on_every_length_and_alignment(void **state)
{
	uint8_t bytes[200];

	(void)state;
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i * 131 + 7);
	for (size_t at = 0; at < 16; at++)
		for (size_t len = 0; len + at <= sizeof bytes; len++)
			assert_int_equal(crc32c(at * 77, bytes + at, len),
			    crc32c_table(at * 77, bytes + at, len));
}

static void
a_crc_goes_on_where_another_ended(void **state)
{
	const char *text = "the quick brown fox jumps over the lazy dog";

	(void)state;
	for (size_t cut = 0; cut <= strlen(text); cut++)
		assert_int_equal(crc32c(crc32c(0, text, cut), text + cut,
				     strlen(text) - cut),
		    crc32c(0, text, strlen(text)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(check_values_of_rfc_3720_are_met),
	    cmocka_unit_test(
		processor_and_table_agree_on_every_length_and_alignment),
	    cmocka_unit_test(a_crc_goes_on_where_another_ended),
	};

	return cmocka_run_group_tests_name("crc32c", tests, NULL, NULL);
}
