/* SPDX-License-Identifier: Apache-2.0 */
#include "source_file.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assay/jsonin.h"
#include "assay/jsonout.h"

#include "generation.h"

/* Writers may go on writing to a renamed file until they are told. */
#define GRACE_US INT64_C(3000000)
#define UIDS_MAX 8
#define COPIES_MAX 64

struct file {
	struct generation *gen;
	bool present;  /* seen by the last scan */
	bool restored; /* from an earlier start, not found yet */
	/* The last bytes of a closed generation were given; an advance past
	 * them ends it. */
	bool resting;
};

/* A file that is a copy of a generation we have under another name. */
struct copy {
	dev_t dev;
	ino_t ino;
	off_t size;
};

struct source_file {
	const struct source_spec *spec;
	struct crypto *crypto;
	struct fileid_form form;
	uid_t senders[UIDS_MAX]; /* accounts that count as root */
	size_t sender_count;

	struct file *files;
	size_t count;
	struct copy *copies;
	size_t copy_count;
	struct source_gap *gaps;
	size_t gap_count;

	struct generation *current; /* the one last read */
	struct file *given;	    /* whose window was given */
	int64_t now_us;		    /* of the last scan */
};

struct source_file *
source_file_new(
    const struct source_spec *spec, struct crypto *c, struct err *err)
{
	struct source_file *s = calloc(1, sizeof *s);

	if (!s) {
		err_set(err, "no memory for the source '%s'", spec->id);
		return NULL;
	}
	s->spec = spec;
	s->crypto = c;
	if (!spec->own)
		return s;
	s->form.stamp = spec->own->stamp;
	s->form.program = slice_of(spec->own->programs[0]);
	for (rule_texts u = spec->own->sender_users; u && *u; u++) {
		const struct passwd *account = getpwnam(*u);

		if (account && s->sender_count < UIDS_MAX)
			s->senders[s->sender_count++] = account->pw_uid;
	}
	return s;
}

static void
close_source(void *impl)
{
	struct source_file *s = impl;

	for (size_t i = 0; i < s->count; i++)
		generation_free(s->files[i].gen);
	free(s->files);
	free(s->copies);
	free(s->gaps);
	free(s);
}

/* ---- holes ---- */

static int
add_gap(struct source_file *s, const struct generation *g, const char *reason,
    int64_t to_offset, const struct err *why)
{
	struct source_gap *more =
	    reallocarray(s->gaps, s->gap_count + 1, sizeof *more);

	if (!more)
		return -1;
	s->gaps = more;
	more = &more[s->gap_count++];
	*more =
	    (struct source_gap){.from_offset = (int64_t)generation_offset(g),
		.to_offset = to_offset,
		.from_us = generation_last_us(g) ? generation_last_us(g)
						 : SOURCE_NO_TIME,
		.reason = reason,
		.why = *why};
	memcpy(more->gen, generation_id(g), sizeof more->gen);
	return 0;
}

static bool
take_gap(void *impl, struct source_gap *gap)
{
	struct source_file *s = impl;

	if (s->gap_count == 0)
		return false;
	*gap = s->gaps[0];
	s->gap_count--;
	memmove(s->gaps, s->gaps + 1, s->gap_count * sizeof *s->gaps);
	return true;
}

/* ---- the set of files ---- */

static int
add_file(struct source_file *s, struct generation *g, bool restored)
{
	struct file *more = reallocarray(s->files, s->count + 1, sizeof *more);

	if (!more)
		return -1;
	s->files = more;
	more[s->count++] =
	    (struct file){.gen = g, .present = !restored, .restored = restored};
	s->given = NULL;
	return 0;
}

static void
remove_file(struct source_file *s, size_t i)
{
	if (s->current == s->files[i].gen)
		s->current = NULL;
	generation_free(s->files[i].gen);
	s->count--;
	memmove(
	    &s->files[i], &s->files[i + 1], (s->count - i) * sizeof *s->files);
	s->given = NULL;
}

static bool
is_copy(const struct source_file *s, const struct stat *st)
{
	for (size_t i = 0; i < s->copy_count; i++)
		if (s->copies[i].dev == st->st_dev &&
		    s->copies[i].ino == st->st_ino &&
		    s->copies[i].size == st->st_size)
			return true;
	return false;
}

