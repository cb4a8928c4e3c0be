/* SPDX-License-Identifier: Apache-2.0 */
#include "source_file.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fileset.h"

/* Writers may go on writing to a renamed file until they are told: what is
 * newer waits until nothing was written for so long, */
#define GRACE_US INT64_C(3000000)
/* but not longer than this in all. */
#define PATIENCE_US INT64_C(60000000)
/* A file without a name cannot be found again: it is watched for longer. */
#define NAMELESS_US INT64_C(60000000)
/* Damage of a compressed file is believed when nothing was done to it for so
 * long; a plain one that cannot be read is a hole then. */
#define DAMAGE_US INT64_C(60000000)
#define UIDS_MAX 8

struct source_file {
	const struct source_spec *spec;
	struct fileset *files;
	uid_t senders[UIDS_MAX]; /* accounts that count as root */
	size_t sender_count;

	struct fileset_file *given; /* whose window was given */
	uint8_t gen[16];	    /* that was last read */
	uint64_t offset;
	bool read; /* gen and offset are set */
	/* Of the read that is going on: something there is not read yet; a
	 * file could not be read. */
	bool waits, broken;
	bool asked;	/* for lines since the last scan */
	int64_t now_us; /* of the last scan */
};

struct source_file *
source_file_new(
    const struct source_spec *spec, struct crypto *c, struct err *err)
{
	struct source_file *s = calloc(1, sizeof *s);
	struct fileid_form form = {0};

	if (!s) {
		err_set(err, "no memory for the source '%s'", spec->id);
		return NULL;
	}
	s->spec = spec;
	s->asked = true;
	if (spec->own) {
		form.stamp = spec->own->stamp;
		form.program = slice_of(spec->own->programs[0]);
	}
	for (rule_texts u = spec->own ? spec->own->sender_users : NULL; u && *u;
	     u++) {
		const struct passwd *account = getpwnam(*u);

		if (account && s->sender_count < UIDS_MAX)
			s->senders[s->sender_count++] = account->pw_uid;
	}
	s->files = fileset_new(spec, c, &form, err);
	if (s->files)
		return s;
	free(s);
	return NULL;
}

static void
close_source(void *impl)
{
	struct source_file *s = impl;

	fileset_free(s->files);
	free(s);
}

static bool
take_gap(void *impl, struct source_gap *gap)
{
	return fileset_take_gap(((struct source_file *)impl)->files, gap);
}

