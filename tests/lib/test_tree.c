/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>

#include "assay/printable.h"
#include "assay/tree.h"

/* Everything a parse says, as a person sees it; the caller frees it. */
static char *
said(struct problems *p)
{
	struct buf b = {0};

	problems_print(p, &b);
	buf_putc(&b, '\0');
	return b.ptr;
}

static struct tree *
parse(const char *text, struct problems *p)
{
	return tree_parse("f.yml", slice_of(text), p);
}

/* The text parses and nothing is said. */
static struct tree *
good(const char *text)
{
	struct problems *p = problems_new();
	struct tree *t = parse(text, p);

	if (!t)
		fail_msg("%s", said(p));
	assert_int_equal(problems_errors(p), 0);
	problems_free(p);
	return t;
}

/* The text is refused with a message that begins like this. */
static void
refused_text(struct slice text, const char *begins)
{
	struct problems *p = problems_new();
	struct tree *t = tree_parse("f.yml", text, p);
	char *message = said(p);

	assert_null(t);
	assert_true(problems_errors(p) > 0);
	if (strncmp(message, begins, strlen(begins)))
		fail_msg("\"%s\" does not begin with \"%s\"", message, begins);
	free(message);
	problems_free(p);
}

static void
refused(const char *text, const char *begins)
{
	refused_text(slice_of(text), begins);
}

static void
a_node_knows_what_it_is_and_where_it_stands(void **state)
{
	struct tree *t = good("# a comment\na: x\nb:\n  - 'y'\n  - {c: 3}\n");
	const struct tree_node *root = tree_root(t), *list, *map;

	(void)state;
	assert_int_equal(tree_kind(root), TREE_MAP);
	assert_int_equal(tree_count(root), 2);
	assert_slice(tree_text(tree_key(root, 1)), SLICE("b"));
	list = tree_get(root, "b");
	assert_int_equal(tree_kind(list), TREE_LIST);
	assert_true(tree_quoted(tree_item(list, 0)));
	assert_int_equal(tree_line(tree_item(list, 0)), 4);
	assert_int_equal(tree_column(tree_item(list, 0)), 5);
	map = tree_item(list, 1);
	assert_int_equal(tree_line(tree_get(map, "c")), 5);
	assert_int_equal(tree_column(tree_get(map, "c")), 9);
	assert_null(tree_get(map, "d"));
	assert_null(tree_get(list, "c"));
	assert_null(tree_get(NULL, "c"));
	tree_free(t);
}

static void
columns_count_characters_not_bytes(void **state)
{
	struct tree *t = good("{é: x, ü: y}\n");

	(void)state;
	assert_int_equal(tree_column(tree_get(tree_root(t), "ü")), 11);
	tree_free(t);
}

static void
an_empty_file_is_null(void **state)
{
	static const char *const texts[] = {
	    "", "\n", "# only a comment\n", "---\n", "\xef\xbb\xbf"};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct tree *t = good(texts[i]);

		assert_true(tree_is_null(tree_root(t)));
		assert_int_equal(tree_count(tree_root(t)), 0);
		assert_true(tree_line(tree_root(t)) >= 1);
		tree_free(t);
	}
}

