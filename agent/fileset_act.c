/* SPDX-License-Identifier: Apache-2.0 */
#include "fileset_look.h"

#include <string.h>

#define GONE_MAX 16 /* lost ones that are kept, in case they come back */

static void
found(struct fileset_file *f, const struct candidate *c)
{
	f->named = !c->fact.sibling;
	f->link = c->link;
	f->at_stem = c->fact.at_stem;
	f->restored = f->cut = f->waits = f->gone = false;
	f->broken_us = 0;
	generation_set_path(f->gen, c->path);
}

/* What took the place of a cut one was last written then: by the machine's
 * clock, so that lines up to now are in the hole. */
static int64_t
written_us(const struct stat *st)
{
	return st->st_ctim.tv_sec * INT64_C(1000000) +
	       st->st_ctim.tv_nsec / 1000;
}

static void
note_cut(struct looking *l, const struct fileset_file *f)
{
	l->s->gaps[l->s->gap_count - 1].to_us =
	    written_us(generation_stat(f->gen));
}

static int
take_file(struct looking *l, struct fileset_file *f, struct candidate *c,
    bool recovers)
{
	int64_t cut_us = written_us(generation_stat(f->gen));
	struct err why = {0};

	if (!c->made) {
		found(f, c);
		return 0;
	}
	if (generation_ended(f->gen) &&
	    generation_was_closed_as(f->gen, c->made) &&
	    !memcmp(
		generation_id(f->gen)->key, c->fact.key, sizeof c->fact.key)) {
		generation_adopt(f->gen, c->made);
		found(f, c);
		return 0;
	}
	if (generation_attach(f->gen, c->made, &why) != 0) {
		/* It changed under our eyes. */
		f->waits = true;
		l->again = true;
		return 0;
	}
	if (recovers) {
		err_set(&why,
		    "'%s' was cut; what it held is read on in '%s', but what "
		    "was written between the copy and the cut is lost",
		    l->s->spec->path, c->path);
		if (fileset_add_gap(l->s, f, "truncated",
			(int64_t)generation_offset(f->gen), &why) != 0)
			return -1;
		l->s->gaps[l->s->gap_count - 1].recovered = true;
		l->s->gaps[l->s->gap_count - 1].to_us = cut_us;
	}
	found(f, c);
	return 0;
}

static int
lose(struct looking *l, struct fileset_file *f, const char *reason)
{
	uint64_t offset = generation_offset(f->gen);
	uint64_t high = generation_high(f->gen);
	struct err why = {0};

	err_set(&why,
	    f->cut ? "'%s' was cut or written over after %llu bytes of it had "
		     "been read, and no copy holds what it held"
		   : "'%s' is gone, and with it what may have been written "
		     "after byte %llu",
	    generation_path(f->gen), (unsigned long long)offset);
	if (fileset_add_gap(
		l->s, f, reason, high > offset ? (int64_t)high : -1, &why) != 0)
		return -1;
	if (f->cut)
		note_cut(l, f);
	generation_close(f->gen);
	f->gone = true;
	f->cut = f->waits = f->named = f->restored = false;
	return 0;
}

/* It was cut after it had been copied, and read further than it was copied:
 * what is missing was written since it was last looked at. */
static int
lose_copied(
    struct looking *l, struct fileset_file *f, const struct candidate *c)
{
	if (lose(l, f, "truncated") != 0)
		return -1;
	l->s->gaps[l->s->gap_count - 1].recovered = true;
	err_set(&l->s->gaps[l->s->gap_count - 1].why,
	    "'%s' was cut; all that '%s' holds of it had been read, but what "
	    "was written between the last look and the cut is lost",
	    l->s->spec->path, c->path);
	if (c->made && generation_end_in(f->gen, c->made, NULL) == 0)
		found(f, c);
	return 0;
}

