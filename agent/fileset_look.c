/* SPDX-License-Identifier: Apache-2.0 */
#include "fileset_look.h"

#include <stdlib.h>
#include <string.h>

#include "assay/clock.h"

#define KEEP_OPEN 64

/* What is newer waits so long for something older to turn up. */
#define HOLD_US INT64_C(5000000)

bool
fileset_is_stem(const struct fileset *s, const char *path)
{
	const char *base = strrchr(path, '/');

	if (!strpbrk(s->spec->path, "*?["))
		return !strcmp(path, s->spec->path);
	base = base ? base + 1 : path;
	return source_stem(base) == strlen(base);
}

/* ---- facts ---- */

static bool
is_refused_path(const struct looking *l, const char *path)
{
	for (size_t i = 0; i < l->s->troubles.count; i++)
		if (!strcmp(l->s->troubles.at[i].path, path))
			return true;
	return false;
}

static void
know(struct looking *l)
{
	for (size_t i = 0; i < l->s->count; i++) {
		const struct fileset_file *f = &l->s->files[i];
		const struct fileid *id = generation_id(f->gen);
		const char *path = generation_path(f->gen);
		struct follow_known *k = &l->known[i];

		*k = (struct follow_known){.stamped = id->stamped,
		    .offset = generation_offset(f->gen),
		    .at_stem = f->at_stem,
		    .open = generation_is_open(f->gen),
		    .intact = !f->cut,
		    .starved = l->s->starved,
		    .ended = generation_ended(f->gen),
		    .restored = f->restored,
		    .gone = f->gone,
		    .hidden = listing_hides(l->s->listing, path) ||
			      is_refused_path(l, path)};
		memcpy(k->key, id->key, sizeof k->key);
		memcpy(k->gen, id->gen, sizeof k->gen);
	}
}

static void
find_unchanged(const struct looking *l, const struct candidate *c,
    struct follow_seen *fact)
{
	for (size_t k = 0; k < l->s->count; k++) {
		const struct generation *g = l->s->files[k].gen;

		if (generation_ended(g) && !l->s->files[k].gone &&
		    memcmp(l->known[k].key, fact->key, sizeof fact->key) == 0 &&
		    generation_was_closed_as(g, c->made))
			fact->unchanged = k;
	}
}

static void
see(struct looking *l)
{
	l->seen_count = 0;
	for (size_t i = 0; i < l->count; i++) {
		struct candidate *c = &l->at[i];
		struct follow_seen *fact = &l->seen[l->seen_count];

		if (c->skip || c->hopeless)
			continue;
		*fact = c->fact;
		if (fact->of != FOLLOW_NONE) {
			const struct follow_known *k = &l->known[fact->of];

			memcpy(fact->key, k->key, sizeof fact->key);
			memcpy(fact->gen, k->gen, sizeof fact->gen);
			fact->stamped = k->stamped;
		} else if (c->made) {
			find_unchanged(l, c, fact);
		}
		l->index[l->seen_count++] = i;
	}
}

static enum follow_answer
compare(struct looking *l, const struct follow *f, size_t k, size_t s)
{
	const struct generation *g = l->s->files[k].gen;
	struct generation *made = l->at[l->index[s]].made;
	const struct follow_decision *d = &f->knowns[k];

	if (d->is == FOLLOW_KEEPS) {
		enum follow_answer answer = generation_copies(g, made);

		/* Cut by now, it does not say whether made is its copy. */
		if (answer == FOLLOW_NO && generation_was_cut(g))
			l->cut = l->s->files[k].cut = true;
		return answer;
	}
	if (d->is != FOLLOW_HAS)
		return generation_holds(g, made);
	/* It has just got another file: that is what is compared. */
	if (d->at != FOLLOW_NONE && l->at[l->index[d->at]].made)
		g = l->at[l->index[d->at]].made;
	return generation_copies(g, made);
}

static int
decide(struct looking *l, struct follow *f)
{
	size_t k, s;

	know(l);
	see(l);
	if (follow_init(f, l->known, l->s->count, l->seen, l->seen_count) != 0)
		return -1;
	while (follow_asks(f, &k, &s))
		follow_tell(f, k, s, compare(l, f, k, s));
	return 0;
}

static bool
any_lost(const struct follow *f)
{
	for (size_t k = 0; k < f->known_count; k++)
		if (f->knowns[k].is == FOLLOW_LOST)
			return true;
	return false;
}

static bool
any_given_up(const struct follow *f)
{
	for (size_t k = 0; k < f->known_count; k++)
		if (f->knowns[k].is == FOLLOW_LOST ||
		    f->knowns[k].is == FOLLOW_FORGET)
			return true;
	return false;
}

