/* SPDX-License-Identifier: Apache-2.0 */
#include "stretch.h"

#include <string.h>

static int
reserve(struct stretches *s, struct arena *a, size_t count)
{
	size_t room = s->room ? s->room : 4;
	struct stretch *at;

	if (count <= s->room)
		return 0;
	while (room < count)
		room *= 2;
	at = arena_array(a, room, sizeof *at);
	if (!at)
		return -1;
	if (s->count)
		memcpy(at, s->at, s->count * sizeof *at);
	s->at = at;
	s->room = room;
	return 0;
}

size_t
stretch_find(const struct stretches *s, int64_t us)
{
	size_t lo = 0, hi = s->count;

	/* Most questions are about the end. */
	if (hi && s->at[hi - 1].to_us <= us)
		return hi;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (s->at[mid].to_us > us)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

/* Replace the stretches [first, last) by count new ones. */
static int
splice(struct stretches *s, struct arena *a, size_t first, size_t last,
    const struct stretch *with, size_t count)
{
	if (reserve(s, a, s->count - (last - first) + count))
		return -1;
	memmove(s->at + first + count, s->at + last,
	    (s->count - last) * sizeof *s->at);
	if (count)
		memcpy(s->at + first, with, count * sizeof *with);
	s->count = s->count - (last - first) + count;
	return 0;
}

int
stretch_add(
    struct stretches *s, struct arena *a, int64_t from_us, int64_t to_us)
{
	struct stretch with = {from_us, to_us};
	size_t first, last;

	if (from_us >= to_us)
		return 0;
	/* A stretch that ends where this one begins is joined as well. */
	first = from_us > INT64_MIN ? stretch_find(s, from_us - 1) : 0;
	for (last = first; last < s->count && s->at[last].from_us <= to_us;
	     last++) {
		if (s->at[last].from_us < with.from_us)
			with.from_us = s->at[last].from_us;
		if (s->at[last].to_us > with.to_us)
			with.to_us = s->at[last].to_us;
	}
	return splice(s, a, first, last, &with, 1);
}

int
stretch_cut(
    struct stretches *s, struct arena *a, int64_t from_us, int64_t to_us)
{
	struct stretch rest[2];
	size_t first, last, count = 0;

	if (from_us >= to_us)
		return 0;
	first = last = stretch_find(s, from_us);
	for (; last < s->count && s->at[last].from_us < to_us; last++) {
		const struct stretch *old = &s->at[last];

		if (old->from_us < from_us)
			rest[count++] = (struct stretch){old->from_us, from_us};
		if (old->to_us > to_us)
			rest[count++] = (struct stretch){to_us, old->to_us};
	}
	return first == last ? 0 : splice(s, a, first, last, rest, count);
}

/* Sweep over both sets: what is kept where neither, only a, only b or both are
 * is told by keep[in_a + 2 * in_b]. */
static int
combine(struct stretches *into, struct arena *arena, const struct stretches *a,
    const struct stretches *b, const bool keep[4])
{
	size_t ia = 0, ib = 0; /* edges passed: stretch i / 2, its end if odd */
	int64_t from = 0;
	bool open = false;

	*into = (struct stretches){0};
	while (ia < a->count * 2 || ib < b->count * 2) {
		int64_t ta = ia >= a->count * 2 ? STRETCH_FOREVER
			     : ia % 2		? a->at[ia / 2].to_us
						: a->at[ia / 2].from_us;
		int64_t tb = ib >= b->count * 2 ? STRETCH_FOREVER
			     : ib % 2		? b->at[ib / 2].to_us
						: b->at[ib / 2].from_us;
		int64_t t = ta < tb ? ta : tb;
		bool now;

		if (ia < a->count * 2 && ta == t)
			ia++;
		if (ib < b->count * 2 && tb == t)
			ib++;
		now = keep[ia % 2 + 2 * (ib % 2)];
		if (open && !now && stretch_add(into, arena, from, t))
			return -1;
		if (!open && now)
			from = t;
		open = now;
	}
	return 0;
}

int
stretch_unite(struct stretches *into, struct arena *arena,
    const struct stretches *a, const struct stretches *b)
{
	static const bool keep[4] = {false, true, true, true};

	return combine(into, arena, a, b, keep);
}

int
stretch_subtract(struct stretches *into, struct arena *arena,
    const struct stretches *a, const struct stretches *b)
{
	static const bool keep[4] = {false, true, false, false};

	return combine(into, arena, a, b, keep);
}

int
stretch_differ(struct stretches *into, struct arena *arena,
    const struct stretches *a, const struct stretches *b)
{
	static const bool keep[4] = {false, true, true, false};

	return combine(into, arena, a, b, keep);
}

bool
stretch_overlap(const struct stretches *s, int64_t from_us, int64_t to_us)
{
	size_t i = stretch_find(s, from_us);

	return from_us < to_us && i < s->count && s->at[i].from_us < to_us;
}

bool
stretch_hold(const struct stretches *s, int64_t from_us, int64_t to_us)
{
	size_t i = stretch_find(s, from_us);

	return from_us >= to_us ||
	       (i < s->count && s->at[i].from_us <= from_us &&
		   s->at[i].to_us >= to_us);
}

int64_t
stretch_measure(const struct stretches *s, int64_t from_us, int64_t to_us)
{
	int64_t sum = 0;

	for (size_t i = stretch_find(s, from_us);
	     i < s->count && s->at[i].from_us < to_us; i++) {
		int64_t from = s->at[i].from_us, to = s->at[i].to_us;

		sum += (to < to_us ? to : to_us) -
		       (from > from_us ? from : from_us);
	}
	return sum;
}

bool
stretch_hole(const struct stretches *s, int64_t from_us, int64_t to_us,
    struct stretch *hole)
{
	size_t i = stretch_find(s, from_us);

	if (i < s->count && s->at[i].from_us <= from_us)
		from_us = s->at[i++].to_us;
	if (from_us >= to_us)
		return false;
	hole->from_us = from_us;
	hole->to_us = to_us;
	if (i < s->count && s->at[i].from_us < to_us)
		hole->to_us = s->at[i].from_us;
	return true;
}
