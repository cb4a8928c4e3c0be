/* SPDX-License-Identifier: Apache-2.0 */
#include "assay/verify.h"

#include <stdlib.h>
#include <string.h>

#include "verify_state.h"

#define NONE SIZE_MAX

/* An epoch in the order it is to be visited. */
struct item {
	const struct epoch *e;
	const struct start *start;
	bool sealed;
	int64_t time_us; /* greatest when no start tells */
	size_t child, sibling;
	bool is_child;
	bool visited;
};

static int
compare_items(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->time_us != y->time_us)
		return x->time_us < y->time_us ? -1 : 1;
	return memcmp(x->e->id, y->e->id, 16);
}

static struct item *
items_new(const struct agent *a)
{
	struct item *items = calloc(a->epochs.count + 1, sizeof *items);

	for (size_t i = 0; items && i < a->epochs.count; i++) {
		struct item *item = &items[i];

		item->e = verify_epoch_at(a, i);
		item->start = verify_start_of(item->e, &item->sealed);
		item->time_us = item->start ? item->start->time_us : INT64_MAX;
		item->child = item->sibling = NONE;
	}
	if (items)
		qsort(items, a->epochs.count, sizeof *items, compare_items);
	return items;
}

/* By epoch id, for finding what a start follows. */
struct entry {
	const uint8_t *id;
	size_t item;
};

static int
compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return memcmp(x->id, y->id, 16);
}

static int
link_items(struct item *items, size_t count)
{
	struct entry *entries = calloc(count + 1, sizeof *entries);

	if (!entries)
		return -1;
	for (size_t i = 0; i < count; i++)
		entries[i] = (struct entry){items[i].e->id, i};
	qsort(entries, count, sizeof *entries, compare_entries);
	/* From the last on, so that children stand in order. */
	for (size_t i = count; i-- > 0;) {
		const struct start *s = items[i].start;
		struct entry key = {s ? s->prev.epoch : NULL, 0}, *hit;

		if (!s || !s->prev.known)
			continue;
		hit = bsearch(
		    &key, entries, count, sizeof *entries, compare_entries);
		if (!hit)
			continue;
		items[i].is_child = true;
		items[i].sibling = items[hit->item].child;
		items[hit->item].child = i;
	}
	free(entries);
	return 0;
}

static uint64_t
sealed_upto(const struct epoch *e)
{
	bool held, sealed;
	uint64_t end;

	leaves_stretch(
	    &e->spans.leaves, 1, verify_end_of(e) + 1, &held, &sealed, &end);
	return sealed ? end : 0;
}

static bool
is_joined(const struct verify *v, const struct item *item)
{
	const struct record_prev *prev = &item->start->prev;
	const struct epoch *before;

	if (!item->sealed || !prev->known)
		return false;
	before = verify_find_epoch(v, item->e->agent->id, prev->epoch);
	return before && verify_is_leaf_sealed(before, prev->last, NULL) &&
	       verify_highest_sealed(before) == prev->last;
}

static void
describe(
    const struct verify *v, const struct item *item, struct verify_epoch *out)
{
	const struct epoch *e = item->e;

	*out = (struct verify_epoch){
	    .from_collector = e->from_collector,
	    .has_start = item->start != NULL,
	    .start_sealed = item->sealed,
	    .time_us = RECORD_NO_TIME,
	    .highest = verify_end_of(e),
	    .sealed_upto = sealed_upto(e),
	    .count = e->spans.leaves.count,
	};
	memcpy(out->agent, e->agent->id, 16);
	memcpy(out->epoch, e->id, 16);
	if (!item->start)
		return;
	out->key_is_pinned = item->start->key == e->agent->pinned;
	out->time_us = item->start->time_us;
	out->prev = item->start->prev;
	out->joined = is_joined(v, item);
}

struct visiting {
	const struct verify *v;
	verify_visit_fn *visit;
	void *arg;
	struct verify_finding *forks;
	size_t fork_count;
	struct item *items;
};

