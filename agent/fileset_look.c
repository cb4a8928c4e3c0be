/* SPDX-License-Identifier: Apache-2.0 */
#include "fileset_look.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "assay/clock.h"

/* A compressed file that was touched less than this ago may still be written.
 */
#define SETTLE_US INT64_C(10000000)
/* One whose original is still there may for longer. */
#define MADE_US INT64_C(60000000)
#define HOLD_US INT64_C(5000000)
#define GONE_MAX 16

/* A file that is there. */
struct candidate {
	char *path;
	struct stat st;
	bool link;
	bool skip;		 /* known not to matter */
	bool hopeless;		 /* unreadable, and told */
	struct generation *made; /* what it is by itself, when it was opened */
	struct follow_seen fact;
};

/* One look at everything. */
struct looking {
	struct fileset *s;
	int64_t file_us;
	struct candidate *at;
	size_t count, room;
	struct follow_known *known;
	struct follow_seen *seen;
	size_t *index; /* of seen among the candidates */
	size_t seen_count;
	bool reconsider; /* something is missing: nothing is skipped */
	bool again;
	bool stale; /* names have changed since they were listed */
	int status;
	struct err *err;
};

bool
fileset_is_stem(const struct fileset *s, const char *path)
{
	const char *base = strrchr(path, '/');

	if (!strpbrk(s->spec->path, "*?["))
		return !strcmp(path, s->spec->path);
	base = base ? base + 1 : path;
	return source_stem(base) == strlen(base);
}

static int
no_memory(const struct fileset *s, struct err *err)
{
	return err_set(err, "no memory for the source '%s'", s->spec->id);
}

static void
trouble_err(struct looking *l, const struct err *why)
{
	l->status = -1;
	if (l->err)
		*l->err = *why;
}

/* ---- sights ---- */

static struct sight *
find_sight(const struct fileset *s, const struct stat *st)
{
	for (size_t i = 0; i < s->sight_count; i++) {
		struct sight *at = &s->sights[i];

		if (at->dev == st->st_dev && at->ino == st->st_ino)
			return at;
	}
	return NULL;
}

static bool
sight_stands(const struct sight *at, const struct stat *st)
{
	return at->size == st->st_size &&
	       at->mtime.tv_sec == st->st_mtim.tv_sec &&
	       at->mtime.tv_nsec == st->st_mtim.tv_nsec;
}

static int
note_sight(struct fileset *s, const struct stat *st, bool unsettled)
{
	struct sight *at = find_sight(s, st);

	if (!at) {
		at = reallocarray(s->sights, s->sight_count + 1, sizeof *at);
		if (!at)
			return -1;
		s->sights = at;
		at += s->sight_count++;
	}
	*at = (struct sight){.dev = st->st_dev,
	    .ino = st->st_ino,
	    .size = st->st_size,
	    .mtime = st->st_mtim,
	    .unsettled = unsettled,
	    .seen_us = s->now_us};
	return 0;
}

static bool
is_candidate(const struct looking *l, dev_t dev, ino_t ino)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->at[i].st.st_dev == dev && l->at[i].st.st_ino == ino)
			return true;
	return false;
}

static void
drop_old_sights(struct looking *l)
{
	struct fileset *s = l->s;
	size_t kept = 0;

	for (size_t i = 0; i < s->sight_count; i++)
		if (is_candidate(l, s->sights[i].dev, s->sights[i].ino))
			s->sights[kept++] = s->sights[i];
	s->sight_count = kept;
}

/* ---- what is there ---- */

/* A name that leads to nothing we may look at: its directory may be read but
 * not passed. It has no inode to be known by, so its name serves. */
static int
note_absent(struct looking *l, const char *path)
{
	struct err why;
	ino_t name = 1;

	if (errno == ENOENT) {
		l->stale = true;
		return 0;
	}
	err_sys(&why, "look at '%s'", path);
	for (const char *p = path; *p; p++)
		name = name * 31 + (unsigned char)*p;
	return troubles_note(
	    &l->s->troubles, path, 0, name | 1, &why, l->s->now_us);
}

