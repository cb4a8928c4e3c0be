/* SPDX-License-Identifier: Apache-2.0 */
/* ruleset: all rules in force: the vocabulary, the pieces, the rule files of
 * some directories, and for each program the bucket of patterns a line of it
 * may match. Immutable once loaded; a set that does not pass its own examples
 * does not exist. Later directories go before earlier ones: a file of the same
 * path (auth/sshd.yml) replaces the earlier one whole, and an empty one turns
 * it off. */
#ifndef ASSAY_RULESET_H
#define ASSAY_RULESET_H

#include <stdbool.h>
#include <stddef.h>

#include "assay/err.h"
#include "assay/problems.h"
#include "assay/slice.h"
#include "assay/vocab.h"

#include "rule.h"
#include "ruleset_index.h"

struct ruleset;

struct ruleset_options {
	const char *const *dirs; /* NULL-terminated; a missing one is refused */
	const char *const *files; /* instead of all rule files of dirs: just
				     these; or NULL */
	bool keep_trees; /* for explain and proof counts; costs memory */
};

/* A file of the set, for the record of what is in force. */
struct ruleset_file {
	const char *path; /* relative to its directory, sorted by bytes */
	struct slice text;
};

/* Patterns a line of one program may match. */
struct ruleset_bucket;

/* A new set, or NULL: then p names what is wrong with the files, or err says
 * why they could not be read at all. Warnings may be in p either way. */
struct ruleset *ruleset_load(
    const struct ruleset_options *o, struct problems *p, struct err *err);
void ruleset_free(struct ruleset *s);

/* The parts ruleset_load is made of (ruleset_load.c reads, ruleset.c keeps): a
 * new empty set; take what was read, each taking its argument even on failure;
 * and at the end name the patterns, check that ids are unique and fill the
 * buckets. -1 on lack of memory, or with what is wrong in p. */
struct piece_set;
struct ruleset *ruleset_new(void);
struct arena *ruleset_arena(struct ruleset *s);
void ruleset_take_vocab(struct ruleset *s, struct vocab *vocab);
void ruleset_take_pieces(struct ruleset *s, struct piece_set *pieces);
int ruleset_take_file(struct ruleset *s, const struct rule_file *file);
int ruleset_add_text(struct ruleset *s, const char *path, struct slice text);
int ruleset_take_tree(struct ruleset *s, struct tree *t);
int ruleset_seal(struct ruleset *s, struct problems *p);
void ruleset_drop_trees(struct ruleset *s);
const struct piece_set *ruleset_pieces(const struct ruleset *s);

/* All below borrow from the set. Each walks i from 0 until NULL. */
const struct rule_file *ruleset_rule_file(const struct ruleset *s, size_t i);
const struct ruleset_file *ruleset_file(const struct ruleset *s, size_t i);
const struct rule *ruleset_rule(const struct ruleset *s, size_t i);
const struct rule_pattern *ruleset_pattern(const struct ruleset *s, size_t i);

const struct rule *ruleset_find(const struct ruleset *s, const char *id);
const struct vocab *ruleset_vocab(const struct ruleset *s);
size_t ruleset_rules(const struct ruleset *s);	  /* how many */
size_t ruleset_patterns(const struct ruleset *s); /* rules and ignore */
size_t ruleset_ignores(const struct ruleset *s);

/* False when this machine refuses to run compiled patterns (for example
 * MemoryDenyWriteExecute=): matching then works, several times slower. */
bool ruleset_jit(const struct ruleset *s);

/* The bucket of a program, or NULL when no rule file names it. */
const struct ruleset_bucket *ruleset_bucket(
    const struct ruleset *s, struct slice program);

/* True when a file that names the bucket's program says `closed: true`. */
bool ruleset_closed(const struct ruleset_bucket *b);

/* The patterns of a bucket that may match the message by its first byte, in the
 * order of the files. The others cannot match. */
struct ruleset_candidates ruleset_candidates(
    const struct ruleset_bucket *b, struct slice message);

#endif
