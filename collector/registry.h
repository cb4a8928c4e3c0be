/* SPDX-License-Identifier: Apache-2.0 */
/* registry: what the organisation says of itself: the files of the set `isms`
 * as plain rows. Knows which keys those files have and nothing of what follows
 * from them: dates stay text, where-clauses stay nodes, because the zone and
 * the meaning are the ledger's.
 *
 * The reading is tolerant, because the ledger must give an answer for every set
 * that was ever in force: a file that is no YAML map is left out whole, a row
 * that lacks what it needs or holds a value of the wrong kind is left out, an
 * unknown key is passed over, a key without a value counts as absent.
 * Strictness is `schema`'s (assay-collector check), which shares the kinds of
 * values (column.h).
 *
 * The name of a file says nothing; its top keys do. Files count in the order of
 * their paths; rows of one register in several files follow each other; of a
 * top key with one value (zone), and of rows that may stand once (adopts by
 * check, soa by control, hosts by name, jobs by id), the first stands. Files
 * whose names do not end in .yml are not read, but for `zone`.
 *
 * A registry is immutable. All texts are NUL-terminated and hold no NUL inside,
 * NULL when absent; all pointers borrow from the registry until it is freed. */
#ifndef COLLECTOR_REGISTRY_H
#define COLLECTOR_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assay/err.h"
#include "assay/problems.h"
#include "assay/slice.h"
#include "assay/tree.h"

struct registry;

struct registry_file {
	const char *path; /* relative, with '/' */
	struct slice bytes;
};

struct registry_scope {
	const char *organisation;
	const char *scope; /* what is in, in one sentence */
	const char *zone;  /* a zone's name, "Europe/Berlin" */
	struct slice tzif; /* bytes of the file `zone`; empty when absent */
};

struct registry_host {
	const char *name;
	const char *id; /* a host id; finds records before the name does */
	const char *from, *to; /* YYYY-MM-DD */
	const char *owner;
	const struct tree_node *node; /* the row */
};

struct registry_job {
	const char *id;	   /* stable; what its unit is called */
	const char *name;  /* as events say it; the id when absent */
	const char *was;   /* an earlier name */
	const char *event; /* kind; "backup.run" when absent */
	const char *host;
	bool match; /* the row says how its events look */
	const char *match_program;
	const char *match_host;
	const struct tree_node *match_fields; /* a map, or NULL */
	const char *starts;		      /* HH:MM */
	const char *from, *to;
	const char *owner;
	const struct tree_node *node;
};

struct registry_adopt {
	const char *check;
	const char *criterion;
	const char *by;
	const char *on; /* YYYY-MM-DD */
	bool has_grace;
	int64_t grace_us;
	const char *starts;   /* HH:MM */
	const char *at_least; /* a decimal, 0 to 1, as written: "0.95" */
	const char *trust;    /* kernel root local tls net */
	const struct tree_node *where; /* a map, or NULL */
	const char *const *at; /* names of hosts; at_count 0 when absent */
	size_t at_count;
	const struct tree_node *node;
};

struct registry_soa {
	const char *control; /* "A.8.13" */
	bool decided;	     /* the row says whether it applies */
	bool applicable;     /* true while not decided */
	const char *reason;
	const char *status; /* implemented, planned, none */
	const struct tree_node *node;
};

struct registry_exception {
	const char *check;
	const char *unit; /* NULL: all units */
	const char *from, *to;
	const char *by;
	const char *reason;
	const struct tree_node *node;
};

/* One cell of any register. Booleans are "true" or "false", integers decimal,
 * whatever form of YAML they had; null, lists and maps are no cells. */
struct registry_cell {
	const char *column;
	const char *text;
};

struct registry_row {
	const struct registry_cell *cells;
	size_t cell_count;
	const char *from, *to; /* its cells of that name, when they are dates */
	const struct tree_node *node;
};

/* A new registry of the files (copied), or NULL when memory is short. What is
 * left out goes to p as problems, which may be NULL. */
struct registry *registry_parse(const struct registry_file *files, size_t count,
    struct problems *p, struct err *err);
void registry_free(struct registry *r);

const struct registry_scope *registry_scope(const struct registry *r);

/* The i-th row from 0, NULL past the last. */
const struct registry_host *registry_host(const struct registry *r, size_t i);
const struct registry_job *registry_job(const struct registry *r, size_t i);
const struct registry_adopt *registry_adopt(const struct registry *r, size_t i);
const struct registry_soa *registry_soa(const struct registry *r, size_t i);
const struct registry_exception *registry_exception(
    const struct registry *r, size_t i);
/* The i-th host whose relayed lines are trusted. */
const char *registry_relay(const struct registry *r, size_t i);

/* The row for a check or a control; NULL when there is none. */
const struct registry_adopt *registry_adopted(
    const struct registry *r, const char *check);
const struct registry_soa *registry_decided(
    const struct registry *r, const char *control);

/* Any register by its top key: whether a file holds it (an empty list counts),
 * and its i-th row. hosts, jobs, soa ... are registers as well. */
bool registry_has(const struct registry *r, const char *name);
const struct registry_row *registry_row(
    const struct registry *r, const char *name, size_t i);

/* Text of a row's cell, NULL when it has none. */
const char *registry_text(const struct registry_row *row, const char *column);

/* A date that exists, YYYY-MM-DD from 1970 on. False leaves the values. */
bool registry_date(const char *text, int64_t *year, int *month, int *day);

#endif