static int
scan(void *impl, int64_t now_us, struct err *err)
{
	struct source_file *s = impl;
	int status = fileset_look(s->files, !s->asked, now_us, err);

	s->now_us = now_us;
	s->asked = false;
	s->given = NULL;
	return status != 0 ? -1 : fileset_has_grown(s->files);
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

/* For how long nothing was written to it, as far as was seen. */
static int64_t
quiet_us(const struct source_file *s, const struct fileset_file *f)
{
	int64_t since_us = generation_grown_us(f->gen);

	return s->now_us > since_us ? s->now_us - since_us : 0;
}

/* Will nothing more be written to it that could be read under a name? */
static bool
is_closed(const struct source_file *s, const struct fileset_file *f)
{
	if (generation_id(f->gen)->compressed)
		return true;
	if (f->named && (f->at_stem || f->behind_us == 0))
		return false;
	if (!s->spec->live)
		return true;
	return quiet_us(s, f) >= (f->named ? GRACE_US : NAMELESS_US);
}

/* All of it was read: may what is newer be read before it is closed? */
static bool
may_pass(const struct source_file *s, const struct fileset_file *f)
{
	if (f->named && (f->at_stem || f->behind_us == 0))
		return true;
	if (quiet_us(s, f) >= GRACE_US)
		return true;
	return f->behind_us != 0 && (s->now_us - f->behind_us >= PATIENCE_US ||
					s->now_us < f->behind_us);
}

static void
describe(struct source_file *s, struct fileset_file *f, struct stretch *got,
    struct source_window *w)
{
	const struct stat *st = generation_stat(f->gen);

	*w = (struct source_window){.bytes = got->bytes,
	    .one_line = got->one_line,
	    .line_size = got->size,
	    .line_len = got->len,
	    .line_hash = got->hash,
	    .offset = generation_offset(f->gen),
	    .gen = generation_id(f->gen)->gen,
	    .reference_us = mtime_of(st),
	    .previous_us = generation_last_us(f->gen),
	    .trust = trust_of(s, st)};
	s->given = f;
}

/* It cannot be read. A compressed file may still be written, a disk may come
 * back; after a while it is a hole. 2 and err: go on with the others. */
static int
suffer(struct source_file *s, struct fileset_file *f, struct err *err)
{
	bool packed = generation_id(f->gen)->compressed;
	int64_t since_us;

	if (f->broken_us == 0)
		f->broken_us = s->now_us;
	since_us = packed ? generation_grown_us(f->gen) : f->broken_us;
	if (s->spec->live && s->now_us - since_us < DAMAGE_US &&
	    s->now_us >= since_us) {
		s->waits |= packed;
		s->broken |= !packed;
		return 2;
	}
	if (fileset_add_gap(s->files, f, "unreadable", -1, err) != 0)
		return -1;
	f->broken_us = 0;
	generation_end(f->gen);
	return 2;
}

/* What it holds is not what was read of it. 2: look again, -1. */
static int
doubt(struct source_file *s, struct err *err)
{
	fileset_doubt(s->files);
	if (fileset_look(s->files, false, s->now_us, err) != 0)
		return -1;
	return 3;
}

static int
finish(struct source_file *s, struct fileset_file *f, struct source_window *w)
{
	struct stretch got;

	generation_set_through(f->gen, s->now_us);
	if (!is_closed(s, f))
		return may_pass(s, f) ? 2 : 0;
	generation_rest(f->gen, &got);
	if (got.bytes.len > 0) {
		f->resting = true;
		describe(s, f, &got, w);
		return 1;
	}
	generation_end(f->gen);
	return 2;
}

/* 1 a window, 0 nothing in this file now and what is newer waits, 2 go on with
 * the next file, 3 begin anew, -1. */
static int
next_of(struct source_file *s, struct fileset_file *f, struct source_window *w,
    struct err *err)
{
	struct stretch got;
	enum stretch_proof proof;
	int status;

	if (!generation_is_open(f->gen)) {
		if (generation_unread(f->gen) == 0)
			return 2;
		status = fileset_open(s->files, f, err);
		if (status != 0)
			return status < 0 ? -1 : 2;
	}
	proof = generation_read(f->gen, &got, err);
	if (proof == STRETCH_OTHER)
		return doubt(s, err);
	if (proof == STRETCH_BROKEN)
		return suffer(s, f, err);
	f->broken_us = 0;
	if (got.bytes.len == 0)
		return finish(s, f, w);
	describe(s, f, &got, w);
	return 1;
}

/* Whole files that are not read yet are waited for, so this is not the end. */
static bool
anything_unread(const struct source_file *s, size_t from)
{
	for (size_t i = from; i < fileset_count(s->files); i++) {
		const struct fileset_file *f = fileset_at(s->files, i);

		if (!f->gone && !generation_ended(f->gen) &&
		    generation_unread(f->gen) > 0)
			return true;
	}
	return false;
}

/* What there is of the files in order: 1, 0, -1; s->waits says that this is not
 * all. */
static int
next_in_order(struct source_file *s, struct source_window *w, struct err *err)
{
	int again = 0, got;

	for (size_t i = 0; i < fileset_count(s->files); i++) {
		struct fileset_file *f = fileset_at(s->files, i);

		s->waits |= f->waits;
		if (f->gone || f->waits || f->restored || f->cut ||
		    generation_ended(f->gen))
			continue;
		got = next_of(s, f, w, err);
		if (got == 3 && ++again < 4) {
			i = (size_t)-1;
		} else if (got == 0) {
			s->waits |= anything_unread(s, i + 1);
			return 0;
		} else if (got != 2) {
			return got == 3 ? 0 : got;
		}
	}
	return s->broken ? -1 : 0;
}

static int
next(void *impl, struct source_window *w, struct err *err)
{
	struct source_file *s = impl;
	int got = 0;

	*w = (struct source_window){0};
	s->asked = true;
	s->waits = fileset_is_pending(s->files);
	s->broken = false;
	if (!fileset_holds_back(s->files))
		got = next_in_order(s, w, err);
	return got == 0 && s->waits ? 2 : got;
}

static void
advance(void *impl, uint64_t bytes, int64_t last_us)
{
	struct source_file *s = impl;
	struct fileset_file *f = s->given;

	generation_advance(f->gen, bytes, last_us);
	memcpy(s->gen, generation_id(f->gen)->gen, sizeof s->gen);
	s->offset = generation_offset(f->gen);
	s->read = true;
	if (f->resting)
		generation_end(f->gen);
	f->resting = false;
}

/* ---- held bytes ---- */

static uint64_t
held(const void *impl)
{
	return fileset_held(((const struct source_file *)impl)->files);
}

static bool
let_go(void *impl)
{
	struct source_file *s = impl;
	struct err why;

	for (size_t i = 0; i < fileset_count(s->files); i++) {
		struct fileset_file *f = fileset_at(s->files, i);

		if (!generation_is_open(f->gen) ||
		    generation_stat(f->gen)->st_nlink != 0 ||
		    generation_unread(f->gen) == 0)
			continue;
		err_set(&why,
		    "'%s' was deleted and is given up unread after byte %llu, "
		    "for the room it takes",
		    generation_path(f->gen),
		    (unsigned long long)generation_offset(f->gen));
		if (fileset_add_gap(s->files, f, "agent",
			generation_id(f->gen)->compressed
			    ? -1
			    : generation_stat(f->gen)->st_size,
			&why) != 0)
			return false;
		s->given = NULL;
		fileset_remove(s->files, f);
		return true;
	}
	return false;
}

/* ---- state ---- */

static void
save(void *impl, bool full, struct buf *out)
{
	fileset_save(((struct source_file *)impl)->files, full, out);
}

static void
kept(void *impl)
{
	fileset_kept(((struct source_file *)impl)->files);
}

static int
restore(void *impl, const json_t *state, struct err *err)
{
	return fileset_restore(((struct source_file *)impl)->files, state, err);
}

static const uint8_t *
position(const void *impl, uint64_t *offset)
{
	const struct source_file *s = impl;

	*offset = s->offset;
	if (s->read)
		return s->gen;
	/* After a restart: the newest that was read. */
	for (size_t i = fileset_count(s->files); i-- > 0;) {
		const struct generation *g = fileset_at(s->files, i)->gen;

		if (generation_offset(g) == 0)
			continue;
		*offset = generation_offset(g);
		return generation_id(g)->gen;
	}
	return NULL;
}

static void
progress(const void *impl, uint64_t *done, uint64_t *total)
{
	const struct source_file *s = impl;

	*done = *total = 0;
	for (size_t i = 0; i < fileset_count(s->files); i++) {
		uint64_t d, t;

		if (fileset_at(s->files, i)->gone)
			continue;
		generation_progress(fileset_at(s->files, i)->gen, &d, &t);
		*done += d;
		*total += t;
	}
}

static int64_t
first(const void *impl)
{
	const struct source_file *s = impl;

	for (size_t i = 0; i < fileset_count(s->files); i++) {
		const struct fileid *id =
		    generation_id(fileset_at(s->files, i)->gen);

		if (id->stamped)
			return id->first_us;
	}
	return SOURCE_NO_TIME;
}

const struct source_ops source_file_ops = {
    .kind = "file",
    .scan = scan,
    .next = next,
    .advance = advance,
    .gap = take_gap,
    .save = save,
    .kept = kept,
    .restore = restore,
    .position = position,
    .progress = progress,
    .first = first,
    .held = held,
    .let_go = let_go,
    .close = close_source,
};
