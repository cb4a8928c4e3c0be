/* SPDX-License-Identifier: Apache-2.0 */
/* What every match of a pattern has in common. */
#include "pattern_node.h"

#include <stdint.h>

#define STEPS_MAX 10000 /* of the search for literals */

static size_t
capped(size_t n)
{
	return n > 100000 ? 100000 : n;
}

static size_t
smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t
min_length(const struct pattern_node *n)
{
	size_t sum = 0;

	switch (n->kind) {
	case PATTERN_SET:
		return 1;
	case PATTERN_NOTHING:
		return 0;
	case PATTERN_REPEAT:
		return capped(n->min * min_length(n->first));
	case PATTERN_CONCAT:
		for (const struct pattern_node *c = n->first; c; c = c->next)
			sum += min_length(c);
		return capped(sum);
	case PATTERN_ALT:
		sum = SIZE_MAX;
		for (const struct pattern_node *c = n->first; c; c = c->next)
			sum = smaller(min_length(c), sum);
		return sum;
	}
	return 0;
}

static size_t
fixed_bytes(const struct pattern_node *n)
{
	size_t sum = 0;

	switch (n->kind) {
	case PATTERN_SET:
		return byteset_size(&n->set) == 1;
	case PATTERN_NOTHING:
		return 0;
	case PATTERN_REPEAT:
		return capped(n->min * fixed_bytes(n->first));
	case PATTERN_CONCAT:
		for (const struct pattern_node *c = n->first; c; c = c->next)
			sum += fixed_bytes(c);
		return capped(sum);
	case PATTERN_ALT:
		sum = SIZE_MAX;
		for (const struct pattern_node *c = n->first; c; c = c->next)
			sum = smaller(fixed_bytes(c), sum);
		return sum;
	}
	return 0;
}

/* Add the bytes n can begin with; true when n can be empty. */
static bool
first_bytes(const struct pattern_node *n, struct byteset *set)
{
	bool empty = n->kind != PATTERN_ALT;

	switch (n->kind) {
	case PATTERN_SET:
		byteset_join(set, &n->set);
		return false;
	case PATTERN_NOTHING:
		return true;
	case PATTERN_REPEAT:
		empty = first_bytes(n->first, set);
		return empty || n->min == 0;
	case PATTERN_CONCAT:
		for (const struct pattern_node *c = n->first; c && empty;
		     c = c->next)
			empty = first_bytes(c, set);
		return empty;
	case PATTERN_ALT:
		for (const struct pattern_node *c = n->first; c; c = c->next)
			empty |= first_bytes(c, set);
		return empty;
	}
	return true;
}

/* The literal runs of a pattern, in order: the first is its prefix when it
 * begins at the beginning; of the others the longest are kept. */
struct runs {
	struct buf run;
	struct buf prefix;
	struct buf kept[PATTERN_LITERALS_MAX];
	size_t count;
	bool first; /* no run has ended yet */
	unsigned steps;
};

/* A place for a run of this length, or NULL when those kept are longer. */
static struct buf *
place_for(struct runs *r, size_t len)
{
	struct buf *shortest = &r->kept[0];

	if (r->count < PATTERN_LITERALS_MAX)
		return &r->kept[r->count++];
	for (size_t i = 1; i < r->count; i++)
		if (r->kept[i].len < shortest->len)
			shortest = &r->kept[i];
	return len > shortest->len ? shortest : NULL;
}

static void
end_run(struct runs *r)
{
	struct buf *place = NULL;

	if (r->first)
		place = &r->prefix;
	else if (r->run.len)
		place = place_for(r, r->run.len);
	if (place) {
		buf_reset(place);
		buf_put(place, buf_slice(&r->run));
	}
	r->first = false;
	buf_reset(&r->run);
}

static void
collect_runs(struct runs *r, const struct pattern_node *n)
{
	/* Nested repeats could take for ever; what is found so far will do. */
	if (r->steps++ > STEPS_MAX) {
		if (r->steps == STEPS_MAX + 2)
			end_run(r);
		return;
	}
	switch (n->kind) {
	case PATTERN_SET:
		if (byteset_size(&n->set) != 1) {
			end_run(r);
			return;
		}
		for (unsigned b = 0; b < 256; b++)
			if (byteset_has(&n->set, (unsigned char)b))
				buf_putc(&r->run, (char)b);
		return;
	case PATTERN_NOTHING:
		return;
	case PATTERN_CONCAT:
		for (const struct pattern_node *c = n->first; c; c = c->next)
			collect_runs(r, c);
		return;
	case PATTERN_ALT:
		end_run(r);
		return;
	case PATTERN_REPEAT:
		if (n->min == n->max && n->max <= 16) {
			for (unsigned i = 0;
			     i < n->min && r->steps <= STEPS_MAX; i++)
				collect_runs(r, n->first);
			return;
		}
		if (n->min)
			collect_runs(r, n->first);
		end_run(r);
		return;
	}
}

static int
keep(struct slice *out, const struct buf *from, struct arena *arena)
{
	out->ptr = arena_copy(arena, buf_slice(from));
	out->len = from->len;
	return out->ptr && !from->failed ? 0 : -1;
}

static int
keep_runs(struct pattern_facts *out, const struct runs *r, struct arena *arena)
{
	struct slice *literals = arena_array(arena, r->count, sizeof *literals);
	bool failed = !literals || r->run.failed;

	for (size_t i = 0; i < r->count && !failed; i++)
		failed = keep(&literals[i], &r->kept[i], arena);
	out->literals = literals;
	out->literal_count = r->count;
	return failed || keep(&out->prefix, &r->prefix, arena) ? -1 : 0;
}

int
pattern_measure(struct pattern_facts *out, const struct pattern_node *root,
    struct arena *arena)
{
	struct runs r = {.first = true};
	int result;

	out->min_len = min_length(root);
	out->fixed = fixed_bytes(root);
	first_bytes(root, &out->first);
	collect_runs(&r, root);
	end_run(&r);
	result = keep_runs(out, &r, arena);
	buf_clear(&r.run);
	buf_clear(&r.prefix);
	for (size_t i = 0; i < r.count; i++)
		buf_clear(&r.kept[i]);
	return result;
}
