/* SPDX-License-Identifier: Apache-2.0 */
/* assess: one check at one moment: its units, their slots judged, and of the
 * verdicts of the assessment before those kept that nothing touched. */
#ifndef COLLECTOR_LEDGER_ASSESS_H
#define COLLECTOR_LEDGER_ASSESS_H

#include <stdbool.h>
#include <stdint.h>

#include "assay/err.h"
#include "course.h"
#include "list.h"
#include "report.h"
#include "scene.h"
#include "unit.h"

struct assess {
	const struct course *course;
	const struct definition *now; /* at as_of, else the nearest */
	bool in_force;		      /* the check has a definition at as_of */
	bool adopted;
	int64_t span_us;   /* the period that is rated ends at as_of */
	struct list units; /* struct unit, by id */
	/* Of a check of hosts that has no unit, because none was ever watched:
	 * what was seen all the same in the period, and of these what came with
	 * what it needs. */
	int64_t loose_seen, loose_met;
};

/* Assess a course. before is its assessment in the scene before (or NULL), kept
 * until return; judged counts the slots judged. -1 when memory is short. */
int assess_check(struct assess *a, struct scene *s, const struct course *c,
    const struct assess *before, uint64_t *judged, struct err *err);

#endif