static void
scalars_mean_what_yaml_1_2_core_says(void **state)
{
	static const struct {
		const char *text;
		enum tree_meaning meaning;
	} cases[] = {{"x", TREE_IS_STRING}, {"yes", TREE_IS_STRING},
	    {"No", TREE_IS_STRING}, {"on", TREE_IS_STRING},
	    {"12:30", TREE_IS_STRING}, {"192.0.2.1", TREE_IS_STRING},
	    {"1_000", TREE_IS_STRING}, {"0b1", TREE_IS_STRING},
	    {"+", TREE_IS_STRING}, {".", TREE_IS_STRING},
	    {"1e", TREE_IS_STRING}, {"e1", TREE_IS_STRING},
	    {"0x", TREE_IS_STRING}, {"0o8", TREE_IS_STRING},
	    {"2026-01-01", TREE_IS_STRING}, {"'1'", TREE_IS_STRING},
	    {"\"true\"", TREE_IS_STRING}, {"''", TREE_IS_STRING},
	    {"|\n  1", TREE_IS_STRING}, {"nuLL", TREE_IS_STRING},
	    {"tRUE", TREE_IS_STRING}, {"~", TREE_IS_NULL},
	    {"null", TREE_IS_NULL}, {"NULL", TREE_IS_NULL},
	    {"true", TREE_IS_BOOL}, {"False", TREE_IS_BOOL},
	    {"0", TREE_IS_NUMBER}, {"-12", TREE_IS_NUMBER},
	    {"+3", TREE_IS_NUMBER}, {"012", TREE_IS_NUMBER},
	    {"0x1F", TREE_IS_NUMBER}, {"0o17", TREE_IS_NUMBER},
	    {"1.5", TREE_IS_NUMBER}, {".5", TREE_IS_NUMBER},
	    {"5.", TREE_IS_NUMBER}, {"1e3", TREE_IS_NUMBER},
	    {"-1.5E-3", TREE_IS_NUMBER}, {".inf", TREE_IS_NUMBER},
	    {"-.INF", TREE_IS_NUMBER}, {".nan", TREE_IS_NUMBER},
	    {"[a]", TREE_IS_NOT_SCALAR}, {"{a: b}", TREE_IS_NOT_SCALAR}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char text[64];
		struct tree *t;
		enum tree_meaning m;

		snprintf(text, sizeof text, "k: %s\n", cases[i].text);
		t = good(text);
		m = tree_meaning(tree_get(tree_root(t), "k"));
		if (m != cases[i].meaning)
			fail_msg("%s is %d, not %d", cases[i].text, m,
			    cases[i].meaning);
		tree_free(t);
	}
}

static void
what_is_not_read_is_refused_where_it_stands(void **state)
{
	(void)state;
	refused("a: &x 1\n", "f.yml:1:4: anchors are not allowed");
	refused("a: 1\nb: *x\n", "f.yml:2:4: aliases are not allowed");
	refused("a: !x 1\n", "f.yml:1:4: tags are not allowed: remove '!x'");
	refused("a: !!map {}\n", "f.yml:1:4: tags are not allowed");
	refused("<<: {a: 1}\n", "f.yml:1:1: merge keys are not allowed");
	refused("a: 1\n---\nb: 1\n", "f.yml:2:1: a second document");
	refused("%TAG ! x\n---\na: 1\n", "f.yml:1:1: lines beginning with %");
	refused("1: x\n", "f.yml:1:1: a key must be text: quote '1'");
	refused("true: x\n", "f.yml:1:1: a key must be text");
	refused("~: x\n", "f.yml:1:1: a key must be text");
	refused("? [a]\n: x\n", "f.yml:1:3: a key must be text, not a list");
	refused("? {a: b}\n: x\n", "f.yml:1:3: a key must be text, not a map");
	refused("a: 1\nb: 2\na: 3\n",
	    "f.yml:3:1: duplicate key 'a', first at line 1");
	refused("{a: 1, 'a': 2}\n", "f.yml:1:8: duplicate key 'a'");
}

static void
bytes_that_no_file_may_hold_are_refused(void **state)
{
	(void)state;
	refused("a: 1\rb: 2\r", "f.yml:1:5: a carriage return");
	refused("a: \xff\n", "f.yml:1:4: this is not UTF-8");
	refused("é: \xc3(\n", "f.yml:1:4: this is not UTF-8");
	refused("a: \xed\xa0\x80\n", "f.yml:1:4: this is not UTF-8");
	refused("a: \xc0\x80\n", "f.yml:1:4: this is not UTF-8");
	refused("a: x\x1b[31m\n", "f.yml:1:5: a control character");
	refused("a: \x7f\n", "f.yml:1:4: a control character");
	refused_text(SLICE("a: x\0y\n"), "f.yml:1:5: a control character");
	refused("a: \xe2\x80\xae\n", "f.yml:1:4: a character that changes");
	refused("a: \xc2\x85\n", "f.yml:1:4: a character that changes");
	refused("a: \xe2\x80\xa8\n", "f.yml:1:4: a character that changes");
	refused("\xff\xfe"
		"a",
	    "f.yml:1:1: this is not UTF-8");
	tree_free(good("a: 1\r\nb: 2\r\n"));
}

