/* SPDX-License-Identifier: Apache-2.0 */
#include "where.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mix.h"

struct making {
	struct arena *arena;
	struct names *names;
	bool failed;
};

static const char *
name_of(struct making *m, struct slice text)
{
	const char *name = names_get(m->names, text);

	if (!name)
		m->failed = true;
	return name;
}

/* The nodes of a list, or the one node that is none. */
static size_t
node_count(const struct tree_node *n)
{
	return tree_kind(n) == TREE_LIST ? tree_count(n) : 1;
}

static const struct tree_node *
node_at(const struct tree_node *n, size_t i)
{
	return tree_kind(n) == TREE_LIST ? tree_item(n, i) : n;
}

/* An integer as records print it: no '+', no zeros in front. Other scalars
 * are their text. */
static const char *
value_of(struct making *m, const struct tree_node *n)
{
	struct slice text = tree_text(n);
	int64_t number;
	char digits[32];
	char *end = digits;

	if (tree_meaning(n) != TREE_IS_NUMBER || text.len >= sizeof digits)
		return name_of(m, text);
	memcpy(digits, text.ptr, text.len);
	digits[text.len] = 0;
	number = strtoll(digits, &end, 10);
	if (*end)
		return name_of(m, text);
	snprintf(digits, sizeof digits, "%lld", (long long)number);
	return name_of(m, slice_of(digits));
}

static void
make_values(struct making *m, const struct tree_node *n, struct where_test *t)
{
	t->kind = WHERE_ONE_OF;
	t->values = arena_array(m->arena, node_count(n), sizeof *t->values);
	if (!t->values) {
		m->failed = true;
		return;
	}
	for (size_t i = 0; i < node_count(n); i++)
		t->values[t->value_count++] = value_of(m, node_at(n, i));
}

static bool
make_net(struct slice text, struct where_net *net)
{
	size_t slash = slice_find(text, '/');
	unsigned long long bits;
	char address[64];

	if (slash >= sizeof address)
		return false;
	memcpy(address, text.ptr, slash);
	address[slash] = 0;
	net->family = strchr(address, ':') ? AF_INET6 : AF_INET;
	net->bits = net->family == AF_INET ? 32 : 128;
	if (inet_pton(net->family, address, net->address) != 1)
		return false;
	if (slash == text.len)
		return true;
	if (!slice_uint(slice_from(text, slash + 1), net->bits, &bits))
		return false;
	net->bits = (unsigned)bits;
	return true;
}

static void
make_nets(struct making *m, const struct tree_node *n, struct where_test *t)
{
	t->kind = WHERE_CIDR;
	t->nets = arena_array(m->arena, node_count(n), sizeof *t->nets);
	if (!t->nets) {
		m->failed = true;
		return;
	}
	for (size_t i = 0; i < node_count(n); i++)
		if (make_net(tree_text(node_at(n, i)), &t->nets[t->net_count]))
			t->net_count++;
}

static int64_t
number_of(const struct tree_node *n)
{
	struct slice text = tree_text(n);
	char digits[32] = "";

	if (text.len < sizeof digits)
		memcpy(digits, text.ptr, text.len);
	return strtoll(digits, NULL, 10);
}

static void
make_test(struct making *m, const struct tree_node *n, struct where_test *t)
{
	const struct tree_node *arg;

	if (tree_kind(n) != TREE_MAP) {
		make_values(m, n, t);
	} else if ((arg = tree_get(n, "not"))) {
		t->negated = true;
		make_test(m, arg, t);
	} else if ((arg = tree_get(n, "range"))) {
		t->kind = WHERE_RANGE;
		t->lo = number_of(tree_item(arg, 0));
		t->hi = number_of(tree_item(arg, 1));
	} else if ((arg = tree_get(n, "cidr"))) {
		make_nets(m, arg, t);
	} else if ((arg = tree_get(n, "exists"))) {
		t->kind = WHERE_EXISTS;
		t->exists = slice_eq_str(tree_text(arg), "true");
	} else if ((arg = tree_get(n, "in"))) {
		t->kind = WHERE_REGISTER;
		t->register_name = name_of(m, slice_from(tree_text(arg), 9));
	}
}

