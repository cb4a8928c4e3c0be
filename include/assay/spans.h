/* SPDX-License-Identifier: Apache-2.0 */
/* spans: the leaves of one epoch and the spans of its chain that somebody
 * signed: a seal signs c[first-1] and c[last]; a start that follows the epoch
 * signs its last chain value (a span of no records). Records on the chain
 * between two signed values are sealed. Between the end of one span and the
 * beginning of the next, where the seal in between is lost, lies the lead of
 * the later one: its ends are signed too, so it can be sealed as well. So a
 * lost record spoils the span or lead that holds it, and nothing else.
 *
 * Every span is of one key; only those of the key asked for count. Pure. */
#ifndef ASSAY_SPANS_H
#define ASSAY_SPANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assay/chain.h"
#include "assay/crypto.h"
#include "assay/leaves.h"

enum span_state {
	SPAN_OPEN, /* records are missing */
	SPAN_BAD,  /* all there, and not on the chain */
	SPAN_SEALED,
	SPAN_NONE, /* of a lead: there is none */
};

struct span {
	uint64_t first, last; /* first = last + 1: a value, no records */
	uint8_t prev[CHAIN_LEN];
	uint8_t head[CHAIN_LEN];
	size_t key;
	bool by_start;		 /* signed by a following start, not a seal */
	uint8_t leaf[CHAIN_LEN]; /* of the seal's record */
	uint8_t follower[16];	 /* epoch of the start */

	enum span_state state;
	enum span_state lead;
	uint64_t lead_first; /* to first - 1, when lead is not none */
	uint64_t lead_watch; /* what comes from here on may change it */
	bool tail_sealed;    /* from a value signed within it to its end */
	bool fresh;	     /* never tried, or neighbours changed */
	bool listed;	     /* among the open ones */
	struct span *next_open;
};

/* {0} is empty. */
struct spans {
	struct leaves leaves;
	struct span **sorted; /* by last, first, head, prev, key, leaf */
	size_t count;
	size_t cap;
	struct span *open; /* those not done with */
};

void spans_clear(struct spans *s);

/* Add a span (copied); one that is there already is left alone. -1 when memory
 * is short. */
int spans_add(struct spans *s, const struct span *span);

/* Called for each span or lead that came out sealed or bad. */
typedef void spans_settled_fn(
    void *arg, uint64_t first, uint64_t last, enum span_state state);

/* Try what may have changed: the spans around a sequence that came (0: none
 * did), and those added since the last call. */
void spans_settle(struct spans *s, struct crypto *c, size_t key,
    uint64_t sequence, spans_settled_fn *settled, void *arg);

/* Forget what was sealed and the spans that following starts signed. */
void spans_reset(struct spans *s);

/* The span that the seal record under this number and leaf (NULL: any) signed;
 * NULL when it is no seal, or not of this key. */
const struct span *spans_of(
    const struct spans *s, size_t key, uint64_t sequence, const uint8_t *leaf);

/* How the span or lead over a held, unsealed record stands; SPAN_NONE when
 * nothing signed reaches it. *end is the last number of which the same holds
 * for the same cause. */
enum span_state spans_over(
    const struct spans *s, size_t key, uint64_t sequence, uint64_t *end);

#endif