static int
do_known(struct looking *l, const struct follow *follow, size_t k)
{
	const struct follow_decision *d = &follow->knowns[k];
	struct fileset_file *f = &l->s->files[k];

	switch (d->is) {
	case FOLLOW_KEEPS:
		if (d->at != FOLLOW_NONE)
			found(f, &l->at[l->index[d->at]]);
		else
			f->named = false;
		return 0;
	case FOLLOW_HAS:
	case FOLLOW_RECOVERS:
		return take_file(
		    l, f, &l->at[l->index[d->at]], d->is == FOLLOW_RECOVERS);
	case FOLLOW_COPIED:
		return lose_copied(l, f, &l->at[l->index[d->at]]);
	case FOLLOW_WAITS:
		/* Its descriptor is another generation's now. */
		if (f->cut)
			generation_close(f->gen);
		f->named = false;
		f->waits = !f->gone;
		return 0;
	case FOLLOW_LOST:
		return lose(l, f, d->reason);
	default: /* FOLLOW_FORGET: swept */
		f->gone = true;
		f->restored = f->named = false;
		return 0;
	}
}

/* The key of a generation that was cut: the name in records must not be that
 * of what it held before. */
static bool
was_anothers(const struct looking *l, const struct candidate *c)
{
	for (size_t k = 0; k < l->s->count; k++)
		if (!memcmp(l->known[k].key, c->fact.key, sizeof c->fact.key))
			return true;
	return false;
}

static bool
looks_like_added(
    const struct looking *l, size_t from, const struct candidate *c)
{
	for (size_t i = from; i < l->s->count; i++)
		if (c->fact.stamped && !c->fact.at_stem &&
		    !memcmp(generation_id(l->s->files[i].gen)->gen, c->fact.gen,
			sizeof c->fact.gen))
			return true;
	return false;
}

static int
begin_new(struct looking *l, size_t from, struct candidate *c)
{
	struct fileset_file file = {.gen = c->made};

	/* Two new files that begin alike: one first, then how the other
	 * compares with it. */
	if (looks_like_added(l, from, c)) {
		l->again = true;
		return 0;
	}
	if (!c->fact.stamped && was_anothers(l, c)) {
		l->s->form.truncations++;
		generation_name(c->made, &l->s->form);
	}
	if (fileset_add(l->s, &file) != 0)
		return -1;
	found(&l->s->files[l->s->count - 1], c);
	c->made = NULL;
	return 0;
}

static int
do_seen(struct looking *l, const struct follow *follow, size_t from, size_t s)
{
	struct candidate *c = &l->at[l->index[s]];

	switch (follow->seens[s].is) {
	case FOLLOW_NEW:
		return begin_new(l, from, c);
	case FOLLOW_COPY:
		return fileset_note_sight(l->s, &c->st, false);
	case FOLLOW_PENDING:
		l->s->pending = true;
		/* A plain one has come to rest when it is seen like so again.
		 */
		if (c->fact.young)
			return fileset_note_sight(l->s, &c->st, false);
		return 0;
	default:
		return 0;
	}
}

/* Lost ones are kept as long as they can be told from others when they come
 * back: by a stamped line; the newest few. */
static void
sweep(struct looking *l, const struct follow *follow)
{
	struct fileset *s = l->s;
	size_t gone = 0;

	for (size_t k = follow->known_count; k-- > 0;) {
		struct fileset_file *f = &s->files[k];
		bool keep = follow->knowns[k].is != FOLLOW_FORGET &&
			    generation_id(f->gen)->stamped &&
			    generation_offset(f->gen) > 0 && gone < GONE_MAX;

		if (!f->gone)
			continue;
		if (keep)
			gone++;
		else
			fileset_remove(s, f);
	}
}

int
fileset_carry_out(struct looking *l, const struct follow *follow)
{
	size_t from = l->s->count;

	l->s->pending = false;
	for (size_t k = 0; k < follow->known_count; k++)
		if (do_known(l, follow, k) != 0)
			return -1;
	for (size_t i = 0; i < follow->seen_count; i++)
		if (do_seen(l, follow, from, i) != 0)
			return -1;
	sweep(l, follow);
	return 0;
}
