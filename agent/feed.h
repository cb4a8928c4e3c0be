/* SPDX-License-Identifier: Apache-2.0 */
/* feed: one source while it is read: the source, how far it stands, and what
 * its lines were since the heartbeat before. Its state is one object of a
 * checkpoint. */
#ifndef ASSAY_AGENT_FEED_H
#define ASSAY_AGENT_FEED_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "assay/buf.h"
#include "assay/crypto.h"
#include "assay/err.h"

#include "mark.h"
#include "source.h"
#include "standing.h"

struct feed {
	struct source source;
	struct source_spec *spec; /* owned */
	enum standing_rule rule;
	struct standing standing;
	struct mark *mark; /* owned; NULL: none are sent for it */
	/* A daemon said that it begins to drop lines, so many times more than
	 * it said how many were lost; and when first. 0 none. */
	unsigned dropping;
	int64_t dropping_us;
	/* Since the heartbeat before. */
	int64_t lines, known, ignored, unknown;
	/* Since the start, for people. */
	int64_t total_lines, total_events;
	int64_t total_known, total_ignored, total_unknown;
	int64_t total_gaps;
	int64_t gap_from_us, gap_to_us; /* of the last */
	char gap_reason[16];
	bool moved;	/* since the last commit */
	bool at_end;	/* the last read found nothing more */
	bool caught_up; /* was at its end once: what comes now is live */
	bool blocked;	/* a file of it cannot be read; err says why */
	bool listed;	/* in some heartbeat of this epoch */
	/* A hole that the source found and no record tells yet. */
	bool has_hole;
	struct source_gap hole;
	struct err err;
};

/* Open the source of a spec (taken, also on failure). Whether marks are sent
 * for it follows from rule and spec. */
int feed_open(struct feed *f, struct source_spec *spec, enum standing_rule rule,
    struct crypto *c, struct err *err);
void feed_close(struct feed *f);

/* Append its state as a JSON object: {"id","from","through","last",...}; in
 * full, or what changed since what _kept said is on disk. */
void feed_save(struct feed *f, bool full, struct buf *out);
void feed_kept(struct feed *f);

/* Take it up again, before the first scan. new_chain: the epochs before are not
 * joined, so what is proved begins where reading goes on. */
int feed_restore(
    struct feed *f, const json_t *state, bool new_chain, struct err *err);

/* Look for new files and bytes. Marks the feed blocked when that fails. Gives a
 * source that has lines, and no beginning yet, its beginning. */
void feed_scan(struct feed *f, int64_t now_us);

/* True when a syslog daemon writes it, as far as is known (sources.yml, the
 * configuration, marks that came back): what that daemon lost can have been
 * meant for it. */
bool feed_is_fed(const struct feed *f);

/* The class its lines count under: the first it provides. */
enum rule_class feed_class(const struct feed *f);

#endif
