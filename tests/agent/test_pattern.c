/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdlib.h>

#include "pattern.h"
#include "reading.h"

static const struct pattern_piece pieces[] = {
    {"ip", "[0-9a-f.:]{2,45}", PATTERN_IP},
    {"port", "[0-9]{1,5}", PATTERN_PORT},
    {"word", "[a-z]+", PATTERN_ANY},
    {"either", "a|b", PATTERN_ANY},
};

static const struct pattern_piece *
find(const void *set, struct slice name)
{
	(void)set;
	for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
		if (slice_eq_str(name, pieces[i].name))
			return &pieces[i];
	return NULL;
}

/* The longest of the literals, the first of equals. */
static struct slice
longest(const struct pattern_facts *f)
{
	struct slice best = {0};

	for (size_t i = 0; i < f->literal_count; i++)
		if (f->literals[i].len > best.len)
			best = f->literals[i];
	return best;
}

static void
facts_say_what_every_match_holds(void **state)
{
	static const struct {
		const char *pattern;
		size_t min_len, fixed;
		const char *prefix, *literal;
	} cases[] = {
	    {"abc", 3, 3, "abc", ""},
	    {"abc.{0,5}defg", 7, 7, "abc", "defg"},
	    {"a(?:b|c)def", 5, 5, "a", "def"},
	    {"(?:foo|foobar) x", 5, 5, "", " x"},
	    {"a{3}b", 4, 4, "aaab", ""},
	    {"a{2,3}b", 3, 3, "a", "b"},
	    {"(?:ab){2}c", 5, 5, "ababc", ""},
	    {"a?bc", 2, 2, "", "bc"},
	    {"(?:abc)?de", 2, 2, "", "de"},
	    {"[a]bc\\.d", 5, 5, "abc.d", ""},
	    {"a\\x41\\t", 3, 3, "aA\t", ""},
	    {"(?=x)ab\\bcd", 4, 4, "abcd", ""},
	    {"ab|abc", 2, 2, "", ""},
	    {"", 0, 0, "", ""},
	    {".{1,400}", 1, 0, "", ""},
	    {"a {word} bc {ip} def", 13, 10, "a ", " bc "},
	    {"{either}x", 2, 2, "", "x"},
	    {"(?<n>ab)c", 3, 3, "abc", ""},
	    {"a(?:b(?:c(?:d)))e", 5, 5, "abcde", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct arena arena = {0};
		struct pattern_facts f;
		struct pattern_error error;

		if (pattern_parse(&f, slice_of(cases[i].pattern), find, NULL,
			&arena, &error))
			fail_msg("%s: %s", cases[i].pattern, error.text);
		assert_int_equal(f.min_len, cases[i].min_len);
		assert_int_equal(f.fixed, cases[i].fixed);
		assert_slice(f.prefix, slice_of(cases[i].prefix));
		assert_slice(longest(&f), slice_of(cases[i].literal));
		arena_clear(&arena);
	}
}

static void
a_piece_brings_its_check_to_the_group_it_fills(void **state)
{
	struct arena arena = {0};
	struct pattern_facts f;
	struct pattern_error error;

	(void)state;
	assert_int_equal(
	    pattern_parse(&f, SLICE("(?<a>{ip}) {port} (?<b>{ip} x) (?<c>y)"),
		find, NULL, &arena, &error),
	    0);
	assert_int_equal(f.group_count, 5);
	assert_string_equal(f.groups[0].name, "a");
	assert_int_equal(f.groups[0].check, PATTERN_IP);
	assert_null(f.groups[1].name);
	assert_int_equal(f.groups[1].check, PATTERN_PORT);
	assert_string_equal(f.groups[2].name, "b");
	assert_int_equal(f.groups[2].check, PATTERN_ANY);
	assert_null(f.groups[3].name);
	assert_int_equal(f.groups[3].check, PATTERN_IP);
	assert_int_equal(f.groups[4].check, PATTERN_ANY);
	arena_clear(&arena);
}

static void
a_pattern_begins_only_with_its_first_bytes(void **state)
{
	static const struct {
		const char *pattern;
		const char *firsts;
	} cases[] = {{"abc", "a"}, {"(?:ab|cd)", "ac"}, {"a?b", "ab"},
	    {"(?:a|b?)[cd]", "abcd"}, {"a{0,3}(?<x>[x-z])", "axyz"},
	    {"\\d", "0123456789"}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct arena arena = {0};
		struct pattern_facts f;
		struct pattern_error error;

		assert_int_equal(pattern_parse(&f, slice_of(cases[i].pattern),
				     find, NULL, &arena, &error),
		    0);
		for (unsigned b = 1; b < 256; b++)
			assert_int_equal(pattern_begins(&f, (unsigned char)b),
			    strchr(cases[i].firsts, (int)b) != NULL);
		arena_clear(&arena);
	}
}

static void
what_is_refused_is_named_at_its_byte(void **state)
{
	static const struct {
		const char *pattern;
		size_t at;
		const char *why;
	} cases[] = {{"a.*", 2, "no upper bound"},
	    {"a.+?", 2, "no upper bound"}, {"\\S+", 2, "no upper bound"},
	    {"[^a]{2,}", 4, "no upper bound"}, {"[!-~]+", 5, "no upper bound"},
	    {"[a ]+", 4, "no upper bound"}, {" *", 1, "no upper bound"},
	    {"\\s+", 2, "no upper bound"},
	    {"(?:a{1,2})*", 10, "no upper bound"},
	    {"\\x80+", 4, "no upper bound"}, {"a{9000}", 1, "at most 8192"},
	    {"(?:ab){600}", 6, "at most 512"}, {"a{3,2}", 1, "smaller"},
	    {"a{,2}", 1, "write {0,n}"}, {"a{2", 1, "a count is written"},
	    {"*a", 0, "nothing to repeat"}, {"(?:+)", 3, "nothing to repeat"},
	    {"a|?", 2, "nothing to repeat"}, {"\\b+", 2, "nothing to repeat"},
	    {"(?=a){2}", 5, "nothing to repeat"}, {"a++", 1, "possessive"},
	    {"a?+", 1, "possessive"}, {"a{1,2}+", 1, "possessive"},
	    {"a{2}{3}", 4, "nothing to repeat"},
	    {"a+*", 1, "a repetition of a repetition"}, {"(?>a)", 0, "atomic"},
	    {"x(*COMMIT)", 1, "verbs"}, {"(?|a)", 0, "branch reset"},
	    {"(?#c)", 0, "comment"}, {"(?P<a>b)", 0, "(?<name>"},
	    {"(?'a'b)", 0, "(?<name>"}, {"(?R)", 0, "recursion"},
	    {"(?1)", 0, "options"}, {"(?C1)", 0, "callouts"},
	    {"(?(1)a)", 0, "conditions"}, {"(?i)a", 0, "options"},
	    {"(?<A>b)", 0, "a group's name"}, {"(?<>b)", 0, "a group's name"},
	    {"(?<a", 0, "a group's name"},
	    {"(?<a>b)(?<a>c)", 7, "a second group"},
	    {"(?:(?<a>b)){2}", 11, "may not be repeated"},
	    {"(?:{ip}){2}", 8, "may not be repeated"},
	    {"(?=(?<a>b))", 0, "look-around"}, {"(?!{ip})", 0, "look-around"},
	    {"(a", 0, "not closed"}, {"a)", 1, "closes nothing"},
	    {"[a", 0, "not closed"}, {"[]", 0, "not closed"},
	    {"[^\\d\\D]", 0, "no byte"}, {"[z-a]", 1, "a range"},
	    {"[\\d-z]", 1, "a range"}, {"[[:alpha:]]", 1, ":names:"},
	    {"[é]", 1, "single bytes"}, {"é+", 2, "one byte of a longer"},
	    {"^a", 0, "not needed"}, {"a$", 1, "not needed"},
	    {"a\\z", 1, "not needed"}, {"\\A", 0, "not needed"},
	    {"\\1", 0, "back reference"}, {"\\k<a>", 0, "back reference"},
	    {"\\g1", 0, "back reference"}, {"\\C", 0, "not known"},
	    {"\\R", 0, "not known"}, {"\\X", 0, "not known"},
	    {"\\K", 0, "not known"}, {"\\Q..\\E", 0, "not known"},
	    {"\\pL", 0, "not known"}, {"\\xg0", 0, "two hex digits"},
	    {"\\x4", 0, "two hex digits"}, {"a\\", 1, "backslash"},
	    {"{nope}", 0, "no piece {nope}"}, {"{ip", 0, "neither"},
	    {"{}", 0, "neither"}, {"a{ 1}", 1, "neither"},
	    {"{IP}", 0, "neither"}};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct arena arena = {0};
		struct pattern_facts f;
		struct pattern_error error;

		if (!pattern_parse(&f, slice_of(cases[i].pattern), find, NULL,
			&arena, &error))
			fail_msg("%s is accepted", cases[i].pattern);
		if (!strstr(error.text, cases[i].why) ||
		    error.at != cases[i].at)
			fail_msg("%s: at %zu: %s", cases[i].pattern, error.at,
			    error.text);
		arena_clear(&arena);
	}
}

