/* SPDX-License-Identifier: Apache-2.0 */
#include "list.h"

#include <stdlib.h>
#include <string.h>

int
list_add(struct list *l, struct arena *a, void *item)
{
	if (l->count == l->room) {
		size_t room = l->room ? l->room * 2 : 4;
		void **at = arena_array(a, room, sizeof *at);

		if (!at)
			return -1;
		if (l->count)
			memcpy(at, l->at, l->count * sizeof *at);
		l->at = at;
		l->room = room;
	}
	l->at[l->count++] = item;
	return 0;
}

/* Sort at[0..count) with the help of half as many places in side. What is in
 * order already costs one look. */
static void
merge_sort(void **at, size_t count, void **side, list_order_fn *order)
{
	size_t half = count / 2, left = 0, right = half, out = 0;

	if (count < 2)
		return;
	merge_sort(at, half, side, order);
	merge_sort(at + half, count - half, side, order);
	if (order(at[half - 1], at[half]) <= 0)
		return;
	memcpy(side, at, half * sizeof *at);
	while (left < half && right < count)
		at[out++] = order(side[left], at[right]) <= 0 ? side[left++]
							      : at[right++];
	memcpy(at + out, side + left, (half - left) * sizeof *at);
}

int
list_sort(struct list *l, list_order_fn *order)
{
	void **side;

	if (l->count < 2)
		return 0;
	side = malloc((l->count / 2) * sizeof *side);
	if (!side)
		return -1;
	merge_sort(l->at, l->count, side, order);
	free(side);
	return 0;
}

static struct table_entry *
place_of(struct table_entry *at, size_t room, const void *key)
{
	uint64_t h = (uint64_t)(uintptr_t)key * UINT64_C(0x9e3779b97f4a7c15);
	size_t i = (h >> 32) & (room - 1);

	while (at[i].key && at[i].key != key)
		i = (i + 1) & (room - 1);
	return &at[i];
}

void *
table_get(const struct table *t, const void *key)
{
	return t->room ? place_of(t->at, t->room, key)->value : NULL;
}

static int
grow(struct table *t, struct arena *a)
{
	size_t room = t->room ? t->room * 2 : 16;
	struct table_entry *at = arena_array(a, room, sizeof *at);

	if (!at)
		return -1;
	for (size_t i = 0; i < t->room; i++)
		if (t->at[i].key)
			*place_of(at, room, t->at[i].key) = t->at[i];
	t->at = at;
	t->room = room;
	return 0;
}

int
table_put(struct table *t, struct arena *a, const void *key, void *value)
{
	struct table_entry *place;

	if (t->count >= t->room / 2 && grow(t, a))
		return -1;
	place = place_of(t->at, t->room, key);
	if (!place->key)
		t->count++;
	place->key = key;
	place->value = value;
	return 0;
}
