/* SPDX-License-Identifier: Apache-2.0 */
/* author: the collector's own records: which files were in force, what it
 * refused, what it rated. They go the way of all records: own epoch, dense
 * sequence, chain and seals, under the collector's key.
 *
 * An epoch begins with the first record there is something to say for, so that
 * a collector that starts and finds nothing new writes nothing. All calls are
 * made within a transaction of the store; when that is rolled back the author
 * knows records that do not exist: free it and make a new one. */
#ifndef COLLECTOR_AUTHOR_H
#define COLLECTOR_AUTHOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assay/clock.h"
#include "assay/crypto.h"
#include "assay/err.h"
#include "assay/record.h"
#include "identity.h"
#include "store.h"

enum author_set { AUTHOR_CHECKS, AUTHOR_ISMS, AUTHOR_FRAMEWORKS };
#define AUTHOR_SETS (AUTHOR_FRAMEWORKS + 1)

struct author;

/* "checks", "isms", "frameworks". */
const char *author_set_name(enum author_set set);

/* A new author that goes on after the last epoch of this identity in the store.
 * Borrows all until author_free. */
struct author *author_new(struct crypto *c, struct store *s,
    const struct clock *clock, const struct identity *who, struct err *err);
void author_free(struct author *a);

/* The files of a set as they are now, sorted by path. Written when they differ
 * from those in force; their texts only when the log does not hold this hash
 * yet. *written says whether. */
int author_files(struct author *a, enum author_set set,
    const struct record_file *files, size_t count, bool *written,
    struct err *err);

/* The hash of a set in force, NULL when none ever was. Borrows. */
const uint8_t *author_in_force(const struct author *a, enum author_set set);

/* Write an event of the collector's: what, outcome, fields and the host it is
 * about (name empty: the collector's own). Everything else is filled in. */
struct author_event {
	const char *event;
	const char *outcome;
	struct record_host host;
	const struct record_field *fields;
	size_t field_count;
};
int author_event(
    struct author *a, const struct author_event *event, struct err *err);

/* Write a rating that is given now; the hashes in it are filled in. */
int author_rating(
    struct author *a, struct record_rating *rating, struct err *err);

/* Write a seal when one is due, or, at the end, when anything is unsealed. */
int author_seal(struct author *a, bool at_end, struct err *err);

#endif
