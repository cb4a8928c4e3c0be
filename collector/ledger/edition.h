/* SPDX-License-Identifier: Apache-2.0 */
/* edition: the sets of files a collector recorded, parsed, and which of them
 * was in force when. A set takes force at the time of the record that completes
 * it, whatever the order of arrival; before its first edition the first one
 * holds.
 *
 * What was parsed is kept: editions of equal content share it. */
#ifndef COLLECTOR_LEDGER_EDITION_H
#define COLLECTOR_LEDGER_EDITION_H

#include <stddef.h>
#include <stdint.h>

#include "assay/arena.h"
#include "assay/err.h"
#include "assay/vocab.h"
#include "assay/zone.h"
#include "catalogue.h"
#include "check.h"
#include "facts.h"
#include "list.h"
#include "names.h"
#include "registry.h"

/* What the files of one set say; of each set only its own members are there.
 * Lives until the shelf goes. */
struct edition_text {
	const char *key;	     /* content as one name */
	struct check_set *checks;    /* never NULL in an edition of checks */
	struct vocab *vocab;	     /* NULL: no events.yml */
	struct registry *registry;   /* never NULL in an edition of isms */
	struct zone *zone;	     /* never NULL in an edition of isms */
	struct catalogue *catalogue; /* NULL: no such file */
};

struct edition {
	int64_t time_us;
	const struct edition_text *text;
};

/* Where parsed editions are kept. */
struct edition_shelf;

struct edition_shelf *edition_shelf_new(struct names *n);
void edition_shelf_free(struct edition_shelf *s);

/* The editions of one set, by time: those not later than as_of, or the first
 * ever when none is. Empty when there never was one. */
struct editions {
	const struct edition *at;
	size_t count;
};

int edition_find(struct editions *e, struct edition_shelf *s, struct arena *a,
    const struct facts *f, const char *set, int64_t as_of_us, struct err *err);

/* The place of the edition in force at us: the last not later, else 0. There
 * must be one. */
size_t edition_at(const struct editions *e, int64_t us);

#endif
