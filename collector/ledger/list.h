/* SPDX-License-Identifier: Apache-2.0 */
/* list: pointers in a row, and a table from one pointer to another; both from
 * an arena, both borrow what they hold. {0} is empty. */
#ifndef COLLECTOR_LEDGER_LIST_H
#define COLLECTOR_LEDGER_LIST_H

#include <stddef.h>
#include <stdint.h>

#include "assay/arena.h"

struct list {
	void **at;
	size_t count;
	size_t room;
};

/* -1 when memory is short: the list is as before. */
int list_add(struct list *l, struct arena *a, void *item);

/* Sort, keeping the order of equals. Needs memory for half of it. */
typedef int list_order_fn(const void *a, const void *b); /* items */
int list_sort(struct list *l, list_order_fn *order);

struct table {
	struct table_entry {
		const void *key;
		void *value;
	} * at;
	size_t count;
	size_t room;
};

/* The value of a key, NULL when there is none. */
void *table_get(const struct table *t, const void *key);

/* Set it. -1 when memory is short. key is not NULL. */
int table_put(struct table *t, struct arena *a, const void *key, void *value);

#endif
