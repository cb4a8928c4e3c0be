/* SPDX-License-Identifier: Apache-2.0 */
/* opening: the first records of an epoch, in this order: its start; the rule
 * files, when this state has not recorded their texts before; a gap for each
 * range of records that recovery found lost. */
#ifndef ASSAY_AGENT_OPENING_H
#define ASSAY_AGENT_OPENING_H

#include <stdbool.h>
#include <stdint.h>

#include "assay/crypto.h"
#include "assay/err.h"

#include "feed.h"
#include "recover.h"
#include "ruleset.h"
#include "writer.h"

/* The files of a set of rules as records name them. */
struct opening_files {
	struct record_file *files;
	size_t count;
	uint8_t hash[32]; /* of the set */
};

/* Borrows rules until opening_files_clear. -1 when memory is short. */
int opening_files_init(struct opening_files *o, const struct ruleset *rules,
    struct crypto *c, struct err *err);
void opening_files_clear(struct opening_files *o);

/* Put them as records, with or without their texts. */
enum spool_put opening_files_put(const struct opening_files *all, bool texts,
    struct writer *w, int64_t now_us, struct err *err);

struct opening {
	const char *zone; /* its name */
	bool simulated;
	const struct opening_files *files;
	bool files_known; /* their texts are recorded already */
	const struct recover *found;
	const struct feed *feeds; /* what a gap concerns */
	size_t feed_count;
};

/* Put them all. */
enum spool_put opening_put(
    const struct opening *o, struct writer *w, int64_t now_us, struct err *err);

#endif
