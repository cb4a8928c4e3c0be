/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a file that people wrote: parsed or refused with a reason; what
 * was parsed can be walked, read by every reader and reported on. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "assay/encode.h"
#include "assay/problems.h"
#include "assay/tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
read_every_way(struct problems *p, const struct tree_node *n)
{
	static const char *const words[] = {"auth", "audit", NULL};
	struct slice text;
	int64_t number;
	size_t index;
	bool flag;

	tree_string(p, n, &text);
	tree_int(p, n, -10, 1000, &number);
	tree_bool(p, n, &flag);
	tree_duration(p, n, &number);
	tree_millionths(p, n, &number);
	tree_word(p, n, words, &index);
	tree_keys(p, n, words);
	tree_problem_at(p, n, tree_text(n).len / 2, "x");
}

static size_t
walk(struct problems *p, const struct tree_node *n, unsigned depth)
{
	size_t nodes = 1;

	assert(depth <= TREE_DEPTH_MAX);
	assert(tree_line(n) > 0 && tree_column(n) > 0);
	/* Each problem costs time; a few dozen tell as much. */
	if (problems_errors(p) < 30)
		read_every_way(p, n);
	for (size_t i = 0; i < tree_count(n); i++) {
		const struct tree_node *key = tree_key(n, i);

		if (key) {
			assert(tree_kind(key) == TREE_SCALAR);
			nodes++;
		}
		nodes += walk(p, tree_item(n, i), depth + 1);
	}
	return nodes;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = {(const char *)data, size};
	struct problems *p = problems_new();
	struct tree *t = tree_parse("f.yml", text, p);
	struct buf b = {0};

	assert((t == NULL) == (problems_errors(p) > 0));
	if (t)
		assert(walk(p, tree_root(t), 0) <= TREE_NODES_MAX + 1);
	problems_print(p, &b);
	/* A person can look at all of it. */
	assert(encode_is_utf8(buf_slice(&b)));
	for (size_t i = 0; i < b.len; i++)
		assert((unsigned char)b.ptr[i] >= 0x20 || b.ptr[i] == '\n');
	buf_reset(&b);
	problems_json(p, &b);
	buf_clear(&b);
	tree_free(t);
	problems_free(p);
	return 0;
}