struct where *
where_new(struct arena *a, struct names *n, const struct tree_node *node)
{
	struct making m = {a, n, false};
	struct where *w = arena_alloc(a, sizeof *w);
	size_t count = node ? tree_count(node) : 0;

	if (!w)
		return NULL;
	w->tests = arena_array(a, count + 1, sizeof *w->tests);
	if (!w->tests)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		struct where_test *t = &w->tests[w->count++];

		t->field = name_of(&m, tree_text(tree_key(node, i)));
		make_test(&m, tree_item(node, i), t);
	}
	return m.failed ? NULL : w;
}

static bool
is_in_range(const struct where_test *t, const char *value)
{
	char *end = NULL;
	long long number;

	if (*value != '-' && (*value < '0' || *value > '9'))
		return false;
	number = strtoll(value, &end, 10);
	return *end == 0 && end != value && number >= t->lo && number <= t->hi;
}

static bool
is_in_net(const struct where_net *net, const unsigned char *address)
{
	unsigned whole = net->bits / 8, rest = net->bits % 8;

	if (memcmp(address, net->address, whole) != 0)
		return false;
	return rest == 0 ||
	       ((address[whole] ^ net->address[whole]) >> (8 - rest)) == 0;
}

static bool
is_in_nets(const struct where_test *t, const char *value)
{
	int family = strchr(value, ':') ? AF_INET6 : AF_INET;
	unsigned char address[16];

	if (inet_pton(family, value, address) != 1)
		return false;
	for (size_t i = 0; i < t->net_count; i++)
		if (t->nets[i].family == family &&
		    is_in_net(&t->nets[i], address))
			return true;
	return false;
}

static bool
is_one_of(const struct where_test *t, const char *value)
{
	for (size_t i = 0; i < t->value_count; i++)
		if (strcmp(t->values[i], value) == 0)
			return true;
	return false;
}

static bool
test_holds(const struct where_test *t, const struct where_subject *s)
{
	const char *value = s->value(s->occurrence, t->field);

	if (t->kind == WHERE_EXISTS)
		return t->exists == (value != NULL);
	if (!value)
		return false;
	switch (t->kind) {
	case WHERE_RANGE:
		return is_in_range(t, value);
	case WHERE_CIDR:
		return is_in_nets(t, value);
	case WHERE_REGISTER:
		return s->holds(
		    s->registers, t->register_name, t->field, value);
	default:
		return is_one_of(t, value);
	}
}

bool
where_holds(const struct where *w, const struct where_subject *s)
{
	for (size_t i = 0; i < w->count; i++)
		if (test_holds(&w->tests[i], s) == w->tests[i].negated)
			return false;
	return true;
}

bool
where_names(const struct where *w, const char *field)
{
	for (size_t i = 0; i < w->count; i++)
		if (strcmp(w->tests[i].field, field) == 0)
			return true;
	return false;
}

const char *
where_register(const struct where *w, size_t i)
{
	for (size_t k = 0; k < w->count; k++)
		if (w->tests[k].kind == WHERE_REGISTER && i-- == 0)
			return w->tests[k].register_name;
	return NULL;
}

uint64_t
where_hash(const struct where *w, uint64_t hash)
{
	hash = mix(hash, w->count);
	for (size_t i = 0; i < w->count; i++) {
		const struct where_test *t = &w->tests[i];

		hash = mix_pointer(hash, t->field);
		hash = mix(hash, t->kind + 8u * t->negated + 16u * t->exists);
		hash = mix(mix(hash, (uint64_t)t->lo), (uint64_t)t->hi);
		hash = mix_pointer(hash, t->register_name);
		for (size_t k = 0; k < t->value_count; k++)
			hash = mix_pointer(hash, t->values[k]);
		for (size_t k = 0; k < t->net_count; k++) {
			for (size_t j = 0; j < 16; j++)
				hash = mix(hash, t->nets[k].address[j]);
			hash = mix(hash, t->nets[k].bits);
		}
	}
	return hash;
}
