/* SPDX-License-Identifier: Apache-2.0 */
/* vocab: the closed vocabulary of events (rules/events.yml): which kinds there
 * are, which outcomes and typed fields each may have, which are runs of several
 * lines. Both daemons read it: the agent to check rules, the ledger to judge.
 *
 * A field is typed, and so is its wire form:
 *   string    JSON string (bytes that are not UTF-8 as \xNN)
 *   int       JSON integer, beyond 2^53 its decimal text as a string
 *   bool      JSON true or false
 *   ip        JSON string that inet_pton takes
 *   time      JSON string, the wire form of stamp.h
 *   duration  JSON integer, microseconds */
#ifndef ASSAY_VOCAB_H
#define ASSAY_VOCAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assay/buf.h"
#include "assay/slice.h"
#include "assay/tree.h"

#define VOCAB_FIELDS_MAX 32 /* of one kind */

enum vocab_type {
	VOCAB_STRING,
	VOCAB_INT,
	VOCAB_BOOL,
	VOCAB_IP,
	VOCAB_TIME,
	VOCAB_DURATION,
};

enum vocab_outcome {
	VOCAB_NONE,
	VOCAB_SUCCESS,
	VOCAB_WARNING,
	VOCAB_FAILURE,
};

struct vocab_field {
	const char *name;
	enum vocab_type type;
	size_t index; /* place among the kind's fields */
};

struct vocab_kind {
	const char *event;		  /* "auth.login" */
	const char *about;		  /* one sentence */
	unsigned outcomes;		  /* bit 1 << enum vocab_outcome */
	const struct vocab_field *fields; /* in the order of the file */
	size_t field_count;
	bool run;
	int64_t run_limit_us; /* no end within it is a failure */
};

/* A typed value. text borrows from where it was parsed. */
struct vocab_value {
	enum vocab_type type;
	struct slice text; /* the text it was read from, for all types */
	int64_t number;	   /* int; time and duration in us; bool 0 or 1 */
};

struct vocab;

/* A new vocabulary from a parsed events file (copied, the tree may go), or NULL
 * with what is wrong in p. */
struct vocab *vocab_new(const struct tree *t, struct problems *p);
void vocab_free(struct vocab *v);

/* NULL when there is no such kind. Borrows from v. */
const struct vocab_kind *vocab_find(const struct vocab *v, struct slice event);

/* The kind whose name is nearest to event, for messages; NULL when none is. */
const struct vocab_kind *vocab_nearest(
    const struct vocab *v, struct slice event);

/* All kinds in the order of the file: i from 0 until NULL. */
const struct vocab_kind *vocab_at(const struct vocab *v, size_t i);

/* Field of a kind by name, NULL when it has none. */
const struct vocab_field *vocab_field(
    const struct vocab_kind *kind, struct slice name);

const char *vocab_type_name(enum vocab_type type);
const char *vocab_outcome_name(enum vocab_outcome outcome);

/* False leaves *outcome. */
bool vocab_outcome_parse(struct slice text, enum vocab_outcome *outcome);

/* Read text as a value of the type: int is decimal with an optional sign, bool
 * true, false, yes or no, time RFC 3339 with a zone or seconds since 1970,
 * duration "1h2m3.5s", "[H:]M:SS" or seconds with an optional fraction. Strings
 * take any bytes. False leaves *value. The value borrows text. */
bool vocab_parse(
    enum vocab_type type, struct slice text, struct vocab_value *value);

bool vocab_equal(const struct vocab_value *a, const struct vocab_value *b);

/* Append the wire form. */
void vocab_json(struct buf *out, const struct vocab_value *value);

#endif