static void
limits_hold_at_their_edge(void **state)
{
	struct buf b = {0};

	(void)state;
	/* depth */
	for (int i = 0; i < TREE_DEPTH_MAX; i++)
		buf_putc(&b, '[');
	for (int i = 0; i < TREE_DEPTH_MAX; i++)
		buf_putc(&b, ']');
	buf_putc(&b, '\0');
	tree_free(good(b.ptr));
	buf_reset(&b);
	for (int i = 0; i < 200000; i++)
		buf_putc(&b, '[');
	refused_text(buf_slice(&b), "f.yml:1:17: nested deeper than 16");
	/* size */
	buf_reset(&b);
	buf_puts(&b, "a: 1\n");
	while (b.len < TREE_FILE_MAX - 1)
		buf_putc(&b, '#');
	buf_putc(&b, '\n');
	buf_putc(&b, '\0');
	tree_free(good(b.ptr));
	b.ptr[b.len - 1] = '\n';
	refused_text(buf_slice(&b), "f.yml: 262145 bytes; a file may have");
	/* nodes: the list is one */
	buf_reset(&b);
	buf_puts(&b, "[");
	for (int i = 0; i < TREE_NODES_MAX - 1; i++)
		buf_puts(&b, "1,\n");
	buf_puts(&b, "]\0");
	buf_putc(&b, '\0');
	tree_free(good(b.ptr));
	b.len -= 2;
	buf_puts(&b, "1]");
	refused_text(buf_slice(&b), "f.yml:20000:1: more than 20000");
	/* scalar */
	buf_reset(&b);
	buf_puts(&b, "'");
	while (b.len <= TREE_SCALAR_MAX)
		buf_putc(&b, 'x');
	buf_puts(&b, "'");
	buf_putc(&b, '\0');
	tree_free(good(b.ptr));
	b.len -= 2;
	buf_puts(&b, "x'");
	refused_text(buf_slice(&b), "f.yml:1:1: a value of 65537 bytes");
	buf_clear(&b);
}

static void
all_that_is_wrong_is_said_in_order_with_a_caret(void **state)
{
	struct problems *p = problems_new();
	char *message;

	(void)state;
	assert_null(parse("b: !x 2\na: &y 1\n2: x\n", p));
	message = said(p);
	assert_string_equal(message,
	    "f.yml:1:4: tags are not allowed: remove '!x'; quotes make a "
	    "string\n"
	    "     1 | b: !x 2\n"
	    "       |    ^\n"
	    "f.yml:2:4: anchors are not allowed: remove '&y' and write the "
	    "value where it is needed\n"
	    "     2 | a: &y 1\n"
	    "       |    ^\n"
	    "f.yml:3:1: a key must be text: quote '2'\n"
	    "     3 | 2: x\n"
	    "       | ^\n");
	free(message);
	problems_free(p);
}

static void
a_caret_stands_below_its_character_whatever_is_before_it(void **state)
{
	struct problems *p = problems_new();
	char *message;

	(void)state;
	assert_null(parse("é\t: !x 2\n", p));
	message = said(p);
	assert_non_null(strstr(message, "     1 | é\\t: !x 2\n"
					"       |      ^\n"));
	free(message);
	problems_free(p);
}

static void
a_long_line_is_shown_around_its_caret(void **state)
{
	struct problems *p = problems_new();
	struct buf b = {0};
	char *message, *bar, *caret;

	(void)state;
	buf_puts(&b, "a: '");
	for (int i = 0; i < 5000; i++)
		buf_putc(&b, 'x');
	buf_puts(&b, "' Q");
	assert_null(tree_parse("f.yml", buf_slice(&b), p));
	message = said(p);
	bar = strstr(message, "     1 | ");
	caret = strchr(message, '^');
	assert_non_null(bar);
	assert_non_null(caret);
	assert_true(strcspn(bar, "\n") < 120);
	/* The caret is as far from its bar as the Q is. */
	assert_int_equal(
	    strcspn(bar, "Q"), (size_t)(caret - strstr(message, "       | ")));
	free(message);
	buf_clear(&b);
	problems_free(p);
}

