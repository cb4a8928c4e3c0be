/* SPDX-License-Identifier: Apache-2.0 */
/* lines: a stretch of bytes -> the lines in it. Looks for newlines many bytes
 * at a time with what the processor offers; every way gives the same lines.
 * Pure, allocates nothing, reads no byte outside the stretch. */
#ifndef ASSAY_AGENT_LINES_H
#define ASSAY_AGENT_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assay/slice.h"

#define LINES_BATCH 256

struct lines {
	struct slice bytes;
	size_t at;     /* where the next line begins */
	size_t looked; /* newlines before this are in ends, or were */
	size_t count;  /* of ends */
	size_t next;   /* of ends */
	size_t ends[LINES_BATCH + 64];
};

/* Begin with the first line of bytes, which l borrows until the last. */
void lines_begin(struct lines *l, struct slice bytes);

/* Find newlines behind the last known ones. Behind lines_next; not for others.
 * False when there are none. */
bool lines_look(struct lines *l);

/* The next line, without its LF; the last one may lack it. False at the end. */
static inline bool
lines_next(struct lines *l, struct slice *line)
{
	size_t end;

	if (l->next == l->count && !lines_look(l)) {
		*line =
		    (struct slice){l->bytes.ptr + l->at, l->bytes.len - l->at};
		l->at = l->bytes.len;
		return line->len > 0;
	}
	end = l->ends[l->next++];
	*line = (struct slice){l->bytes.ptr + l->at, end - l->at};
	l->at = end + 1;
	return true;
}

/* The ways to look, best first; each fills l->ends like lines_look from
 * l->looked on. For tests. */
typedef void lines_way(struct lines *l);
extern lines_way *const lines_ways[];

/* Whether this processor can go the way. */
bool lines_can(size_t way);

#endif