static int
add_candidate(struct looking *l, const char *path, bool sibling)
{
	struct candidate c = {.fact = {.of = FOLLOW_NONE,
				  .unchanged = FOLLOW_NONE,
				  .sibling = sibling}};
	struct stat own;
	struct candidate *more;

	if (lstat(path, &own) != 0)
		return note_absent(l, path);
	if (stat(path, &c.st) != 0 || !S_ISREG(c.st.st_mode))
		return 0;
	if (sibling && is_candidate(l, c.st.st_dev, c.st.st_ino))
		return 0;
	c.link = S_ISLNK(own.st_mode);
	c.fact.at_stem = fileset_is_stem(l->s, path);
	c.fact.size = (uint64_t)c.st.st_size;
	c.path = strdup(path);
	if (l->count == l->room) {
		size_t room = l->room ? 2 * l->room : 16;

		more = reallocarray(l->at, room, sizeof *more);
		if (more) {
			l->at = more;
			l->room = room;
		}
	}
	if (!c.path || l->count == l->room) {
		free(c.path);
		return -1;
	}
	l->at[l->count++] = c;
	return 0;
}

static int
by_name(const void *left, const void *right)
{
	const struct candidate *a = left, *b = right;

	return strcmp(a->path, b->path);
}

/* One file once: its own name before a link, the log's own name before
 * others. */
static int
by_inode(const void *left, const void *right)
{
	const struct candidate *a = left, *b = right;

	if (a->st.st_dev != b->st.st_dev)
		return a->st.st_dev < b->st.st_dev ? -1 : 1;
	if (a->st.st_ino != b->st.st_ino)
		return a->st.st_ino < b->st.st_ino ? -1 : 1;
	if (a->link != b->link)
		return a->link ? 1 : -1;
	if (a->fact.at_stem != b->fact.at_stem)
		return a->fact.at_stem ? -1 : 1;
	return by_name(a, b);
}

static void
drop_doubles(struct looking *l)
{
	size_t kept = 0;

	if (l->count > 1)
		qsort(l->at, l->count, sizeof *l->at, by_inode);
	for (size_t i = 0; i < l->count; i++) {
		const struct candidate *last = kept ? &l->at[kept - 1] : NULL;

		if (last && last->st.st_dev == l->at[i].st.st_dev &&
		    last->st.st_ino == l->at[i].st.st_ino)
			free(l->at[i].path);
		else
			l->at[kept++] = l->at[i];
	}
	l->count = kept;
	/* What is compressed comes after what it was made of. */
	if (kept > 1)
		qsort(l->at, kept, sizeof *l->at, by_name);
}

static int
gather(struct looking *l)
{
	const struct listing *names = l->s->listing;

	for (size_t i = 0; i < listing_count(names); i++)
		if (add_candidate(l, listing_name(names, i), false) != 0)
			return -1;
	drop_doubles(l);
	return 0;
}

/* Names beside the log's own that begin like it: where rotation may have put
 * what the patterns do not find. */
static int
gather_siblings(struct looking *l)
{
	const char *stem = l->s->spec->path;
	const char *base = strrchr(stem, '/');
	char dir_path[PATH_MAX], path[PATH_MAX];
	struct dirent *e;
	int status = 0;
	DIR *dir;

	if (!base || strpbrk(stem, "*?[") ||
	    snprintf(dir_path, sizeof dir_path, "%.*s",
		base == stem ? 1 : (int)(base - stem),
		stem) >= (int)sizeof dir_path)
		return 0;
	base++;
	dir = opendir(dir_path);
	while (dir && status == 0 && (e = readdir(dir)))
		if (!strncmp(e->d_name, base, strlen(base)) &&
		    snprintf(path, sizeof path, "%s/%s", dir_path, e->d_name) <
			(int)sizeof path)
			status = add_candidate(l, path, true);
	if (dir)
		closedir(dir);
	return status;
}

/* ---- what each of them is ---- */

struct inode {
	dev_t dev;
	ino_t ino;
	size_t i;
};

static int
compare_inodes(const void *left, const void *right)
{
	const struct inode *a = left, *b = right;

	if (a->dev != b->dev)
		return a->dev < b->dev ? -1 : 1;
	return a->ino < b->ino ? -1 : a->ino > b->ino;
}

/* Whose file it is, when an open descriptor or an untouched inode says so. */
static void
recognise(struct looking *l, struct inode *known, size_t count)
{
	for (size_t i = 0; i < l->count; i++) {
		struct candidate *c = &l->at[i];
		struct inode key = {c->st.st_dev, c->st.st_ino, 0};
		const struct inode *found =
		    bsearch(&key, known, count, sizeof *known, compare_inodes);
		const struct fileset_file *f;

		if (!found)
			continue;
		f = &l->s->files[found->i];
		if (generation_is_open(f->gen)
			? !f->cut
			: generation_is_untouched(f->gen, &c->st))
			c->fact.of = found->i;
	}
}

