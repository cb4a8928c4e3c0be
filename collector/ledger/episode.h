/* SPDX-License-Identifier: Apache-2.0 */
/* episode: when a unit has slots: from the earlier of what declares it and what
 * was observed of it, to where the files end it; and again after that. */
#ifndef COLLECTOR_LEDGER_EPISODE_H
#define COLLECTOR_LEDGER_EPISODE_H

#include "unit.h"

/* Fill in the unit's episodes; none when it is no unit at as_of. Its events
 * must be there. -1 when memory is short. */
int episode_find(struct unit *u, struct scene *s, const struct course *c,
    int64_t adopted_us);

/* Is it a check of events that assay itself makes, not of log lines? */
bool episode_is_built_in(const struct check *c);

#endif
