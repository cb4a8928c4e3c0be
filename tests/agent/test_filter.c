/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdlib.h>

#include "filter.h"

static struct filter
filter_of(struct pattern_facts *facts, const char *prefix, const char *literal)
{
	struct filter f;

	facts->prefix = slice_of(prefix);
	facts->min_len = strlen(prefix) + strlen(literal);
	filter_init(&f, NULL, facts, slice_of(literal));
	return f;
}

/* The definition: begins with the one, holds the other behind it. */
static bool
expected(const struct filter *f, struct slice message)
{
	struct slice rest = slice_from(message, f->prefix.len);

	return message.len >= f->min_len && slice_starts(message, f->prefix) &&
	       (f->literal.len == 0 ||
		   memmem(rest.ptr, rest.len, f->literal.ptr, f->literal.len));
}

static void
check(const struct filter *f, const char *bytes, size_t len)
{
	char *copy = malloc(len ? len : 1);
	struct slice message = {copy, len};

	if (len)
		memcpy(copy, bytes, len);
	assert_int_equal(filter_passes(f, message), expected(f, message));
	free(copy);
}

static void
a_message_passes_that_has_prefix_and_literal(void **state)
{
	struct pattern_facts facts = {0};
	struct filter f = filter_of(&facts, "Failed ", " port ");

	(void)state;
	check(&f, "Failed x from y port 7", 22);
	check(&f, "Failed port ", 12);
	assert_false(filter_passes(&f, SLICE("Failed port ")));
	assert_true(filter_passes(&f, SLICE("Failed  port ")));
	check(&f, "", 0);
	check(&f, "Faile", 5);
	check(&f, "failed x from y port 7", 22);
}

static void
long_prefixes_are_compared_whole(void **state)
{
	struct pattern_facts facts = {0};
	struct filter f =
	    filter_of(&facts, "Trying to reuse a previously used", "");

	(void)state;
	assert_true(
	    filter_passes(&f, SLICE("Trying to reuse a previously used code")));
	assert_false(
	    filter_passes(&f, SLICE("Trying to reuse a previously seen code")));
	check(&f, "Trying to reuse ", 16);
	check(&f, "Trying to reuse a", 17);
}

static void
random_messages_agree_with_the_definition(void **state)
{
	(void)state;
	srandom(3);
	for (int round = 0; round < 40000; round++) {
		char prefix[24] = "", literal[8] = "", message[100];
		size_t len = (size_t)random() % sizeof message;
		struct pattern_facts facts = {0};
		struct filter f;

		for (long i = random() % 20; i > 0; i--)
			prefix[i - 1] = (char)('a' + random() % 2);
		for (long i = random() % 6; i > 0; i--)
			literal[i - 1] = (char)('a' + random() % 2);
		f = filter_of(&facts, prefix, literal);
		for (size_t i = 0; i < len; i++)
			message[i] =
			    (char)('a' + random() % 2 + (random() % 40 == 0));
		if (random() % 2 && len >= strlen(prefix))
			memcpy(message, prefix, strlen(prefix));
		check(&f, message, len);
	}
}

static void
the_literal_that_fewest_others_share_is_chosen(void **state)
{
	static const struct slice a[] = {
	    {" from ", 6}, {" port ", 6}, {" ssh2", 5}};
	static const struct slice b[] = {{" from ", 6}, {" port ", 6}};
	static const struct slice c[] = {{" ssh2", 5}};
	struct pattern_facts one = {.literals = a, .literal_count = 3};
	struct pattern_facts two = {.literals = b, .literal_count = 2};
	struct pattern_facts three = {.literals = c, .literal_count = 1};
	const struct pattern_facts *all[] = {&one, &two, &three};

	(void)state;
	one.prefix = two.prefix = SLICE("Failed ");
	three.prefix = SLICE("Accepted ");
	/* No message begins with both prefixes: they do not meet. */
	assert_slice(filter_choose(&one, all, 3), SLICE(" ssh2"));
	/* Of equals the longest, of those the first. */
	three.prefix = SLICE("Failed ");
	assert_slice(filter_choose(&one, all, 3), SLICE(" from "));
	assert_slice(filter_choose(&two, all, 3), SLICE(" from "));
	one.literal_count = 0;
	assert_int_equal(filter_choose(&one, all, 3).len, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_message_passes_that_has_prefix_and_literal),
	    cmocka_unit_test(long_prefixes_are_compared_whole),
	    cmocka_unit_test(random_messages_agree_with_the_definition),
	    cmocka_unit_test(the_literal_that_fewest_others_share_is_chosen),
	};

	return cmocka_run_group_tests_name("filter", tests, NULL, NULL);
}
