/* SPDX-License-Identifier: Apache-2.0 */
/* tree: a YAML file people wrote, as maps, lists and scalars that remember
 * where they stand. Knows the subset of YAML we read and refuses the rest:
 * aliases, anchors, tags, directives, merge keys, duplicate keys, keys that are
 * not strings, several documents, lone carriage returns, other encodings than
 * UTF-8. Limits: 256 KiB, depth 16, 20,000 nodes, 64 KiB a scalar. Plain
 * scalars mean what YAML 1.2 core says (yes, no, on, off are strings); quoted
 * ones are strings. Nothing here knows what a file is about. */
#ifndef ASSAY_TREE_H
#define ASSAY_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assay/err.h"
#include "assay/problems.h"
#include "assay/slice.h"

#define TREE_FILE_MAX ((size_t)256 * 1024)
#define TREE_DEPTH_MAX 16
#define TREE_NODES_MAX 20000
#define TREE_SCALAR_MAX ((size_t)64 * 1024)

enum tree_kind { TREE_SCALAR, TREE_MAP, TREE_LIST };

struct tree;
struct tree_node;

/* A new tree of the text (copied), or NULL with everything that is wrong in p.
 * name is how messages call the file (copied). An empty file, or one with
 * comments only, is a tree whose root is null. */
struct tree *tree_parse(
    const char *name, struct slice text, struct problems *p);

/* The same for the file at path; its messages call it name. What cannot be read
 * is a problem as well. */
struct tree *tree_read(const char *path, const char *name, struct problems *p);
void tree_free(struct tree *t);

/* All below borrow from the tree. */
const struct tree_node *tree_root(const struct tree *t);
const char *tree_name(const struct tree *t);
struct slice tree_source(const struct tree *t);

enum tree_kind tree_kind(const struct tree_node *n);
size_t tree_line(const struct tree_node *n);   /* from 1 */
size_t tree_column(const struct tree_node *n); /* from 1, in characters */

/* Text of a scalar as written (quotes and escapes resolved); empty for a map or
 * list. */
struct slice tree_text(const struct tree_node *n);
bool tree_quoted(const struct tree_node *n);

/* What a scalar is by the YAML 1.2 core schema; maps and lists are neither. */
enum tree_meaning {
	TREE_IS_STRING,
	TREE_IS_NULL, /* plain and empty, ~ or null */
	TREE_IS_BOOL, /* plain true or false */
	TREE_IS_NUMBER,
	TREE_IS_NOT_SCALAR,
};
enum tree_meaning tree_meaning(const struct tree_node *n);
bool tree_is_null(const struct tree_node *n);

/* Entries of a map or list (0 for a scalar); the i-th key of a map (NULL for a
 * list) and the i-th value or item. */
size_t tree_count(const struct tree_node *n);
const struct tree_node *tree_key(const struct tree_node *n, size_t i);
const struct tree_node *tree_item(const struct tree_node *n, size_t i);

/* Value of a key of a map; NULL when there is none, or n is NULL or no map. */
const struct tree_node *tree_get(const struct tree_node *n, const char *key);

/* The tree a node belongs to. */
const struct tree *tree_of(const struct tree_node *n);

/* Report against a node. Returns -1, so that a function can `return
 * tree_problem(...)`. */
int tree_problem(struct problems *p, const struct tree_node *n,
    const char *format, ...) __attribute__((format(printf, 3, 4)));
void tree_warning(struct problems *p, const struct tree_node *n,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Report against a place within a node's text (at: byte offset) where that can
 * be found in the source; else against the node. */
int tree_problem_at(struct problems *p, const struct tree_node *n, size_t at,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The readers below check what stands there and report what they find wrong.
 * They return 0, or -1 with *value untouched and the problem in p. */

/* n is a map and has no other keys than known (NULL-terminated); each unknown
 * one is reported with the nearest known key. */
int tree_keys(
    struct problems *p, const struct tree_node *n, const char *const *known);

/* Report one key that is none of the known, as tree_keys does; -1. */
int tree_unknown_key(
    struct problems *p, const struct tree_node *key, const char *const *known);

/* Value of a key that must be there; NULL and a problem when it is not. */
const struct tree_node *tree_need(
    struct problems *p, const struct tree_node *n, const char *key);

/* n is a map, or a list. what names it in the message ("a rule"). */
int tree_map(struct problems *p, const struct tree_node *n, const char *what);
int tree_list(struct problems *p, const struct tree_node *n, const char *what);

/* A string of at least one byte. Plain text that YAML reads as a number, a
 * boolean or null must be quoted; plain text that YAML 1.1 tools would read as
 * something else (no, on, 12:30) gets a warning. The slice borrows. */
int tree_string(
    struct problems *p, const struct tree_node *n, struct slice *value);

/* A string, or a list of at least one string: calls each in turn. */
int tree_strings(struct problems *p, const struct tree_node *n,
    int (*each)(void *arg, const struct tree_node *n, struct slice text),
    void *arg);

int tree_int(struct problems *p, const struct tree_node *n, int64_t min,
    int64_t max, int64_t *value);
int tree_bool(struct problems *p, const struct tree_node *n, bool *value);

/* "24h", "30m", "90s", "7d", "-120s": a whole number and a unit d h m s; or
 * several, largest first: "1h30m". Microseconds. Plain 0 is allowed. */
int tree_duration(struct problems *p, const struct tree_node *n, int64_t *us);

/* A decimal from 0 to 1 with at most six places, in millionths. */
int tree_millionths(
    struct problems *p, const struct tree_node *n, int64_t *value);

/* One of the words (NULL-terminated); its index. The nearest is suggested. */
int tree_word(struct problems *p, const struct tree_node *n,
    const char *const *words, size_t *index);

/* The duration form above without a tree; false leaves *us. */
bool tree_parse_duration(struct slice text, int64_t *us);

#endif
