/* SPDX-License-Identifier: Apache-2.0 */
/* course: how a check was defined over time: its file's entry in force, changed
 * by the policy in force. Two definitions with one hash judge alike. */
#ifndef COLLECTOR_LEDGER_COURSE_H
#define COLLECTOR_LEDGER_COURSE_H

#include <stdbool.h>
#include <stdint.h>

#include "assay/arena.h"
#include "assay/err.h"
#include "check.h"
#include "edition.h"
#include "list.h"
#include "names.h"

struct definition {
	const struct check *check;
	const struct registry_adopt *adopt; /* row of the policy, or NULL */
	struct calendar calendar;
	int64_t grace_us;
	int64_t at_least;
	const char *at_least_text;
	enum entry_trust trust;
	const struct where *narrow; /* the policy's own clause */
	uint64_t hash;
};

/* One stretch of time, up to the next part's. */
struct course_part {
	int64_t from_us;		     /* of the first: INT64_MIN */
	const struct definition *definition; /* NULL: out of force */
};

struct course {
	const char *id;
	int64_t first_us; /* of the first edition that holds the check */
	const struct course_part *parts;
	size_t count;
};

/* The courses of all checks in the editions, by id: a list of struct course.
 * isms may be empty. */
int course_list(struct list *into, struct arena *a, struct names *n,
    const struct editions *checks, const struct editions *isms,
    struct err *err);

/* The definition at us; NULL when out of force. */
const struct definition *course_at(const struct course *c, int64_t us);

/* The same; out of force: the last in force before us, else the first to come.
 * Never NULL. */
const struct definition *course_near(const struct course *c, int64_t us);

/* What judges a slot: the definition at its end, else the last in force within
 * it. NULL: there is no slot. */
const struct definition *course_judging(
    const struct course *c, int64_t start_us, int64_t end_us);

/* The first beginning of a part after us; STRETCH_FOREVER when there is none.
 */
int64_t course_next(const struct course *c, int64_t us);

#endif
