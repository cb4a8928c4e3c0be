/* SPDX-License-Identifier: Apache-2.0 */
#include "follow.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int
follow_init(struct follow *f, const struct follow_known *known,
    size_t known_count, const struct follow_seen *seen, size_t seen_count)
{
	*f = (struct follow){.known = known,
	    .known_count = known_count,
	    .seen = seen,
	    .seen_count = seen_count,
	    .answers = calloc(
		known_count * seen_count + 1, sizeof(enum follow_answer)),
	    .knowns = calloc(known_count + 1, sizeof(struct follow_decision)),
	    .seens = calloc(seen_count + 1, sizeof(struct follow_decision))};
	if (f->answers && f->knowns && f->seens)
		return 0;
	follow_clear(f);
	return -1;
}

void
follow_clear(struct follow *f)
{
	free(f->answers);
	free(f->knowns);
	free(f->seens);
	*f = (struct follow){0};
}

void
follow_tell(
    struct follow *f, size_t known, size_t seen, enum follow_answer answer)
{
	assert(answer != FOLLOW_UNASKED);
	f->answers[known * f->seen_count + seen] = answer;
}

static bool
same(const uint8_t a[16], const uint8_t b[16])
{
	return memcmp(a, b, 16) == 0;
}

static bool
is_free(const struct follow *f, size_t s)
{
	return f->seens[s].is == FOLLOW_NEW && !f->seen[s].pending;
}

static void
give(struct follow *f, size_t k, size_t s, enum follow_fate fate)
{
	f->knowns[k] = (struct follow_decision){.is = fate, .at = s};
	f->seens[s] = (struct follow_decision){.is = FOLLOW_OURS, .at = k};
}

static bool
has_file(const struct follow *f, size_t k)
{
	int fate = f->knowns[k].is;

	return fate == FOLLOW_KEEPS || fate == FOLLOW_HAS;
}

/* ---- whose file is it, by key ---- */

/* Before any content is looked at: nothing is decided, but what an open file
 * or an untouched one says. */
static void
begin(struct follow *f)
{
	for (size_t k = 0; k < f->known_count; k++) {
		const struct follow_known *known = &f->known[k];
		bool keeps = known->open && known->intact;

		f->knowns[k] = (struct follow_decision){
		    .is = keeps ? FOLLOW_KEEPS : FOLLOW_LOST,
		    .at = FOLLOW_NONE};
	}
	for (size_t s = 0; s < f->seen_count; s++) {
		const struct follow_seen *seen = &f->seen[s];

		f->seens[s] = (struct follow_decision){
		    .is = seen->pending ? FOLLOW_PENDING : FOLLOW_NEW,
		    .at = FOLLOW_NONE};
		if (seen->of != FOLLOW_NONE &&
		    (!f->known[seen->of].open || f->known[seen->of].intact))
			give(f, seen->of, s,
			    f->known[seen->of].open ? FOLLOW_KEEPS
						    : FOLLOW_HAS);
	}
}

/* ---- what content could say ---- */

/* Without a stamped line two files of one program may begin alike for ever: its
 * own name is then where new content comes up, not where old content goes. */
static bool
may_be_moved(const struct follow_known *known, const struct follow_seen *seen)
{
	if (known->stamped && seen->stamped)
		return same(known->gen, seen->gen);
	if (known->offset == 0)
		return false; /* nothing is known of what it held */
	return seen->compressed || (!seen->at_stem && !known->gone);
}

static bool
may_be_copy(const struct follow_known *known, const struct follow_seen *seen)
{
	if (seen->at_stem)
		return false;
	if (known->stamped && seen->stamped)
		return same(known->gen, seen->gen);
	return known->at_stem || seen->compressed;
}

/* The question about this pair when it was not answered yet. */
static bool
open_question(
    const struct follow *f, size_t k, size_t s, size_t *known, size_t *seen)
{
	if (f->answers[k * f->seen_count + s] != FOLLOW_UNASKED)
		return false;
	*known = k;
	*seen = s;
	return true;
}

static enum follow_answer
answer_of(const struct follow *f, size_t k, size_t s)
{
	return f->answers[k * f->seen_count + s];
}

/* ---- generations whose file is not at hand ---- */

/* Its own file under its own key: 1 a question, 0 decided or not there. */
static bool
by_key(struct follow *f, size_t k, size_t *known, size_t *seen)
{
	const struct follow_known *g = &f->known[k];

	for (size_t s = 0; s < f->seen_count; s++) {
		const struct follow_seen *n = &f->seen[s];

		if (!is_free(f, s) || g->open || !same(g->key, n->key))
			continue;
		if (g->stamped && n->stamped && !same(g->gen, n->gen))
			continue;
		if (n->unchanged != k) {
			if (open_question(f, k, s, known, seen))
				return true;
			if (answer_of(f, k, s) <= FOLLOW_PART)
				continue;
		}
		give(f, k, s, FOLLOW_HAS);
		return false;
	}
	return false;
}

/* Was what held it cut or written over, and not taken away? */
static bool
was_cut(const struct follow *f, size_t k)
{
	if (f->known[k].open)
		return true;
	for (size_t s = 0; s < f->seen_count; s++)
		if (same(f->known[k].key, f->seen[s].key))
			return true;
	return false;
}

/* A file that could hold it is better the more it holds of it; of a generation
 * that was read to its end, one that ends there. */
static int
worth(const struct follow_known *g, enum follow_answer answer)
{
	switch (answer) {
	case FOLLOW_YES:
		return g->ended ? 3 : 4;
	case FOLLOW_EXACTLY:
		return g->ended ? 4 : 3;
	case FOLLOW_PART:
		return 2;
	case FOLLOW_PERHAPS:
		return 1;
	default:
		return 0;
	}
}

