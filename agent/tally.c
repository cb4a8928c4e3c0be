/* SPDX-License-Identifier: Apache-2.0 */
#include "tally.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS (2 * TALLY_PROGRAMS)

struct tally {
	struct tally_row slots[SLOTS]; /* by hash of the name, open */
	size_t count;
	struct tally_row other;
	struct tally_row *last; /* programs write several lines in a row */
};

struct tally *
tally_new(void)
{
	return calloc(1, sizeof(struct tally));
}

void
tally_free(struct tally *t)
{
	free(t);
}

static int64_t
lines_of(const struct tally_row *r)
{
	int64_t sum = 0;

	for (size_t i = 0; i < TALLY_FATES; i++)
		sum += r->lines[i];
	return sum;
}

static bool
is_named(const struct tally_row *r, struct slice name)
{
	return slice_eq((struct slice){r->name, r->len}, name);
}

/* The row of a name, new if there is room, else that of the others. */
static struct tally_row *
find(struct tally *t, struct slice name)
{
	uint64_t hash = UINT64_C(1469598103934665603);

	for (size_t i = 0; i < name.len; i++)
		hash = (hash ^ (uint8_t)name.ptr[i]) * UINT64_C(1099511628211);
	for (size_t i = 0; i < SLOTS; i++) {
		struct tally_row *r = &t->slots[(hash + i) % SLOTS];

		if (r->len > 0 && !is_named(r, name))
			continue;
		if (r->len == 0) {
			if (t->count == TALLY_PROGRAMS)
				break;
			memcpy(r->name, name.ptr, name.len);
			r->len = name.len;
			t->count++;
		}
		return r;
	}
	return &t->other;
}

void
tally_add(struct tally *t, struct slice program, enum tally_fate fate)
{
	if (program.len == 0)
		program = SLICE("(none)");
	if (program.len > TALLY_NAME_MAX)
		program.len = TALLY_NAME_MAX;
	if (!t->last || !is_named(t->last, program))
		t->last = find(t, program);
	t->last->lines[fate]++;
}

/* Most lines first, then by name. */
static int
compare(const void *left, const void *right)
{
	const struct tally_row *a = left, *b = right;
	int64_t x = lines_of(a), y = lines_of(b);

	if (x != y)
		return x > y ? -1 : 1;
	return slice_cmp(
	    (struct slice){a->name, a->len}, (struct slice){b->name, b->len});
}

static void
add_up(struct tally_row *sum, const struct tally_row *r)
{
	for (size_t i = 0; i < TALLY_FATES; i++)
		sum->lines[i] += r->lines[i];
}

size_t
tally_rows(const struct tally *t, struct tally_row *rows, size_t size)
{
	static const struct slice name = SLICE("(other)");
	struct tally_row all[TALLY_PROGRAMS], other = t->other;
	size_t count = 0, kept;

	for (size_t i = 0; i < SLOTS; i++)
		if (t->slots[i].len > 0)
			all[count++] = t->slots[i];
	qsort(all, count, sizeof *all, compare);
	kept = count < size ? count : size;
	if (kept == size && kept > 0 && (count > size || lines_of(&other) > 0))
		kept--; /* room for the others */
	memcpy(rows, all, kept * sizeof *rows);
	for (size_t i = kept; i < count; i++)
		add_up(&other, &all[i]);
	if (lines_of(&other) == 0 || kept == size)
		return kept;
	memcpy(other.name, name.ptr, name.len);
	other.len = name.len;
	rows[kept] = other;
	return kept + 1;
}
