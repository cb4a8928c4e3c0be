/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <string.h>

#include "ledger/sentence.h"

static void
no_two_causes_share_a_sentence(void **state)
{
	const char *a, *b;

	(void)state;
	for (size_t i = 0; (a = sentence_code(i)); i++)
		for (size_t k = 0; k < i; k++) {
			b = sentence_code(k);
			assert_string_not_equal(a, b);
			assert_string_not_equal(
			    sentence_text(a), sentence_text(b));
		}
}

static void
each_sentence_begins_with_its_unit_and_leaves_no_brace(void **state)
{
	const struct sentence words = {.unit = "U",
	    .host = "H",
	    .event = "E",
	    .need = "N",
	    .trust = "T",
	    .name = "R",
	    .program = "P",
	    .by = "B",
	    .reason = "why",
	    .state = "S",
	    .hole = "a hole",
	    .at_least = "0.9"};
	const char *code;

	(void)state;
	for (size_t i = 0; (code = sentence_code(i)); i++) {
		struct buf out = {0};

		sentence_put(&out, code, &words);
		buf_putc(&out, 0);
		assert_memory_equal(out.ptr, "U: ", 3);
		assert_null(strpbrk(out.ptr, "{}"));
		buf_clear(&out);
	}
}

/* The table of LEDGER.md is the contract; the code's must be the same. */
static void
the_table_is_the_one_that_is_written_down(void **state)
{
	struct buf text = test_read(SOURCE_DIR "/collector/ledger/LEDGER.md");
	const char *code;

	(void)state;
	buf_putc(&text, 0);
	for (size_t i = 0; (code = sentence_code(i)); i++) {
		struct buf row = {0};

		buf_printf(&row, "\n| %s | %s |\n", code, sentence_text(code));
		buf_putc(&row, 0);
		if (!strstr(text.ptr, row.ptr))
			fail_msg("LEDGER.md lacks the row%s", row.ptr);
		buf_clear(&row);
	}
	buf_clear(&text);
}

static void
times_are_told_to_the_minute_in_utc(void **state)
{
	struct buf out = {0};

	(void)state;
	sentence_time(&out, INT64_C(1778587259999999));
	assert_slice(buf_slice(&out), SLICE("2026-05-12 12:00Z"));
	buf_clear(&out);
}

static void
text_from_logs_cannot_make_words(void **state)
{
	const struct sentence words = {.unit = "{due}", .due_us = 0};
	struct buf out = {0};

	(void)state;
	sentence_put(&out, "open", &words);
	assert_slice(
	    buf_slice(&out), SLICE("{due}: open, due 1970-01-01 00:00Z"));
	buf_clear(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_two_causes_share_a_sentence),
	    cmocka_unit_test(
		each_sentence_begins_with_its_unit_and_leaves_no_brace),
	    cmocka_unit_test(the_table_is_the_one_that_is_written_down),
	    cmocka_unit_test(times_are_told_to_the_minute_in_utc),
	    cmocka_unit_test(text_from_logs_cannot_make_words),
	};

	return cmocka_run_group_tests_name("sentence", tests, NULL, NULL);
}
