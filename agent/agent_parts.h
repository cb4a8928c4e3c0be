/* SPDX-License-Identifier: Apache-2.0 */
/* agent_parts: what an agent is made of, shared by its files: agent.c works,
 * agent_build.c builds and takes down, agent_reload.c takes other rules and
 * sources while it runs. */
#ifndef ASSAY_AGENT_AGENT_PARTS_H
#define ASSAY_AGENT_AGENT_PARTS_H

#include <limits.h>

#include "assay/machine.h"
#include "assay/zone.h"

#include "agent.h"
#include "feeds.h"
#include "heartbeat.h"
#include "identity.h"
#include "opening.h"
#include "reader.h"
#include "tally.h"
#include "unknown.h"
#include "writer.h"

struct agent {
	struct agent_options o;
	char spool_dir[PATH_MAX];
	char zone_name[256];
	struct crypto *crypto;
	struct machine machine;
	struct zone *zone;
	struct spool *spool;
	struct identity identity;
	struct feeds feeds;
	struct opening_files files;
	/* Sets of rules whose texts are in this state's records. */
	uint8_t (*recorded)[32];
	size_t recorded_count;
	struct match *match;
	struct tally *tally;
	struct unknown *unknown, *today;
	int64_t today_us; /* since when */
	struct writer *writer;
	struct reader *reader;
	struct heartbeat *heartbeat;

	enum agent_phase phase;
	struct err problem;
	int64_t scanned_us;
	int64_t put_us; /* when the open commit began; 0: none is open */
	int64_t reclaimed_us;
	/* Why nothing is read: a line's records were refused for want of room,
	 * or a commit failed. Tried again at retry_us. */
	bool refused, stuck;
	int64_t retry_us;
	/* When the tick before was, on both clocks; 0 none. */
	int64_t tick_us, tick_mono_us;
	struct err mark_err; /* why the last mark could not be sent */
	/* For lines/s. */
	int64_t rate_mono_us, rate_lines, lines_per_s;
};

/* What the spool answered becomes the agent's phase; true when it took it. */
bool agent_took(
    struct agent *a, enum spool_put got, const struct err *err, int64_t now_us);

/* Put and commit; false when the spool does not take it, which is then the
 * agent's problem. */
bool agent_beat(struct agent *a, bool complete, int64_t now_us);
bool agent_commit(struct agent *a, int64_t now_us);

/* Look at one source; what cannot be read is told once. */
void agent_scan_feed(struct agent *a, size_t i, int64_t now_us);

/* Nothing is read: the spool takes no more, or a commit failed. */
bool agent_is_stopped(const struct agent *a);

/* Whether the texts of this set of rules are recorded; note that they are. */
bool agent_has_recorded(const struct agent *a, const uint8_t hash[32]);
int agent_note_recorded(struct agent *a, const uint8_t hash[32]);

#endif
