/* SPDX-License-Identifier: Apache-2.0 */
#include "fileset_look.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A compressed file that was touched less than this ago may still be written.
 */
#define SETTLE_US INT64_C(10000000)
/* So many bytes a file must have to be known as compressed. */
#define MAGIC_MAX 16
/* One whose original is still there may for longer. */
#define MADE_US INT64_C(60000000)

int
fileset_no_memory(const struct fileset *s, struct err *err)
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

int
fileset_note_sight(struct fileset *s, const struct stat *st, bool unsettled)
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

void
fileset_drop_old_sights(struct looking *l)
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

int
fileset_gather(struct looking *l)
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
int
fileset_gather_siblings(struct looking *l)
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

int
fileset_find_ours(struct looking *l)
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
bool
fileset_any_missing(const struct looking *l)
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

/* Two looks at two times that saw the same: it is whole. */
static bool
is_unsettled(const struct looking *l, const struct candidate *c)
{
	const struct sight *at = find_sight(l->s, &c->st);

	return is_young(l, &c->st, SETTLE_US) &&
	       !(at && sight_stands(at, &c->st) && at->seen_us != l->s->now_us);
}

/* May it still be written? Who compresses removes what it was made of last. */
static bool
may_change(const struct looking *l, const struct candidate *c)
{
	if (has_original(l, c->path))
		return is_young(l, &c->st, MADE_US);
	return is_unsettled(l, c);
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
		l->status = fileset_no_memory(l->s, l->err);
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
		l->status = fileset_no_memory(l->s, l->err);
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
		if (fileset_note_sight(l->s, &c->st, false) != 0)
			l->status = fileset_no_memory(l->s, l->err);
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

	c->fact.young = c->made && !c->fact.compressed && is_unsettled(l, c);

	/* One that was just made, to hold a copy perhaps, says nothing yet, and
	 * too few bytes do not say that they are compressed. */
	if (c->made && !c->skip && c->fact.size < MAGIC_MAX &&
	    !c->fact.compressed && !c->fact.at_stem &&
	    (c->fact.size == 0 ? is_young(l, &c->st, SETTLE_US)
			       : is_unsettled(l, c))) {
		if (c->fact.size > 0 &&
		    fileset_note_sight(l->s, &c->st, true) != 0)
			l->status = fileset_no_memory(l->s, l->err);
		c->fact.pending = true;
		return;
	}
	if (!c->made || c->skip || !c->fact.compressed || !may_change(l, c))
		return;
	c->fact.pending = true;
	l->s->older |= !has_original(l, c->path);
	if (at && sight_stands(at, &c->st) && at->unsettled)
		return;
	if (fileset_note_sight(l->s, &c->st, true) != 0)
		l->status = fileset_no_memory(l->s, l->err);
}

void
fileset_identify(struct looking *l, size_t first)
{
	for (size_t i = first; i < l->count; i++) {
		identify(l, &l->at[i]);
		settle(l, &l->at[i]);
	}
}
