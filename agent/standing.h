/* SPDX-License-Identifier: Apache-2.0 */
/* standing: how far a source proves that it was watched (`through`), and where
 * it does not. Pure: facts in, times out. Never later than now; goes back only
 * when now does.
 *
 * Lines prove the time between them when they are near enough: a stretch of 65
 * minutes without a line in a log that a syslog daemon writes is a hole, unless
 * the host was off (a boot ends it). At the end of what there is to read, how
 * far it stands depends on what can be known of the writer.
 *
 * Where marks come back (mark.h), 15 minutes without a line while the agent was
 * at the end of the source and asked are silence: whoever writes it is dead. It
 * is known as such also after a restart, and no boot explains it. */
#ifndef ASSAY_AGENT_STANDING_H
#define ASSAY_AGENT_STANDING_H

#include <stdbool.h>
#include <stdint.h>

#define STANDING_QUIET_US (INT64_C(65) * 60 * 1000000)
#define STANDING_SYSLOG_US (INT64_C(15) * 60 * 1000000)

enum standing_rule {
	STANDING_BACKLOG, /* not live: to the last line */
	STANDING_SYSLOG,  /* live, of a daemon that may have died: to 15 min
			   * after the last line */
	STANDING_OWN,	  /* live, a program's own log: to now */
	STANDING_PLAYED,  /* under a simulated clock: to now; quiet stretches
			   * count as watched */
};

struct standing {
	bool known;	 /* there is a from */
	bool answers;	 /* what is written to syslog arrives here */
	int64_t from_us; /* of this chain of epochs */
	int64_t through_us;
	int64_t last_us; /* stamp of the last line, 0 none */
	/* Since when the agent asks and reads without a break, 0 not. */
	int64_t asking_us;
	/* Silence was seen: nothing had come by then. 0 none. */
	int64_t silent_us;
};

enum standing_hole {
	STANDING_NO_HOLE,
	STANDING_UNWATCHED, /* quiet, and nobody asked: reason agent */
	STANDING_SILENT,    /* quiet although we asked: reason silent */
};

/* A source begins to be watched at from_us. */
void standing_begin(struct standing *s, int64_t from_us);

/* A stamped line was read. When the stretch before it is a hole, *hole_us is
 * where it begins; it ends at time_us. boot: the line begins a boot. */
enum standing_hole standing_line(struct standing *s, enum standing_rule rule,
    int64_t time_us, bool boot, int64_t now_us, int64_t *hole_us);

/* All there is was read. True when the source stands at now: it need not be
 * listed in a heartbeat. */
bool standing_rest(struct standing *s, enum standing_rule rule, int64_t now_us);

/* The clock was set or the agent stood still: what did not come in the time
 * before was perhaps never asked for. */
void standing_anew(struct standing *s);

/* Nothing stands later than now, also when now went back. */
void standing_settle(struct standing *s, int64_t now_us);

#endif
