/* SPDX-License-Identifier: Apache-2.0 */
/* status: how the daemon is, as one JSON file that it replaces
 * (`collector.status.json` in $RUNTIME_DIRECTORY, else in the state directory),
 * and as text for a person. */
#ifndef COLLECTOR_STATUS_H
#define COLLECTOR_STATUS_H

#include <stdint.h>

#include "assay/buf.h"
#include "assay/err.h"
#include "intake.h"
#include "store.h"
#include "stream.h"

struct status {
	const char *state; /* running, stopped */
	const char *store_path;
	int64_t started_us;
	int64_t now_us;
	struct store *store;	     /* asked for its lanes, keys, epochs */
	struct intake_counts counts; /* since the start */
	uint64_t bytes_done, bytes_total; /* of the spools */
	struct stream *const *streams;	  /* some may be NULL: not open yet */
	size_t stream_count;
};

/* Append the JSON of it, one line with LF:
 * {"program","version","state","pid","started","updated",
 *  "store":{"path","records","dead_letters"},
 *  "since_start":{"appended","repeated","dead_letters","told"},
 *  "progress":{"bytes_done","bytes_total"},
 *  "streams":[{"stream","words","trouble","insecure","lanes","behind"}],
 *  "lanes":[{"lane","position"}],
 *  "agents":[{"agent","host","fingerprint","epochs","records","missing",
 *   "last"}]}; what the store cannot tell now is left out. */
void status_json(const struct status *s, struct buf *out);

/* Replace the status file of this state directory, or read it (1, 0, -1). */
int status_write(const char *state_dir, struct slice json, struct err *err);
int status_read(const char *state_dir, struct buf *out, struct err *err);

/* Append the text for a person; false when json is no status. */
bool status_text(struct slice json, int64_t now_us, struct buf *out);

#endif
