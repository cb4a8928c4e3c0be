/* SPDX-License-Identifier: Apache-2.0 */
#include "step.h"

/* Where a chain of epochs stands at the end of one of them. */
struct state {
	const struct entry *last; /* heartbeat, NULL before the first */
	struct step_standing *known;
	size_t count;
	bool unbroken; /* every record since last counts */
};

struct walk {
	const struct facts *facts;
	struct arena *arena;
	const struct step_teller *tell;
	struct table done; /* epoch -> struct state */
};

static const struct step_standing *
find(const struct state *s, const char *source)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->known[i].source == source)
			return &s->known[i];
	return NULL;
}

static bool
lists(const struct entry_heartbeat *h, const char *source)
{
	for (size_t i = 0; i < h->source_count; i++)
		if (h->sources[i].id == source)
			return true;
	return false;
}

/* Take one heartbeat; good: nothing is missing since the one before. */
static int
take(struct walk *w, struct state *s, const struct entry *e, bool good)
{
	const struct entry_heartbeat *h = e->heartbeat;
	struct step_standing *next;
	size_t count = 0;

	next =
	    arena_array(w->arena, h->source_count + s->count + 1, sizeof *next);
	if (!next)
		return -1;
	for (size_t i = 0; i < h->source_count; i++) {
		const struct entry_source *source = &h->sources[i];
		const struct step_standing *known = find(s, source->id);

		next[count++] =
		    (struct step_standing){source->id, source->through_us};
		if ((!known || good) &&
		    w->tell->covers(w->tell->arg, e, source->id,
			known ? known->us : source->from_us,
			source->through_us))
			return -1;
	}
	for (size_t i = 0; !h->complete && i < s->count; i++) {
		const struct step_standing *known = &s->known[i];

		if (lists(h, known->source))
			continue;
		next[count++] =
		    (struct step_standing){known->source, h->through_us};
		if (good && w->tell->covers(w->tell->arg, e, known->source,
				known->us, h->through_us))
			return -1;
	}
	if (good && w->tell->covers(
			w->tell->arg, e, NULL, s->last->time_us, e->time_us))
		return -1;
	s->known = next;
	s->count = count;
	s->last = e;
	s->unbroken = true;
	return w->tell->stands(w->tell->arg, e, next, count);
}

static int
walk_epoch(struct walk *w, const struct facts_epoch *epoch, struct state *s)
{
	uint64_t from = 1;

	for (size_t i = 0; i < epoch->entries.count; i++) {
		const struct entry *e = epoch->entries.at[i];

		if (e->type != RECORD_HEARTBEAT || !w->facts->counts[e->place])
			continue;
		if (take(w, s, e,
			s->last && s->unbroken &&
			    facts_unbroken(w->facts, epoch, from, e->sequence)))
			return -1;
		from = e->sequence;
	}
	s->unbroken = s->last && s->unbroken &&
		      facts_unbroken(w->facts, epoch, from, epoch->highest);
	return 0;
}

/* Walk an epoch after the one it goes on from. Seals make a circle of joined
 * epochs impossible; a missing state merely opens anew. */
static int
walk_after(struct walk *w, struct facts_epoch *epoch)
{
	struct facts_epoch *first;

	while (!table_get(&w->done, epoch)) {
		const struct state *before = NULL;
		struct state *s;
		size_t steps = 0;

		for (first = epoch; first->joined &&
				    !table_get(&w->done, first->before) &&
				    steps++ < w->facts->epochs.count;)
			first = first->before;
		if (first->joined)
			before = table_get(&w->done, first->before);
		s = arena_alloc(w->arena, sizeof *s);
		if (!s)
			return -1;
		if (before)
			*s = *before;
		if (table_put(&w->done, w->arena, first, s) ||
		    walk_epoch(w, first, s))
			return -1;
	}
	return 0;
}

int
step_walk(
    const struct facts *f, struct arena *a, const struct step_teller *tell)
{
	struct walk w = {f, a, tell, {0}};

	for (size_t i = 0; i < f->epochs.count; i++) {
		struct facts_epoch *epoch = f->epochs.at[i];

		if (!epoch->from_collector && walk_after(&w, epoch))
			return -1;
	}
	return 0;
}
