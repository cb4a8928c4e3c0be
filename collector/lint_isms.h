/* SPDX-License-Identifier: Apache-2.0 */
/* lint_isms: what the organisation declares, against the table of registers,
 * the checks, the controls and the vocabulary. A part of lint. */
#ifndef COLLECTOR_LINT_ISMS_H
#define COLLECTOR_LINT_ISMS_H

#include "lint.h"
#include "lint_files.h"

/* Report what is wrong and count what is declared. -1 when memory is short. */
int lint_isms(
    const struct lint_files *f, struct lint_counts *counts, struct err *err);

#endif
