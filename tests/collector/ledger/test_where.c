/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <string.h>

#include "assay/problems.h"
#include "condition.h"
#include "ledger/where.h"

/* An occurrence with four fields and a register of two leavers. */
static const char *
value(const void *occurrence, const char *field)
{
	(void)occurrence;
	if (strcmp(field, "user") == 0)
		return "alice";
	if (strcmp(field, "remote") == 0)
		return "true";
	if (strcmp(field, "port") == 0)
		return "-22";
	if (strcmp(field, "src_ip") == 0)
		return "192.0.2.130";
	return strcmp(field, "src6") == 0 ? "2001:db8::1" : NULL;
}

static bool
holds(void *registers, const char *name, const char *column, const char *text)
{
	(void)registers;
	return strcmp(name, "leavers") == 0 && strcmp(column, "user") == 0 &&
	       (strcmp(text, "alice") == 0 || strcmp(text, "bob") == 0);
}

static bool
clause_holds(const char *yaml)
{
	struct problems *p = problems_new();
	struct tree *t = tree_parse("clause", slice_of(yaml), p);
	struct names *n = names_new();
	struct arena a = {0};
	const struct where_subject subject = {value, NULL, holds, NULL};
	struct where *w;
	bool result;

	assert_non_null(t);
	assert_int_equal(condition_check(p, tree_root(t)), 0);
	w = where_new(&a, n, tree_root(t));
	assert_non_null(w);
	result = where_holds(w, &subject);
	arena_clear(&a);
	names_free(n);
	tree_free(t);
	problems_free(p);
	return result;
}

static void
clauses_mean_what_they_say(void **state)
{
	static const struct {
		const char *clause;
		bool holds;
	} cases[] = {
	    {"{user: alice}", true},
	    {"{user: Alice}", false},
	    {"{user: alice, remote: true}", true},
	    {"{user: alice, remote: false}", false},
	    {"{user: [bob, alice]}", true},
	    {"{user: [bob, carol]}", false},
	    {"{port: -22}", true},
	    {"{port: {range: [-30, -22]}}", true},
	    {"{port: {range: [-21, 0]}}", false},
	    {"{user: {range: [0, 9]}}", false},
	    {"{src_ip: {cidr: 192.0.2.128/25}}", true},
	    {"{src_ip: {cidr: 192.0.2.0/25}}", false},
	    {"{src_ip: {cidr: [10.0.0.0/8, 192.0.2.130]}}", true},
	    {"{src_ip: {cidr: \"::/0\"}}", false},
	    {"{src6: {cidr: \"2001:db8::/127\"}}", true},
	    {"{src6: {cidr: \"2001:db8::2/127\"}}", false},
	    {"{user: {cidr: 0.0.0.0/0}}", false},
	    {"{user: {exists: true}}", true},
	    {"{user: {exists: false}}", false},
	    {"{absent: {exists: false}}", true},
	    {"{absent: alice}", false},
	    {"{absent: {not: alice}}", true},
	    {"{absent: {not: {exists: false}}}", false},
	    {"{user: {not: alice}}", false},
	    {"{user: {not: [bob, carol]}}", true},
	    {"{user: {in: \"register:leavers\"}}", true},
	    {"{user: {not: {in: \"register:leavers\"}}}", false},
	    {"{user: {in: \"register:others\"}}", false},
	    {"{src_ip: {in: \"register:leavers\"}}", false},
	    {"{}", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (clause_holds(cases[i].clause) != cases[i].holds)
			fail_msg(
			    "%s should be %d", cases[i].clause, cases[i].holds);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(clauses_mean_what_they_say),
	};

	return cmocka_run_group_tests_name("where", tests, NULL, NULL);
}