static void
narrow_repetition_needs_no_bound(void **state)
{
	static const char *const good[] = {"\\d+", "\\w*", "[a-z0-9-]+",
	    "[A-Za-z0-9+/=]+", "a+", "[0-9a-f:]{2,}", "x{3,}?", "(?:\\d+)"};

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct arena arena = {0};
		struct pattern_facts f;
		struct pattern_error error;

		if (pattern_parse(
			&f, slice_of(good[i]), find, NULL, &arena, &error))
			fail_msg("%s: %s", good[i], error.text);
		arena_clear(&arena);
	}
}

static void
nesting_and_size_have_their_limits(void **state)
{
	struct arena arena = {0};
	struct pattern_facts f;
	struct pattern_error error;
	struct buf b = {0};

	(void)state;
	for (int i = 0; i < 100000 / 25; i++)
		buf_putc(&b, '(');
	assert_int_equal(
	    pattern_parse(&f, buf_slice(&b), find, NULL, &arena, &error), -1);
	assert_non_null(strstr(error.text, "nested deeper"));
	buf_reset(&b);
	while (b.len <= PATTERN_MAX)
		buf_putc(&b, 'a');
	assert_int_equal(
	    pattern_parse(&f, buf_slice(&b), find, NULL, &arena, &error), -1);
	assert_non_null(strstr(error.text, "4097 bytes; 4096"));
	/* Pieces count as they are written out. */
	buf_reset(&b);
	for (int i = 0; i < 600; i++)
		buf_puts(&b, "{word}");
	assert_int_equal(
	    pattern_parse(&f, buf_slice(&b), find, NULL, &arena, &error), -1);
	assert_non_null(strstr(error.text, "with its pieces written out"));
	/* Nested repeats that would take for ever to unroll. */
	buf_reset(&b);
	for (int i = 0; i < 12; i++)
		buf_puts(&b, "(?:");
	buf_puts(&b, "\\d");
	for (int i = 0; i < 12; i++)
		buf_puts(&b, "){16}");
	assert_int_equal(
	    pattern_parse(&f, buf_slice(&b), find, NULL, &arena, &error), 0);
	arena_clear(&arena);
	buf_clear(&b);
}

