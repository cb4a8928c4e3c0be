/* SPDX-License-Identifier: Apache-2.0 */
/* fit: is an occurrence one that a definition means? By kind, outcome and the
 * clauses of the check and of the policy; registers are looked up at a moment,
 * in the edition of the organisation's files in force at another. */
#ifndef COLLECTOR_LEDGER_FIT_H
#define COLLECTOR_LEDGER_FIT_H

#include <stdbool.h>
#include <stdint.h>

#include "course.h"
#include "occurrence.h"
#include "scene.h"

/* When registers are asked about: which edition, and which rows of it. */
struct fit_moment {
	const struct registry *registry; /* NULL: none */
	int64_t us;
};

/* At the end of a slot; at an instant itself. */
struct fit_moment fit_at_end(const struct scene *s, int64_t end_us);
struct fit_moment fit_at(const struct scene *s, int64_t us);

bool fit_selector(struct scene *s, const struct check_selector *selector,
    const struct occurrence *o, struct fit_moment at);
bool fit_definition(struct scene *s, const struct definition *d,
    const struct occurrence *o, struct fit_moment at);

/* Is it good, of a check of a share? Outcome and clause; not whether it ended.
 */
bool fit_is_good(struct scene *s, const struct definition *d,
    const struct occurrence *o, struct fit_moment at);

/* The first register that the definition names and the edition lacks, NULL when
 * there is none. */
const char *fit_missing_register(
    const struct definition *d, const struct registry *r);

/* A hash of all registers that the definition names, as of an edition. */
uint64_t fit_registers(struct scene *s, const struct definition *d,
    const struct registry *r, uint64_t hash);

#endif