static int
add_copy(struct source_file *s, const struct stat *st)
{
	struct copy *more;

	if (s->copy_count >= COPIES_MAX)
		s->copy_count = 0; /* they are only looked at once more */
	more = reallocarray(s->copies, s->copy_count + 1, sizeof *more);

	if (!more)
		return -1;
	s->copies = more;
	more[s->copy_count++] = (struct copy){
	    .dev = st->st_dev, .ino = st->st_ino, .size = st->st_size};
	return 0;
}

static int
open_log(const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(err, "open '%s'", path);
	return fd;
}

/* Phase one of a scan: files whose inode we know. */
static void
recognise(struct source_file *s, const char *path, const struct stat *st)
{
	for (size_t i = 0; i < s->count; i++) {
		struct file *f = &s->files[i];

		if (f->present || !generation_is_inode(f->gen, st))
			continue;
		generation_set_path(f->gen, path);
		f->present = true;
		return;
	}
}

/* A generation that has its file again: one that was read to its end stays so,
 * unless somebody went on writing to it. */
static void
found_again(struct file *f, const struct stat *st)
{
	f->present = true;
	f->restored = false;
	if (!generation_ended(f->gen))
		return;
	if (!generation_is_compressed(f->gen) &&
	    (uint64_t)st->st_size > generation_offset(f->gen))
		generation_resume(f->gen);
	else
		generation_end(f->gen);
}

/* Phase two: a file we do not know by inode. Takes made. */
static int
settle(struct source_file *s, struct generation *made, const struct stat *st,
    struct err *err)
{
	bool same_content = false;

	for (size_t i = 0; i < s->count; i++) {
		struct file *f = &s->files[i];
		bool same_file = generation_same_file(f->gen, made);
		bool same_id = generation_same_id(f->gen, made);
		struct err why = {0};

		if (!same_file && !same_id)
			continue;
		if (f->present) {
			same_content |= same_id;
			continue;
		}
		if (generation_attach(f->gen, made, &why)) {
			found_again(f, st);
			generation_free(made);
			return 0;
		}
		if (!same_file)
			continue;
		/* The same file, and not what we had read of it. */
		if (!why.text[0])
			err_set(&why,
			    "'%s' does not hold any more what had been read "
			    "of it",
			    generation_path(made));
		if (!generation_ended(f->gen) &&
		    add_gap(s, f->gen, f->restored ? "agent" : "truncated", -1,
			&why) != 0)
			goto no_memory;
		remove_file(s, i);
		break;
	}
	if (same_content) {
		generation_free(made);
		return add_copy(s, st);
	}
	if (add_file(s, made, false) == 0)
		return 0;
no_memory:
	generation_free(made);
	return err_set(err, "no memory for the source '%s'", s->spec->id);
}

static int
meet(struct source_file *s, const char *path, struct err *err)
{
	struct generation *made;
	struct stat st;
	int fd;

	if (stat(path, &st) != 0)
		return errno == ENOENT ? 0 : err_sys(err, "look at '%s'", path);
	if (!S_ISREG(st.st_mode) || is_copy(s, &st))
		return 0;
	for (size_t i = 0; i < s->count; i++)
		if (s->files[i].present &&
		    generation_is_inode(s->files[i].gen, &st))
			return 0;
	fd = open_log(path, err);
	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	made = generation_new(fd, path, &s->form, s->crypto, err);
	if (!made)
		return -1;
	if (generation_is_foreign(made)) {
		/* What was read of it before it was compressed stands; what
		 * was not is missed below, when it had been begun. */
		generation_free(made);
		return add_copy(s, &st);
	}
	return settle(s, made, &st, err);
}

/* What a scan did not see any more. */
static int
miss(struct source_file *s, struct err *err)
{
	for (size_t i = s->count; i-- > 0;) {
		struct file *f = &s->files[i];
		struct err why;

		if (f->present || generation_has_file(f->gen))
			continue; /* an open file is read to its end first */
		if (!generation_ended(f->gen)) {
			err_set(&why,
			    "'%s' is gone, and with it what may have been "
			    "written after byte %llu",
			    generation_path(f->gen),
			    (unsigned long long)generation_offset(f->gen));
			if (add_gap(s, f->gen, "agent", -1, &why) != 0)
				return err_set(err,
				    "no memory for the source '%s'",
				    s->spec->id);
		}
		remove_file(s, i);
	}
	return 0;
}

