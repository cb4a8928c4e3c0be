/* SPDX-License-Identifier: Apache-2.0 */
#include "generation.h"

#include <fcntl.h>
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
	uint8_t id[16];
	bool has_stamp;	 /* id is of a stamped line */
	uint8_t key[16]; /* the file system's identity of the file */
	char *path;
	int64_t first_us; /* of its first stamp, else when last written */
	int64_t last_us;  /* of the last line read; 0 none */
	bool ended;

	uint64_t offset;
	/* The proof of offset: as saved, until the bytes themselves are here.
	 */
	bool proved;
	uint8_t head_hash[CRYPTO_HASH_LEN];
	uint8_t marker_hash[CRYPTO_HASH_LEN];
	char head[GENERATION_HEAD];
	size_t head_len;
	char marker[GENERATION_MARKER];
	size_t marker_len;

	struct generation_form form;
	int fd; /* -1: no file */
	dev_t dev;
	ino_t ino;
	off_t ended_size; /* and of a closed one: as it was then */
	struct timespec ended_mtime;
	bool compressed;
	bool foreign;
	struct inflate *inflate; /* NULL until it is read */
	bool broken;		 /* decompression failed; why */
	struct err why;

	/* Bytes from offset on; compressed: decompressed and not passed yet. */
	struct buf window;
	uint64_t scanned;   /* plain: a long line has no LF before this */
	uint64_t long_size; /* a long line's whole size, once known */
	struct buf after;   /* compressed: bytes after the long line */
	char tail[GENERATION_MARKER]; /* compressed: last bytes of it */
	size_t tail_len;
};

/* ---- identity ---- */

/* File system id and file handle (inode and its generation) where there are
 * handles, else device, inode and birth time. */
static void
make_key(struct generation *g, const struct stat *st)
{
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
	} u = {.handle.handle_bytes = MAX_HANDLE_SZ};
	struct statx birth = {0};
	uint8_t hash[CRYPTO_HASH_LEN];
	struct slice parts[3] = {
	    {(const char *)&st->st_dev, sizeof st->st_dev}};
	int mount;

	if (name_to_handle_at(g->fd, "", &u.handle, &mount, AT_EMPTY_PATH) ==
	    0) {
		parts[1] = (struct slice){
		    (char *)&u.handle.handle_type, sizeof u.handle.handle_type};
		parts[2] = (struct slice){
		    (char *)u.handle.f_handle, u.handle.handle_bytes};
	} else {
		(void)statx(g->fd, "", AT_EMPTY_PATH, STATX_BTIME, &birth);
		parts[1] = (struct slice){
		    (const char *)&st->st_ino, sizeof st->st_ino};
		parts[2] = (struct slice){
		    (char *)&birth.stx_btime, sizeof birth.stx_btime};
	}
	crypto_sha256(g->crypto, parts, 3, hash);
	memcpy(g->key, hash, sizeof g->key);
}

/* The first stamped line among whole lines of start. */
static bool
find_stamp(struct slice start, const struct generation_form *form,
    int64_t reference_us, struct slice *line, int64_t *time_us)
{
	struct header_context context = {.reference_us = reference_us,
	    .stamp = form->stamp,
	    .program = form->program};

	for (;;) {
		size_t len = slice_find(start, '\n');
		struct header h;

		if (len == start.len)
			return false;
		*line = (struct slice){start.ptr, len};
		if (header_parse(&context, *line, &h) && h.has_time) {
			*time_us = h.time_us;
			return true;
		}
		start = slice_from(start, len + 1);
	}
}

static void
make_id(struct generation *g, struct slice start, const struct stat *st)
{
	int64_t mtime_us =
	    st->st_mtim.tv_sec * INT64_C(1000000) + st->st_mtim.tv_nsec / 1000;
	struct slice line = {(char *)g->key, sizeof g->key};
	uint8_t hash[CRYPTO_HASH_LEN];

	g->first_us = mtime_us;
	g->has_stamp =
	    find_stamp(start, &g->form, mtime_us, &line, &g->first_us);
	if (!g->has_stamp)
		line = (struct slice){(char *)g->key, sizeof g->key};
	crypto_sha256(g->crypto, &line, 1, hash);
	memcpy(g->id, hash, sizeof g->id);
}

