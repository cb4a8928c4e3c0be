/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "assay/stamp.h"

#include "status.h"

static int64_t
at(const char *stamp)
{
	int64_t us;

	assert_true(stamp_parse(slice_of(stamp), &us));
	return us;
}

#define NOW "2026-07-03T03:12:04.000000Z"

/* The page of a status file, NUL-terminated, and the answer. */
static struct buf
shown(const char *json, int *answer)
{
	struct buf out = {0};
	struct err err;

	*answer = status_show(slice_of(json), at(NOW), &out, &err);
	if (*answer >= 0)
		assert_int_equal(
		    status_judge(slice_of(json), at(NOW), &err), *answer);
	buf_putc(&out, '\0');
	return out;
}

static void
expect(const char *json, int answer, const char *line)
{
	int got;
	struct buf page = shown(json, &got);

	if (got != answer || !strstr(page.ptr, line))
		fail_msg("%d, no '%s' in:\n%s", got, line, page.ptr);
	buf_clear(&page);
}

#define HEAD "{\"host\":\"web01\",\"time\":\"2026-07-03T03:12:03.000000Z\","
#define SOURCE(place, more)                                                  \
	HEAD "\"phase\":\"watching\",\"attention\":[],\"sources\":[{\"id\":" \
	     "\"/var/log/auth.log\",\"place\":\"" place                      \
	     "\",\"provides\":[\"auth\"],\"lines\":7,\"gaps\":1," more "}]}"

static void
each_place_of_a_source_is_said_in_a_word(void **state)
{
	(void)state;
	expect(SOURCE("watching", "\"lag_us\":0"), 0, "\n  now   ");
	expect(SOURCE("watching", "\"lag_us\":45000000"), 0, "\n  45 s   ");
	expect(SOURCE("reading", "\"bytes_done\":1,\"bytes_total\":1048577"), 0,
	    "\n  1.0 MiB left   ");
	expect(SOURCE("silent", "\"lag_us\":1920000000"), 1,
	    "\n  silent 32 min   ");
	expect(SOURCE("quiet", "\"lag_us\":8100000000"), 0,
	    "\n  quiet 2 h 15 min  ");
	expect(SOURCE("blocked", "\"lag_us\":0"), 1, "\n  blocked   ");
	expect(SOURCE("absent", "\"lag_us\":0"), 0, "\n  absent   ");
	expect(
	    SOURCE("watching", "\"last_gap\":{\"reason\":\"silent\",\"from\":"
			       "\"2026-07-03T01:00:00.000000Z\",\"to\":"
			       "\"2026-07-03T02:30:00.000000Z\"}"),
	    0,
	    "    last gap: silent, 2026-07-03 01:00:00Z to 2026-07-03 "
	    "02:30:00Z\n");
}

static void
an_old_file_means_that_nobody_runs(void **state)
{
	(void)state;
	expect("{\"host\":\"web01\",\"phase\":\"watching\",\"time\":"
	       "\"2026-07-03T00:00:00.000000Z\"}",
	    1,
	    "web01  NOT RUNNING (or stuck): the last sign of life is 3 h 12 "
	    "min old; it was watching");
	/* One that stopped, or ran once, is not missed. */
	expect("{\"host\":\"web01\",\"phase\":\"stopped\",\"time\":"
	       "\"2026-07-03T00:00:00.000000Z\"}",
	    0, "web01  stopped\n");
	expect("{\"host\":\"web01\",\"phase\":\"watching\",\"once\":true,"
	       "\"time\":\"2026-07-03T00:00:00.000000Z\"}",
	    0, "web01  watching");
	expect(HEAD "\"phase\":\"full\"}", 1, "NOT READING: the spool is full");
	expect(HEAD "\"phase\":\"failing\"}", 1, "NOT READING: the spool can");
}

static void
what_needs_attention_stands_before_all_else(void **state)
{
	int answer;
	struct buf page = shown(HEAD "\"phase\":\"watching\",\"attention\":["
				     "\"one\",\"two\"],\"sources\":[]}",
	    &answer);

	(void)state;
	assert_non_null(strstr(page.ptr, "\n! one\n! two\n"));
	assert_true(strstr(page.ptr, "! one") < strstr(page.ptr, "sources"));
	assert_null(strstr(page.ptr, "Nothing needs attention"));
	buf_clear(&page);
	expect(HEAD "\"phase\":\"watching\",\"attention\":[]}", 0,
	    "\nNothing needs attention.\n");
}

static void
text_from_strangers_moves_no_terminal(void **state)
{
	int answer;
	struct buf page = shown(HEAD
	    "\"phase\":\"watching\",\"attention\":[\"\\u001b[2J "
	    "\\u202e x\"],\"unknown\":[{\"program\":\"a\\u001b[31m"
	    "\\nb\",\"lines\":3}],\"sources\":[{\"id\":\"/x\\u0007\","
	    "\"place\":\"\\u001b\",\"provides\":[\"\\u001b\"]}]}",
	    &answer);

	(void)state;
	assert_null(strpbrk(page.ptr, "\033\007"));
	assert_null(strstr(page.ptr, "\xe2\x80\xae"));
	assert_non_null(strstr(page.ptr, "a\\x1b[31m\\nb 3"));
	buf_clear(&page);
}

/* Whatever stands in the file: a page or a reason, never a crash. */
static void
a_file_of_the_wrong_kinds_is_a_page_all_the_same(void **state)
{
	static const char *const keys[] = {"host", "agent", "time", "phase",
	    "attention", "progress", "spool", "clock", "rules", "unknown",
	    "sources", "not_read", "polling", "more_sources", "once"};
	static const char *const values[] = {"null", "1", "\"x\"", "[]", "{}",
	    "[1,null,[],{}]", "true",
	    "{\"acks\":[1,{}],\"refused\":\"\\n\\n\"}",
	    "[{\"provides\":[1],\"last_gap\":1,\"problem\":\"\"}]"};
	struct err err;

	(void)state;
	for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
		for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
			struct buf json = {0};
			struct buf page;
			int answer;

			buf_printf(&json, "{\"%s\":%s}", keys[k], values[v]);
			buf_putc(&json, '\0');
			page = shown(json.ptr, &answer);
			assert_true(answer >= 0);
			buf_clear(&page);
			buf_clear(&json);
		}
	assert_int_equal(status_judge(SLICE("{\"a\":"), 0, &err), -1);
	assert_int_equal(status_judge(SLICE(""), 0, &err), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_place_of_a_source_is_said_in_a_word),
	    cmocka_unit_test(an_old_file_means_that_nobody_runs),
	    cmocka_unit_test(what_needs_attention_stands_before_all_else),
	    cmocka_unit_test(text_from_strangers_moves_no_terminal),
	    cmocka_unit_test(a_file_of_the_wrong_kinds_is_a_page_all_the_same)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