static int
compare_files(const void *left, const void *right)
{
	const struct file *a = left, *b = right;
	int64_t at = generation_first_us(a->gen);
	int64_t bt = generation_first_us(b->gen);

	if (at != bt)
		return at < bt ? -1 : 1;
	return strcmp(generation_path(b->gen), generation_path(a->gen));
}

static int
scan(void *impl, int64_t now_us, struct err *err)
{
	struct source_file *s = impl;
	glob_t found = {0};
	struct stat st;
	int status = 0;

	s->now_us = now_us;
	for (char **p = s->spec->patterns; *p; p++)
		(void)glob(*p, GLOB_NOSORT | (found.gl_pathc ? GLOB_APPEND : 0),
		    NULL, &found);
	for (size_t i = 0; i < s->count; i++)
		s->files[i].present = false;
	for (size_t i = 0; i < found.gl_pathc; i++)
		if (stat(found.gl_pathv[i], &st) == 0)
			recognise(s, found.gl_pathv[i], &st);
	for (size_t i = 0; i < found.gl_pathc; i++)
		if (meet(s, found.gl_pathv[i], err) != 0)
			status = -1; /* the others are looked at all the same */
	globfree(&found);
	if (status == 0)
		status = miss(s, err);
	for (size_t i = 0; i < s->count; i++)
		generation_refresh(s->files[i].gen);
	if (s->count > 1)
		qsort(s->files, s->count, sizeof *s->files, compare_files);
	s->given = NULL;
	return status;
}

/* ---- reading ---- */

static const char *
trust_of(const struct source_file *s, const struct stat *st)
{
	bool sender = st->st_uid == 0;

	if (!s->spec->own || s->spec->syslog || s->spec->relay ||
	    (st->st_mode & (S_IWGRP | S_IWOTH)))
		return "local";
	for (size_t i = 0; i < s->sender_count; i++)
		sender |= s->senders[i] == st->st_uid;
	return sender ? "root" : "local";
}

static int64_t
mtime_of(const struct stat *st)
{
	return st->st_mtim.tv_sec * INT64_C(1000000) +
	       st->st_mtim.tv_nsec / 1000;
}

/* Will nothing more be written to it? */
static bool
is_closed(const struct source_file *s, size_t i, const struct stat *st)
{
	const struct file *f = &s->files[i];
	bool newest = i + 1 == s->count;

	if (generation_is_compressed(f->gen))
		return true;
	if (newest && f->present)
		return false;
	return !s->spec->live || mtime_of(st) + GRACE_US < s->now_us;
}

static void
describe(struct source_file *s, struct file *f, const struct stat *st,
    struct source_window *w)
{
	w->offset = generation_offset(f->gen);
	w->gen = generation_id(f->gen);
	w->reference_us = mtime_of(st);
	w->previous_us = generation_last_us(f->gen);
	w->trust = trust_of(s, st);
	s->current = f->gen;
	s->given = f;
}

/* A file that is not what it was: what was not read of it is a hole, and what
 * it holds now is a new generation. */
static int
replace(struct source_file *s, size_t i, const struct err *why, struct err *err)
{
	struct generation *g = s->files[i].gen;
	struct generation *made;
	int fd;

	if (add_gap(s, g, "truncated", -1, why) != 0)
		return err_set(err, "no memory for '%s'", s->spec->id);
	s->form.truncations++;
	fd = open_log(generation_path(g), err);
	if (fd < 0) {
		remove_file(s, i);
		return 0;
	}
	made = generation_new(fd, generation_path(g), &s->form, s->crypto, err);
	if (!made)
		return -1;
	if (s->current == g)
		s->current = NULL;
	generation_free(g);
	s->files[i] = (struct file){.gen = made, .present = true};
	s->given = NULL;
	return 0;
}

/* 1 a window, 0 nothing in this file now, 2 go on with the next file. */
static int
next_of(
    struct source_file *s, size_t i, struct source_window *w, struct err *err)
{
	struct file *f = &s->files[i];
	enum generation_proof proof = GENERATION_SAME;
	uint64_t partial;
	struct stat st;
	bool whole;
	int got;

