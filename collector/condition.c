/* SPDX-License-Identifier: Apache-2.0 */
#include "condition.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "assay/slice.h"

#define NUMBER_MAX (INT64_C(1) << 53)
#define NET_MAX 64 /* bytes of the text of a network, and a NUL */

static int
check_scalar(struct problems *p, const struct tree_node *n)
{
	if (tree_kind(n) != TREE_SCALAR || tree_is_null(n))
		return tree_problem(p, n, "a plain value is expected here");
	return 0;
}

static int
check_each(struct problems *p, const struct tree_node *list,
    int (*check)(struct problems *p, const struct tree_node *n))
{
	int result = 0;

	if (tree_count(list) == 0)
		return tree_problem(p, list,
		    "the list is empty, so nothing can be one of it: name at "
		    "least one value");
	for (size_t i = 0; i < tree_count(list); i++)
		if (check(p, tree_item(list, i)))
			result = -1;
	return result;
}

static int
check_range(struct problems *p, const struct tree_node *n)
{
	int64_t ends[2];

	if (tree_kind(n) != TREE_LIST || tree_count(n) != 2)
		return tree_problem(p, n,
		    "a range is two whole numbers, the least and the "
		    "greatest: [lo, hi]");
	for (size_t i = 0; i < 2; i++)
		if (tree_int(
			p, tree_item(n, i), -NUMBER_MAX, NUMBER_MAX, &ends[i]))
			return -1;
	if (ends[0] > ends[1])
		return tree_problem(
		    p, n, "the range is empty: write the least number first");
	return 0;
}

/* Are all bits of the address from the given one on zero? */
static bool
is_zero_from(const unsigned char *address, size_t len, size_t bit)
{
	for (; bit < len * 8; bit++)
		if (address[bit / 8] & (0x80u >> bit % 8))
			return false;
	return true;
}

static int
check_net(struct problems *p, const struct tree_node *n)
{
	struct slice text = tree_text(n);
	size_t slash = slice_find(text, '/'), len;
	unsigned char address[16];
	unsigned long long bits;
	char host[NET_MAX];

	snprintf(host, sizeof host, "%.*s", (int)slash, text.ptr);
	if (tree_kind(n) == TREE_SCALAR && slash > 0 && slash < sizeof host &&
	    inet_pton(AF_INET, host, address) == 1)
		len = 4;
	else if (tree_kind(n) == TREE_SCALAR && slash > 0 &&
		 slash < sizeof host && inet_pton(AF_INET6, host, address) == 1)
		len = 16;
	else
		return tree_problem(p, n,
		    "a network is expected here, like 192.0.2.0/24 or "
		    "2001:db8::/32");
	if (slash == text.len)
		return 0;
	if (!slice_uint(slice_from(text, slash + 1), len * 8, &bits))
		return tree_problem(p, n,
		    "the length of the network is a number up to %zu", len * 8);
	if (!is_zero_from(address, len, bits))
		return tree_problem(p, n,
		    "the address has bits beyond /%llu: write the first "
		    "address of the network",
		    bits);
	return 0;
}

static int
check_cidr(struct problems *p, const struct tree_node *n)
{
	return tree_kind(n) == TREE_LIST ? check_each(p, n, check_net)
					 : check_net(p, n);
}

static int
check_exists(struct problems *p, const struct tree_node *n)
{
	bool exists;

	return tree_bool(p, n, &exists);
}

static int
check_in(struct problems *p, const struct tree_node *n)
{
	struct slice text;

	if (tree_string(p, n, &text))
		return -1;
	if (!slice_starts(text, SLICE("register:")) || text.len == 9)
		return tree_problem(p, n,
		    "write \"register:NAME\", the register whose rows hold "
		    "the values");
	return 0;
}

/* What may stand inside {not: ...}; the last is only for outside. */
static int check_inner(struct problems *p, const struct tree_node *n);

static const char *const tests[] = {
    "range", "cidr", "exists", "in", "not", NULL};
static int (*const check_test[])(
    struct problems *p, const struct tree_node *n) = {
    check_range, check_cidr, check_exists, check_in, check_inner};

static int
check_tests(struct problems *p, const struct tree_node *n)
{
	if (tree_keys(p, n, tests))
		return -1;
	if (tree_count(n) != 1)
		return tree_problem(p, n,
		    "exactly one of range, cidr, exists, in and not is "
		    "expected here");
	for (size_t i = 0; tests[i]; i++)
		if (tree_get(n, tests[i]))
			return check_test[i](p, tree_get(n, tests[i]));
	return 0;
}

static int
check_condition(struct problems *p, const struct tree_node *n)
{
	if (tree_kind(n) == TREE_LIST)
		return check_each(p, n, check_scalar);
	if (tree_kind(n) == TREE_MAP)
		return check_tests(p, n);
	if (tree_is_null(n))
		return tree_problem(p, n,
		    "a value is expected here; for a field that must be "
		    "absent write {exists: false}");
	return 0;
}

static int
check_inner(struct problems *p, const struct tree_node *n)
{
	if (tree_get(n, "not"))
		return tree_problem(p, tree_get(n, "not"),
		    "'not' stands inside 'not': write the condition itself");
	return check_condition(p, n);
}

int
condition_check(struct problems *p, const struct tree_node *where)
{
	int result = 0;

	if (tree_map(p, where, "a map of fields and what they must be"))
		return -1;
	for (size_t i = 0; i < tree_count(where); i++)
		if (check_condition(p, tree_item(where, i)))
			result = -1;
	return result;
}

void
condition_registers_of(const struct tree_node *n,
    void (*each)(void *arg, const struct tree_node *n, struct slice name),
    void *arg)
{
	const struct tree_node *in;

	if (tree_get(n, "not"))
		n = tree_get(n, "not");
	in = tree_get(n, "in");
	if (in && slice_starts(tree_text(in), SLICE("register:")))
		each(arg, in, slice_from(tree_text(in), 9));
}

void
condition_registers(const struct tree_node *where,
    void (*each)(void *arg, const struct tree_node *n, struct slice name),
    void *arg)
{
	for (size_t i = 0; i < tree_count(where); i++)
		condition_registers_of(tree_item(where, i), each, arg);
}
