/* SPDX-License-Identifier: Apache-2.0 */
/* audit: goes through evidence once and says what holds and what does not:
 * every record decodes, a store's rows are what they were stored as, every seal
 * holds over what it covers, nothing is missing between. It judges what is
 * there and trusts nothing but the keys: those a store has pinned, else the
 * first start of each agent; their fingerprints are for people to compare. */
#ifndef COLLECTOR_AUDIT_H
#define COLLECTOR_AUDIT_H

#include <stdbool.h>
#include <stdint.h>

#include "assay/buf.h"
#include "assay/crypto.h"
#include "assay/err.h"
#include "evidence.h"

struct audit;

struct audit_counts {
	uint64_t records;  /* read and decoded */
	uint64_t sealed;   /* of them on the chain of a seal that holds */
	uint64_t unsealed; /* of them that no seal reaches yet */
	uint64_t doubtful; /* of them in a range that is wrong or not whole */
	uint64_t repeated; /* the same record again: harmless */
	uint64_t replayed; /* events that came again in another epoch */
	uint64_t erased;
	uint64_t epochs;
	uint64_t wrong; /* things that are wrong */
};

/* Go through e. NULL when memory is short or it cannot be read to its end. */
struct audit *audit_new(struct crypto *c, struct evidence *e, struct err *err);
void audit_free(struct audit *a);

struct audit_counts audit_counts(const struct audit *a);

/* Append the result for a person, or as one line of JSON with LF. name is how
 * the evidence is called. */
void audit_text(const struct audit *a, const char *name, struct buf *out);
void audit_json(const struct audit *a, const char *name, struct buf *out);

#endif
