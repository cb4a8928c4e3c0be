/* SPDX-License-Identifier: Apache-2.0 */
/* walk: from boundary to boundary through a unit's episodes: its slots, and by
 * which definition each is judged. A change of alignment lengthens the slot it
 * falls into, so there is never a hole nor an overlap. */
#ifndef COLLECTOR_LEDGER_WALK_H
#define COLLECTOR_LEDGER_WALK_H

#include "unit.h"

/* Fill in the unit's slots up to the last that begins before as_of. -1 when
 * memory is short. */
int walk_slots(struct unit *u, struct scene *s, const struct course *c);

#endif
