/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "assay/options.h"

static const struct options_entry table[] = {
    {"state", OPTIONS_TEXT, 0, 0, "/var/lib/x", "where the state is"},
    {"rules", OPTIONS_TEXTS, 0, 0, "/usr/a /etc/b", "rule directories"},
    {"spool.max_bytes", OPTIONS_BYTES, 4096, INT64_MAX, "1GiB", "the limit"},
    {"spool.keep", OPTIONS_DURATION, 0, 0, "14d", "how long"},
    {"spool.days", OPTIONS_NUMBER, 1, 30, "14", "days"},
    {"loud", OPTIONS_BOOL, 0, 1, "false", "say more"},
    {"sources", OPTIONS_NODE, 0, 0, NULL, "what to read"},
    {"kafka", OPTIONS_NODE, 0, 0, NULL, "how to send"},
    {"free", OPTIONS_MAP, 0, 0, NULL, "any keys"},
    {0},
};

static struct options *
load(const char *text, char path[300], struct problems *p)
{
	snprintf(path, 300, "%s/agent.yml", test_dir());
	test_write(path, slice_of(text));
	return options_load(table, path, true, p);
}

/* All problems of a text as the person sees them, without the path. */
static void
expect_problem(const char *text, const char *wanted)
{
	struct problems *p = problems_new();
	struct buf out = {0};
	char path[300];

	assert_null(load(text, path, p));
	problems_print(p, &out);
	buf_putc(&out, '\0');
	if (!strstr(out.ptr, wanted))
		fail_msg("no '%s' in:\n%s", wanted, out.ptr);
	buf_clear(&out);
	problems_free(p);
}

static void
no_file_at_all_gives_the_defaults(void **state)
{
	struct problems *p = problems_new();
	struct options *o =
	    options_load(table, "/nonexistent/agent.yml", false, p);

	(void)state;
	assert_non_null(o);
	assert_string_equal(options_text(o, "state"), "/var/lib/x");
	assert_string_equal(options_texts(o, "rules")[1], "/etc/b");
	assert_null(options_texts(o, "rules")[2]);
	assert_int_equal(options_number(o, "spool.max_bytes"), 1 << 30);
	assert_int_equal(
	    options_number(o, "spool.keep"), INT64_C(14) * 86400 * 1000000);
	assert_false(options_bool(o, "loud"));
	assert_false(options_given(o, "loud"));
	assert_null(options_node(o, "sources", 0));
	options_free(o);
	assert_null(options_load(table, "/nonexistent/agent.yml", true, p));
	assert_int_equal(problems_errors(p), 1);
	problems_free(p);
}

static void
drop_ins_merge_maps_and_replace_lists(void **state)
{
	struct problems *p = problems_new();
	char path[300], more[400];
	struct options *o = load("rules: [/a, /b, /c]\n"
				 "spool: {max_bytes: 2MiB, days: 3}\n"
				 "sources: [{file: /one}]\n"
				 "kafka: {acks: all, linger: 5}\n",
	    path, p);

	(void)state;
	assert_non_null(o);
	options_free(o);
	path[strlen(path) - 4] = '\0';
	snprintf(more, sizeof more, "%s.d", path);
	assert_int_equal(mkdir(more, 0700), 0);
	strcat(path, ".yml");
	strcat(more, "/20-b.yml");
	test_write(more, SLICE("rules: /only\nspool: {days: 9}\n"
			       "sources: [{file: /two}]\nkafka: {acks: 1}\n"));
	memcpy(more + strlen(more) - 8, "10-a.yml", 8);
	test_write(more, SLICE("spool:\n  days: 5\nloud: true\n"));
	o = options_load(table, path, true, p);
	assert_non_null(o);
	assert_string_equal(options_texts(o, "rules")[0], "/only");
	assert_null(options_texts(o, "rules")[1]);
	assert_int_equal(options_number(o, "spool.max_bytes"), 2 << 20);
	assert_int_equal(options_number(o, "spool.days"), 9);
	assert_true(options_bool(o, "loud"));
	assert_null(options_node(o, "sources", 1));
	assert_slice(tree_text(tree_get(
			 tree_item(options_node(o, "sources", 0), 0), "file")),
	    SLICE("/two"));
	assert_non_null(options_node(o, "kafka", 1));
	assert_null(options_node(o, "kafka", 2));
	options_free(o);
	problems_free(p);
}