static void
checks_are_those_of_their_kind(void **state)
{
	(void)state;
	assert_true(pattern_check(PATTERN_PORT, SLICE("65535")));
	assert_false(pattern_check(PATTERN_PORT, SLICE("65536")));
	assert_false(pattern_check(PATTERN_PORT, SLICE("")));
	assert_true(pattern_check(PATTERN_INT, SLICE("9007199254740992")));
	assert_false(pattern_check(PATTERN_INT, SLICE("9007199254740993")));
	assert_true(pattern_check(PATTERN_IP, SLICE("::1")));
	assert_false(pattern_check(PATTERN_IP, SLICE("::x")));
	assert_true(pattern_check(PATTERN_ANY, SLICE("")));
}

struct seen {
	size_t count;
	size_t stop_after;
};

static enum reading_next
on_reading(void *arg, const size_t *at, size_t count)
{
	struct seen *s = arg;

	(void)at;
	(void)count;
	s->count++;
	return s->count == s->stop_after ? READING_STOP : READING_GO_ON;
}

static enum reading_end
each(const char *pattern, const char *message, struct seen *seen)
{
	struct arena arena = {0};
	struct pattern_facts f;
	struct pattern_error error;
	struct err err;
	struct reading_space *space = reading_space_new(false);
	struct reading_code *code;
	enum reading_end end;

	if (pattern_parse(&f, slice_of(pattern), find, NULL, &arena, &error))
		fail_msg("%s: %s", pattern, error.text);
	code = reading_compile(&f, &err);
	assert_non_null(code);
	end = reading_each(space, code, slice_of(message), on_reading, seen);
	reading_code_free(code);
	reading_space_free(space);
	arena_clear(&arena);
	return end;
}

static void
every_way_of_reading_is_shown_until_told_to_stop(void **state)
{
	struct seen seen = {0};

	(void)state;
	assert_int_equal(
	    each("(?<a>a{1,3})(?<b>a{1,3})", "aaaa", &seen), READING_DONE);
	assert_int_equal(seen.count, 3);
	seen = (struct seen){.stop_after = 2};
	each("(?<a>a{1,3})(?<b>a{1,3})", "aaaa", &seen);
	assert_int_equal(seen.count, 2);
	seen = (struct seen){0};
	each("a|a|ab", "a", &seen);
	assert_int_equal(seen.count, 2);
	seen = (struct seen){0};
	each("a", "a\n", &seen);
	assert_int_equal(seen.count, 0);
	each("", "", &seen);
	assert_int_equal(seen.count, 1);
}

