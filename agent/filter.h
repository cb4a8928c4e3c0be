/* SPDX-License-Identifier: Apache-2.0 */
/* filter: what shows, without running a pattern, that it cannot match a
 * message: the message is too short, does not begin with the pattern's prefix,
 * or does not hold a literal that every match holds. Knows how to look for
 * these fast, and which of a pattern's literals tells most. Pure; reads no byte
 * outside the message; what it lets through is for the pattern to decide. */
#ifndef ASSAY_AGENT_FILTER_H
#define ASSAY_AGENT_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assay/slice.h"

#include "pattern.h"

#define FILTER_HEAD 16 /* bytes of a prefix that one comparison sees */

struct rule_pattern;

struct filter {
	const struct rule_pattern *pattern;
	uint8_t head[FILTER_HEAD]; /* the prefix, as far as it goes */
	uint8_t mask[FILTER_HEAD]; /* 0xff where head counts */
	struct slice prefix;	   /* all of it */
	struct slice literal;	   /* anywhere behind it; or empty */
	size_t min_len;
};

/* The filter of one pattern by its facts, with the literal chosen. All borrow
 * from facts. */
void filter_init(struct filter *f, const struct rule_pattern *pattern,
    const struct pattern_facts *facts, struct slice literal);

/* Of a pattern's literals the one that the fewest of the others could share,
 * and of those the longest. others are all patterns of a bucket, the pattern
 * itself may be one of them. Empty when it has none. */
struct slice filter_choose(const struct pattern_facts *facts,
    const struct pattern_facts *const *others, size_t count);

/* False when no match is possible. */
bool filter_passes(const struct filter *f, struct slice message);

#endif
