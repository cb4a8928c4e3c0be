/* SPDX-License-Identifier: Apache-2.0 */
/* closing: when a day of the organisation is closed: once every slot that ended
 * in it is due. Then its ratings are given (rate.h), of the latest such day
 * only: days that went by meanwhile are not rated after the fact. Remembers in
 * the store up to which midnight days were closed, and in memory when it is
 * worth looking again, because looking means judging the whole log. */
#ifndef COLLECTOR_CLOSING_H
#define COLLECTOR_CLOSING_H

#include <stdint.h>

#include "assay/err.h"
#include "assay/zone.h"
#include "ledger/ledger.h"
#include "store.h"

/* {0} to begin with. */
struct closing {
	int64_t now_us;	     /* of the last look */
	int64_t closed_us;   /* midnight up to which days were closed */
	int64_t day_us;	     /* midnight for which was judged, */
	int64_t again_us;    /* and before which nothing changes */
	int64_t midnight_us; /* found: the day that ended then is closed, */
	int64_t as_of_us;    /* since this moment */
};

/* Is it worth to judge the log now? 1, 0, -1. Days before the first look are
 * not rated. */
int closing_look(struct closing *c, struct store *s, const struct zone *zone,
    int64_t now_us, struct err *err);

/* Judge: 1 when a day is closed that was not (midnight_us, as_of_us), 0, -1. */
int closing_find(struct closing *c, struct ledger *l, const struct zone *zone,
    struct err *err);

/* Remember that days up to this midnight are closed. */
int closing_done(struct store *s, int64_t midnight_us, struct err *err);

#endif
