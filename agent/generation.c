/* SPDX-License-Identifier: Apache-2.0 */
#include "generation.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "assay/encode.h"
#include "assay/jsonin.h"
#include "assay/jsonout.h"

#include "inflate.h"
#include "source.h"

#define CHUNK ((size_t)64 << 10)

struct generation {
	struct crypto *crypto;
	char *path;
	struct fileid id;
	struct fileid_form form;
	struct position at;
	int64_t last_us; /* stamp of the last line read; 0 none */
	bool ended;
	off_t ended_size; /* of a closed one: as it was then */
	struct timespec ended_mtime;

	int fd;			 /* -1: no file */
	struct inflate *inflate; /* NULL until it is read */
	bool broken;		 /* decompression failed; why */
	struct err why;

	/* Bytes from the position on; compressed: not passed yet. */
	struct buf window;
	uint64_t scanned;     /* plain: a long line has no LF before this */
	uint64_t long_size;   /* a long line's whole size, once known */
	struct buf after;     /* compressed: bytes after the long line */
	struct position tail; /* its marker: the last bytes of a long line */
};

struct generation *
generation_new(int fd, const char *path, const struct fileid_form *form,
    struct crypto *c, struct err *err)
{
	struct generation *g = calloc(1, sizeof *g);

	if (!g) {
		close(fd);
		err_set(err, "no memory to read '%s'", path);
		return NULL;
	}
	g->crypto = c;
	g->fd = fd;
	g->form = *form;
	g->path = strdup(path);
	position_init(&g->at);
	if (!g->path || fileid_read(&g->id, fd, path, form, c, err) != 0) {
		generation_free(g);
		return NULL;
	}
	return g;
}

static void
drop_file(struct generation *g)
{
	if (g->fd >= 0)
		close(g->fd);
	g->fd = -1;
	inflate_free(g->inflate);
	g->inflate = NULL;
	buf_clear(&g->window);
	buf_clear(&g->after);
	g->scanned = g->long_size = 0;
}

void
generation_free(struct generation *g)
{
	if (!g)
		return;
	drop_file(g);
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
	struct generation *g = calloc(1, sizeof *g);
	struct slice path;

	if (!g) {
		err_set(err, "no memory for a file's state");
		return NULL;
	}
	g->crypto = c;
	g->fd = -1;
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
	jsonout_object(out);
	put_hex(out, "gen", g->id.gen);
	put_hex(out, "key", g->id.key);
	jsonout_kstring(out, "path", json_path(g));
	position_save(&g->at, g->crypto, out);
	jsonout_kbool(out, "stamped", g->id.stamped);
	jsonout_kint(out, "first", g->id.first_us);
	jsonout_kint(out, "last", g->last_us);
	jsonout_kbool(out, "ended", g->ended);
	jsonout_object_end(out);
}

/* ---- position and proof ---- */

static int
pread_exactly(int fd, char *bytes, size_t len, uint64_t at)
{
	while (len > 0) {
		ssize_t got = pread(fd, bytes, len, (off_t)at);

		if (got <= 0)
			return got < 0 ? -1 : 1;
		bytes += got;
		at += (uint64_t)got;
		len -= (size_t)got;
	}
	return 0;
}

/* Head and marker of the position's offset, from g's file. */
static enum generation_proof
load_plain(struct generation *g, struct err *err)
{
	struct position *p = &g->at;
	int got;

	p->head_len = position_head_len(p->offset);
	p->marker_len = position_marker_len(p->offset);
	got = pread_exactly(g->fd, p->head, p->head_len, 0);
	if (got == 0)
		got = pread_exactly(
		    g->fd, p->marker, p->marker_len, p->offset - p->marker_len);
	if (got < 0)
		err_sys(err, "read '%s'", g->path);
	p->proved = true;
	return got == 0	 ? GENERATION_SAME
	       : got < 0 ? GENERATION_BROKEN
			 : GENERATION_OTHER;
}

/* Decompress from the beginning up to the position. */
static enum generation_proof
load_compressed(struct generation *g, struct err *err)
{
	uint64_t left = g->at.offset;

	position_init(&g->at);
	buf_reset(&g->window);
	inflate_free(g->inflate);
	g->inflate = inflate_new(g->fd, err);
	if (!g->inflate)
		return GENERATION_BROKEN;
	while (left > 0) {
		char chunk[CHUNK];
		size_t want = left < CHUNK ? (size_t)left : CHUNK;
		ssize_t got = inflate_read(g->inflate, chunk, want, err);

		if (got < 0)
			err_prefix(err, "'%s'", g->path);
		if (got <= 0)
			return got < 0 ? GENERATION_BROKEN : GENERATION_OTHER;
		position_pass(&g->at, (struct slice){chunk, (size_t)got});
		left -= (uint64_t)got;
	}
	return GENERATION_SAME;
}

