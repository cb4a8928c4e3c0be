/* SPDX-License-Identifier: Apache-2.0 */
#include "assay/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assay/arena.h"
#include "assay/buf.h"

#include "tree_node.h"

static int
read_all(int fd, struct buf *b)
{
	struct stat st;

	if (fstat(fd, &st))
		return -1;
	if (!S_ISREG(st.st_mode)) {
		errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
		return -1;
	}
	for (;;) {
		char *room = buf_reserve(b, 65536);
		ssize_t got;

		if (!room) {
			errno = b->len > TREE_FILE_MAX ? EFBIG : ENOMEM;
			return -1;
		}
		got = read(fd, room, 65536);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return (int)got;
		b->len += (size_t)got;
	}
}

struct tree *
tree_read(const char *path, const char *name, struct problems *p)
{
	struct problems_place whole = {.file = name};
	struct buf b;
	struct tree *t = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	buf_init(&b, TREE_FILE_MAX + 2 * 65536);
	if (fd < 0 || read_all(fd, &b))
		problems_add(p, PROBLEMS_ERROR, &whole, "cannot be read: %s",
		    strerror(errno));
	else
		t = tree_parse(name, buf_slice(&b), p);
	if (fd >= 0)
		close(fd);
	buf_clear(&b);
	return t;
}

void
tree_free(struct tree *t)
{
	if (!t)
		return;
	arena_clear(&t->arena);
	free(t);
}

const struct tree_node *
tree_root(const struct tree *t)
{
	return t->root;
}

const char *
tree_name(const struct tree *t)
{
	return t->name;
}

struct slice
tree_source(const struct tree *t)
{
	return t->source;
}

enum tree_kind
tree_kind(const struct tree_node *n)
{
	return n->kind;
}

size_t
tree_line(const struct tree_node *n)
{
	return n->line;
}

size_t
tree_column(const struct tree_node *n)
{
	return n->column;
}

struct slice
tree_text(const struct tree_node *n)
{
	return n->text;
}

bool
tree_quoted(const struct tree_node *n)
{
	return n->quoted;
}

size_t
tree_count(const struct tree_node *n)
{
	return n->count;
}

const struct tree_node *
tree_key(const struct tree_node *n, size_t i)
{
	return n->kind == TREE_MAP ? n->nodes[2 * i] : NULL;
}

const struct tree_node *
tree_item(const struct tree_node *n, size_t i)
{
	return n->kind == TREE_MAP ? n->nodes[2 * i + 1] : n->nodes[i];
}

const struct tree_node *
tree_get(const struct tree_node *n, const char *key)
{
	if (!n || n->kind != TREE_MAP)
		return NULL;
	for (size_t i = 0; i < n->count; i++)
		if (slice_eq_str(n->nodes[2 * i]->text, key))
			return n->nodes[2 * i + 1];
	return NULL;
}

const struct tree *
tree_of(const struct tree_node *n)
{
	return n->tree;
}
