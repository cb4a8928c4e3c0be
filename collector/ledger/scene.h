/* SPDX-License-Identifier: Apache-2.0 */
/* scene: all that is the same for every check at one moment: the facts, the
 * files in force, hosts and their coverage, registers, occurrences by kind. */
#ifndef COLLECTOR_LEDGER_SCENE_H
#define COLLECTOR_LEDGER_SCENE_H

#include <stdint.h>

#include "assay/arena.h"
#include "assay/err.h"
#include "coverage.h"
#include "edition.h"
#include "facts.h"
#include "host.h"
#include "list.h"
#include "names.h"
#include "occurrence.h"
#include "register.h"

struct scene {
	struct arena *arena;
	struct names *names;
	int64_t as_of_us;
	const struct facts *facts;
	struct editions checks, isms, frameworks;
	const struct edition_text *isms_now; /* at as_of; NULL: none */
	const struct zone *zone;
	struct host_names hosts;
	struct coverage coverage;
	struct registers registers;
	struct table occurrences; /* kind -> struct list */
};

/* Set the scene. utc is borrowed for when the organisation names no zone;
 * before is the coverage of the scene before, or NULL. Everything is in the
 * arena. -1 when memory is short. */
struct scene_given {
	struct arena *arena;
	struct names *names;
	struct edition_shelf *shelf;
	const struct facts *facts;
	const struct list *entries;
	size_t entry_count;
	const struct zone *utc;
	int64_t as_of_us;
	const struct coverage *before;
};
int scene_set(
    struct scene *s, const struct scene_given *given, struct err *err);

/* The occurrences of a kind (a name), in order; NULL when memory is short. */
const struct list *scene_occurrences(
    struct scene *s, const char *kind, struct err *err);

/* The isms in force at us, NULL when there never were any. */
const struct registry *scene_registry(const struct scene *s, int64_t us);

#endif
