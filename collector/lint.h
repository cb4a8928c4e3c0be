/* SPDX-License-Identifier: Apache-2.0 */
/* lint: everything that is wrong with the files people write for the collector:
 * frameworks, the table of registers, checks, and what the organisation
 * declares, each by itself and against the others. Knows how the files refer to
 * each other; what each may hold its own parser knows. */
#ifndef COLLECTOR_LINT_H
#define COLLECTOR_LINT_H

#include <stddef.h>

#include "assay/err.h"
#include "assay/problems.h"

struct lint_counts {
	size_t frameworks;
	size_t controls;
	size_t registers; /* that rows may be written for */
	size_t checks;
	size_t adopted; /* rows of the policy */
	size_t hosts;
	size_t jobs;
	size_t undecided; /* controls without a row that decides */
};

/* Look at the files of the rules directories (NULL-terminated) and of the
 * organisation's. What is wrong goes to p. -1 with the reason in err only when
 * files cannot be read at all or memory is short. */
int lint_run(const char *const *rules, const char *isms, struct problems *p,
    struct lint_counts *counts, struct err *err);

#endif
