/* SPDX-License-Identifier: Apache-2.0 */
/* report: what the ledger answers at one moment: controls, their checks, the
 * units of those and their slots, and the sources that were read; and its two
 * printed forms, which are the same bytes wherever they are made.
 *
 * Everything borrows from the ledger that made it, until that ledger is added
 * to, asked again or freed. Texts are NUL-terminated UTF-8; unit names and
 * reasons may hold text from logs: make it printable before it is shown. */
#ifndef COLLECTOR_LEDGER_REPORT_H
#define COLLECTOR_LEDGER_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assay/buf.h"
#include "assay/slice.h"
#include "rating.h"
#include "slot.h"

#define REPORT_LEDGER 1 /* version of the function */
#define REPORT_NEVER INT64_MIN

struct report_unit {
	const char *id;
	const struct slot *slots; /* by start */
	size_t slot_count;
};

struct report_check {
	const char *id;
	const char *kind;  /* every each never share */
	const char *event; /* the kind of event it asks for */
	const char *control;
	bool adopted;
	const char *criterion; /* NULL when not adopted */
	enum rating rating;
	const char *reason;
	struct rating_counts counts; /* counted slots; open ones beside them */
	size_t units, units_ineffective, units_unknown;
	int64_t covered_us, period_us;	/* sums over counted closed slots */
	const struct report_unit *unit; /* by id, units of them */
};

struct report_control {
	const char *id; /* "A.8.13" */
	const char *title;
	const char *theme;
	const char *mode; /* direct joined facet attest */
	enum rating rating;
	const char *reason;
	int64_t last_evidence_us;	   /* REPORT_NEVER */
	const struct report_check *checks; /* by id */
	size_t check_count;
};

struct report_source {
	const char *host;
	const char *source;
	const char *agent; /* uuid */
	const char *const *provides;
	size_t provide_count;
	int64_t from_us, through_us;
	int64_t lines, known, ignored, unknown;
	bool simulated;
};

struct report {
	int64_t as_of_us;
	uint64_t known_at;
	int64_t from_us; /* the period is [from, as_of] */
	const char *framework;
	const struct report_control *controls; /* in the framework's order */
	size_t control_count;
	const struct report_check *checks; /* every one there ever was, by id */
	size_t check_count;
	const struct report_source *sources; /* by host, source, agent */
	size_t source_count;
};

/* Append the bytes of `report --json`, without a final LF. */
void report_json(const struct report *r, struct buf *out);

/* Append one line a slot: by check, unit, start; each ended by LF. */
void report_slots(const struct report *r, struct buf *out);

#endif
