/* SPDX-License-Identifier: Apache-2.0 */
/* schema: the table of registers (rules/registers.yml) and the one validator it
 * drives. Knows which registers there are, what their rows hold, which columns
 * must be unique, ordered or name something that exists. Strict where the
 * registry is tolerant: everything wrong is reported with its place.
 *
 * A schema is immutable once it is checked against. */
#ifndef COLLECTOR_SCHEMA_H
#define COLLECTOR_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

#include "assay/buf.h"
#include "assay/problems.h"
#include "assay/slice.h"
#include "assay/tree.h"
#include "column.h"

enum schema_shape { SCHEMA_ROWS, SCHEMA_VALUES, SCHEMA_LIST };

struct schema_register {
	const char *name;
	const char *about;
	const char *file;
	enum schema_shape shape;
	struct column_list unique;
	struct column_list order;     /* columns of dates, each later */
	const struct column *columns; /* ended by one without name */
};

struct schema;

/* A new schema from a parsed registers file (copied, the tree may go), or NULL
 * with what is wrong in p. */
struct schema *schema_new(const struct tree *t, struct problems *p);
void schema_free(struct schema *s);

/* The i-th register in the order of the file, NULL past the last; by name, NULL
 * when there is none. Borrow. */
const struct schema_register *schema_register(const struct schema *s, size_t i);
const struct schema_register *schema_find(
    const struct schema *s, const char *name);

/* A column of a register by name, NULL when it has none. */
const struct column *schema_column(
    const struct schema_register *r, const char *name);

/* Does something exist that a column refers to, `check`, `control` or `event`?
 * When not, advice may be appended: the rest of a sentence that tells what to
 * do. */
typedef bool schema_known_fn(
    void *arg, const char *what, struct slice name, struct buf *advice);

/* Check the files of an organisation, in the order of their paths, each tree
 * whatever is in it. Reports all that is wrong; 0 or -1. */
int schema_check(const struct schema *s, struct tree *const *trees,
    size_t count, schema_known_fn *known, void *arg, struct problems *p);

#endif