	if (generation_stat(f->gen, &st) != 0)
		return err_sys(err, "look at '%s'", generation_path(f->gen));
	got = generation_read(
	    f->gen, &w->bytes, &whole, &w->line_size, &partial, &proof, err);
	if (got < 0 && proof == GENERATION_OTHER &&
	    !generation_is_compressed(f->gen))
		return replace(s, i, err, err) == 0 ? 2 : -1;
	if (got < 0) {
		if (add_gap(s, f->gen, "unreadable", -1, err) != 0)
			return -1;
		generation_end(f->gen);
		return 2;
	}
	w->one_line = !whole;
	if (got == 1) {
		describe(s, f, &st, w);
		if (!whole)
			w->bytes.len = SOURCE_WINDOW;
		w->line_len = w->line_size - !whole;
		return 1;
	}
	if (!is_closed(s, i, &st))
		return 0;
	if (generation_rest(f->gen, &w->bytes, &w->line_size)) {
		w->one_line = true;
		w->line_len = w->line_size;
		f->resting = true;
		describe(s, f, &st, w);
		return 1;
	}
	generation_end(f->gen);
	return 2;
}

static int
next(void *impl, struct source_window *w, struct err *err)
{
	struct source_file *s = impl;

	for (size_t i = 0; i < s->count; i++) {
		int got = 2;

		*w = (struct source_window){0};
		/* The same place again when it was replaced. */
		for (int tries = 0; got == 2 && tries < 2; tries++) {
			if (i >= s->count ||
			    generation_ended(s->files[i].gen) ||
			    !generation_has_file(s->files[i].gen))
				break;
			got = next_of(s, i, w, err);
		}
		if (got != 2)
			return got;
	}
	return 0;
}

static void
advance(void *impl, uint64_t bytes, int64_t last_us)
{
	struct source_file *s = impl;
	struct file *f = s->given;

	generation_advance(f->gen, bytes, last_us);
	if (f->resting)
		generation_end(f->gen);
	f->resting = false;
}

/* ---- state ---- */

static void
save(const void *impl, struct buf *out)
{
	const struct source_file *s = impl;

	jsonout_kint(out, "truncations", s->form.truncations);
	jsonout_key(out, "files");
	jsonout_array(out);
	for (size_t i = 0; i < s->count; i++)
		generation_save(s->files[i].gen, out);
	jsonout_array_end(out);
}

static int
restore(void *impl, const json_t *state, struct err *err)
{
	struct source_file *s = impl;
	const json_t *files = json_object_get(state, "files");

	(void)jsonin_int(state, "truncations", &s->form.truncations);
	for (size_t i = 0; i < json_array_size(files); i++) {
		struct generation *g = generation_restore(
		    json_array_get(files, i), s->crypto, err);

		if (!g)
			return -1;
		if (add_file(s, g, true) != 0) {
			generation_free(g);
			return err_set(err, "no memory for '%s'", s->spec->id);
		}
	}
	return 0;
}

static const uint8_t *
position(const void *impl, uint64_t *offset)
{
	const struct source_file *s = impl;
	const struct generation *g = s->current;

	/* After a restart: the newest that was read. */
	for (size_t i = 0; !g && i < s->count; i++)
		if (generation_offset(s->files[s->count - 1 - i].gen) > 0)
			g = s->files[s->count - 1 - i].gen;
	if (!g)
		return NULL;
	*offset = generation_offset(g);
	return generation_id(g);
}

static void
progress(const void *impl, uint64_t *done, uint64_t *total)
{
	const struct source_file *s = impl;

	*done = *total = 0;
	for (size_t i = 0; i < s->count; i++) {
		uint64_t d, t;

		generation_progress(s->files[i].gen, &d, &t);
		*done += d;
		*total += t;
	}
}

static int64_t
first(const void *impl)
{
	const struct source_file *s = impl;

	for (size_t i = 0; i < s->count; i++)
		if (generation_has_stamp(s->files[i].gen))
			return generation_first_us(s->files[i].gen);
	return SOURCE_NO_TIME;
}

const struct source_ops source_file_ops = {
    .kind = "file",
    .scan = scan,
    .next = next,
    .advance = advance,
    .gap = take_gap,
    .save = save,
    .restore = restore,
    .position = position,
    .progress = progress,
    .first = first,
    .close = close_source,
};
