/* SPDX-License-Identifier: Apache-2.0 */
/* checkpoint: the agent's state between two starts, as it travels with the
 * commits of the spool: `{"rules":HASH,"sources":[{"id":..},..]}`. A full one
 * holds everything, later ones what changed; put together, the last word about
 * each source counts. In its `files` a number stands for the file of that `n`
 * as the state before has it: thousands of rotated files do not change. A state
 * with `"more":true` goes on with the files of the one before it. */
#ifndef ASSAY_AGENT_CHECKPOINT_H
#define ASSAY_AGENT_CHECKPOINT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "assay/buf.h"
#include "assay/err.h"

#include "feed.h"
#include "recover.h"

struct checkpoint {
	bool has_rules;	   /* the texts of a set of rules were recorded: */
	uint8_t rules[32]; /* this one's */
	json_t *sources;   /* object: id -> state */
	json_t *before; /* while it is put together: id -> files before that */
};

/* Put together what recovery found. What is not understood is left out and told
 * in err (return 1): its source is read from the beginning, ids make the
 * repeats harmless. -1 when memory is short. */
int checkpoint_load(
    struct checkpoint *c, const struct recover *found, struct err *err);
void checkpoint_clear(struct checkpoint *c);

/* State of a source; NULL when there is none. Borrows. */
const json_t *checkpoint_source(const struct checkpoint *c, const char *id);

/* Keep the state of a source that is not read any more: a JSON object. */
int checkpoint_keep(struct checkpoint *c, struct slice state, struct err *err);

/* A state on its way into frames: so many checkpoints that each fits one. */
struct checkpoint_parts {
	struct buf *list;
	size_t count;
	bool failed; /* memory was short */
};

/* Begin with none; rules may be NULL. With `all`, there is one part at least.
 */
void checkpoint_begin(
    struct checkpoint_parts *p, const uint8_t *rules, bool all);

/* Add the state of a source, a JSON object. One that is too large for a part
 * (thousands of files) is taken apart: what follows says `"more":true`. */
void checkpoint_add(
    struct checkpoint_parts *p, const uint8_t *rules, struct slice state);

/* Add the states that are kept but for those of the feeds that are read. */
void checkpoint_add_others(struct checkpoint_parts *p, const uint8_t *rules,
    const struct checkpoint *c, const struct feed *feeds, size_t count);

/* Complete the last part. */
void checkpoint_end(struct checkpoint_parts *p);
void checkpoint_parts_clear(struct checkpoint_parts *p);

#endif
