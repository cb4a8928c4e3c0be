/* SPDX-License-Identifier: Apache-2.0 */
/* check: a check as its file says it: what must be true of which events for a
 * control. Knows the four kinds and their keys, defaults and limits; nothing of
 * policies, units that exist, or time passing. */
#ifndef COLLECTOR_LEDGER_CHECK_H
#define COLLECTOR_LEDGER_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assay/problems.h"
#include "assay/tree.h"
#include "assay/vocab.h"
#include "calendar.h"
#include "entry.h"
#include "names.h"
#include "where.h"

enum check_kind { CHECK_EVERY, CHECK_EACH, CHECK_NEVER, CHECK_SHARE };

enum check_unit {
	CHECK_HOST,
	CHECK_JOB,
	CHECK_USER,
	CHECK_ORGANISATION,
	CHECK_ROW, /* one of a register */
};

/* Which occurrences are meant. */
struct check_selector {
	const char *event;
	unsigned outcomes; /* bit 1 << enum vocab_outcome; 0: any */
	struct where *where;
};

struct check {
	const char *id, *control, *why;
	enum check_kind kind;
	struct check_selector of;
	enum check_unit unit;
	const char *register_name; /* of CHECK_ROW */
	const char **key;	   /* its columns */
	size_t key_count;
	struct calendar calendar;
	int64_t grace_us;
	const char **watch;
	size_t watch_count;
	enum entry_trust trust;
	bool shown; /* default: show */
	bool key_check, fatal;
	/* each */
	struct check_selector *needs; /* any of them */
	size_t need_count;
	const char **by;
	size_t by_count;
	int64_t within_lo_us, within_hi_us;
	/* share */
	struct check_selector good; /* event unused */
	int64_t at_least;	    /* in millionths */
	const char *at_least_text;
};

struct check_set;

/* A new, empty set. Borrows the names until it is freed. */
struct check_set *check_set_new(struct names *n);
void check_set_free(struct check_set *s);

/* Add the checks of a file. Everything that is wrong with it goes to p; a check
 * with a problem is left out, as is one whose id the set holds already (the
 * first stands). v, the vocabulary, may be NULL: kinds and fields are then not
 * looked up. -1 when memory is short. */
int check_set_add(struct check_set *s, const struct tree *t,
    const struct vocab *v, struct problems *p);

/* The i-th check in the order of ids, NULL past the last; one by its id. */
const struct check *check_set_at(const struct check_set *s, size_t i);
const struct check *check_set_find(const struct check_set *s, const char *id);

/* The node of a check, for messages about it; borrows from its tree. */
const struct tree_node *check_set_node(const struct check_set *s, size_t i);

/* "every" ... and "host" ...; static text. */
const char *check_kind_name(enum check_kind kind);
const char *check_unit_name(enum check_unit unit);

/* A share from 0 to 1 with up to six decimals, "0.95", in millionths. */
bool check_share(struct slice text, int64_t *millionths);

#endif
