/* SPDX-License-Identifier: Apache-2.0 */
/* A check file from anybody: parsed, strictly and tolerantly, and every clause
 * of every check asked about an occurrence. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "assay/problems.h"
#include "assay/tree.h"
#include "ledger/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *
value(const void *occurrence, const char *field)
{
	(void)occurrence;
	return *field == 'u' ? "alice" : *field == 's' ? "192.0.2.9" : NULL;
}

static bool
holds(void *registers, const char *name, const char *column, const char *text)
{
	(void)registers;
	(void)name;
	return *column == *text;
}

static void
ask(const struct check *c)
{
	const struct where_subject subject = {value, NULL, holds, NULL};
	int64_t millionths;

	assert(c->id && c->control && c->of.event && c->of.where);
	assert(c->watch_count > 0 && c->grace_us >= 0);
	where_holds(c->of.where, &subject);
	for (size_t i = 0; i < c->need_count; i++)
		where_holds(c->needs[i].where, &subject);
	if (c->kind == CHECK_SHARE) {
		where_holds(c->good.where, &subject);
		assert(check_share(slice_of(c->at_least_text), &millionths));
		assert(millionths == c->at_least);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct problems *p = problems_new();
	struct names *n = names_new();
	struct check_set *s = n ? check_set_new(n) : NULL;
	struct tree *t = NULL;
	struct buf out = {0};
	const struct check *c;

	if (!p || !s)
		goto done;
	t = tree_parse("fuzz.yml", (struct slice){(const char *)data, size}, p);
	if (t && check_set_add(s, t, NULL, p) == 0) {
		for (size_t i = 0; (c = check_set_at(s, i)); i++) {
			ask(c);
			assert(check_set_find(s, c->id) == c);
			assert(check_set_node(s, i));
		}
	}
	problems_print(p, &out);
done:
	buf_clear(&out);
	tree_free(t);
	check_set_free(s);
	names_free(n);
	problems_free(p);
	return 0;
}