static void
no_more_than_a_hundred_problems_are_shown_and_all_are_counted(void **state)
{
	struct problems *p = problems_new();
	struct buf b = {0};
	char *message;

	(void)state;
	for (int i = 0; i < 150; i++)
		buf_printf(&b, "k%d: !x 1\n", i);
	assert_null(tree_parse("f.yml", buf_slice(&b), p));
	assert_int_equal(problems_errors(p), 150);
	message = said(p);
	assert_non_null(strstr(message, "f.yml:100:"));
	assert_null(strstr(message, "f.yml:101:"));
	assert_non_null(strstr(message, "and 50 more, not shown\n"));
	free(message);
	buf_clear(&b);
	problems_free(p);
}

/* What a reader says of `k: VALUE`; NULL when it is content. */
static char *
reader_says(const char *value,
    int (*read)(struct problems *p, const struct tree_node *n, int64_t *out),
    int64_t *out)
{
	struct problems *p = problems_new();
	char text[128], *message = NULL;
	struct tree *t;

	snprintf(text, sizeof text, "k: %s\n", value);
	t = good(text);
	if (read(p, tree_get(tree_root(t), "k"), out))
		message = said(p);
	else
		assert_int_equal(problems_errors(p), 0);
	tree_free(t);
	problems_free(p);
	return message;
}

static int
read_small(struct problems *p, const struct tree_node *n, int64_t *out)
{
	return tree_int(p, n, -5, 1000, out);
}

static int
read_any(struct problems *p, const struct tree_node *n, int64_t *out)
{
	return tree_int(p, n, INT64_MIN, INT64_MAX, out);
}

static int
read_flag(struct problems *p, const struct tree_node *n, int64_t *out)
{
	bool value;

	if (tree_bool(p, n, &value))
		return -1;
	*out = value;
	return 0;
}

static int
read_length(struct problems *p, const struct tree_node *n, int64_t *out)
{
	struct slice text;

	if (tree_string(p, n, &text))
		return -1;
	*out = (int64_t)text.len;
	return 0;
}

static void
values_are_read_by_their_type(void **state)
{
	static const struct {
		int (*read)(struct problems *p, const struct tree_node *n,
		    int64_t *out);
		const char *value;
		int64_t wanted;
	} cases[] = {{read_small, "0", 0}, {read_small, "-5", -5},
	    {read_small, "1000", 1000}, {read_small, "+7", 7},
	    {read_any, "9223372036854775807", INT64_MAX},
	    {read_any, "-9223372036854775807", -INT64_MAX},
	    {read_flag, "true", 1}, {read_flag, "FALSE", 0},
	    {read_length, "abc", 3}, {read_length, "'12'", 2},
	    {tree_duration, "24h", INT64_C(86400000000)},
	    {tree_duration, "0", 0}, {tree_duration, "90s", 90000000},
	    {tree_duration, "-120s", -120000000},
	    {tree_duration, "1h30m", INT64_C(5400000000)},
	    {tree_duration, "7d", INT64_C(604800000000)},
	    {tree_millionths, "0.95", 950000}, {tree_millionths, "1", 1000000},
	    {tree_millionths, "0", 0}, {tree_millionths, "1.000000", 1000000},
	    {tree_millionths, "0.000001", 1}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int64_t got = 77;
		char *message =
		    reader_says(cases[i].value, cases[i].read, &got);

		if (message)
			fail_msg("%s: %s", cases[i].value, message);
		assert_int_equal(got, cases[i].wanted);
	}
}

