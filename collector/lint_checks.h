/* SPDX-License-Identifier: Apache-2.0 */
/* lint_checks: what check files say of other files: the framework, its
 * controls, the registers. A part of lint. */
#ifndef COLLECTOR_LINT_CHECKS_H
#define COLLECTOR_LINT_CHECKS_H

#include "lint_files.h"

/* Report what is wrong; each file by itself was looked at before. */
void lint_checks(const struct lint_files *f);

#endif
