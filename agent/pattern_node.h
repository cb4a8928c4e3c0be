/* SPDX-License-Identifier: Apache-2.0 */
/* pattern_node: what the files of pattern share: the tree a pattern is parsed
 * into, and the state of the parse. For pattern*.c only. */
#ifndef ASSAY_PATTERN_NODE_H
#define ASSAY_PATTERN_NODE_H

#include "assay/arena.h"
#include "assay/buf.h"

#include "byteset.h"
#include "pattern.h"

#define PATTERN_UNBOUNDED (~0u)

enum pattern_node_kind {
	PATTERN_SET,	/* one byte out of set */
	PATTERN_CONCAT, /* children in turn; a group is one as well */
	PATTERN_ALT,	/* one of the children */
	PATTERN_REPEAT, /* the one child, min to max times */
	PATTERN_NOTHING /* takes no byte: look-around, \b */
};

struct pattern_node {
	enum pattern_node_kind kind;
	struct byteset set;
	unsigned min;
	unsigned max;
	struct pattern_node *first; /* children */
	struct pattern_node *next;  /* sibling */
};

struct pattern_parser {
	struct slice text;
	size_t at;
	struct buf out; /* expanded */
	pattern_find_fn find;
	const void *pieces;
	struct arena nodes;
	struct pattern_group groups[PATTERN_GROUPS_MAX];
	size_t group_count;
	unsigned depth;
	const struct pattern_piece *piece; /* we are inside of */
	size_t piece_at;		   /* and where it was named */
	struct arena *arena;
	struct pattern_error *error;
};

/* Name what is wrong at a byte of the pattern as written. Returns -1. */
int pattern_refuse(struct pattern_parser *s, size_t at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A new node, or NULL after naming the lack of memory. */
struct pattern_node *pattern_node_new(
    struct pattern_parser *s, enum pattern_node_kind kind);

/* pattern_class.c: a class at '[' and an escape at the backslash, each copied
 * to the expanded pattern. NULL after naming what is wrong. */
struct pattern_node *pattern_class(struct pattern_parser *s);
struct pattern_node *pattern_escape(struct pattern_parser *s);

/* pattern_facts.c: what can be said of a parsed pattern. -1 when memory is
 * short. */
int pattern_measure(struct pattern_facts *out, const struct pattern_node *root,
    struct arena *arena);

static inline bool
pattern_more(const struct pattern_parser *s)
{
	return s->at < s->text.len;
}

static inline char
pattern_peek(const struct pattern_parser *s)
{
	return pattern_more(s) ? s->text.ptr[s->at] : '\0';
}

/* Append what was read since byte from to the expanded pattern. */
static inline void
pattern_copy(struct pattern_parser *s, size_t from)
{
	buf_put(&s->out, (struct slice){s->text.ptr + from, s->at - from});
}

#endif