static void
the_command_line_wins_and_its_lists_add_up(void **state)
{
	struct problems *p = problems_new();
	char path[300];
	struct options *o = load("rules: [/a, /b]\nstate: /s\n", path, p);

	(void)state;
	assert_int_equal(options_set(o, "rules", "/x y", p), 0);
	assert_int_equal(options_set(o, "rules", "/z", p), 0);
	assert_int_equal(options_set(o, "state", "/t", p), 0);
	assert_string_equal(options_texts(o, "rules")[0], "/x y");
	assert_string_equal(options_texts(o, "rules")[1], "/z");
	assert_null(options_texts(o, "rules")[2]);
	assert_string_equal(options_text(o, "state"), "/t");
	assert_int_equal(options_set(o, "spool.days", "31", p), -1);
	assert_int_equal(problems_errors(p), 1);
	options_free(o);
	problems_free(p);
}

static void
what_is_wrong_is_said_with_its_place(void **state)
{
	(void)state;
	expect_problem("sattes: /x\n", "agent.yml:1:1: ");
	expect_problem("stat: /x\n", "did you mean 'state'");
	expect_problem("spool: {max_byte: 1GiB}\n", "max_bytes");
	expect_problem("spool:\n  max_bytes: 1 gig\n", "agent.yml:2:14: ");
	expect_problem("spool: {max_bytes: 1}\n", "out of range");
	expect_problem("spool: {days: 31}\n", "it may be 1 to 30");
	expect_problem("spool: {keep: soon}\n", "a duration such as");
	expect_problem("loud: yes\n", "true or false");
	expect_problem("spool: 5\n", "agent.yml:1:8: ");
	expect_problem("free: 5\n", "agent.yml:1:7: ");
	expect_problem("free:\n  a.b: [1]\n", "agent.yml:2:8: free: a.b takes");
	expect_problem("free:\n  a.b:\n", "one value");
}

static void
secrets_are_masked_wherever_they_are(void **state)
{
	struct problems *p = problems_new();
	struct buf out = {0};
	char path[300];
	struct options *o =
	    load("free: {sasl.password: hunter2, ssl.key.pem: "
		 "hunter2, a.b: seen, 'x y': 5}\n"
		 "sources: [{in: {ssl.key.password: hunter2}}]\n",
		path, p);

	(void)state;
	assert_non_null(o);
	assert_slice(
	    tree_text(tree_get(options_node(o, "free", 0), "sasl.password")),
	    SLICE("hunter2"));
	options_show(o, &out);
	buf_putc(&out, '\n');
	options_json(o, &out);
	buf_putc(&out, '\0');
	assert_false(out.failed);
	assert_null(strstr(out.ptr, "hunter2"));
	assert_non_null(strstr(out.ptr, "  sasl.password: \"********\" "));
	assert_non_null(strstr(out.ptr, "  a.b: seen "));
	assert_non_null(strstr(out.ptr,
	    "{\"sasl.password\":\"********\",\"ssl.key.pem\":\"********\","
	    "\"a.b\":\"seen\",\"x y\":\"5\"}"));
	buf_clear(&out);
	options_free(o);
	problems_free(p);
}

static void
sizes_beyond_any_number_are_refused(void **state)
{
	(void)state;
	expect_problem("spool: {max_bytes: 9999999999GiB}\n", "a size such as");
	expect_problem(
	    "spool: {max_bytes: 99999999999999999999}\n", "a size such as");
	expect_problem("spool: {max_bytes: -5}\n", "a size such as");
	expect_problem("spool: {max_bytes: GiB}\n", "a size such as");
}

/* The line of what is shown that begins so, up to its end. */
static const char *
shown_line(const struct buf *out, const char *begin)
{
	const char *at = strstr(out->ptr, begin);
	static char line[400];

	if (!at || (at != out->ptr && at[-1] != '\n'))
		fail_msg("no line '%s' in:\n%s", begin, out->ptr);
	snprintf(line, sizeof line, "%.*s", (int)strcspn(at, "\n"), at);
	return line;
}

static void
expect_line(const struct buf *out, const char *begin, const char *end)
{
	const char *line = shown_line(out, begin);
	size_t len = strlen(line), end_len = strlen(end);

	if (len < end_len || strcmp(line + len - end_len, end) != 0)
		fail_msg("'%s' does not end with '%s'", line, end);
}

/* A file and a drop-in with maps, lists and texts that need quotes. */
static struct options *
load_two(char path[300], struct problems *p)
{
	char more[400];
	struct options *o;

	o = load("\nspool: {days: 9, max_bytes: 3145728}\n"
		 "rules: ['/a b', /c]\n"
		 "sources: [{file: /one}]\n"
		 "kafka: {acks: all, linger.ms: 5}\n",
	    path, p);
	assert_non_null(o);
	options_free(o);
	snprintf(more, sizeof more, "%.*s.d", (int)strlen(path) - 4, path);
	(void)mkdir(more, 0700);
	strcat(more, "/50-more.yml");
	test_write(
	    more, SLICE("kafka: {acks: '1', 'odd key': [true, 1.5, null]}\n"
			"sources:\n- {file: \"/var/log/x*\", relay: true}\n"
			"- {stdin: true, id: '7'}\n"));
	return options_load(table, path, true, p);
}

