/* SPDX-License-Identifier: Apache-2.0 */
/* feeds: all sources that are read, and the states of those that were and may
 * be again. The set may change while the agent runs; whoever keeps a pointer
 * to the struct sees that, a pointer into the list is good until it does. Gives
 * the spool the state that travels with a commit. */
#ifndef ASSAY_AGENT_FEEDS_H
#define ASSAY_AGENT_FEEDS_H

#include <stdbool.h>
#include <stddef.h>

#include "assay/buf.h"
#include "assay/crypto.h"
#include "assay/err.h"

#include "checkpoint.h"
#include "feed.h"
#include "recover.h"

struct feeds_options {
	struct crypto *crypto;
	size_t open_max; /* files that one source keeps open; 0: its own */
	bool once;	 /* nothing is waited for */
	bool simulated;	 /* the time that is told is not the real one */
	bool new_chain;	 /* the epochs before are not joined to this one */
};

struct feeds {
	struct feed *list;
	size_t count;
	struct feeds_options o;
	struct checkpoint saved; /* states of sources that are not read now */
	struct checkpoint_parts parts; /* of the commit being made */
};

/* An empty set with the states that recovery found. Borrows o's crypto. */
int feeds_init(struct feeds *f, const struct feeds_options *o,
    const struct recover *found, struct err *err);
void feeds_clear(struct feeds *f);

/* Open the source of a spec (taken, also on failure) and take up its state. One
 * that is not understood is told in the log, and the source read from its
 * beginning. */
int feeds_add(struct feeds *f, struct source_spec *spec, struct err *err);

/* Close the i-th; its state is kept. Only right after a commit: what moved
 * since would be read again. */
int feeds_remove(struct feeds *f, size_t i, struct err *err);

/* The place of a source by its id; f->count when there is none. */
size_t feeds_find(const struct feeds *f, const char *id);

/* For the spool: append the part-th part of the state (spool_state_fn). rules
 * is the hash of the set in force. */
void feeds_append(struct feeds *f, const uint8_t rules[32], bool full,
    size_t part, struct buf *out);

#endif
