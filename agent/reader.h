/* SPDX-License-Identifier: Apache-2.0 */
/* reader: from a window of lines to records: header, match, event. A line that
 * no rule knows costs no allocation; it is counted. A line's position is passed
 * only when all its records were put.
 *
 * Two kinds of lines become no event: our own marks, and lines by which a
 * daemon says that it lost lines (rules of the kind RULE_LOSS_KIND): those are
 * gaps, of the source and, where a syslog daemon writes it, of all it writes.
 */
#ifndef ASSAY_AGENT_READER_H
#define ASSAY_AGENT_READER_H

#include <stdint.h>

#include "assay/err.h"

#include "feeds.h"
#include "match.h"
#include "tally.h"
#include "unknown.h"
#include "writer.h"

struct zone;
struct reader;

struct reader_parts {
	struct match *match;
	const struct zone *zone; /* of stamps without one */
	struct writer *writer;
	struct tally *tally;
	struct unknown *unknown; /* since the heartbeat before */
	struct unknown *today;	 /* for people */
	struct crypto *crypto;
	const char *host;    /* this machine's name */
	bool simulated;	     /* now is not when lines were written */
	struct feeds *feeds; /* all there are */
};

/* A new reader. Borrows the parts. NULL when memory is short. */
struct reader *reader_new(const struct reader_parts *parts);
void reader_free(struct reader *r);

/* Match by this from now on; borrows it. */
void reader_set_match(struct reader *r, struct match *match);

enum reader_got {
	READER_FAILED = -1,
	READER_NOTHING = 0, /* at the end of what there is */
	READER_READ = 1,    /* a window was read, there may be more */
	READER_FULL = 2,    /* the spool takes no more now */
};

/* Read one window of a feed. err says why on READER_FULL and READER_FAILED. */
enum reader_got reader_step(
    struct reader *r, struct feed *f, int64_t now_us, struct err *err);

/* Put the holes that the source found. */
enum reader_got reader_gaps(
    struct reader *r, struct feed *f, int64_t now_us, struct err *err);

/* What was refused since the heartbeat before: patterns that gave up, events
 * beyond the limit of a line; then counted anew. */
struct reader_refused {
	int64_t limit_hits;
	int64_t events_dropped;
};
struct reader_refused reader_take_refused(struct reader *r);

#endif
