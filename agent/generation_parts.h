/* SPDX-License-Identifier: Apache-2.0 */
/* generation_parts: what a generation is made of, for generation.c and
 * generation_proof.c, which compares it with other files. Nobody else includes
 * this. */
#ifndef ASSAY_AGENT_GENERATION_PARTS_H
#define ASSAY_AGENT_GENERATION_PARTS_H

#include "generation.h"
#include "packed.h"
#include "plain.h"

struct generation {
	struct crypto *crypto;
	char *path;
	struct fileid id;
	struct fileid_form form;
	struct position at;
	int64_t last_us;    /* stamp of the last line read; 0 none */
	int64_t through_us; /* when all there was had been read; 0 never */
	bool ended;

	struct stat st;	  /* its file when last looked at */
	uint64_t high;	  /* the largest it was, while it was intact */
	bool fresh;	  /* st cannot tell that it was written since */
	int64_t grown_us; /* when it was last seen to have grown */
	/* From saved state: its file when it was closed; -1 not known. */
	int64_t saved_size, saved_mtime_us;

	/* Its first bytes when it was last looked at, as long as nothing was
	 * read of it. */
	char met[64];
	size_t met_len;

	int fd; /* -1: closed */
	struct plain plain;
	struct packed *packed; /* NULL until it is read */
	/* Of a file that is compared with others: decompressed so far. */
	struct packed *tried;
	struct position tried_at;
};

void generation_drop_tried(struct generation *g);

#endif
