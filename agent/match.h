/* SPDX-License-Identifier: Apache-2.0 */
/* match: one line and the rules in force -> the events it is. Keeps no state
 * from line to line but its counters; allocates nothing per line.
 *
 * A line gives at most one event of a kind. An event is ambiguous when its
 * pattern reads the line in two ways with different values, when a limit was
 * hit while looking for the second way, when two rules give the kind with
 * different outcome or fields, or when the message is longer than the window.
 * A limit hit before the first reading makes no event, and is counted. */
#ifndef ASSAY_MATCH_H
#define ASSAY_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assay/err.h"
#include "assay/slice.h"
#include "assay/vocab.h"

#include "header.h"
#include "ruleset.h"

#define MATCH_EVENTS_MAX 8 /* of one line */
#define MATCH_WINDOW                                            \
	((size_t)8192) /* bytes of a message that are looked at \
			*/

enum match_kind {
	MATCH_EVENT,	  /* count >= 1 */
	MATCH_IGNORED,	  /* known, and of no interest */
	MATCH_UNKNOWN,	  /* a program with rules, a line none of them knows */
	MATCH_NO_PROGRAM, /* no rule file names the program, or no header */
};

struct match_field {
	const struct vocab_field *field;
	struct vocab_value value; /* text borrows the line or the rule set */
};

struct match_event {
	const struct rule *rule;
	bool ambiguous;
	size_t field_count;
	struct match_field fields[VOCAB_FIELDS_MAX]; /* vocabulary's order */
};

struct match_result {
	enum match_kind kind;
	bool closed;	     /* the program's file says every line is known */
	bool cut;	     /* the message was longer than MATCH_WINDOW */
	unsigned limit_hits; /* patterns that gave up on this line */
	unsigned dropped;    /* events beyond MATCH_EVENTS_MAX */
	size_t count;
	struct match_event events[MATCH_EVENTS_MAX];
};

struct match_counts {
	uint64_t candidates; /* the pattern was run */
	uint64_t matches;    /* and matched */
	uint64_t limit_hits; /* and gave up */
};

struct match;

/* A new matcher over s, which must outlive it; NULL when memory is short. Not
 * to be shared between threads. */
struct match *match_new(const struct ruleset *s);

/* The same, but patterns are interpreted: for few lines, such as examples,
 * which are not worth the time and memory that machine code takes. */
struct match *match_new_plain(const struct ruleset *s);
void match_free(struct match *m);

/* Read one line. *out borrows from h's line until the line goes. */
enum match_kind match_line(
    struct match *m, const struct header *h, struct match_result *out);

/* The same answer, found by trying every pattern of the program in turn: what
 * the fast way is held against. */
enum match_kind match_line_plain(
    struct match *m, const struct header *h, struct match_result *out);

/* Try one pattern alone on a message: true when it matches, with its event (of
 * a rule) in *out. For examples and explanations. */
bool match_pattern(struct match *m, const struct rule_pattern *pattern,
    const struct header *h, struct match_event *out, bool *limit_hit);

/* The bucket of a program that has rules; NULL for others. */
const struct ruleset_bucket *match_bucket(
    const struct match *m, struct slice program);

/* Counters of ruleset_pattern(s, i), since match_new. */
struct match_counts match_counts(const struct match *m, size_t i);

#endif
