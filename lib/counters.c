/* SPDX-License-Identifier: Apache-2.0 */
#include "assay/counters.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#include "assay/jsonout.h"

struct counters {
	const struct counters_entry *table;
	size_t count;
	uint64_t values[];
};

struct counters *
counters_new(const struct counters_entry *table)
{
	struct counters *c;
	size_t count = 0;

	while (table[count].name)
		count++;
	c = calloc(1, sizeof *c + count * sizeof *c->values);
	if (!c)
		return NULL;
	c->table = table;
	c->count = count;
	return c;
}

void
counters_free(struct counters *c)
{
	free(c);
}

void
counters_add(struct counters *c, size_t which, uint64_t n)
{
	assert(which < c->count);
	c->values[which] += n;
}

void
counters_set(struct counters *c, size_t which, uint64_t value)
{
	assert(which < c->count);
	c->values[which] = value;
}

uint64_t
counters_get(const struct counters *c, size_t which)
{
	assert(which < c->count);
	return c->values[which];
}

static void
put_all(const struct counters *c, struct buf *out, bool zeros)
{
	jsonout_object(out);
	for (size_t i = 0; i < c->count; i++)
		if (zeros || c->values[i])
			jsonout_kint(
			    out, c->table[i].name, (int64_t)c->values[i]);
	jsonout_object_end(out);
}

void
counters_json(const struct counters *c, struct buf *out)
{
	put_all(c, out, true);
}

void
counters_json_nonzero(const struct counters *c, struct buf *out)
{
	put_all(c, out, false);
}