static void
values_of_another_type_are_refused_and_leave_the_target(void **state)
{
	static const struct {
		int (*read)(struct problems *p, const struct tree_node *n,
		    int64_t *out);
		const char *value;
		const char *message;
	} cases[] = {{read_small, "1001", "1001 is out of range: -5 to 1000"},
	    {read_small, "-6", "out of range"}, {read_small, "1.5", "whole"},
	    {read_small, "012", "without leading zeros"},
	    {read_small, "0x10", "decimal"},
	    {read_small, "x", "a whole number is expected here, not a text"},
	    {read_small, "'1'", "not a text"}, {read_small, "[1]", "a list"},
	    {read_any, "9223372036854775808", "whole number"},
	    {read_flag, "yes", "write true or false: 'yes' is a text"},
	    {read_flag, "1", "not a number"}, {read_flag, "~", "not nothing"},
	    {read_length, "12", "YAML reads 12 as a number: quote it"},
	    {read_length, "true", "boolean"}, {read_length, "''", "empty"},
	    {read_length, "", "not nothing"}, {read_length, "{}", "not a map"},
	    {tree_duration, "24", "a duration is expected"},
	    {tree_duration, "h", "duration"},
	    {tree_duration, "1m1h", "duration"},
	    {tree_duration, "1h1h", "duration"},
	    {tree_duration, "'-'", "duration"},
	    {tree_duration, "1h 1m", "duration"},
	    {tree_duration, "99999999999h", "duration"},
	    {tree_duration, "36501d", "duration"},
	    {tree_millionths, "1.1", "at most 1"},
	    {tree_millionths, "95", "from 0 to 1"},
	    {tree_millionths, "0.1234567", "six decimals"},
	    {tree_millionths, ".5", "six decimals"},
	    {tree_millionths, "-0.5", "six decimals"},
	    {tree_millionths, "1e-1", "six decimals"}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int64_t got = 77;
		char *message =
		    reader_says(cases[i].value, cases[i].read, &got);

		if (!message || !strstr(message, cases[i].message))
			fail_msg("%s: %s", cases[i].value,
			    message ? message : "accepted");
		assert_int_equal(got, 77);
		free(message);
	}
}

static void
text_that_yaml_1_1_reads_otherwise_gets_a_warning(void **state)
{
	static const char *const doubtful[] = {
	    "no", "Yes", "on", "OFF", "y", "12:30", "1:02:03"};
	static const char *const clear[] = {
	    "'no'", "none", "12:3x", "12:", "a:b", "12:345", "2026-01-01"};
	struct slice text;

	(void)state;
	for (size_t i = 0; i < sizeof doubtful / sizeof *doubtful; i++) {
		struct problems *p = problems_new();
		struct tree *t = good(doubtful[i]);

		assert_int_equal(tree_string(p, tree_root(t), &text), 0);
		assert_int_equal(problems_warnings(p), 1);
		assert_int_equal(problems_errors(p), 0);
		tree_free(t);
		problems_free(p);
	}
	for (size_t i = 0; i < sizeof clear / sizeof *clear; i++) {
		struct problems *p = problems_new();
		struct tree *t = tree_parse("f", slice_of(clear[i]), p);

		if (t && tree_kind(tree_root(t)) == TREE_SCALAR)
			assert_int_equal(
			    tree_string(p, tree_root(t), &text), 0);
		assert_int_equal(problems_warnings(p), 0);
		tree_free(t);
		problems_free(p);
	}
}

static void
an_unknown_key_is_named_with_the_nearest_known_one(void **state)
{
	static const char *const known[] = {"outcome", "title", NULL};
	struct problems *p = problems_new();
	struct tree *t = good("title: x\noutcom: y\nzebra: z\n");
	char *message;

	(void)state;
	assert_int_equal(tree_keys(p, tree_root(t), known), -1);
	message = said(p);
	assert_non_null(strstr(message,
	    "f.yml:2:1: unknown key 'outcom'; did you mean 'outcome'?"));
	assert_non_null(strstr(message, "f.yml:3:1: unknown key 'zebra':"));
	assert_null(tree_need(p, tree_root(t), "missing"));
	assert_int_equal(problems_errors(p), 3);
	free(message);
	tree_free(t);
	problems_free(p);
}

