/* SPDX-License-Identifier: Apache-2.0 */
#include "generation_parts.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "assay/encode.h"
#include "assay/jsonin.h"
#include "assay/jsonout.h"

#include "source.h"

/* Stamps of files are not finer than the kernel's tick, and on some file
 * systems than two seconds: one younger than this may stand for two writes. */
#define TICK_US INT64_C(2000000)

static int64_t
mtime_us(const struct stat *st)
{
	return st->st_mtim.tv_sec * INT64_C(1000000) +
	       st->st_mtim.tv_nsec / 1000;
}

static struct generation *
make(struct crypto *c)
{
	struct generation *g = calloc(1, sizeof *g);

	if (!g)
		return NULL;
	g->crypto = c;
	g->fd = -1;
	g->fresh = true;
	g->saved_size = -1;
	position_init(&g->at);
	position_init(&g->tried_at);
	return g;
}

/* Does it still begin as it did? */
static bool
begins_as_met(struct generation *g)
{
	char now[sizeof g->met];
	ssize_t got = plain_pread(g->fd, now, sizeof now, 0);
	bool same;

	if (got < 0)
		return true; /* it will say so when it is read */
	same = (size_t)got >= g->met_len && !memcmp(now, g->met, g->met_len);
	memcpy(g->met, now, (size_t)got);
	g->met_len = (size_t)got;
	return same;
}

struct generation *
generation_new(int fd, const char *path, const struct fileid_form *form,
    struct crypto *c, struct err *err)
{
	struct generation *g = make(c);

	if (!g) {
		close(fd);
		err_set(err, "no memory to read '%s'", path);
		return NULL;
	}
	g->fd = fd;
	g->form = *form;
	g->path = strdup(path);
	if (!g->path) {
		err_set(err, "no memory to read '%s'", path);
		goto fail;
	}
	/* In this order: what is said of a file that is being written is then
	 * never newer than its size, and an empty one counts as empty. */
	if (fstat(fd, &g->st) != 0) {
		err_sys(err, "look at '%s'", path);
		goto fail;
	}
	if (fileid_read(&g->id, fd, path, form, c, err) != 0)
		goto fail;
	g->high = g->id.compressed ? 0 : (uint64_t)g->st.st_size;
	(void)begins_as_met(g);
	return g;
fail:
	generation_free(g);
	return NULL;
}

void
generation_drop_tried(struct generation *g)
{
	packed_free(g->tried);
	g->tried = NULL;
	position_clear(&g->tried_at);
}

void
generation_close(struct generation *g)
{
	if (g->fd >= 0)
		close(g->fd);
	g->fd = -1;
	packed_free(g->packed);
	g->packed = NULL;
	plain_clear(&g->plain);
	generation_drop_tried(g);
	position_rest(&g->at, g->crypto);
}

void
generation_free(struct generation *g)
{
	if (!g)
		return;
	generation_close(g);
	position_clear(&g->at);
	free(g->path);
	free(g);
}

/* ---- state ---- */

static bool
read_hex(const json_t *state, const char *key, uint8_t bytes[16])
{
	struct slice text;

	return jsonin_string(state, key, &text) &&
	       encode_unhex(text, bytes, 16);
}

struct generation *
generation_restore(const json_t *state, struct crypto *c, struct err *err)
{
	struct generation *g = make(c);
	struct slice path;

	if (!g) {
		err_set(err, "no memory for a file's state");
		return NULL;
	}
	if (!read_hex(state, "gen", g->id.gen) ||
	    !read_hex(state, "key", g->id.key) ||
	    !position_restore(&g->at, state) ||
	    !jsonin_string(state, "path", &path) ||
	    !jsonin_bool(state, "stamped", &g->id.stamped) ||
	    !jsonin_bool(state, "ended", &g->ended) ||
	    !jsonin_int(state, "first", &g->id.first_us) ||
	    !jsonin_int(state, "last", &g->last_us) ||
	    !(g->path = slice_strdup(path))) {
		err_set(err, "the saved state of a file is not understood");
		generation_free(g);
		return NULL;
	}
	(void)jsonin_int(state, "through", &g->through_us);
	(void)jsonin_int(state, "size", &g->saved_size);
	(void)jsonin_int(state, "mtime", &g->saved_mtime_us);
	return g;
}

static void
put_hex(struct buf *out, const char *key, const uint8_t bytes[16])
{
	char text[33];

	encode_hex(text, bytes, 16);
	jsonout_kstr(out, key, text);
}

/* A path is bytes; JSON is not. One that is not UTF-8 is found again by its
 * content. */
static struct slice
json_path(const struct generation *g)
{
	struct slice path = slice_of(g->path);

	return encode_is_utf8(path) ? path : (struct slice){"?", 1};
}