/* Room for facts of all that is there. */
static int
make_room(struct looking *l)
{
	struct follow_known *known =
	    reallocarray(l->known, l->s->count + 1, sizeof *known);
	struct follow_seen *seen;
	size_t *index;

	if (known)
		l->known = known;
	seen = reallocarray(l->seen, l->count + 1, sizeof *seen);
	if (seen)
		l->seen = seen;
	index = reallocarray(l->index, l->count + 1, sizeof *index);
	if (index)
		l->index = index;
	return known && seen && index ? 0 : -1;
}

/* Have names changed since they were listed? */
static bool
is_stale(const struct looking *l)
{
	unsigned version = listing_version(l->s->listing);

	return l->stale ||
	       listing_look(l->s->listing, l->file_us, l->err) < 0 ||
	       listing_version(l->s->listing) != version;
}

static int
look_closely(struct looking *l)
{
	struct follow follow = {0};
	size_t first;
	int status;

	if (fileset_gather(l) != 0 || fileset_find_ours(l) != 0)
		return -1;
	l->reconsider = fileset_any_missing(l);
	fileset_identify(l, 0);
	if (make_room(l) != 0 || decide(l, &follow) != 0)
		return -1;
	first = l->count;
	if (any_lost(&follow)) {
		follow_clear(&follow);
		if (fileset_gather_siblings(l) != 0)
			return -1;
		fileset_identify(l, first);
		if (make_room(l) != 0 || decide(l, &follow) != 0)
			return -1;
	}
	/* Nothing is given up by a picture that is out of date already. */
	if (l->cut || (any_given_up(&follow) && is_stale(l))) {
		l->again = true;
		status = 0;
	} else {
		status = fileset_carry_out(l, &follow);
	}
	follow_clear(&follow);
	fileset_drop_old_sights(l);
	return status;
}

static void
looking_clear(struct looking *l)
{
	for (size_t i = 0; i < l->count; i++) {
		free(l->at[i].path);
		generation_free(l->at[i].made);
	}
	free(l->at);
	free(l->known);
	free(l->seen);
	free(l->index);
}

/* ---- whether to look closely ---- */

/* Is one file as it was? Keeps what can be known of it by the way. */
static bool
is_as_it_was(struct fileset *s, struct fileset_file *f, int64_t file_us)
{
	struct stat st;

	if (f->gone)
		return true;
	if (f->restored || f->waits)
		return false;
	if (generation_is_open(f->gen)) {
		uint8_t name[16];

		memcpy(name, generation_id(f->gen)->gen, sizeof name);
		f->cut = !generation_look(f->gen, s->now_us, file_us);
		/* Of one that was not read yet its name is all we have. */
		if (memcmp(name, generation_id(f->gen)->gen, sizeof name) != 0)
			s->grown = true;
		if (f->cut || !f->link)
			return !f->cut;
		return stat(generation_path(f->gen), &st) == 0 &&
		       generation_is_inode(f->gen, &st);
	}
	return stat(generation_path(f->gen), &st) == 0 &&
	       generation_is_untouched(f->gen, &st);
}

static bool
must_look(struct fileset *s, int64_t file_us)
{
	bool must = s->doubt || s->pending;

	for (size_t i = 0; i < s->count; i++)
		must |= !is_as_it_was(s, &s->files[i], file_us);
	for (size_t i = 0; i < s->troubles.count; i++)
		must |= trouble_is_due(&s->troubles.at[i], s->now_us);
	return must;
}

static int
compare_files(const void *left, const void *right)
{
	const struct fileset_file *a = left, *b = right;
	int64_t at = generation_id(a->gen)->first_us;
	int64_t bt = generation_id(b->gen)->first_us;

	if (at != bt)
		return at < bt ? -1 : 1;
	return strcmp(generation_path(b->gen), generation_path(a->gen));
}

/* Put them in order, and note which have a newer one behind them. */
static void
put_in_order(struct fileset *s)
{
	bool newer = false;

	if (s->count > 1)
		qsort(s->files, s->count, sizeof *s->files, compare_files);
	for (size_t i = s->count; i-- > 0;) {
		struct fileset_file *f = &s->files[i];

		if (!newer)
			f->behind_us = 0;
		else if (f->behind_us == 0)
			f->behind_us = s->now_us;
		newer |= !f->gone && !f->waits && !f->restored;
	}
}

/* ---- holes of what may not be read ---- */

