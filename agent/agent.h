/* SPDX-License-Identifier: Apache-2.0 */
/* agent: the whole pipeline, built from its settings and taken down in reverse:
 * sources, reader, writer, spool, heartbeats. Work is done by agent_tick with
 * the time it is told; nothing in it waits or reads a clock. */
#ifndef ASSAY_AGENT_AGENT_H
#define ASSAY_AGENT_AGENT_H

#include <stdbool.h>
#include <stdint.h>

#include "assay/err.h"

#include "discover.h"
#include "feed.h"
#include "recover.h"
#include "ruleset.h"
#include "spool.h"
#include "tally.h"
#include "unknown.h"

struct agent;

struct agent_options {
	const char *state;     /* directory; made when missing */
	const char *zone_name; /* of stamps without one; NULL: this machine's */
	uint64_t max_bytes;    /* of the spool */
	uint64_t held_max_bytes; /* unread in deleted files, spool full */
	int64_t keep_us;
	const char *const *readers;
	const char *syslog_socket; /* where marks are sent */
	bool once;	/* read what there is; nothing is waited for */
	bool simulated; /* the time it is told is not the real one */
};

/* A new agent that has opened its spool and begun an epoch; its first records
 * are committed. Borrows o's texts and rules; takes d's specs (d is empty
 * after). NULL and err. */
struct agent *agent_new(const struct agent_options *o,
    const struct ruleset *rules, struct discover *d, int64_t now_us,
    struct err *err);

/* Do what there is to do now, for some 50 ms at most. mono_us tells that the
 * clock was set: the two then moved by different times. Returns when to call
 * again: now_us when there is more to do. */
int64_t agent_tick(struct agent *a, int64_t now_us, int64_t mono_us);

/* Look for new files and bytes at the next tick, whenever the last look was. */
void agent_hint(struct agent *a);

/* ---- while it runs ---- */

/* Go on by these rules and sources. What was made with the old rules is
 * committed first, the new set is recorded before anything is made with it.
 * Sources that are named no more are closed, their state kept; those that are
 * as they were stay open. rules take the place of the ones before and are
 * borrowed as they were; d's specs are taken (d is empty after). -1 and err:
 * nothing changed. */
int agent_reload(struct agent *a, const struct ruleset *rules,
    struct discover *d, int64_t now_us, struct err *err);

/* Open those of d that are not read yet: logs that came later. Takes d's specs.
 * Returns how many were opened. */
size_t agent_add_sources(struct agent *a, struct discover *d, int64_t now_us);

/* Take over what can change while it runs: the limits of the spool, its
 * readers, where marks go. The texts of o are borrowed instead of those given
 * before. */
void agent_set_options(struct agent *a, const struct agent_options *o);

/* Everything there is was read and is durable (or cannot be read, or the spool
 * takes no more): what --once waits for. */
bool agent_is_done(const struct agent *a);

/* A last heartbeat, seal and commit. 0 when all of it is durable. */
int agent_stop(struct agent *a, int64_t now_us, struct err *err);
void agent_free(struct agent *a);

/* ---- for people ---- */

enum agent_phase {
	AGENT_READING,	/* there is a backlog */
	AGENT_WATCHING, /* at the end of everything */
	AGENT_FULL,	/* the spool takes no more */
	AGENT_FAILING,	/* the spool cannot be written */
	AGENT_STOPPED,
};

struct agent_view {
	const uint8_t *agent; /* 16 bytes */
	const uint8_t *epoch; /* 16 bytes */
	const uint8_t *rules; /* hash of the set in force, 32 bytes */
	const char *host;
	enum agent_phase phase;
	const char *problem; /* a sentence; NULL when all is well */
	const struct feed *feeds;
	size_t feed_count;
	const struct tally *tally; /* what became of whose lines */
	const char *mark_problem;  /* why no mark can be sent, or NULL */
	const struct recover *found;
	const char *spool_dir;
	uint64_t spool_bytes, spool_unsent, spool_kept_aside;
	unsigned spool_abandoned;
	uint64_t held; /* unread bytes of logs that have no name any more */
	uint64_t bytes_done, bytes_total;
	int64_t lines, events;
	int64_t lines_per_s;
	uint64_t records; /* of this epoch */
	/* Programs that nobody understands, since unknown_us (a day at most).
	 */
	struct unknown *unknown;
	int64_t unknown_us;
	bool simulated;
};

/* Borrows until the next call on a. */
void agent_look(const struct agent *a, struct agent_view *view);

#endif