void
generation_save(const struct generation *g, struct buf *out)
{
	bool met = g->saved_size < 0;

	put_hex(out, "gen", g->id.gen);
	put_hex(out, "key", g->id.key);
	jsonout_kstring(out, "path", json_path(g));
	position_save(&g->at, g->crypto, out);
	if (!g->ended)
		position_save_trail(&g->at, out);
	jsonout_kbool(out, "stamped", g->id.stamped);
	jsonout_kint(out, "first", g->id.first_us);
	jsonout_kint(out, "last", g->last_us);
	jsonout_kint(out, "through", g->through_us);
	jsonout_kbool(out, "ended", g->ended);
	jsonout_kint(out, "size", met ? g->st.st_size : g->saved_size);
	jsonout_kint(out, "mtime", met ? mtime_us(&g->st) : g->saved_mtime_us);
}

void
generation_adopt(struct generation *g, const struct generation *from)
{
	struct fileid id = from->id;

	/* It keeps the name it has in records, if it is in any. */
	if (g->at.offset > 0 || g->id.stamped) {
		memcpy(id.gen, g->id.gen, sizeof id.gen);
		id.stamped = g->id.stamped;
		id.first_us = g->id.first_us;
	}
	g->id = id;
	g->form = from->form;
	g->st = from->st;
	g->fresh = true;
	g->saved_size = -1;
	generation_set_path(g, from->path);
}

static bool
same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool
same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool
same_state(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size &&
	       same_time(&a->st_mtim, &b->st_mtim) &&
	       same_time(&a->st_ctim, &b->st_ctim);
}

static bool
marker_stands(const struct generation *g)
{
	char marker[POSITION_MARKER];
	size_t k = g->at.marker_len;
	ssize_t got = plain_pread(g->fd, marker, k, g->at.offset - k);

	/* What cannot be read now will say so when it is read. */
	return got < 0 || ((size_t)got == k &&
			      position_marker_still_holds(&g->at, marker));
}

/* As long as nothing was read of it, its first line is all that it is known by:
 * give it its name again. False when it has another one now, so that it is
 * another. One without a stamped line has no name of its own yet. */
static bool
name_again(struct generation *g)
{
	struct fileid now;

	if (g->at.offset > 0)
		return true;
	if (!begins_as_met(g))
		return false;
	if (fileid_read(&now, g->fd, g->path, &g->form, g->crypto, NULL) != 0)
		return true;
	if (g->id.stamped)
		return now.stamped &&
		       memcmp(now.gen, g->id.gen, sizeof now.gen) == 0;
	g->id = now;
	return true;
}

bool
generation_look(struct generation *g, int64_t now_us, int64_t file_now_us)
{
	struct stat st;
	bool changed;

	if (fstat(g->fd, &st) != 0)
		return true;
	changed = !same_state(&st, &g->st);
	if (st.st_size != g->st.st_size)
		g->grown_us = now_us;
	g->st = st;
	if (!changed && !g->fresh)
		return true;
	g->fresh = mtime_us(&st) > file_now_us - TICK_US;
	if (g->id.compressed) {
		/* It is not read on, but anew. */
		if (changed) {
			packed_free(g->packed);
			g->packed = NULL;
		}
		return true;
	}
	if (position_is_shorter(&g->at, (uint64_t)st.st_size) ||
	    !marker_stands(g))
		return false;
	if (g->at.offset == 0 &&
	    ((uint64_t)st.st_size < g->high || !name_again(g)))
		return false;
	g->high = (uint64_t)st.st_size;
	return true;
}

bool
generation_was_cut(const struct generation *g)
{
	struct stat st;

	if (g->fd < 0 || g->id.compressed || fstat(g->fd, &st) != 0)
		return false;
	return position_is_shorter(&g->at, (uint64_t)st.st_size) ||
	       (uint64_t)st.st_size < g->high || !marker_stands(g);
}

bool
generation_is_untouched(const struct generation *g, const struct stat *st)
{
	/* What is known of one that was restored is known by its key. */
	return g->saved_size < 0 && same_file(&g->st, st) &&
	       same_state(&g->st, st);
}

bool
generation_is_inode(const struct generation *g, const struct stat *st)
{
	return g->saved_size < 0 && same_file(&g->st, st);
}

bool
generation_was_closed_as(
    const struct generation *g, const struct generation *other)
{
	bool met = g->saved_size < 0;

	return (met ? g->st.st_size : g->saved_size) == other->st.st_size &&
	       (met ? mtime_us(&g->st) : g->saved_mtime_us) ==
		   mtime_us(&other->st);
}

/* ---- what it is ---- */

const struct fileid *
generation_id(const struct generation *g)
{
	return &g->id;
}

