/* SPDX-License-Identifier: Apache-2.0 */
/* ruleset_index: the patterns of one program by the first byte of a message,
 * each with its filter. Immutable. */
#ifndef ASSAY_RULESET_INDEX_H
#define ASSAY_RULESET_INDEX_H

#include <stdint.h>

#include "assay/arena.h"
#include "assay/slice.h"

#include "filter.h"
#include "rule.h"

#define RULESET_INDEX_END UINT16_MAX

struct ruleset_index;

/* An index of the patterns, all of the arena's memory; NULL when that is short
 * or there are too many. Borrows the patterns. */
const struct ruleset_index *ruleset_index_new(struct arena *arena,
    const struct rule_pattern *const *patterns, size_t count);

/* Patterns that may match, in order. */
struct ruleset_candidates {
	const struct filter *filters;
	const uint16_t *next;
};

/* Those that may match the message by its first byte. */
struct ruleset_candidates ruleset_index_find(
    const struct ruleset_index *x, struct slice message);

/* The next one, or NULL at the end. */
static inline const struct filter *
ruleset_candidate(struct ruleset_candidates *c)
{
	if (*c->next == RULESET_INDEX_END)
		return NULL;
	return &c->filters[*c->next++];
}

#endif
