/* SPDX-License-Identifier: Apache-2.0 */
/* pattern: the language of `match:` and `ignore:`, a subset of PCRE2 in which
 * every reading can be found and no text makes a match expensive. Knows how a
 * pattern is written, what {pieces} in it mean, and what can be said of it
 * without running it (facts): which bytes a message must begin with and hold.
 *
 * Allowed: literal bytes, ., classes, \d \w \s \D \W \S \t \xNN, groups, named
 * groups, alternatives, greedy and lazy quantifiers, look-around, \b. Refused
 * with the reason: what hides readings (atomic groups, possessive quantifiers,
 * verbs), what is not needed when the whole message is matched (^ $ \A \z),
 * back references, options, recursion, and repetition without an upper bound
 * unless it is of narrow characters (at most 70 different ones, no blank). */
#ifndef ASSAY_PATTERN_H
#define ASSAY_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#include "assay/arena.h"
#include "assay/buf.h"
#include "assay/slice.h"

#include "byteset.h"

#define PATTERN_MAX ((size_t)4096) /* bytes, as written and expanded */
#define PATTERN_GROUPS_MAX 64	   /* capturing groups, pieces included */
#define PATTERN_LITERALS_MAX 8	   /* that facts keep */

/* What the text of a piece must pass beyond its pattern. */
enum pattern_check {
	PATTERN_ANY,
	PATTERN_IP,   /* inet_pton takes it */
	PATTERN_PORT, /* 0 to 65535 */
	PATTERN_INT,  /* fits 2^53 */
};

struct pattern_piece {
	const char *name;
	const char *pattern; /* of this language, without named groups */
	enum pattern_check check;
};

/* A capturing group of the expanded pattern. */
struct pattern_group {
	const char *name; /* NULL: a piece that stands in no named group */
	enum pattern_check check;
	size_t at; /* byte of the pattern as written */
};

struct pattern_facts {
	const char *expanded; /* with its pieces written out */
	const char *code; /* for PCRE2, to be wrapped in \A(?:...)\z: expanded
			     without a leading (?!.{N}), see below */
	size_t below;	  /* N: such a pattern takes no message whose first N
			     bytes hold no LF; 0 for others */
	const struct pattern_group *groups; /* groups[0] is number 1 */
	size_t group_count;
	size_t min_len;	     /* no shorter message can match */
	size_t fixed;	     /* literal bytes every match holds */
	struct slice prefix; /* every match begins with it; may be empty */
	const struct slice *literals; /* every match holds these behind the
					 prefix, in turn */
	size_t literal_count;
	struct byteset first; /* bytes a match can begin with; meaningless
				 when min_len is 0 */
};

struct pattern_error {
	size_t at;	    /* byte of the pattern as written */
	struct slice piece; /* the name of a piece that does not exist */
	char text[256];
};

/* Find a piece by name; NULL when there is none. */
typedef const struct pattern_piece *(*pattern_find_fn)(
    const void *pieces, struct slice name);

/* Check, expand and measure a pattern. All of *out comes from the arena.
 * Returns 0, or -1 with the first thing that is wrong. */
int pattern_parse(struct pattern_facts *out, struct slice text,
    pattern_find_fn find, const void *pieces, struct arena *arena,
    struct pattern_error *error);

/* True when text passes the check. */
bool pattern_check(enum pattern_check check, struct slice text);

/* Whether a match can begin with the byte. */
static inline bool
pattern_begins(const struct pattern_facts *facts, unsigned char byte)
{
	return facts->min_len == 0 || byteset_has(&facts->first, byte);
}

#endif