const char *
generation_path(const struct generation *g)
{
	return g->path;
}

void
generation_set_path(struct generation *g, const char *path)
{
	char *copy;

	if (!strcmp(g->path, path))
		return;
	copy = strdup(path);
	if (!copy)
		return; /* the old name serves, it is only shown */
	free(g->path);
	g->path = copy;
}

bool
generation_is_open(const struct generation *g)
{
	return g->fd >= 0;
}

int
generation_fd(const struct generation *g)
{
	return g->fd;
}

uint64_t
generation_offset(const struct generation *g)
{
	return g->at.offset;
}

const struct stat *
generation_stat(const struct generation *g)
{
	return &g->st;
}

uint64_t
generation_high(const struct generation *g)
{
	uint64_t high = g->saved_size > 0 && !g->id.compressed
			    ? (uint64_t)g->saved_size
			    : g->high;

	return high > g->at.offset ? high : g->at.offset;
}

int64_t
generation_grown_us(const struct generation *g)
{
	return g->grown_us ? g->grown_us : mtime_us(&g->st);
}

uint64_t
generation_nuls(const struct generation *g)
{
	return g->plain.nuls;
}

uint64_t
generation_unread(const struct generation *g)
{
	uint64_t done, total;

	generation_progress(g, &done, &total);
	return total - done;
}

int64_t
generation_through_us(const struct generation *g)
{
	return g->through_us;
}

void
generation_set_through(struct generation *g, int64_t now_us)
{
	g->through_us = now_us;
}

int64_t
generation_last_us(const struct generation *g)
{
	return g->last_us;
}

bool
generation_ended(const struct generation *g)
{
	return g->ended;
}

void
generation_end(struct generation *g)
{
	if (g->fd >= 0)
		(void)fstat(g->fd, &g->st);
	g->ended = true;
	generation_close(g);
}

void
generation_resume(struct generation *g)
{
	g->ended = false;
}

/* ---- reading ---- */

void
generation_name(struct generation *g, const struct fileid_form *form)
{
	g->form = *form;
	(void)name_again(g);
}

static enum stretch_proof
read_packed(struct generation *g, struct stretch *out, struct err *err)
{
	enum stretch_proof proof = STRETCH_SAME;
	struct position found;

	if (!g->packed) {
		position_init(&found);
		g->packed = packed_open(
		    g->fd, g->at.offset, g->crypto, &found, &proof, err);
		if (g->packed && !position_proves(g->crypto, &g->at, &found))
			proof = STRETCH_OTHER;
		if (proof == STRETCH_SAME) {
			position_take_trail(&found, &g->at);
			position_move(&g->at, &found);
		}
		position_clear(&found);
	}
	if (proof == STRETCH_SAME)
		proof = packed_read(g->packed, &g->at, g->crypto, out, err);
	return proof;
}

static enum stretch_proof
read_plain(struct generation *g, struct stretch *out, struct err *err)
{
	enum stretch_proof proof;

	proof = plain_read(&g->plain, g->fd, &g->at, g->crypto, out, err);
	if (out->bytes.len > 0 && !name_again(g))
		proof = STRETCH_OTHER;
	if (proof == STRETCH_OTHER)
		plain_clear(&g->plain);
	return proof;
}

enum stretch_proof
generation_read(struct generation *g, struct stretch *out, struct err *err)
{
	enum stretch_proof proof;

	generation_drop_tried(g);
	*out = (struct stretch){0};
	proof = g->id.compressed ? read_packed(g, out, err)
				 : read_plain(g, out, err);
	if (proof == STRETCH_OTHER)
		err_set(err,
		    "'%s' holds other bytes before byte %" PRIu64
		    " than those that were read, or fewer",
		    g->path, g->at.offset);
	else if (proof == STRETCH_BROKEN)
		err_prefix(err, "'%s'", g->path);
	return proof;
}

void
generation_rest(struct generation *g, struct stretch *out)
{
	if (g->packed)
		packed_rest(g->packed, out);
	else
		plain_rest(&g->plain, out);
}

void
generation_advance(struct generation *g, uint64_t n, int64_t last_us)
{
	if (g->packed)
		packed_pass(g->packed, &g->at, g->crypto, n);
	else
		plain_pass(&g->plain, &g->at, g->crypto, n);
	if (last_us != SOURCE_NO_TIME)
		g->last_us = last_us;
}

void
generation_progress(const struct generation *g, uint64_t *done, uint64_t *total)
{
	*total = (uint64_t)g->st.st_size;
	*done = !g->id.compressed ? g->at.offset
		: g->packed	  ? (uint64_t)packed_at(g->packed)
				  : 0;
	if (g->saved_size >= 0)
		*total = *done;
	if (g->ended || *done > *total)
		*done = *total;
}