/* Is the proof of where g stands found in its file? */
static bool
proves(struct generation *g, struct err *err)
{
	struct position wanted = g->at;
	enum generation_proof proof =
	    g->id.compressed ? load_compressed(g, err) : load_plain(g, err);

	return proof == GENERATION_SAME &&
	       position_proves(g->crypto, &wanted, &g->at);
}

bool
generation_attach(
    struct generation *g, struct generation *from, struct err *err)
{
	struct generation *tried = malloc(sizeof *tried);
	/* One that was read to its end needs no proof when only its content
	 * names it: it is not read again. */
	bool believed = g->ended && from->id.compressed;

	if (!tried)
		return false;
	/* Try it on a copy that has from's file. */
	*tried = *g;
	tried->fd = from->fd;
	tried->form = from->form;
	tried->id = from->id;
	tried->inflate = NULL;
	tried->broken = false;
	tried->window = tried->after = (struct buf){0};
	if (!believed && !proves(tried, err)) {
		inflate_free(tried->inflate);
		buf_clear(&tried->window);
		free(tried);
		return false;
	}
	/* It keeps the name it has in records. */
	memcpy(tried->id.gen, g->id.gen, sizeof tried->id.gen);
	tried->id.stamped = g->id.stamped;
	tried->id.first_us = g->id.first_us;
	from->fd = -1;
	drop_file(g);
	*g = *tried;
	free(tried);
	generation_set_path(g, from->path);
	return true;
}

bool
generation_same_file(const struct generation *g, const struct generation *other)
{
	return memcmp(g->id.key, other->id.key, sizeof g->id.key) == 0;
}

bool
generation_same_id(const struct generation *g, const struct generation *other)
{
	return memcmp(g->id.gen, other->id.gen, sizeof g->id.gen) == 0;
}

bool
generation_is_inode(const struct generation *g, const struct stat *st)
{
	if (g->id.ino == 0 || g->id.dev != st->st_dev ||
	    g->id.ino != st->st_ino)
		return false;
	return g->fd >= 0 || (g->ended_size == st->st_size &&
				 g->ended_mtime.tv_sec == st->st_mtim.tv_sec &&
				 g->ended_mtime.tv_nsec == st->st_mtim.tv_nsec);
}