static bool
is_forked(const struct visiting *w, const struct verify_epoch *epoch)
{
	for (size_t i = 0; i < w->fork_count; i++) {
		const struct verify_finding *f = &w->forks[i];

		if (!memcmp(f->agent, epoch->agent, 16) &&
		    (!memcmp(f->epoch, epoch->epoch, 16) ||
			(f->has_other && !memcmp(f->other, epoch->epoch, 16))))
			return true;
	}
	return false;
}

/* An epoch, then those that follow it, depth first. A circle of epochs, which
 * only a broken agent can sign, is cut where it was entered. */
static bool
visit_from(const struct visiting *w, size_t root, size_t *stack)
{
	size_t depth = 0;

	stack[depth++] = root;
	while (depth) {
		struct item *item = &w->items[stack[--depth]];
		struct verify_epoch epoch;

		if (item->sibling != NONE && item != &w->items[root])
			stack[depth++] = item->sibling;
		if (item->visited)
			continue;
		item->visited = true;
		describe(w->v, item, &epoch);
		epoch.forked = is_forked(w, &epoch);
		if (!w->visit(w->arg, &epoch))
			return false;
		if (item->child != NONE)
			stack[depth++] = item->child;
	}
	return true;
}

/* 1 when all were visited, 0 when visit said stop, -1 when memory is short. */
static int
visit_agent(struct visiting *w, const struct agent *a)
{
	size_t count = a->epochs.count;
	size_t *stack = calloc(count + 2, sizeof *stack);
	int result = -1;

	w->items = items_new(a);
	if (!stack || !w->items || link_items(w->items, count))
		goto fail;
	result = 1;
	for (int circles = 0; circles < 2; circles++)
		for (size_t i = 0; i < count && result == 1; i++)
			if (!w->items[i].visited &&
			    (circles || !w->items[i].is_child))
				result = visit_from(w, i, stack);
fail:
	free(w->items);
	free(stack);
	return result;
}

struct forks {
	struct verify_finding *list;
	size_t count;
	bool failed;
};

static bool
keep_fork(void *arg, const struct verify_finding *f)
{
	struct forks *forks = arg;
	struct verify_finding *list;

	if (!verify_is_fork(f->kind))
		return true;
	list = verify_grow(forks->list, forks->count, sizeof *list);
	if (!list) {
		forks->failed = true;
		return false;
	}
	forks->list = list;
	list[forks->count++] = *f;
	return true;
}

int
verify_epochs(
    const struct verify *v, verify_visit_fn *visit, void *arg, struct err *err)
{
	struct forks forks = {0};
	struct visiting w = {.v = v, .visit = visit, .arg = arg};
	int result = 1;

	if (verify_findings(v, keep_fork, &forks, err)) {
		free(forks.list);
		return -1;
	}
	w.forks = forks.list;
	w.fork_count = forks.count;
	if (forks.failed)
		result = -1;
	for (size_t i = 0; i < v->agents.count && result == 1; i++)
		result = visit_agent(&w, verify_agent_at(v, i));
	free(forks.list);
	return result < 0 ? err_set(err, "verify: out of memory") : 0;
}

void
verify_ranges(const struct verify *v, const uint8_t agent[16],
    const uint8_t epoch[16], verify_range_fn *visit, void *arg)
{
	const struct epoch *e = verify_find_epoch(v, agent, epoch);
	uint64_t last = e ? verify_end_of(e) : 0, end;
	struct verify_range range = {0};

	for (uint64_t n = 1; n <= last; n = end + 1) {
		enum verify_state state = verify_state_of(e, n, &end);

		if (range.first && range.state == state) {
			range.last = end;
			continue;
		}
		if (range.first && !visit(arg, &range))
			return;
		memcpy(range.agent, agent, 16);
		memcpy(range.epoch, epoch, 16);
		range.first = n;
		range.last = end;
		range.state = state;
	}
	if (range.first)
		visit(arg, &range);
}
