/* SPDX-License-Identifier: Apache-2.0 */
/* unit: what a check is judged for: which units there are, since when, which
 * occurrences are theirs, and their slots. A unit is declared in the
 * organisation's files or observed: by the first occurrence that fits, or where
 * nothing need happen, by the first time its host was watched. */
#ifndef COLLECTOR_LEDGER_UNIT_H
#define COLLECTOR_LEDGER_UNIT_H

#include <stdbool.h>
#include <stdint.h>

#include "course.h"
#include "declared.h"
#include "list.h"
#include "need.h"
#include "scene.h"
#include "slot.h"

/* A time in which a unit has slots: the first begins at the first boundary at
 * or after origin, none ends after stop. */
struct unit_episode {
	int64_t origin_us;
	int64_t stop_us;
};

struct unit_slot {
	struct slot *slot; /* what a reader sees */
	const struct definition *definition;
	const struct registry_job *job; /* row of a declared job at its end */
	/* What the verdict rests on; equal keys and nothing changed in the
	 * window between: the verdict stands. */
	uint64_t key;
	int64_t from_us, to_us;		/* the window */
	const struct occurrence *taken; /* it is late for this slot */
	enum slot_state found;		/* before exceptions */
	const char *found_code, *found_reason;
};

/* An occurrence of a unit. */
struct unit_event {
	const struct occurrence *occurrence;
	bool taken; /* by a declared job, of an edition not before it */
	struct need_served served; /* of each */
	uint64_t hash;		   /* of all of it */
};

struct unit {
	const char *id;
	enum check_unit kind;
	const char *host;		 /* of a host, user or observed job */
	const struct declared *declared; /* NULL: observed only */
	struct list events;   /* struct unit_event, by occurrence_order */
	struct list by_start; /* the same by (start, order) */
	struct unit_episode *episodes;
	size_t episode_count;
	struct slot *slots;
	struct unit_slot *more; /* one for each slot */
	size_t slot_count;
	int64_t next_due_us; /* of the slot after the last; STRETCH_FOREVER */
};

/* The units of a course at the scene's as_of, by id, with their slots not yet
 * judged (state open). adopted_us is when the check was adopted,
 * STRETCH_FOREVER when it is not. into is a list of struct unit, all of every
 * occurrence that is of a kind the check ever asked for, in order. -1 when
 * memory is short. */
int unit_list(struct list *into, struct list *all, struct scene *s,
    const struct course *c, int64_t adopted_us, struct err *err);

/* The first event whose start, or time, is not before us: its place. */
size_t unit_first_start(const struct unit *u, int64_t us);
size_t unit_first_time(const struct unit *u, int64_t us);

/* Is the occurrence of the unit in a slot that ends at us with this definition
 * (job: the row then)? */
bool unit_fits(struct scene *s, const struct unit *u,
    const struct definition *d, const struct registry_job *job,
    const struct unit_event *event, int64_t end_us);

/* The slot that holds the moment, NULL when none does. */
struct unit_slot *unit_slot_at(const struct unit *u, int64_t us);

#endif
