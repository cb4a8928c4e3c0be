/* SPDX-License-Identifier: Apache-2.0 */
/* collector: builds the pipeline streams -> intake -> store from the settings,
 * turns it in rounds, and takes it down. A round is one transaction: what the
 * streams brought, what was found, the collector's own records, the positions
 * of the lanes. After a round that failed everything in memory is made anew
 * from the store. Works by collector_round alone; who calls it and when is not
 * its business. */
#ifndef COLLECTOR_COLLECTOR_H
#define COLLECTOR_COLLECTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "assay/buf.h"
#include "assay/clock.h"
#include "assay/err.h"
#include "settings.h"
#include "store.h"

struct collector;

/* Open the state directory (made when missing, mode 0750) and its store.
 * Borrows settings and clock. NULL with the trouble and a sentence. */
struct collector *collector_open(const struct settings *settings,
    const struct clock *clock, enum store_trouble *trouble, struct err *err);
void collector_close(struct collector *c);

enum collector_round {
	COLLECTOR_FAILED = -1, /* nothing of it happened; see the trouble */
	COLLECTOR_IDLE = 0,    /* the streams have no more now */
	COLLECTOR_BUSY = 1,
};

enum collector_end {
	COLLECTOR_GOES_ON,
	COLLECTOR_STOPS,   /* seal what is written */
	COLLECTOR_DRAINED, /* also judge without grace: no more will come */
};

/* One round. */
enum collector_round collector_round(
    struct collector *c, enum collector_end end, struct err *err);

/* Readable when streams have something before the next round was due; take
 * what it holds with collector_woken. */
int collector_wake_fd(const struct collector *c);
void collector_woken(struct collector *c);

/* All that was in the streams when they were opened has been taken. */
bool collector_has_all(const struct collector *c);

/* Append why not, a sentence for each stream that has more. */
void collector_say_missing(const struct collector *c, struct buf *out);

/* What a failed round means for whoever calls. */
enum store_trouble collector_trouble(const struct collector *c);

/* Look at the files of checks, isms and frameworks: news are written in the
 * next round, unless they have errors: those are appended to wrong, and what is
 * in force stays. settled: only what stood still since the look before. -1 when
 * some cannot be read; what is in force then stays as well. */
int collector_look_at_files(
    struct collector *c, bool settled, struct buf *wrong, struct err *err);

/* True when the log was ever told of checks. */
bool collector_has_files(struct collector *c);

/* Give the ratings of the latest day that is closed, once. */
int collector_close_day(struct collector *c, struct err *err);

/* Framework files at the last look: without any there is nothing to rate. */
size_t collector_framework_files(const struct collector *c);

/* Streams that could not be read in the last round. */
size_t collector_unreadable(const struct collector *c);

/* Append the status as JSON (status.h). state: "running" or "stopped". */
void collector_status(
    const struct collector *c, const char *state, struct buf *out);

#endif
