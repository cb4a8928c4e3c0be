/* SPDX-License-Identifier: Apache-2.0 */
/* intake: decides what becomes part of the log. Whatever a stream brings is
 * appended, ignored because it is there already, or kept aside as a dead letter
 * with a reason; never anything else, and the lane always goes on.
 *
 * Knows which keys are pinned, what the seals say of the records they cover,
 * and what that means: when somebody changed, forged or re-signed something it
 * writes a `log.tamper` event, when two copies of a machine spoke with one
 * voice a `log.fork`; each finding is told once. A doubt that later records may
 * still clear is told only after a grace.
 *
 * All calls but intake_new and the readers are made within a transaction of the
 * store. When that is rolled back, free the intake and make a new one: its
 * knowledge is made from the store. */
#ifndef COLLECTOR_INTAKE_H
#define COLLECTOR_INTAKE_H

#include <stdint.h>

#include "assay/crypto.h"
#include "assay/err.h"
#include "author.h"
#include "store.h"
#include "stream.h"

/* How long other records may still clear a doubt while the collector runs. */
#define INTAKE_GRACE_US INT64_C(60000000)

struct intake;

struct intake_counts {
	uint64_t appended;
	uint64_t repeated; /* the same bytes again */
	uint64_t dead;
	uint64_t told; /* events written about what was found */
};

/* A new intake that knows what the store holds. Borrows all until freed. */
struct intake *intake_new(
    struct crypto *c, struct store *s, struct author *a, struct err *err);
void intake_free(struct intake *in);

/* Take one item: a record, or damage (why says what is wrong). -1 only when the
 * store failed. Size and depth are looked at before anything is parsed. */
int intake_take(struct intake *in, const struct stream_item *item,
    const char *why, int64_t now_us, struct err *err);

/* Write the events about what was found and is older than grace_us. */
int intake_judge(
    struct intake *in, int64_t now_us, int64_t grace_us, struct err *err);

/* Move the lanes to where they stand after all that was taken: last before the
 * commit. After the commit, intake_moved names each lane and its new position
 * once. */
int intake_move_lanes(struct intake *in, struct err *err);
typedef void intake_moved_fn(void *arg, const char *lane, const char *position);
void intake_moved(struct intake *in, intake_moved_fn *visit, void *arg);

/* Call fn for each dead letter when it is kept: before the commit, so it may be
 * told again after a rollback. */
typedef void intake_refused_fn(void *arg, const struct stream_refused *what);
void intake_on_refused(struct intake *in, intake_refused_fn *fn, void *arg);

/* Since intake_new. */
struct intake_counts intake_counts(const struct intake *in);

#endif
