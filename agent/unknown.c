/* SPDX-License-Identifier: Apache-2.0 */
#include "unknown.h"

#include <stdlib.h>
#include <string.h>

struct row {
	char name[UNKNOWN_NAME_MAX];
	size_t len;
	enum rule_class class;
	bool closed;
	int64_t lines;
	int64_t from_us, through_us;
};

struct unknown {
	struct row rows[UNKNOWN_SLOTS];
	size_t count;
	struct row other[RULE_CLASSES];
	const struct row *order[UNKNOWN_SLOTS]; /* scratch */
};

struct unknown *
unknown_new(void)
{
	return calloc(1, sizeof(struct unknown));
}

void
unknown_free(struct unknown *u)
{
	free(u);
}

static void
count_line(struct row *r, int64_t lines, int64_t from_us, int64_t through_us)
{
	if (r->lines == 0 || from_us < r->from_us)
		r->from_us = from_us;
	if (r->lines == 0 || through_us > r->through_us)
		r->through_us = through_us;
	r->lines += lines;
}

static size_t
hash(struct slice name, enum rule_class class)
{
	uint64_t h = UINT64_C(1469598103934665603) ^ (uint64_t) class;

	for (size_t i = 0; i < name.len; i++)
		h = (h ^ (uint8_t)name.ptr[i]) * UINT64_C(1099511628211);
	return (size_t)(h ^ h >> 32);
}

/* The row of a name, its free place, or NULL when the table is full. */
static struct row *
find(struct unknown *u, struct slice name, enum rule_class class)
{
	size_t at = hash(name, class);

	for (size_t i = 0; i < UNKNOWN_SLOTS; i++) {
		struct row *r = &u->rows[(at + i) % UNKNOWN_SLOTS];

		if (r->lines == 0)
			return u->count < UNKNOWN_SLOTS / 2 ? r : NULL;
		if (r->class == class &&
		    slice_eq((struct slice){r->name, r->len}, name))
			return r;
	}
	return NULL;
}

void
unknown_add(struct unknown *u, struct slice program, enum rule_class class,
    bool closed, int64_t time_us)
{
	struct row *r;

	if (program.len == 0)
		program = SLICE("(none)");
	if (program.len > UNKNOWN_NAME_MAX)
		program.len = UNKNOWN_NAME_MAX;
	r = find(u, program, class);
	if (!r)
		r = &u->other[class];
	else if (r->lines == 0) {
		memcpy(r->name, program.ptr, program.len);
		r->len = program.len;
		r->class = class;
		u->count++;
	}
	r->closed |= closed;
	count_line(r, 1, time_us, time_us);
}

/* Closed programs first, then by lines, then by name: one order for one set. */
static int
compare(const void *left, const void *right)
{
	const struct row *a = *(const struct row *const *)left;
	const struct row *b = *(const struct row *const *)right;
	int order;

	if (a->closed != b->closed)
		return a->closed ? -1 : 1;
	if (a->lines != b->lines)
		return a->lines > b->lines ? -1 : 1;
	order = slice_cmp(
	    (struct slice){a->name, a->len}, (struct slice){b->name, b->len});
	return order ? order : (int)a->class - (int)b->class;
}

static struct record_unknown
describe(const struct row *r, struct slice name)
{
	return (struct record_unknown){.program = name,
	    .class = slice_of(rule_class_name(r->class)),
	    .closed = r->closed,
	    .lines = r->lines,
	    .from_us = r->from_us,
	    .through_us = r->through_us};
}

size_t
unknown_rows(struct unknown *u, struct record_unknown *rows, size_t size)
{
	struct row other[RULE_CLASSES];
	size_t count = 0, used = 0;

	memcpy(other, u->other, sizeof other);
	for (size_t i = 0; i < UNKNOWN_SLOTS; i++)
		if (u->rows[i].lines > 0)
			u->order[used++] = &u->rows[i];
	if (used > 0)
		qsort(u->order, used, sizeof(void *), compare);
	for (size_t i = 0; i < used; i++) {
		const struct row *r = u->order[i];

		if (i < UNKNOWN_TOP && count < size) {
			rows[count++] =
			    describe(r, (struct slice){r->name, r->len});
			continue;
		}
		/* A closed program is never hidden: the row of the others
		 * then says that it holds one. */
		other[r->class].closed |= r->closed;
		count_line(
		    &other[r->class], r->lines, r->from_us, r->through_us);
	}
	for (size_t i = 0; i < RULE_CLASSES && count < size; i++) {
		other[i].class = (enum rule_class)i;
		if (other[i].lines > 0)
			rows[count++] = describe(&other[i], SLICE("(other)"));
	}
	return count;
}

void
unknown_reset(struct unknown *u)
{
	memset(u, 0, sizeof *u);
}
