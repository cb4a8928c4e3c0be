/* SPDX-License-Identifier: Apache-2.0 */
/* arena: memory that is handed out in small pieces and given back all at once.
 * What comes from an arena is zeroed, aligned for any type, and lives until
 * arena_clear. {0} is a valid, empty arena. */
#ifndef ASSAY_ARENA_H
#define ASSAY_ARENA_H

#include <stddef.h>

#include "assay/slice.h"

struct arena {
	struct arena_block *head;
	size_t bytes; /* handed out so far */
};

/* size zeroed bytes (at least one), or NULL when memory is short. */
void *arena_alloc(struct arena *a, size_t size);

/* The same for count items of size bytes each; NULL on overflow as well. */
void *arena_array(struct arena *a, size_t count, size_t size);

/* A copy of the bytes followed by a NUL, or NULL when memory is short. */
char *arena_copy(struct arena *a, struct slice bytes);

/* Give everything back; the arena is empty and usable again. */
void arena_clear(struct arena *a);

#endif