int
fileset_tell_trouble(struct fileset *s, const struct trouble *t)
{
	struct source_gap gap = {.from_offset = -1,
	    .to_offset = -1,
	    .from_us = t->since_us,
	    .to_us = SOURCE_NO_TIME,
	    .reason = "unreadable",
	    .why = t->why};

	return fileset_put_gap(s, &gap);
}

static int
tell_troubles(struct fileset *s, struct err *err)
{
	int status = 0;

	for (size_t i = s->troubles.count; i-- > 0;) {
		struct trouble *t = &s->troubles.at[i];
		bool over = !t->there;

		/* A directory may have been read in time. */
		bool lost = over && (t->told_us || t->ino != 0);

		if (lost || (!over && trouble_tell(t, s->now_us)))
			if (fileset_tell_trouble(s, t) != 0)
				return fileset_no_memory(s, err);
		/* What is not told yet, and the log's own file, keep the
		 * source from standing at now. */
		if (!over && (!t->told_us || fileset_is_stem(s, t->path))) {
			status = -1;
			*err = t->why;
		}
		if (over)
			troubles_remove(&s->troubles, i);
	}
	return status;
}

/* A directory that cannot be read is a trouble like a file. */
static void
look_for_blindness(struct fileset *s, struct err *err)
{
	struct err why = {0};
	const char *dir = listing_blind(s->listing, &why);
	struct trouble *t = troubles_find(&s->troubles, 0, 0);

	if (dir && (!t || trouble_is_due(t, s->now_us))) {
		if (troubles_note(&s->troubles, dir, 0, 0, &why, s->now_us) !=
		    0)
			(void)fileset_no_memory(s, err);
	} else if (t) {
		t->there = dir != NULL;
	}
}

static int
look_fully(struct fileset *s, int64_t file_us, bool *again, struct err *err)
{
	struct looking l = {.s = s, .file_us = file_us, .err = err};
	int status;

	s->doubt = s->older = false;
	for (size_t i = 0; i < s->troubles.count; i++)
		if (s->troubles.at[i].ino != 0)
			s->troubles.at[i].there = false;
	status = look_closely(&l);
	if (status != 0) {
		s->doubt = true;
		(void)fileset_no_memory(s, err);
	} else {
		status = l.status;
	}
	*again = l.again;
	looking_clear(&l);
	return status;
}

/* Only so many files are kept open. One with bytes that were not read, or
 * without a name, is; of the others those go first that were quiet longest. */
static void
bound_open(struct fileset *s)
{
	size_t max = s->spec->open_max ? s->spec->open_max : KEEP_OPEN,
	       open = 0;

	for (size_t i = 0; i < s->count; i++)
		open += generation_is_open(s->files[i].gen);
	while (open > max) {
		struct fileset_file *idle = NULL;

		for (size_t i = 0; i < s->count; i++) {
			struct fileset_file *f = &s->files[i];

			if (!generation_is_open(f->gen) || !f->named ||
			    f->cut || generation_unread(f->gen) > 0)
				continue;
			if (!idle || generation_grown_us(f->gen) <
					 generation_grown_us(idle->gen))
				idle = f;
		}
		if (!idle)
			return;
		generation_close(idle->gen);
		open--;
	}
}

static void
note_waiting(struct fileset *s)
{
	bool waits = false;

	s->older &= s->pending;
	for (size_t i = 0; i < s->count; i++)
		waits |=
		    s->files[i].waits && !generation_ended(s->files[i].gen);
	if (!waits && !s->older)
		s->held_us = 0;
	else if (s->held_us == 0)
		s->held_us = s->now_us;
}

bool
fileset_holds_back(const struct fileset *s)
{
	return s->held_us != 0 && s->now_us - s->held_us < HOLD_US;
}

int
fileset_look(struct fileset *s, bool starved, int64_t now_us, struct err *err)
{
	int64_t file_us = clock_now_us(s->machine);
	int names = listing_look(s->listing, file_us, err);
	bool must, again = true;
	int status = names < 0 ? -1 : 0;

	s->now_us = now_us;
	s->starved = starved;
	s->grown = false;
	look_for_blindness(s, err);
	must = must_look(s, file_us) || names != 0;
	/* What changed while we looked is looked at once more. */
	for (int round = 0; must && again && round < 4; round++) {
		again = false;
		/* What was cut just now may have been copied just before. */
		if (listing_look(s->listing, file_us, err) < 0 ||
		    look_fully(s, file_us, &again, err) != 0)
			status = -1;
	}
	if (must && again)
		s->doubt = true;
	put_in_order(s);
	bound_open(s);
	note_waiting(s);
	if (tell_troubles(s, err) != 0)
		status = -1;
	return status;
}
