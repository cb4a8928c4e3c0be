/* SPDX-License-Identifier: Apache-2.0 */
#include "fork.h"

#include <string.h>

/* A branch: an epoch from a sequence on, with all that follows from there. */
struct branch {
	const struct facts_epoch *epoch;
	uint64_t after;		   /* 0: the whole epoch */
	int64_t first_us, last_us; /* of its records; first > last: none */
};

struct search {
	struct table *forked;
	struct arena *arena;
	const struct facts *facts;
	const struct host_names *hosts;
};

static bool
tells_time(const struct search *s, const struct entry *e)
{
	return s->facts->counts[e->place] && e->type != RECORD_EVENT &&
	       e->time_us != RECORD_NO_TIME;
}

/* The entry that says which host an epoch is of: its start, else its first
 * counting record that is of the machine itself. */
static const struct entry *
host_entry(const struct search *s, const struct facts_epoch *epoch)
{
	if (epoch->start)
		return epoch->start;
	for (size_t i = 0; i < epoch->entries.count; i++) {
		const struct entry *e = epoch->entries.at[i];

		if (tells_time(s, e) && e->host)
			return e;
	}
	return NULL;
}

/* Does an epoch follow from the branch, by the epochs it and those before it
 * name? */
static bool
follows(const struct search *s, const struct branch *b,
    const struct facts_epoch *epoch)
{
	/* Forged starts could name each other in a circle. */
	for (size_t i = 0; epoch->before && i < s->facts->epochs.count; i++) {
		if (epoch->before == b->epoch)
			return b->after == 0 ||
			       epoch->start->start->prev.last > b->after;
		epoch = epoch->before;
	}
	return false;
}

static void
extend(const struct search *s, struct branch *b,
    const struct facts_epoch *epoch, uint64_t after)
{
	for (size_t i = 0; i < epoch->entries.count; i++) {
		const struct entry *e = epoch->entries.at[i];

		if (e->sequence <= after || !tells_time(s, e))
			continue;
		if (epoch == b->epoch && b->first_us == INT64_MAX)
			b->first_us = e->time_us;
		if (e->time_us > b->last_us)
			b->last_us = e->time_us;
	}
}

static struct branch
branch_of(
    const struct search *s, const struct facts_epoch *epoch, uint64_t after)
{
	struct branch b = {epoch, after, INT64_MAX, INT64_MIN};

	extend(s, &b, epoch, after);
	for (size_t i = 0; i < s->facts->epochs.count; i++) {
		const struct facts_epoch *other = s->facts->epochs.at[i];

		if (other->agent == epoch->agent && other != epoch &&
		    follows(s, &b, other))
			extend(s, &b, other, 0);
	}
	if (after == 0 && epoch->start)
		b.first_us = epoch->start->time_us;
	return b;
}

static int
add(struct search *s, const char *host, int64_t from_us, int64_t to_us)
{
	struct stretches *spans = table_get(s->forked, host);

	if (from_us >= to_us)
		return 0;
	if (!spans) {
		spans = arena_alloc(s->arena, sizeof *spans);
		if (!spans || table_put(s->forked, s->arena, host, spans))
			return -1;
	}
	return stretch_add(spans, s->arena, from_us, to_us);
}

static int
together(struct search *s, const struct branch *a, const struct branch *b)
{
	const struct entry *ea = host_entry(s, a->epoch);
	const struct entry *eb = host_entry(s, b->epoch);

	if (!ea || !eb || ea->host != eb->host || ea->host_id != eb->host_id)
		return 0;
	return add(s, host_of(s->hosts, ea),
	    a->first_us > b->first_us ? a->first_us : b->first_us,
	    a->last_us < b->last_us ? a->last_us : b->last_us);
}

/* The epoch goes on after the last by which another names it. */
static int
beyond(struct search *s, const struct facts_epoch *next)
{
	uint64_t last = next->start->start->prev.last;
	const struct facts_epoch *epoch = next->before;
	struct branch on, other;
	bool more = false;

	for (size_t i = epoch->entries.count; i > 0 && !more; i--) {
		const struct entry *e = epoch->entries.at[i - 1];

		if (e->sequence <= last)
			break;
		more = s->facts->counts[e->place];
	}
	if (!more)
		return 0;
	on = branch_of(s, epoch, last);
	other = branch_of(s, next, 0);
	return together(s, &on, &other);
}

static bool
same_prev(const struct facts_epoch *a, const struct facts_epoch *b)
{
	const struct record_prev *pa = &a->start->start->prev;
	const struct record_prev *pb = &b->start->start->prev;

	return a->agent == b->agent && pa->known == pb->known &&
	       (!pa->known ||
		   memcmp(pa->epoch, pb->epoch, sizeof pa->epoch) == 0);
}

static int
find_in_tree(struct search *s)
{
	const struct list *epochs = &s->facts->epochs;

	for (size_t i = 0; i < epochs->count; i++) {
		const struct facts_epoch *a = epochs->at[i];

		if (!a->start || a->from_collector)
			continue;
		if (a->before && beyond(s, a))
			return -1;
		/* The epochs of one agent stand together. */
		for (size_t k = i + 1; k < epochs->count; k++) {
			const struct facts_epoch *b = epochs->at[k];
			struct branch ba, bb;

			if (b->agent != a->agent)
				break;
			if (!b->start || !same_prev(a, b))
				continue;
			ba = branch_of(s, a, 0);
			bb = branch_of(s, b, 0);
			if (together(s, &ba, &bb))
				return -1;
		}
	}
	return 0;
}

int
fork_find(struct table *forked, struct arena *a, const struct facts *f,
    const struct host_names *h, int64_t as_of_us, struct err *err)
{
	struct search s = {forked, a, f, h};

	*forked = (struct table){0};
	if (find_in_tree(&s))
		goto fail;
	for (size_t i = 0; i < f->events.count; i++) {
		const struct entry *e = f->events.at[i];

		if (e->from_collector && e->time_us <= as_of_us &&
		    strcmp(e->event->kind, "log.fork") == 0 && e->host &&
		    add(&s, host_of(h, e), e->time_us, e->time_us + 1000000))
			goto fail;
	}
	return 0;
fail:
	return err_set(err, "no memory for the forks of agents");
}
