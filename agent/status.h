/* SPDX-License-Identifier: Apache-2.0 */
/* status: how the agent is, as a file that it replaces while it runs
 * (status.json), and that file as one screen for people. What a person must
 * look after is worked out here, once, and stands in the file too (`attention`,
 * most urgent first), so that a monitoring check and a person see the same. */
#ifndef ASSAY_AGENT_STATUS_H
#define ASSAY_AGENT_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include "assay/buf.h"
#include "assay/err.h"

#include "agent.h"
#include "discover.h"
#include "publish.h"
#include "ruleset.h"

/* What a run knows beside its agent. */
struct status_run {
	const struct agent *agent;
	const struct discover *found; /* what discovery left out */
	const struct ruleset *rules;
	const char *state;
	int64_t now_us;
	int64_t rules_us;     /* the rules are in force since then */
	int64_t refused_us;   /* the last reload was not taken */
	struct slice refused; /* why: lines; empty: it was, or there was none */
	int64_t max_bytes;    /* of the spool */
	const char *const *readers;
	const struct publish_health *kafka; /* NULL: nothing is sent */
	const char *polling; /* why logs are only looked at, or NULL */
	bool once;
};

/* Append the JSON object. */
void status_make(struct buf *out, const struct status_run *run);

/* Replace the file at path by it; kept short of a sync. */
int status_write(
    const char *path, const struct status_run *run, struct err *err);

/* Append a screen for people from the JSON text. now_us: how old it is decides
 * whether there still is an agent. -1 when it is not understood; else 0, or 1
 * when something is not read that should be: no sign of life, the spool full
 * or failing, a source that is blocked or silent. */
int status_show(
    struct slice json, int64_t now_us, struct buf *out, struct err *err);

/* The same answer without the screen. */
int status_judge(struct slice json, int64_t now_us, struct err *err);

#endif