static void
a_search_without_end_hits_its_limit(void **state)
{
	struct seen seen = {0};
	char message[401];

	(void)state;
	memset(message, 'a', 400);
	message[200] = 'b';
	message[400] = '\0';
	assert_int_equal(
	    each(".{0,400}.{0,400}.{0,400}.{0,400}b", message, &seen),
	    READING_LIMITED);
	assert_int_equal(seen.count, 0);
	message[200] = 'a';
	assert_int_equal(each("(?:(?:a{1,20}){1,20}){1,20}", message, &seen),
	    READING_LIMITED);
	assert_true(seen.count > 0);
}

/* Facts of a pattern, or the test fails. */
static struct pattern_facts
measure(const char *pattern, struct arena *arena)
{
	struct pattern_facts f;
	struct pattern_error error;

	if (pattern_parse(&f, slice_of(pattern), find, NULL, arena, &error))
		fail_msg("%s: %s", pattern, error.text);
	return f;
}

static void
literals_are_kept_in_turn_and_the_longest_of_many(void **state)
{
	struct arena arena = {0};
	struct pattern_facts f = measure(".b1.b22.b333.", &arena);

	(void)state;
	assert_int_equal(f.literal_count, 3);
	assert_slice(f.literals[0], SLICE("b1"));
	assert_slice(f.literals[1], SLICE("b22"));
	assert_slice(f.literals[2], SLICE("b333"));
	f = measure(".a.b.c.d.e.f.g.h.long.x.longer", &arena);
	assert_int_equal(f.literal_count, PATTERN_LITERALS_MAX);
	assert_slice(longest(&f), SLICE("longer"));
	arena_clear(&arena);
}

static void
a_limit_of_length_in_front_is_told_apart(void **state)
{
	static const struct {
		const char *pattern;
		size_t below;
		const char *code;
	} cases[] = {
	    {"(?!.{500})ab", 500, "ab"},
	    {"(?!.{3})(?:a|bc)", 3, "(?:a|bc)"},
	    {"(?!.{500})a|b", 0, "(?!.{500})a|b"},
	    {"(?!.{5,9})ab", 0, "(?!.{5,9})ab"},
	    {"(?!.{5}a)ab", 0, "(?!.{5}a)ab"},
	    {"(?=.{5})ab", 0, "(?=.{5})ab"},
	    {"a(?!.{5})b", 0, "a(?!.{5})b"},
	    {"(?!.{0})ab", 0, "(?!.{0})ab"},
	    {"ab", 0, "ab"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct arena arena = {0};
		struct pattern_facts f = measure(cases[i].pattern, &arena);

		assert_int_equal(f.below, cases[i].below);
		assert_string_equal(f.code, cases[i].code);
		assert_string_equal(f.expanded, cases[i].pattern);
		arena_clear(&arena);
	}
}

static size_t
readings(const char *pattern, size_t len, char fill)
{
	struct seen seen = {0};
	char message[32];

	memset(message, 'a', len);
	message[len] = '\0';
	if (fill)
		message[1] = fill;
	each(pattern, message, &seen);
	return seen.count;
}

/* Against the same limit where it cannot be told apart. */
static void
a_limit_of_length_means_what_it_says(void **state)
{
	(void)state;
	for (size_t len = 2; len < 12; len++)
		for (int lf = 0; lf < 2; lf++) {
			char fill = lf ? '\n' : 0;

			assert_int_equal(
			    readings("(?!.{5})[a\\x0a]{1,20}", len, fill),
			    readings("(?:(?!.{5}))[a\\x0a]{1,20}", len, fill));
		}
	assert_int_equal(readings("(?!.{5})a{1,20}", 4, 0), 1);
	assert_int_equal(readings("(?!.{5})a{1,20}", 5, 0), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(facts_say_what_every_match_holds),
	    cmocka_unit_test(a_piece_brings_its_check_to_the_group_it_fills),
	    cmocka_unit_test(a_pattern_begins_only_with_its_first_bytes),
	    cmocka_unit_test(what_is_refused_is_named_at_its_byte),
	    cmocka_unit_test(narrow_repetition_needs_no_bound),
	    cmocka_unit_test(nesting_and_size_have_their_limits),
	    cmocka_unit_test(checks_are_those_of_their_kind),
	    cmocka_unit_test(every_way_of_reading_is_shown_until_told_to_stop),
	    cmocka_unit_test(literals_are_kept_in_turn_and_the_longest_of_many),
	    cmocka_unit_test(a_limit_of_length_in_front_is_told_apart),
	    cmocka_unit_test(a_limit_of_length_means_what_it_says),
	    cmocka_unit_test(a_search_without_end_hits_its_limit),
	};

	return cmocka_run_group_tests_name("pattern", tests, NULL, NULL);
}