/* The beginning of the file, decompressed, into out. */
static int
read_start(struct generation *g, struct buf *out, struct err *err)
{
	char *room = buf_reserve(out, GENERATION_START);
	struct inflate *z;
	ssize_t got = pread(g->fd, room, room ? GENERATION_START : 0, 0);

	if (!room)
		return err_set(err, "no memory to read '%s'", g->path);
	if (got < 0)
		return err_sys(err, "read '%s'", g->path);
	out->len = (size_t)got;
	g->foreign = inflate_is_foreign(buf_slice(out));
	g->compressed = inflate_knows(buf_slice(out));
	if (!g->compressed)
		return 0;
	z = inflate_new(g->fd, err);
	if (!z)
		return -1;
	got = inflate_read(z, room, GENERATION_START, NULL);
	out->len = got > 0 ? (size_t)got : 0;
	inflate_free(z);
	return 0;
}

static int
identify(struct generation *g, struct err *err)
{
	struct buf start = {0};
	struct stat st;
	int status;

	if (fstat(g->fd, &st) != 0)
		return err_sys(err, "look at '%s'", g->path);
	g->dev = st.st_dev;
	g->ino = st.st_ino;
	make_key(g, &st);
	status = read_start(g, &start, err);
	if (status == 0)
		make_id(g, buf_slice(&start), &st);
	buf_clear(&start);
	return status;
}

