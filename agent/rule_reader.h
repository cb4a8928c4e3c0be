/* SPDX-License-Identifier: Apache-2.0 */
/* rule_reader: what the files of rule share while one rule file is read. For
 * rule*.c only. */
#ifndef ASSAY_RULE_READER_H
#define ASSAY_RULE_READER_H

#include "rule.h"

struct rule_reader {
	struct rule_file *file;
	const struct vocab *vocab;
	const struct piece_set *pieces;
	struct arena *arena;
	struct problems *problems;
	struct slice framework;
	rule_texts prefixes; /* the program puts these before its texts */
};

static inline int
rule_no_memory(struct rule_reader *r, const struct tree_node *n)
{
	return tree_problem(r->problems, n, "out of memory");
}

/* rule_field.c: the fields of a rule whose kind and pattern are read, from the
 * groups of the pattern (match: its node) and from `set:` (or NULL). */
int rule_fields(struct rule_reader *r, struct rule *rule,
    const struct tree_node *match, const struct tree_node *set);

#endif
