/* SPDX-License-Identifier: Apache-2.0 */
#include "names.h"

#include <stdlib.h>
#include <string.h>

#include "assay/arena.h"

struct name {
	const char *text;
	size_t len;
	uint64_t hash;
};

struct names {
	struct arena arena;
	struct name *table; /* open addressing, room is a power of two */
	size_t count;
	size_t room;
};

static uint64_t
hash_of(struct slice text)
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < text.len; i++)
		h = (h ^ (unsigned char)text.ptr[i]) * UINT64_C(1099511628211);
	return h ^ h >> 29;
}

struct names *
names_new(void)
{
	struct names *n = calloc(1, sizeof *n);

	if (!n)
		return NULL;
	n->room = 1024;
	n->table = calloc(n->room, sizeof *n->table);
	if (!n->table) {
		free(n);
		return NULL;
	}
	return n;
}

void
names_free(struct names *n)
{
	if (!n)
		return;
	arena_clear(&n->arena);
	free(n->table);
	free(n);
}

static struct name *
place_of(struct name *table, size_t room, struct slice text, uint64_t hash)
{
	size_t i = hash & (room - 1);

	while (table[i].text &&
	       (table[i].hash != hash || table[i].len != text.len ||
		   memcmp(table[i].text, text.ptr, text.len) != 0))
		i = (i + 1) & (room - 1);
	return &table[i];
}

static int
grow(struct names *n)
{
	size_t room = n->room * 2;
	struct name *table = calloc(room, sizeof *table);

	if (!table)
		return -1;
	for (size_t i = 0; i < n->room; i++) {
		const struct name *old = &n->table[i];

		if (old->text)
			*place_of(table, room,
			    (struct slice){old->text, old->len}, old->hash) =
			    *old;
	}
	free(n->table);
	n->table = table;
	n->room = room;
	return 0;
}

static struct slice
until_nul(struct slice text)
{
	const void *nul = text.len ? memchr(text.ptr, 0, text.len) : NULL;

	if (nul)
		text.len = (size_t)((const char *)nul - text.ptr);
	return text.len ? text : SLICE("");
}

const char *
names_get(struct names *n, struct slice text)
{
	struct name *place;
	uint64_t hash;

	text = until_nul(text);
	hash = hash_of(text);
	place = place_of(n->table, n->room, text, hash);
	if (place->text)
		return place->text;
	if (n->count >= n->room / 2) {
		if (grow(n))
			return NULL;
		place = place_of(n->table, n->room, text, hash);
	}
	place->text = arena_copy(&n->arena, text);
	if (!place->text)
		return NULL;
	place->len = text.len;
	place->hash = hash;
	n->count++;
	return place->text;
}

const char *
names_of(struct names *n, const char *text)
{
	return names_get(n, slice_of(text));
}

const char *
names_find(const struct names *n, struct slice text)
{
	text = until_nul(text);
	return place_of(n->table, n->room, text, hash_of(text))->text;
}
