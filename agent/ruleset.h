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

/* The i-th pattern of a bucket that may match a message beginning with byte
 * first (-1: the empty message), in the order of the files; NULL at the end.
 * Others cannot match. */
const struct rule_pattern *ruleset_candidate(
    const struct ruleset_bucket *b, int first, size_t i);

#endif