struct generation *
generation_new(int fd, const char *path, const struct generation_form *form,
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
	g->proved = true;
	if (!g->path || identify(g, err) != 0) {
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
read_hex(const json_t *state, const char *key, uint8_t *bytes, size_t len)
{
	struct slice text;

	return jsonin_string(state, key, &text) &&
	       encode_unhex(text, bytes, len);
}

struct generation *
generation_restore(const json_t *state, struct crypto *c, struct err *err)
{
	struct generation *g = calloc(1, sizeof *g);
	struct slice path;
	int64_t offset;

	if (!g) {
		err_set(err, "no memory for a file's state");
		return NULL;
	}
	g->crypto = c;
	g->fd = -1;
	if (!read_hex(state, "gen", g->id, sizeof g->id) ||
	    !read_hex(state, "key", g->key, sizeof g->key) ||
	    !read_hex(state, "head", g->head_hash, sizeof g->head_hash) ||
	    !read_hex(state, "marker", g->marker_hash, sizeof g->marker_hash) ||
	    !jsonin_int(state, "offset", &offset) || offset < 0 ||
	    !jsonin_string(state, "path", &path) ||
	    !jsonin_bool(state, "stamped", &g->has_stamp) ||
	    !jsonin_bool(state, "ended", &g->ended) ||
	    !jsonin_int(state, "first", &g->first_us) ||
	    !jsonin_int(state, "last", &g->last_us) ||
	    !(g->path = slice_strdup(path))) {
		err_set(err, "the saved state of a file is not understood");
		generation_free(g);
		return NULL;
	}
	g->offset = (uint64_t)offset;
	return g;
}

static void
put_hex(struct buf *out, const char *key, const uint8_t *bytes, size_t len)
{
	char text[2 * CRYPTO_HASH_LEN + 1];

	encode_hex(text, bytes, len);
	jsonout_kstr(out, key, text);
}

static void
put_hash(const struct generation *g, struct buf *out, const char *key,
    const char *bytes, size_t len, const uint8_t *saved)
{
	uint8_t hash[CRYPTO_HASH_LEN];
	struct slice part = {bytes, len};

	if (g->proved) {
		crypto_sha256(g->crypto, &part, 1, hash);
		saved = hash;
	}
	put_hex(out, key, saved, CRYPTO_HASH_LEN);
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
	put_hex(out, "gen", g->id, sizeof g->id);
	put_hex(out, "key", g->key, sizeof g->key);
	jsonout_kstring(out, "path", json_path(g));
	jsonout_kint(out, "offset", (int64_t)g->offset);
	put_hash(g, out, "head", g->head, g->head_len, g->head_hash);
	put_hash(g, out, "marker", g->marker, g->marker_len, g->marker_hash);
	jsonout_kbool(out, "stamped", g->has_stamp);
	jsonout_kint(out, "first", g->first_us);
	jsonout_kint(out, "last", g->last_us);
	jsonout_kbool(out, "ended", g->ended);
	jsonout_object_end(out);
}

/* ---- position and proof ---- */

/* Take bytes that were passed into head and marker. */
static void
pass(struct generation *g, struct slice bytes)
{
	size_t room = GENERATION_HEAD - g->head_len;
	size_t keep;

	if (room > bytes.len)
		room = bytes.len;
	memcpy(g->head + g->head_len, bytes.ptr, room);
	g->head_len += room;
	if (bytes.len >= GENERATION_MARKER) {
		memcpy(g->marker, bytes.ptr + bytes.len - GENERATION_MARKER,
		    GENERATION_MARKER);
		g->marker_len = GENERATION_MARKER;
		return;
	}
	keep = GENERATION_MARKER - bytes.len;
	if (keep > g->marker_len)
		keep = g->marker_len;
	memmove(g->marker, g->marker + g->marker_len - keep, keep);
	memcpy(g->marker + keep, bytes.ptr, bytes.len);
	g->marker_len = keep + bytes.len;
}

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

/* Fill head and marker of the saved position from g's file. */
static enum generation_proof
load_plain(struct generation *g, struct err *err)
{
	int got;

	g->head_len =
	    g->offset < GENERATION_HEAD ? (size_t)g->offset : GENERATION_HEAD;
	g->marker_len = g->offset < GENERATION_MARKER ? (size_t)g->offset
						      : GENERATION_MARKER;
	got = pread_exactly(g->fd, g->head, g->head_len, 0);
	if (got == 0)
		got = pread_exactly(
		    g->fd, g->marker, g->marker_len, g->offset - g->marker_len);
	if (got < 0)
		err_sys(err, "read '%s'", g->path);
	return got == 0	 ? GENERATION_SAME
	       : got < 0 ? GENERATION_BROKEN
			 : GENERATION_OTHER;
}

/* Decompress from the beginning up to the position. */
static enum generation_proof
load_compressed(struct generation *g, struct err *err)
{
	uint64_t left = g->offset;

	g->head_len = g->marker_len = 0;
	buf_reset(&g->window);
	inflate_free(g->inflate);
	g->inflate = inflate_new(g->fd, err);
	if (!g->inflate)
		return GENERATION_BROKEN;
	while (left > 0) {
		size_t want = left < CHUNK ? (size_t)left : CHUNK;
		char chunk[CHUNK];
		ssize_t got = inflate_read(g->inflate, chunk, want, err);

		if (got < 0)
			err_prefix(err, "'%s'", g->path);
		if (got <= 0)
			return got < 0 ? GENERATION_BROKEN : GENERATION_OTHER;
		pass(g, (struct slice){chunk, (size_t)got});
		left -= (uint64_t)got;
	}
	return GENERATION_SAME;
}

static bool
is_hash_of(const struct generation *g, const uint8_t *wanted, const char *bytes,
    size_t len)
{
	uint8_t hash[CRYPTO_HASH_LEN];
	struct slice part = {bytes, len};

	crypto_sha256(g->crypto, &part, 1, hash);
	return memcmp(hash, wanted, sizeof hash) == 0;
}

/* Is the proof of where g stands found in its file? */
static bool
proves(struct generation *g, struct err *err)
{
	uint8_t head_hash[CRYPTO_HASH_LEN], marker_hash[CRYPTO_HASH_LEN];
	struct slice head = {g->head, g->head_len};
	struct slice marker = {g->marker, g->marker_len};
	enum generation_proof proof;

	memcpy(head_hash, g->head_hash, sizeof head_hash);
	memcpy(marker_hash, g->marker_hash, sizeof marker_hash);
	if (g->proved) {
		crypto_sha256(g->crypto, &head, 1, head_hash);
		crypto_sha256(g->crypto, &marker, 1, marker_hash);
	}
	proof = g->compressed ? load_compressed(g, err) : load_plain(g, err);
	return proof == GENERATION_SAME &&
	       is_hash_of(g, head_hash, g->head, g->head_len) &&
	       is_hash_of(g, marker_hash, g->marker, g->marker_len);
}

bool
generation_attach(
    struct generation *g, struct generation *from, struct err *err)
{
	struct generation *tried = malloc(sizeof *tried);

	if (!tried)
		return false;
	/* Try it on a copy that has from's file. */
	*tried = *g;
	tried->fd = from->fd;
	tried->form = from->form;
	tried->compressed = from->compressed;
	tried->inflate = NULL;
	tried->broken = false;
	tried->window = tried->after = (struct buf){0};
	/* One that was read to its end needs no proof when only its content
	 * names it: it is not read again. */
	if (!(g->ended && from->compressed) && !proves(tried, err)) {
		inflate_free(tried->inflate);
		buf_clear(&tried->window);
		free(tried);
		return false;
	}
	tried->proved = !(g->ended && from->compressed) || g->proved;
	tried->dev = from->dev;
	tried->ino = from->ino;
	memcpy(tried->key, from->key, sizeof tried->key);
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
	return memcmp(g->key, other->key, sizeof g->key) == 0;
}

bool
generation_same_id(const struct generation *g, const struct generation *other)
{
	return memcmp(g->id, other->id, sizeof g->id) == 0;
}

bool
generation_is_inode(const struct generation *g, const struct stat *st)
{
	if (g->ino == 0 || g->dev != st->st_dev || g->ino != st->st_ino)
		return false;
	return g->fd >= 0 || (g->ended_size == st->st_size &&
				 g->ended_mtime.tv_sec == st->st_mtim.tv_sec &&
				 g->ended_mtime.tv_nsec == st->st_mtim.tv_nsec);
}

const uint8_t *
generation_id(const struct generation *g)
{
	return g->id;
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
	return g->compressed;
}

bool
generation_is_foreign(const struct generation *g)
{
	return g->foreign;
}

uint64_t
generation_offset(const struct generation *g)
{
	return g->offset;
}

int64_t
generation_first_us(const struct generation *g)
{
	return g->first_us;
}

bool
generation_has_stamp(const struct generation *g)
{
	return g->has_stamp;
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
	if (g->fd >= 0 && g->offset == 0 && !g->has_stamp && !g->compressed)
		(void)identify(g, NULL);
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
	size_t k = g->marker_len;
	uint64_t want = size - g->offset;
	char again[GENERATION_MARKER];
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
	got = pread(g->fd, room, k + (size_t)want, (off_t)(g->offset - k));
	if (got < 0) {
		err_sys(err, "read '%s'", g->path);
		return GENERATION_BROKEN;
	}
	if ((size_t)got < k || memcmp(room, g->marker, k) != 0)
		return GENERATION_OTHER;
	/* Truncated and written again while it was read: a mixture. */
	same = pread_exactly(g->fd, again, k, g->offset - k);
	if (same != 0 || memcmp(again, g->marker, k) != 0)
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
	uint64_t at = g->offset + SOURCE_WINDOW;

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
			    at + (uint64_t)(lf - chunk) + 1 - g->offset;
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
	if ((uint64_t)st.st_size == g->offset)
		return 0;
	generation_refresh(g);
	*proof = GENERATION_OTHER;
	if ((uint64_t)st.st_size < g->offset)
		return err_set(err,
		    "'%s' was cut to %lld bytes; %" PRIu64 " had been read",
		    g->path, (long long)st.st_size, g->offset);
	*proof = read_window(g, (uint64_t)st.st_size, err);
	if (*proof == GENERATION_OTHER)
		return err_set(err,
		    "'%s' holds other bytes before byte %" PRIu64
		    " than those that were read",
		    g->path, g->offset);
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

static void
keep_tail(struct generation *g, struct slice bytes)
{
	size_t keep = 0;

	if (bytes.len > GENERATION_MARKER)
		bytes = slice_from(bytes, bytes.len - GENERATION_MARKER);
	keep = GENERATION_MARKER - bytes.len;
	if (keep > g->tail_len)
		keep = g->tail_len;
	memmove(g->tail, g->tail + g->tail_len - keep, keep);
	memcpy(g->tail + keep, bytes.ptr, bytes.len);
	g->tail_len = keep + bytes.len;
}

/* Pass over the rest of a line that fills the window. */
static int
scan_long_compressed(struct generation *g)
{
	char chunk[CHUNK];

	if (g->scanned == 0) {
		g->tail_len = 0;
		keep_tail(g, buf_slice(&g->window));
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
		keep_tail(g, part);
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
	if (g->compressed)
		return read_compressed(
		    g, bytes, whole, line_size, partial, proof, err);
	return read_plain(g, bytes, whole, line_size, partial, proof, err);
}

int
generation_rest(struct generation *g, struct slice *bytes, uint64_t *line_size)
{
	*bytes = buf_slice(&g->window);
	*line_size = bytes->len;
	if (bytes->len >= SOURCE_WINDOW && g->compressed)
		*line_size = g->scanned;
	else if (bytes->len >= SOURCE_WINDOW)
		*line_size = g->scanned - g->offset;
	if (*line_size > 0)
		g->long_size = bytes->len >= SOURCE_WINDOW ? *line_size : 0;
	return *line_size > 0;
}

/* After a long line only its end is needed. */
static void
pass_long(struct generation *g)
{
	struct slice start = buf_slice(&g->window);
	size_t k = g->tail_len;

	pass(g, start);
	if (!g->compressed) {
		k = GENERATION_MARKER;
		if (pread_exactly(
			g->fd, g->tail, k, g->offset + g->long_size - k) != 0)
			k = 0;
	}
	memcpy(g->marker, g->tail, k);
	g->marker_len = k;
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
		pass(g, bytes);
		memmove(g->window.ptr, g->window.ptr + n, g->window.len - n);
		g->window.len -= n;
	}
	g->offset += n;
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
	*done = g->inflate ? (uint64_t)inflate_at(g->inflate) : g->offset;
	if (g->ended || *done > *total)
		*done = *total;
}
