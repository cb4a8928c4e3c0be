/* SPDX-License-Identifier: Apache-2.0 */
/* grade: the rating of an assessed check, with the caps that keep it from
 * "effective" and the sentence that says why. */
#ifndef COLLECTOR_LEDGER_GRADE_H
#define COLLECTOR_LEDGER_GRADE_H

#include <stdbool.h>

#include "assess.h"
#include "framework.h"
#include "report.h"

/* Fill in a report's check. left_out: a control looks at it only when it has
 * nothing else. Texts are in the scene's arena. -1 when memory is short. */
int grade_check(struct report_check *into, bool *left_out,
    const struct assess *a, struct scene *s, enum framework_mode mode);

#endif
