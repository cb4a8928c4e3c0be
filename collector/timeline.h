/* SPDX-License-Identifier: Apache-2.0 */
/* timeline: what happened to one control, in order of time: slots, events, gaps
 * and acts as rows of one kind, and the three forms they are printed in. Events
 * come with their fields and raw line, which the ledger does not keep: they are
 * fetched from the store by their place in the log. */
#ifndef COLLECTOR_TIMELINE_H
#define COLLECTOR_TIMELINE_H

#include <stdint.h>

#include "assay/buf.h"
#include "assay/err.h"
#include "ledger/ledger.h"
#include "store.h"

enum timeline_format { TIMELINE_TABLE, TIMELINE_CSV, TIMELINE_NDJSON };

struct timeline_query {
	const struct report_control *control;
	int64_t from_us, to_us;
	enum timeline_format format;
};

/* Append the timeline of the last report of l to out. CSV is RFC 4180: a
 * header, CRLF, every cell quoted; a cell that a spreadsheet would take for a
 * formula begins with an apostrophe. */
int timeline_put(const struct ledger *l, struct store *s,
    const struct timeline_query *query, struct buf *out, struct err *err);

#endif