static int
find_ours(struct looking *l)
{
	struct fileset *s = l->s;
	struct inode *known = calloc(s->count + 1, sizeof *known);
	size_t count = 0;

	if (!known)
		return -1;
	for (size_t i = 0; i < s->count; i++) {
		const struct stat *st = generation_stat(s->files[i].gen);

		if (s->files[i].gone || s->files[i].restored ||
		    s->files[i].waits)
			continue;
		known[count++] = (struct inode){st->st_dev, st->st_ino, i};
	}
	qsort(known, count, sizeof *known, compare_inodes);
	recognise(l, known, count);
	free(known);
	return 0;
}

/* Is there a generation whose file is not at hand? */
static bool
any_missing(const struct looking *l)
{
	size_t found = 0, wanted = 0;

	for (size_t i = 0; i < l->s->count; i++) {
		const struct fileset_file *f = &l->s->files[i];

		if (!f->gone && !(generation_is_open(f->gen) && !f->cut))
			wanted++;
	}
	for (size_t i = 0; i < l->count; i++) {
		size_t of = l->at[i].fact.of;

		found += of != FOLLOW_NONE &&
			 !generation_is_open(l->s->files[of].gen);
	}
	return found < wanted;
}

static bool
is_young(const struct looking *l, const struct stat *st, int64_t age_us)
{
	return l->s->spec->live &&
	       st->st_ctim.tv_sec * INT64_C(1000000) > l->file_us - age_us;
}

/* Is it being made of a file that we have? */
static bool
has_original(const struct looking *l, const char *path)
{
	for (size_t i = 0; i < l->s->count; i++) {
		const char *known = generation_path(l->s->files[i].gen);

		if (l->s->files[i].named &&
		    !strncmp(path, known, strlen(known)) &&
		    strrchr(path, '.') == path + strlen(known))
			return true;
	}
	return false;
}

/* May it still be written? Who compresses removes what it was made of last. */
static bool
may_change(const struct looking *l, const struct candidate *c)
{
	const struct sight *at = find_sight(l->s, &c->st);

	if (has_original(l, c->path))
		return is_young(l, &c->st, MADE_US);
	/* Two looks at two times that saw the same: it is whole. */
	return is_young(l, &c->st, SETTLE_US) &&
	       !(at && sight_stands(at, &c->st) && at->seen_us != l->s->now_us);
}

/* A file we had a look at before, to which nothing was done since. */
static bool
skip_by_sight(struct looking *l, struct candidate *c)
{
	const struct sight *at = find_sight(l->s, &c->st);

	if (!at || !sight_stands(at, &c->st))
		return false;
	return at->unsettled ? may_change(l, c) : !l->reconsider;
}

static void
refuse(struct looking *l, struct candidate *c, const struct err *why)
{
	struct trouble *t;

	if (troubles_note(&l->s->troubles, c->path, c->st.st_dev, c->st.st_ino,
		why, l->s->now_us) != 0) {
		l->status = no_memory(l->s, l->err);
		return;
	}
	t = troubles_find(&l->s->troubles, c->st.st_dev, c->st.st_ino);
	c->hopeless = t->told_us != 0;
	c->fact.pending = !c->hopeless;
}

static void
end_trouble(struct looking *l, const struct candidate *c)
{
	struct troubles *t = &l->s->troubles;
	struct trouble *it = troubles_find(t, c->st.st_dev, c->st.st_ino);

	if (!it)
		return;
	if (it->told_us && fileset_tell_trouble(l->s, it) != 0)
		l->status = no_memory(l->s, l->err);
	troubles_remove(t, (size_t)(it - t->at));
}

/* One of ours that was cut is opened again by its descriptor: its name may be
 * another's by now, or not for us to read. */
static int
reopen_cut(const struct looking *l, const struct candidate *c)
{
	for (size_t i = 0; i < l->s->count; i++) {
		const struct fileset_file *f = &l->s->files[i];

		if (f->cut && generation_is_open(f->gen) &&
		    generation_is_inode(f->gen, &c->st))
			return fcntl(generation_fd(f->gen), F_DUPFD_CLOEXEC, 0);
	}
	return -1;
}

