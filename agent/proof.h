/* SPDX-License-Identifier: Apache-2.0 */
/* proof: whether the rules of a set do what their files say: every example
 * matches with the fields named and in one way only, no near miss matches,
 * every ambiguous line has two readings. Needs the trees of the set. */
#ifndef ASSAY_PROOF_H
#define ASSAY_PROOF_H

#include <stddef.h>

#include "assay/problems.h"

#include "match.h"
#include "ruleset.h"

struct proof_counts {
	size_t examples;
	size_t near_misses;
	size_t ambiguous;
	size_t failed; /* lines that did not do what they should */
};

/* Try the lines of one rule, or of all; add to counts. What fails is an error
 * in p. */
void proof_rule(struct match *m, const struct rule *rule, struct problems *p,
    struct proof_counts *counts);
void proof_set(struct match *m, const struct ruleset *s, struct problems *p,
    struct proof_counts *counts);

#endif