static void
what_is_shown_names_where_it_is_from(void **state)
{
	struct problems *p = problems_new();
	struct buf out = {0};
	char path[300];
	struct options *o = load_two(path, p);

	(void)state;
	assert_non_null(o);
	assert_int_equal(options_set(o, "state", "/x\n\xff", p), 0);
	assert_int_equal(options_derive(o, "loud", NULL, "no one asked"), 0);
	assert_int_equal(options_derive(o, "state", "/y", "not used"), 0);
	options_show(o, &out);
	buf_putc(&out, '\0');
	expect_line(&out, "spool:", "spool:");
	expect_line(&out, "  days: 9 ", "/agent.yml:2");
	expect_line(&out, "  max_bytes: 3MiB ", "/agent.yml:2");
	expect_line(&out, "  keep: 14d ", "# default");
	expect_line(&out, "rules: [\"/a b\", /c] ", "/agent.yml:3");
	expect_line(&out, "state: \"/x\\n\\\\xff\" ", "# option --state");
	expect_line(&out, "loud: false ", "# default: no one asked");
	expect_line(&out, "kafka: ", "50-more.yml:1");
	expect_line(&out, "  linger.ms: 5 ", "/agent.yml:5");
	expect_line(&out, "  acks: \"1\" ", "50-more.yml:1");
	expect_line(&out, "  \"odd key\": [true, 1.5, null] ", "50-more.yml:1");
	expect_line(&out, "  - {file: /var/log/x*, relay: true} ", "yml:3");
	expect_line(&out, "  - {stdin: true, id: \"7\"} ", "yml:4");
	assert_null(strstr(out.ptr, "acks: all"));
	assert_null(strstr(out.ptr, "/one"));
	buf_clear(&out);
	options_free(o);
	problems_free(p);
}

/* What was shown says the same when it is the file. */
static void
what_is_shown_can_be_the_file(void **state)
{
	struct problems *p = problems_new();
	struct buf one = {0}, two = {0};
	char path[300], again[400];
	struct options *o = load_two(path, p);
	struct options *read;

	(void)state;
	options_show(o, &one);
	snprintf(again, sizeof again, "%s/again.yml", test_dir());
	test_write(again, buf_slice(&one));
	read = options_load(table, again, true, p);
	assert_non_null(read);
	buf_reset(&one);
	options_json(o, &one);
	options_json(read, &two);
	/* But for where it is from. */
	for (struct buf *b = &one; b; b = b == &one ? &two : NULL) {
		buf_putc(b, '\0');
		for (char *at = b->ptr; (at = strstr(at, "\"from\":\""));) {
			char *end = strchr(at + 8, '"');

			memmove(at, end, strlen(end) + 1);
		}
	}
	assert_string_equal(one.ptr, two.ptr);
	assert_non_null(
	    strstr(one.ptr, "{\"key\":\"spool.days\",\"value\":9,"));
	assert_non_null(strstr(one.ptr, "\"kafka\",\"value\":{\"linger.ms\":"));
	buf_clear(&one);
	buf_clear(&two);
	options_free(o);
	options_free(read);
	problems_free(p);
}

static void
a_setting_in_the_wrong_place_is_shown_the_right_one(void **state)
{
	(void)state;
	expect_problem("max_bytes: 1GiB\n",
	    "agent.yml:1:1: unknown key 'max_bytes' here; did you mean "
	    "`spool: {max_bytes: ..}`?");
	expect_problem("spool.days: 3\n", "did you mean `spool: {days: ..}`?");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_file_at_all_gives_the_defaults),
	    cmocka_unit_test(drop_ins_merge_maps_and_replace_lists),
	    cmocka_unit_test(the_command_line_wins_and_its_lists_add_up),
	    cmocka_unit_test(what_is_wrong_is_said_with_its_place),
	    cmocka_unit_test(sizes_beyond_any_number_are_refused),
	    cmocka_unit_test(secrets_are_masked_wherever_they_are),
	    cmocka_unit_test(what_is_shown_names_where_it_is_from),
	    cmocka_unit_test(what_is_shown_can_be_the_file),
	    cmocka_unit_test(
		a_setting_in_the_wrong_place_is_shown_the_right_one),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
