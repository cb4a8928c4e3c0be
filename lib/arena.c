/* SPDX-License-Identifier: Apache-2.0 */
#include "assay/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>

#define BLOCK_BYTES ((size_t)16 * 1024)
#define ALIGN alignof(max_align_t)

struct arena_block {
	struct arena_block *next;
	size_t used;
	size_t size;
	max_align_t bytes[];
};

static struct arena_block *
grow(struct arena *a, size_t size)
{
	size_t room = size > BLOCK_BYTES / 4 ? size : BLOCK_BYTES;
	struct arena_block *block = calloc(1, sizeof *block + room);

	if (!block)
		return NULL;
	block->size = room;
	/* A big piece fills its own block; the open one stays in front. */
	if (a->head && room != BLOCK_BYTES) {
		block->next = a->head->next;
		a->head->next = block;
	} else {
		block->next = a->head;
		a->head = block;
	}
	return block;
}

void *
arena_alloc(struct arena *a, size_t size)
{
	struct arena_block *block = a->head;
	void *piece;

	if (size > SIZE_MAX / 4)
		return NULL;
	size = size ? (size + ALIGN - 1) / ALIGN * ALIGN : ALIGN;
	if (!block || block->size - block->used < size)
		block = grow(a, size);
	if (!block)
		return NULL;
	piece = (char *)block->bytes + block->used;
	block->used += size;
	a->bytes += size;
	return piece;
}

void *
arena_array(struct arena *a, size_t count, size_t size)
{
	if (size && count > SIZE_MAX / size)
		return NULL;
	return arena_alloc(a, count * size);
}

char *
arena_copy(struct arena *a, struct slice bytes)
{
	char *copy = arena_alloc(a, bytes.len + 1);

	if (copy && bytes.len)
		memcpy(copy, bytes.ptr, bytes.len);
	return copy;
}

void
arena_clear(struct arena *a)
{
	while (a->head) {
		struct arena_block *next = a->head->next;

		free(a->head);
		a->head = next;
	}
	a->bytes = 0;
}