static int
open_candidate(struct looking *l, struct candidate *c)
{
	struct trouble *t =
	    troubles_find(&l->s->troubles, c->st.st_dev, c->st.st_ino);
	struct err why = {0};
	int fd = reopen_cut(l, c);
	enum opener_got got;

	if (fd >= 0)
		return fd;
	if (t) {
		t->there = true;
		if (!trouble_is_due(t, l->s->now_us)) {
			c->hopeless = t->told_us != 0;
			c->fact.pending = !c->hopeless;
			return -1;
		}
	}
	got = opener_open(l->s->spec->patterns, c->path, &fd, &why);
	if (got == OPENER_OK)
		return fd;
	if (got == OPENER_REFUSED)
		refuse(l, c, &why);
	if (got == OPENER_LATER) {
		c->fact.pending = true;
		l->s->doubt = true;
		trouble_err(l, &why);
	}
	c->skip = got == OPENER_GONE;
	l->again |= got == OPENER_GONE;
	return -1;
}

static void
identify(struct looking *l, struct candidate *c)
{
	struct err why = {0};
	const struct fileid *id;
	int fd;

	if (c->fact.of != FOLLOW_NONE)
		return;
	if (skip_by_sight(l, c)) {
		c->skip = !find_sight(l->s, &c->st)->unsettled;
		c->fact.pending = !c->skip;
		l->s->older |= !c->skip && !has_original(l, c->path);
		return;
	}
	fd = open_candidate(l, c);
	if (fd < 0)
		return;
	c->made = generation_new(fd, c->path, &l->s->form, l->s->crypto, &why);
	if (!c->made) {
		refuse(l, c, &why);
		return;
	}
	end_trouble(l, c);
	id = generation_id(c->made);
	c->st = *generation_stat(c->made);
	if (id->foreign) {
		c->skip = true;
		if (note_sight(l->s, &c->st, false) != 0)
			l->status = no_memory(l->s, l->err);
		return;
	}
	memcpy(c->fact.key, id->key, sizeof c->fact.key);
	memcpy(c->fact.gen, id->gen, sizeof c->fact.gen);
	c->fact.stamped = id->stamped;
	c->fact.compressed = id->compressed;
	c->fact.size = (uint64_t)c->st.st_size;
}

/* A compressed file that changes is judged when it has come to rest. */
static void
settle(struct looking *l, struct candidate *c)
{
	const struct sight *at = find_sight(l->s, &c->st);

	if (!c->made || c->skip || !c->fact.compressed || !may_change(l, c))
		return;
	c->fact.pending = true;
	l->s->older |= !has_original(l, c->path);
	if (at && sight_stands(at, &c->st) && at->unsettled)
		return;
	if (note_sight(l->s, &c->st, true) != 0)
		l->status = no_memory(l->s, l->err);
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

	if (d->is == FOLLOW_KEEPS)
		return generation_copies(g, made);
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

/* ---- doing what was decided ---- */

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
		return note_sight(l->s, &c->st, false);
	case FOLLOW_PENDING:
		l->s->pending = true;
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

static int
carry_out(struct looking *l, const struct follow *follow)
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

static void
identify_from(struct looking *l, size_t first)
{
	for (size_t i = first; i < l->count; i++) {
		identify(l, &l->at[i]);
		settle(l, &l->at[i]);
	}
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

	if (gather(l) != 0 || find_ours(l) != 0)
		return -1;
	l->reconsider = any_missing(l);
	identify_from(l, 0);
	if (make_room(l) != 0 || decide(l, &follow) != 0)
		return -1;
	first = l->count;
	if (any_lost(&follow)) {
		follow_clear(&follow);
		if (gather_siblings(l) != 0)
			return -1;
		identify_from(l, first);
		if (make_room(l) != 0 || decide(l, &follow) != 0)
			return -1;
	}
	/* Nothing is given up by a picture that is out of date already. */
	if (any_given_up(&follow) && is_stale(l)) {
		l->again = true;
		status = 0;
	} else {
		status = carry_out(l, &follow);
	}
	follow_clear(&follow);
	drop_old_sights(l);
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
		f->cut = !generation_look(f->gen, s->now_us, file_us);
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
				return no_memory(s, err);
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
			(void)no_memory(s, err);
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
		(void)no_memory(s, err);
	} else {
		status = l.status;
	}
	*again = l.again;
	looking_clear(&l);
	return status;
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
	note_waiting(s);
	if (tell_troubles(s, err) != 0)
		status = -1;
	return status;
}