const uint8_t *
generation_id(const struct generation *g)
{
	return g->id.gen;
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
generation_has_file(const struct generation *g)
{
	return g->fd >= 0;
}

bool
generation_is_compressed(const struct generation *g)
{
	return g->id.compressed;
}

bool
generation_is_foreign(const struct generation *g)
{
	return g->id.foreign;
}

uint64_t
generation_offset(const struct generation *g)
{
	return g->at.offset;
}

int64_t
generation_first_us(const struct generation *g)
{
	return g->id.first_us;
}

bool
generation_has_stamp(const struct generation *g)
{
	return g->id.stamped;
}

bool
generation_ended(const struct generation *g)
{
	return g->ended;
}

void
generation_end(struct generation *g)
{
	struct stat st;

	if (g->fd >= 0 && fstat(g->fd, &st) == 0) {
		g->ended_size = st.st_size;
		g->ended_mtime = st.st_mtim;
	}
	g->ended = true;
	drop_file(g);
}

void
generation_resume(struct generation *g)
{
	g->ended = false;
}

int64_t
generation_last_us(const struct generation *g)
{
	return g->last_us;
}

void
generation_refresh(struct generation *g)
{
	if (g->fd >= 0 && g->at.offset == 0 && !g->id.stamped &&
	    !g->id.compressed)
		(void)fileid_read(
		    &g->id, g->fd, g->path, &g->form, g->crypto, NULL);
}

int
generation_stat(const struct generation *g, struct stat *st)
{
	return fstat(g->fd, st);
}

/* ---- reading ---- */

/* The whole lines of the window, or how it stands without one: 1, 0 (partial),
 * 2 for a window full of one line. */
static int
cut_lines(const struct generation *g, struct slice *bytes, uint64_t *partial)
{
	struct slice all = buf_slice(&g->window);
	const char *last = memrchr(all.ptr, '\n', all.len);

	if (last) {
		*bytes = (struct slice){all.ptr, (size_t)(last - all.ptr) + 1};
		return 1;
	}
	*partial = all.len;
	*bytes = all;
	return all.len >= SOURCE_WINDOW ? 2 : 0;
}

/* Bytes from offset on into the window, with the marker before them checked
 * before and after. */
static enum generation_proof
read_window(struct generation *g, uint64_t size, struct err *err)
{
	size_t k = g->at.marker_len;
	uint64_t want = size - g->at.offset;
	char again[POSITION_MARKER];
	ssize_t got;
	char *room;
	int same;

	if (want > SOURCE_WINDOW)
		want = SOURCE_WINDOW;
	buf_reset(&g->window);
	room = buf_reserve(&g->window, k + (size_t)want);
	if (!room) {
		err_set(err, "no memory to read '%s'", g->path);
		return GENERATION_BROKEN;
	}
	got = pread(g->fd, room, k + (size_t)want, (off_t)(g->at.offset - k));
	if (got < 0) {
		err_sys(err, "read '%s'", g->path);
		return GENERATION_BROKEN;
	}
	if ((size_t)got < k || !position_marker_holds(&g->at, room))
		return GENERATION_OTHER;
	/* Truncated and written again while it was read: a mixture. */
	same = pread_exactly(g->fd, again, k, g->at.offset - k);
	if (same != 0 || !position_marker_still_holds(&g->at, again))
		return GENERATION_OTHER;
	g->window.len = (size_t)got - k;
	memmove(room, room + k, g->window.len);
	return GENERATION_SAME;
}

/* Look for the LF of a line that fills the window: 1 and its size, 0, -1. */
static int
scan_long_plain(struct generation *g, struct err *err)
{
	char chunk[CHUNK];
	uint64_t at = g->at.offset + SOURCE_WINDOW;

	if (g->scanned > at)
		at = g->scanned;
	for (;;) {
		ssize_t got = pread(g->fd, chunk, sizeof chunk, (off_t)at);
		const char *lf;

		if (got < 0)
			return err_sys(err, "read '%s'", g->path);
		if (got == 0) {
			g->scanned = at;
			return 0;
		}
		lf = memchr(chunk, '\n', (size_t)got);
		if (lf) {
			g->long_size =
			    at + (uint64_t)(lf - chunk) + 1 - g->at.offset;
			return 1;
		}
		at += (uint64_t)got;
	}
}

static int
read_plain(struct generation *g, struct slice *bytes, bool *whole,
    uint64_t *line_size, uint64_t *partial, enum generation_proof *proof,
    struct err *err)
{
	struct stat st;
	int got;

	buf_reset(&g->window);
	*proof = GENERATION_BROKEN;
	if (fstat(g->fd, &st) != 0)
		return err_sys(err, "look at '%s'", g->path);
	if ((uint64_t)st.st_size == g->at.offset)
		return 0;
	generation_refresh(g);
	*proof = GENERATION_OTHER;
	if (position_is_shorter(&g->at, (uint64_t)st.st_size))
		return err_set(err,
		    "'%s' was cut to %lld bytes; %" PRIu64 " had been read",
		    g->path, (long long)st.st_size, g->at.offset);
	*proof = read_window(g, (uint64_t)st.st_size, err);
	if (*proof == GENERATION_OTHER)
		return err_set(err,
		    "'%s' holds other bytes before byte %" PRIu64
		    " than those that were read",
		    g->path, g->at.offset);
	if (*proof == GENERATION_BROKEN)
		return -1;
	got = cut_lines(g, bytes, partial);
	*whole = got != 2;
	if (got != 2)
		return got;
	*proof = GENERATION_BROKEN;
	got = scan_long_plain(g, err);
	*line_size = g->long_size;
	return got;
}

/* Have a window with a line in it, or all there is. */
static void
fill_compressed(struct generation *g)
{
	while (g->window.len < SOURCE_WINDOW && !g->broken &&
	       !memrchr(buf_slice(&g->window).ptr, '\n', g->window.len)) {
		size_t want = SOURCE_WINDOW - g->window.len;
		char *room = buf_reserve(&g->window, want);
		ssize_t got =
		    room ? inflate_read(g->inflate, room, want, &g->why) : -1;

		if (!room)
			err_set(&g->why, "no memory to decompress");
		if (got < 0)
			g->broken = true;
		if (got <= 0)
			return;
		g->window.len += (size_t)got;
	}
}

/* Pass over the rest of a line that fills the window. */
static int
scan_long_compressed(struct generation *g)
{
	char chunk[CHUNK];

	if (g->scanned == 0) {
		position_init(&g->tail);
		position_pass(&g->tail, buf_slice(&g->window));
		g->scanned = g->window.len;
	}
	while (!g->broken) {
		ssize_t got =
		    inflate_read(g->inflate, chunk, sizeof chunk, &g->why);
		struct slice part = {chunk, got > 0 ? (size_t)got : 0};
		size_t lf = slice_find(part, '\n');

		g->broken = got < 0;
		if (got <= 0)
			return 0;
		if (lf < part.len)
			buf_put(&g->after, slice_from(part, lf + 1));
		if (lf < part.len)
			part.len = lf + 1;
		position_pass(&g->tail, part);
		g->scanned += part.len;
		if (part.ptr[part.len - 1] == '\n') {
			g->long_size = g->scanned;
			return 1;
		}
	}
	return 0;
}

static int
read_compressed(struct generation *g, struct slice *bytes, bool *whole,
    uint64_t *line_size, uint64_t *partial, enum generation_proof *proof,
    struct err *err)
{
	int got;

	if (!g->inflate) {
		*proof = load_compressed(g, err);
		if (*proof != GENERATION_SAME)
			return -1;
	}
	fill_compressed(g);
	got = cut_lines(g, bytes, partial);
	*whole = got != 2;
	if (got == 2 && (g->long_size > 0 || scan_long_compressed(g) == 1)) {
		*line_size = g->long_size;
		return 1;
	}
	if (got == 1)
		return 1;
	if (got == 2)
		*partial = g->scanned;
	if (!g->broken)
		return 0;
	*proof = GENERATION_BROKEN;
	err_set(err, "'%s': %s", g->path, g->why.text);
	return -1;
}

int
generation_read(struct generation *g, struct slice *bytes, bool *whole,
    uint64_t *line_size, uint64_t *partial, enum generation_proof *proof,
    struct err *err)
{
	*partial = 0;
	*whole = true;
	*line_size = 0;
	if (g->id.compressed)
		return read_compressed(
		    g, bytes, whole, line_size, partial, proof, err);
	return read_plain(g, bytes, whole, line_size, partial, proof, err);
}

int
generation_rest(struct generation *g, struct slice *bytes, uint64_t *line_size)
{
	*bytes = buf_slice(&g->window);
	*line_size = bytes->len;
	if (bytes->len >= SOURCE_WINDOW && g->id.compressed)
		*line_size = g->scanned;
	else if (bytes->len >= SOURCE_WINDOW)
		*line_size = g->scanned - g->at.offset;
	if (*line_size > 0)
		g->long_size = bytes->len >= SOURCE_WINDOW ? *line_size : 0;
	return *line_size > 0;
}

/* Of a long line only its beginning and its end are needed. */
static void
pass_long(struct generation *g)
{
	char end[POSITION_MARKER];
	struct slice tail = {g->tail.marker, g->tail.marker_len};

	if (!g->id.compressed) {
		tail = (struct slice){end, sizeof end};
		if (pread_exactly(g->fd, end, sizeof end,
			g->at.offset + g->long_size - sizeof end) != 0)
			tail.len = 0;
	}
	position_jump(&g->at, buf_slice(&g->window), tail, g->long_size);
	buf_reset(&g->window);
	buf_put(&g->window, buf_slice(&g->after));
	buf_clear(&g->after);
}

void
generation_advance(struct generation *g, uint64_t n, int64_t last_us)
{
	if (g->long_size > 0 && n == g->long_size) {
		pass_long(g);
	} else {
		struct slice bytes = buf_slice(&g->window);

		bytes.len = (size_t)n;
		position_pass(&g->at, bytes);
		memmove(g->window.ptr, g->window.ptr + n, g->window.len - n);
		g->window.len -= n;
	}
	g->scanned = g->long_size = 0;
	if (last_us != SOURCE_NO_TIME)
		g->last_us = last_us;
}

void
generation_progress(const struct generation *g, uint64_t *done, uint64_t *total)
{
	struct stat st;

	*done = *total = 0;
	if (g->fd < 0 || fstat(g->fd, &st) != 0)
		return;
	*total = (uint64_t)st.st_size;
	*done = g->inflate ? (uint64_t)inflate_at(g->inflate) : g->at.offset;
	if (g->ended || *done > *total)
		*done = *total;
}
