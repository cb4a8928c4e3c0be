/* SPDX-License-Identifier: Apache-2.0 */
/* reading: the ways in which one pattern can read one message. The only file
 * that knows PCRE2. A pattern is compiled as \A(?:...)\z with a callout behind
 * it: each time a complete match is found the caller judges it, and may ask for
 * the next one. So one search finds the first reading, and the second if there
 * is one. Match, depth and heap limits bound the search. */
#ifndef ASSAY_READING_H
#define ASSAY_READING_H

#include <stdbool.h>
#include <stddef.h>

#include "assay/err.h"
#include "assay/slice.h"

#include "pattern.h"

struct reading_code;  /* one compiled pattern */
struct reading_space; /* what a search needs; one per thread */

/* A new compiled pattern, or NULL with PCRE2's reason. */
struct reading_code *reading_compile(
    const struct pattern_facts *facts, struct err *err);
void reading_code_free(struct reading_code *code);

/* Whether the code runs as machine code. It is made when first asked for, or
 * when a search wants it: most patterns of a rule set never meet a line. */
bool reading_is_jit(struct reading_code *code);

/* Whether this process may run machine code that it made. */
bool reading_can_jit(void);

/* plain: its searches interpret patterns and make no machine code. */
struct reading_space *reading_space_new(bool plain);
void reading_space_free(struct reading_space *space);

/* What to do after a complete match. */
enum reading_next { READING_GO_ON, READING_STOP };

/* Judge one complete match. group(n) is message[at[2n] .. at[2n+1]) for n below
 * count, unset when at[2n] is READING_UNSET; groups from count on are unset. */
#define READING_UNSET (~(size_t)0)
typedef enum reading_next (*reading_fn)(
    void *arg, const size_t *at, size_t count);

enum reading_end {
	READING_DONE,	 /* all readings were shown, or each said stop */
	READING_LIMITED, /* a limit was hit: there may be more */
};

/* Show every complete match of code on message to fn, in PCRE2's order. */
enum reading_end reading_each(struct reading_space *space,
    struct reading_code *code, struct slice message, reading_fn fn, void *arg);

#endif
