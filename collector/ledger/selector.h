/* SPDX-License-Identifier: Apache-2.0 */
/* selector: the values of which check files are made, and above all which
 * occurrences are meant: event, outcome, where. Knows how they are written and
 * says what is wrong with them. */
#ifndef COLLECTOR_LEDGER_SELECTOR_H
#define COLLECTOR_LEDGER_SELECTOR_H

#include <stdbool.h>
#include <stddef.h>

#include "assay/arena.h"
#include "assay/problems.h"
#include "assay/tree.h"
#include "assay/vocab.h"
#include "check.h"
#include "column.h"
#include "names.h"

/* A file being read. What is wrong goes to p, and the readers return -1;
 * failed is for memory alone. */
struct selector_reader {
	struct arena *arena;
	struct names *names;
	struct problems *p;
	const struct vocab
	    *vocab; /* NULL: kinds and fields are not looked up */
	bool failed;
};

/* All below take n NULL for a value that is missing and reported already. */

/* A string as a name; a value of one of column.h's kinds as a name. */
int selector_name(
    struct selector_reader *r, const struct tree_node *n, const char **into);
int selector_value(struct selector_reader *r, const struct tree_node *n,
    enum column_kind kind, const char **into);

/* A list of at least one string. what names it in messages. */
int selector_names(struct selector_reader *r, const struct tree_node *n,
    const char *what, const char ***into, size_t *count);

/* The keys event (when asked for), outcome and where of a map whose keys have
 * been looked at. Without event, into->event says whose fields they are. */
int selector_read(struct selector_reader *r, const struct tree_node *n,
    bool event, struct check_selector *into);

#endif