static void
a_place_within_a_text_is_pointed_at_where_the_source_shows_it(void **state)
{
	static const struct {
		const char *source;
		size_t at;
		size_t column;
	} cases[] = {{"k: abc\n", 2, 6}, {"k: 'abc'\n", 2, 7},
	    {"k: 'it''s x'\n", 5, 11}, {"k: 'é x'\n", 2, 6},
	    {"k: \"a\\tb\"\n", 2, 4}, {"k: \"ab\"\n", 1, 6},
	    {"k: |\n  abc\n", 2, 4}, {"k: 'abc'\n", 9, 8}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct problems *p = problems_new();
		struct tree *t = good(cases[i].source);
		char *message, wanted[32];

		tree_problem_at(
		    p, tree_get(tree_root(t), "k"), cases[i].at, "x");
		message = said(p);
		snprintf(
		    wanted, sizeof wanted, "f.yml:1:%zu: x", cases[i].column);
		if (strncmp(message, wanted, strlen(wanted)))
			fail_msg("%s: %s", cases[i].source, message);
		free(message);
		tree_free(t);
		problems_free(p);
	}
}

static void
a_file_that_cannot_be_read_is_a_problem(void **state)
{
	struct problems *p = problems_new();
	char *message;

	(void)state;
	assert_null(tree_read("/nonexistent/x.yml", "x.yml", p));
	assert_null(tree_read("/", "root", p));
	message = said(p);
	assert_string_equal(message,
	    "x.yml: cannot be read: No such file or directory\n"
	    "root: cannot be read: Is a directory\n");
	free(message);
	problems_free(p);
}

static void
foreign_text_is_shown_without_what_a_terminal_obeys(void **state)
{
	struct buf b = {0};

	(void)state;
	printable_put(&b, SLICE("a\x1b[2J\n\t\x7f\xff \xc3\xa9 \xe2\x80\xae "
				"\xc2\x9b \xed\xa0\x80"));
	assert_slice(buf_slice(&b),
	    SLICE("a\\x1b[2J\\n\\t\\x7f\\xff \xc3\xa9 \\u{202e} \\u{009b} "
		  "\\xed\\xa0\\x80"));
	buf_reset(&b);
	printable_utf8(&b, SLICE("a\n\xff\xc3\xa9\xc3"));
	assert_slice(buf_slice(&b), SLICE("a\n\\xff\xc3\xa9\\xc3"));
	buf_reset(&b);
	printable_json(&b, SLICE("\"\xc3\xa9\xe2\x80\xae\""));
	assert_slice(buf_slice(&b), SLICE("\"\xc3\xa9\\u202e\""));
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_node_knows_what_it_is_and_where_it_stands),
	    cmocka_unit_test(columns_count_characters_not_bytes),
	    cmocka_unit_test(an_empty_file_is_null),
	    cmocka_unit_test(scalars_mean_what_yaml_1_2_core_says),
	    cmocka_unit_test(what_is_not_read_is_refused_where_it_stands),
	    cmocka_unit_test(bytes_that_no_file_may_hold_are_refused),
	    cmocka_unit_test(limits_hold_at_their_edge),
	    cmocka_unit_test(all_that_is_wrong_is_said_in_order_with_a_caret),
	    cmocka_unit_test(
		a_caret_stands_below_its_character_whatever_is_before_it),
	    cmocka_unit_test(a_long_line_is_shown_around_its_caret),
	    cmocka_unit_test(
		no_more_than_a_hundred_problems_are_shown_and_all_are_counted),
	    cmocka_unit_test(values_are_read_by_their_type),
	    cmocka_unit_test(
		values_of_another_type_are_refused_and_leave_the_target),
	    cmocka_unit_test(text_that_yaml_1_1_reads_otherwise_gets_a_warning),
	    cmocka_unit_test(
		an_unknown_key_is_named_with_the_nearest_known_one),
	    cmocka_unit_test(
		a_place_within_a_text_is_pointed_at_where_the_source_shows_it),
	    cmocka_unit_test(a_file_that_cannot_be_read_is_a_problem),
	    cmocka_unit_test(
		foreign_text_is_shown_without_what_a_terminal_obeys),
	};

	return cmocka_run_group_tests_name("tree", tests, NULL, NULL);
}
