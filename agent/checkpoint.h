/* SPDX-License-Identifier: Apache-2.0 */
/* checkpoint: the agent's state between two starts, as it travels with the
 * commits of the spool: `{"rules":HASH,"sources":[{"id":..},..]}`. A full one
 * holds everything, later ones what changed; put together, the last word about
 * each source counts. */
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

/* Sources of one part, so that it fits a frame. */
#define CHECKPOINT_PART ((size_t)32)

/* Append a checkpoint with the state of these feeds, at most CHECKPOINT_PART.
 * rules may be NULL. */
void checkpoint_save(const struct feed *const *feeds, size_t count,
    const uint8_t *rules, struct buf *out);

/* Append the part-th part of the states that are kept but for those of the
 * feeds that are read; leaves out as it is when there are no more. */
void checkpoint_save_others(const struct checkpoint *c,
    const struct feed *feeds, size_t count, size_t part, const uint8_t *rules,
    struct buf *out);

#endif
