/* SPDX-License-Identifier: Apache-2.0 */
/* framework: a catalogue of controls as data (rules/frameworks/): ids, short
 * titles and attributes, how far logs can evidence each control, which controls
 * of an earlier edition it came from, the clauses of the standard, and the
 * items of the readiness list with their bands. Knows how such a file is laid
 * out and that it agrees with itself: ids unique, each theme as large as it
 * says, what items refer to is there.
 *
 * A framework is immutable; all texts are NUL-terminated and borrow from it. */
#ifndef COLLECTOR_FRAMEWORK_H
#define COLLECTOR_FRAMEWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assay/problems.h"
#include "assay/tree.h"
#include "column.h"

/* How far logs can show that a control operates. */
enum framework_mode {
	FRAMEWORK_DIRECT, /* the event is the control operating */
	FRAMEWORK_JOINED, /* together with a register */
	FRAMEWORK_FACET,  /* one facet, or violations only */
	FRAMEWORK_ATTEST, /* not at all: a person must state it */
};

struct framework_theme {
	const char *theme; /* "organizational" */
	const char *title;
	int64_t controls; /* how many it has */
};

struct framework_control {
	const char *id; /* "A.8.13" */
	const char *title;
	const char *theme;
	bool is_new; /* no ancestor in the edition before */
	enum framework_mode mode;
	struct column_list types;      /* preventive ... */
	struct column_list properties; /* C I A */
	struct column_list concepts;   /* identify ... */
	struct column_list capabilities;
	struct column_list was; /* ids of the edition before */
};

struct framework_clause {
	const char *id; /* "6.1.2" */
	const char *title;
	const char *about; /* what it asks, in our words */
	enum framework_mode mode;
};

struct framework_item {
	const char *id; /* "AC-2" */
	const char *group;
	const char *title;
	struct column_list refs; /* controls ("A.8.5") and clauses ("9.2") */
	enum framework_mode mode;
	const char *note; /* what the point is given for, or NULL */
};

/* The band of a readiness score: from this many points on. */
struct framework_band {
	int64_t from;
	const char *title;
};

struct framework;

/* A new framework from a parsed file (copied, the tree may go), or NULL with
 * what is wrong in p. */
struct framework *framework_new(const struct tree *t, struct problems *p);
void framework_free(struct framework *f);

const char *framework_id(const struct framework *f);	  /* iso27001-2022 */
const char *framework_edition(const struct framework *f); /* 2022 */
const char *framework_title(const struct framework *f);

/* The i-th in the order of the file from 0, NULL past the last. */
const struct framework_theme *framework_theme(
    const struct framework *f, size_t i);
const struct framework_control *framework_control(
    const struct framework *f, size_t i);
const struct framework_clause *framework_clause(
    const struct framework *f, size_t i);
const struct framework_item *framework_item(
    const struct framework *f, size_t i);
const struct framework_band *framework_band(
    const struct framework *f, size_t i);

/* By id; NULL when there is none. */
const struct framework_control *framework_find(
    const struct framework *f, const char *id);

/* The i-th control that an id of the edition before went into; NULL past the
 * last. */
const struct framework_control *framework_was(
    const struct framework *f, const char *old, size_t i);

/* "direct", "joined", "facet", "attest". */
const char *framework_mode_name(enum framework_mode mode);

#endif
