/* SPDX-License-Identifier: Apache-2.0 */
/* catalogue: the controls of a framework file, as far as a report needs them.
 * Read tolerantly, because there is an answer for every file that was ever in
 * force: a control without an id is left out, whatever else is wrong. Strict is
 * framework.h, which `check` reads the same file with. */
#ifndef COLLECTOR_LEDGER_CATALOGUE_H
#define COLLECTOR_LEDGER_CATALOGUE_H

#include <stddef.h>

#include "assay/tree.h"
#include "framework.h"

struct catalogue_control {
	const char *id;
	const char *title, *theme; /* "" when absent */
	enum framework_mode mode;  /* attest when absent or unknown */
};

struct catalogue;

/* A new catalogue of a parsed file (copied); NULL when memory is short. */
struct catalogue *catalogue_new(const struct tree *t);
void catalogue_free(struct catalogue *c);

/* "iso27001-2022". */
const char *catalogue_framework(const struct catalogue *c);

/* The i-th control in the order of the file, NULL past the last; one by id. */
const struct catalogue_control *catalogue_at(
    const struct catalogue *c, size_t i);
const struct catalogue_control *catalogue_find(
    const struct catalogue *c, const char *id);

#endif
