/* SPDX-License-Identifier: Apache-2.0 */
/* need: which occurrence is served by which other, for checks that say one
 * thing must come with another: in order, one to one, the earliest that is
 * free. */
#ifndef COLLECTOR_LEDGER_NEED_H
#define COLLECTOR_LEDGER_NEED_H

#include <stdbool.h>

#include "assay/err.h"
#include "course.h"
#include "list.h"
#include "occurrence.h"
#include "scene.h"

struct need_served {
	const struct occurrence *by; /* NULL: not served */
};

/* Serve all occurrences of a course, over all its units (struct unit with slots
 * and events) and whole history; tells each unit_event what serves it, and puts
 * those that belong to no unit into loose (occurrence -> what serves it). -1
 * when memory is short. */
int need_serve(struct scene *s, const struct course *c,
    const struct list *units, struct table *loose, struct err *err);

#endif
