/* SPDX-License-Identifier: Apache-2.0 */
/* stretch: what one read of a file gave: whole lines, or one line by itself. */
#ifndef ASSAY_AGENT_STRETCH_H
#define ASSAY_AGENT_STRETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assay/slice.h"

struct stretch {
	struct slice bytes;  /* empty: no whole line is there */
	bool one_line;	     /* bytes is one line without LF, whole or cut */
	uint64_t size;	     /* all of it, with LF if it has one */
	uint64_t len;	     /* without */
	const uint8_t *hash; /* SHA-256 of all of it when it is cut */
	uint64_t partial;    /* bytes there of a line that has no end yet */
};

/* How many NULs bytes begins with. */
size_t stretch_leading_nuls(struct slice bytes);

/* Of whole lines, those before one that begins with NUL. */
struct slice stretch_before_nuls(struct slice lines);

/* Does the file still hold what was read of it? */
enum stretch_proof {
	STRETCH_SAME,
	STRETCH_OTHER,	/* another file's content, or truncated */
	STRETCH_BROKEN, /* cannot be read; err says why */
};

#endif