static bool
any_pending(const struct follow *f)
{
	for (size_t s = 0; s < f->seen_count; s++)
		if (f->seen[s].pending)
			return true;
	return false;
}

/* A generation was cut, and s holds less than was read of it. */
static void
take_part(struct follow *f, size_t k, size_t s)
{
	const struct follow_seen *n = &f->seen[s];
	bool sure = answer_of(f, k, s) == FOLLOW_PART;

	if (any_pending(f) || (!sure && n->young)) {
		/* It, or what cannot be looked at yet, may come to hold more.
		 */
		f->knowns[k].is = FOLLOW_WAITS;
		f->seens[s].is = FOLLOW_PENDING;
	} else if (sure || (f->known[k].stamped && n->stamped)) {
		/* It was read further than it was copied. */
		f->knowns[k] =
		    (struct follow_decision){.is = FOLLOW_COPIED, .at = s};
		f->seens[s] =
		    (struct follow_decision){.is = FOLLOW_COPY, .at = k};
	}
}

static void
take_best(struct follow *f, size_t k, size_t s)
{
	const struct follow_known *g = &f->known[k];
	bool own = same(g->key, f->seen[s].key);
	/* Renaming leaves the key: what is plain under another was copied. */
	bool cut = !own && !g->ended && !g->gone &&
		   (was_cut(f, k) || !f->seen[s].compressed);

	if (answer_of(f, k, s) > FOLLOW_PART)
		give(f, k, s, cut ? FOLLOW_RECOVERS : FOLLOW_HAS);
	else if (cut && !f->seen[s].at_stem)
		take_part(f, k, s);
}

/* The best of the files that could hold it. */
static bool
by_content(struct follow *f, size_t k, size_t *known, size_t *seen)
{
	const struct follow_known *g = &f->known[k];
	size_t best = FOLLOW_NONE;
	int most = 0;

	for (size_t s = 0; s < f->seen_count; s++) {
		if (!is_free(f, s) || !may_be_moved(g, &f->seen[s]))
			continue;
		if (open_question(f, k, s, known, seen))
			return true;
		if (worth(g, answer_of(f, k, s)) > most) {
			most = worth(g, answer_of(f, k, s));
			best = s;
		}
	}
	if (best != FOLLOW_NONE)
		take_best(f, k, best);
	return false;
}

static void
without_file(struct follow *f, size_t k)
{
	const struct follow_known *g = &f->known[k];
	struct follow_decision *d = &f->knowns[k];

	d->at = FOLLOW_NONE;
	if (g->gone || g->hidden || any_pending(f)) {
		d->is = FOLLOW_WAITS;
	} else if (g->ended) {
		d->is = FOLLOW_FORGET;
	} else {
		d->is = FOLLOW_LOST;
		d->reason = g->restored || g->starved ? "agent"
			    : was_cut(f, k)	      ? "truncated"
						      : "deleted";
	}
}

/* ---- files that nobody claims ---- */

static bool
is_copy(struct follow *f, size_t s, size_t *known, size_t *seen)
{
	for (size_t k = 0; k < f->known_count; k++) {
		if (!has_file(f, k) || !may_be_copy(&f->known[k], &f->seen[s]))
			continue;
		if (open_question(f, k, s, known, seen))
			return true;
		if (answer_of(f, k, s) <= FOLLOW_PART)
			continue;
		f->seens[s] =
		    (struct follow_decision){.is = FOLLOW_COPY, .at = k};
		return false;
	}
	return false;
}

/* One of which nothing was read takes its file when nobody with a proof did,
 * and what was told as lost when nobody takes it at all. */
enum stage {
	BEGIN,
	KEYS,
	CONTENT,
	UNREAD,
	GONE_KEYS,
	GONE_CONTENT,
	SEEN,
	REST,
	DECIDED
};

/* One known or seen of a stage: true when it has to be asked about first. */
static bool
settle(struct follow *f, size_t i, size_t *known, size_t *seen)
{
	const struct follow_known *g = f->stage == SEEN ? NULL : &f->known[i];

	switch (f->stage) {
	case KEYS:
	case UNREAD:
		return !g->gone && (g->offset == 0) == (f->stage == UNREAD) &&
		       f->knowns[i].is == FOLLOW_LOST &&
		       by_key(f, i, known, seen);
	case CONTENT:
		return !g->gone && f->knowns[i].is == FOLLOW_LOST &&
		       by_content(f, i, known, seen);
	case GONE_KEYS:
		return g->gone && f->knowns[i].is == FOLLOW_LOST &&
		       by_key(f, i, known, seen);
	case GONE_CONTENT:
		return g->gone && f->knowns[i].is == FOLLOW_LOST &&
		       by_content(f, i, known, seen);
	case SEEN:
		if (is_free(f, i) && f->seen[i].sibling)
			f->seens[i].is = FOLLOW_NOTHING;
		return is_free(f, i) && is_copy(f, i, known, seen);
	case REST:
		if (f->knowns[i].is == FOLLOW_LOST)
			without_file(f, i);
		return false;
	default:
		return false;
	}
}

bool
follow_asks(struct follow *f, size_t *known, size_t *seen)
{
	if (f->stage == BEGIN) {
		begin(f);
		f->stage = KEYS;
	}
	while (f->stage != DECIDED) {
		size_t count =
		    f->stage == SEEN ? f->seen_count : f->known_count;

		/* What was decided before stands whatever is answered now. */
		for (; f->next < count; f->next++)
			if (settle(f, f->next, known, seen))
				return true;
		f->stage++;
		f->next = 0;
	}
	return false;
}
