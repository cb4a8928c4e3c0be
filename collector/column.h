/* SPDX-License-Identifier: Apache-2.0 */
/* column: the kinds of values people write in rows (a date, a host, a control
 * ...), and rows as tables of columns. Knows for each kind what is well formed
 * and how to say what is wrong. The registry and the framework fill plain
 * structs by such tables; the schema checks files by tables that are data. */
#ifndef COLLECTOR_COLUMN_H
#define COLLECTOR_COLUMN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assay/arena.h"
#include "assay/problems.h"
#include "assay/tree.h"

enum column_kind {
	COLUMN_TEXT,	 /* any text without control characters */
	COLUMN_NAME,	 /* letters, digits, '.', '_', '-'; at most 64 */
	COLUMN_HOST,	 /* a host as its logs call it; at most 253 */
	COLUMN_UUID,	 /* 8-4-4-4-12, lower case */
	COLUMN_CONTROL,	 /* "A.8.13" */
	COLUMN_REF,	 /* "A.8.13" of Annex A or "9.2.1" of the clauses */
	COLUMN_EVENT,	 /* "backup.run" */
	COLUMN_DATE,	 /* YYYY-MM-DD, one that exists, 1970 to 9999 */
	COLUMN_CLOCK,	 /* HH:MM */
	COLUMN_DURATION, /* "2h" */
	COLUMN_SHARE,	 /* a decimal from 0 to 1, "0.95" */
	COLUMN_COUNT,	 /* a whole number, 0 to 2^53 */
	COLUMN_BOOL,
	COLUMN_WORD,  /* one of words */
	COLUMN_ZONE,  /* a name of the time zone database */
	COLUMN_WHERE, /* a map of fields and what they must be */
	COLUMN_ROW,   /* a map of columns */
};
#define COLUMN_KINDS (COLUMN_ROW + 1)

struct column_list {
	const char *const *text; /* text[count] is NULL */
	size_t count;
};

enum column_flag {
	COLUMN_NEED = 1,  /* a row without it is wrong */
	COLUMN_LIST = 2,  /* a list of such values; never of WHERE and ROW */
	COLUMN_INDEX = 4, /* a WORD is filled in as its place among words */
};

/* A table of columns ends with one that has no name. */
struct column {
	const char *name; /* "": messages say "this" */
	enum column_kind kind;
	unsigned flags;
	/* Where column_fill puts the value: a struct column_list for a list;
	 * else int64_t for COUNT and DURATION (us), bool for BOOL, size_t for
	 * WORD with INDEX, const struct tree_node * for WHERE, the fields of
	 * the inner row for ROW, const char * for all other kinds. */
	size_t offset;
	const char *const *words;     /* of WORD, NULL-terminated */
	const struct column *columns; /* of ROW */
	const char *refers; /* what a value must name, for the schema */
	const char *unlike; /* a column no other row may have it in, likewise */
	const char *about;  /* one sentence, or NULL */
};

#define COLUMN(name, kind, flags, type, member) \
	COLUMN_OF(name, kind, flags, type, member, NULL, NULL)
#define COLUMN_OF(name, kind, flags, type, member, words, columns)         \
	{                                                                  \
		name, kind, flags, offsetof(type, member), words, columns, \
		    NULL, NULL, NULL                                       \
	}
#define COLUMN_END                                                    \
	{                                                             \
		NULL, COLUMN_TEXT, 0, 0, NULL, NULL, NULL, NULL, NULL \
	}

/* The word for a kind in files, "text" ... "row", and back (false leaves
 * *kind). */
const char *column_kind_name(enum column_kind kind);
bool column_kind_parse(struct slice text, enum column_kind *kind);

/* Is the value well formed? Reports what is wrong; 0 or -1. */
int column_check(
    struct problems *p, const struct column *c, const struct tree_node *n);

/* Is the row well formed: a map, no unknown keys, all that is needed, each
 * value as its column says? A key without a value counts as absent, so that a
 * form can be filled in bit by bit. Reports all that is wrong; 0 or -1. */
int column_check_row(struct problems *p, const struct column *columns,
    const struct tree_node *row);

/* Fill *into from a row; what the row lacks is left as it was. Unknown keys are
 * passed over. -1 when a value is wrong, something needed is missing or
 * memory is short (*no_memory then true); *into is then partly filled. Texts
 * are copied into the arena, nodes borrow from the tree. */
int column_fill(struct problems *p, struct arena *a,
    const struct column *columns, const struct tree_node *row, void *into,
    bool *no_memory);

/* A date that exists, YYYY-MM-DD, 1970 to 9999. False leaves the values. */
bool column_date(struct slice text, int64_t *year, int *month, int *day);

#endif
