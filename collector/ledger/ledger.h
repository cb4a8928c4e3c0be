/* SPDX-License-Identifier: Apache-2.0 */
/* ledger: the log and a moment in, slots and ratings out: LEDGER.md as code.
 * Knows no clock, no file and no float; times are microseconds since 1970 UTC.
 *
 * Records are given in the order of the log. That order decides two things
 * only: which records a `known_at` sees, and which of two records under one
 * (agent, epoch, sequence) stands. Else the answer depends on the set of
 * records alone. What was asked before never changes an answer: it only saves
 * work, because slots whose evidence did not change are not judged again. */
#ifndef COLLECTOR_LEDGER_LEDGER_H
#define COLLECTOR_LEDGER_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "assay/err.h"
#include "assay/record.h"
#include "assay/slice.h"
#include "report.h"
#include "stretch.h"

struct ledger;

#define LEDGER_ALL UINT64_MAX

/* A new ledger without records, or NULL. */
struct ledger *ledger_new(struct err *err);
void ledger_free(struct ledger *l);

/* Append one record. index is its place in the log, greater than all before;
 * the ledger only hands it back. The bytes may go after the call. -1 when they
 * are no record or memory is short: the ledger is as before. */
int ledger_add(
    struct ledger *l, uint64_t index, struct slice bytes, struct err *err);

/* The same for a record that is decoded already (borrowed until return). */
int ledger_add_record(
    struct ledger *l, uint64_t index, const struct record *r, struct err *err);

/* Counted records so far: the greatest known_at. */
uint64_t ledger_known(const struct ledger *l);

/* The greatest readtime of the records that count: what "now" is for somebody
 * who has only the log. 0 when none counts. */
int64_t ledger_latest_us(struct ledger *l);

/* The answer at as_of, knowing the first known_at counted records (LEDGER_ALL:
 * all). NULL when memory is short or as_of is outside stamp.h's years. */
const struct report *ledger_report(
    struct ledger *l, int64_t as_of_us, uint64_t known_at, struct err *err);

/* How many times a slot was judged since ledger_new. */
uint64_t ledger_judged(const struct ledger *l);

/* ---- what lies behind the last report, until a record is added ---- */

/* An event that counts and is not later than as_of. */
struct ledger_event {
	uint64_t index; /* of its record in the log */
	int64_t time_us;
	const char *host; /* the unit's name of it */
	const char *event;
	const char *outcome; /* as the record says it */
	const char *rule;
	bool usable; /* fit for a pass, apart from trust */
};

/* Visit, in order of time, the events of [from, to) that are about a control
 * ("A.8.13": their record names it) or that its checks ask for; NULL: all.
 * Stops when visit says false. */
typedef bool ledger_event_fn(void *arg, const struct ledger_event *event);
void ledger_events(const struct ledger *l, const char *control, int64_t from_us,
    int64_t to_us, ledger_event_fn *visit, void *arg);

/* A gap that counts and overlaps [from, to). */
struct ledger_gap {
	uint64_t index;
	const char *host;
	const char *source;
	const char *const *classes;
	size_t class_count;
	int64_t from_us, to_us;
	const char *reason;
	bool recovered;
};
typedef bool ledger_gap_fn(void *arg, const struct ledger_gap *gap);
void ledger_gaps(const struct ledger *l, int64_t from_us, int64_t to_us,
    ledger_gap_fn *visit, void *arg);

/* An act of a person in [from, to), by its record's time. */
struct ledger_act {
	uint64_t index;
	int64_t time_us;
	const char *kind;
	const char *actor;
	const char *reason;
};
typedef bool ledger_act_fn(void *arg, const struct ledger_act *act);
void ledger_acts(const struct ledger *l, int64_t from_us, int64_t to_us,
    ledger_act_fn *visit, void *arg);

/* When a host and class were covered, hosts and classes by name. `agent` is a
 * class as well. */
struct ledger_cover {
	const char *host;
	const char *class;
	const struct stretches *covered;
	const struct stretches
	    *forked; /* two copies of the host ran together */
};
typedef bool ledger_cover_fn(void *arg, const struct ledger_cover *cover);
void ledger_covers(const struct ledger *l, ledger_cover_fn *visit, void *arg);

#endif
