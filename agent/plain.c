/* SPDX-License-Identifier: Apache-2.0 */
#include "plain.h"

#include <assert.h>
#include <string.h>
#include <unistd.h>

#include "assay/diskio.h"

#include "source.h"

#define CHUNK ((size_t)64 << 10)

void
plain_clear(struct plain *r)
{
	buf_clear(&r->buf);
	longline_free(r->line);
	*r = (struct plain){.nuls = r->nuls};
}

static void
drop_line(struct plain *r)
{
	longline_free(r->line);
	r->line = NULL;
}

ssize_t
plain_pread(int fd, char *bytes, size_t len, uint64_t at)
{
	return diskio_pread(fd, bytes, len, at);
}

enum stretch_proof
plain_locate(int fd, uint64_t offset, struct crypto *c, struct position *found,
    struct err *err)
{
	char head[POSITION_HEAD], marker[POSITION_MARKER];
	size_t head_len = position_head_len(offset);
	size_t marker_len = position_marker_len(offset);
	ssize_t got = plain_pread(fd, head, head_len, 0);
	ssize_t more = plain_pread(fd, marker, marker_len, offset - marker_len);

	if (got < 0 || more < 0) {
		err_sys(err, "read");
		return STRETCH_BROKEN;
	}
	if ((size_t)got < head_len || (size_t)more < marker_len)
		return STRETCH_OTHER;
	if (position_set(found, c, offset, head, marker) == 0)
		return STRETCH_SAME;
	err_set(err, "no memory");
	return STRETCH_BROKEN;
}

static struct slice
window_of(const struct plain *r)
{
	if (!r->buf.ptr)
		return (struct slice){"", 0};
	return (struct slice){r->buf.ptr + r->from, r->buf.len - r->from};
}

/* The marker once more, after everything that is to be believed was read. */
static enum stretch_proof
check_again(int fd, const struct position *at, struct err *err)
{
	char again[POSITION_MARKER];
	size_t k = at->marker_len;
	ssize_t got = plain_pread(fd, again, k, at->offset - k);

	if (got < 0) {
		err_sys(err, "read");
		return STRETCH_BROKEN;
	}
	return (size_t)got == k && position_marker_still_holds(at, again)
		   ? STRETCH_SAME
		   : STRETCH_OTHER;
}

/* Marker and window in one read, as much as there is. */
static enum stretch_proof
fill(struct plain *r, int fd, uint64_t size, struct position *at,
    struct err *err)
{
	size_t k = at->marker_len;
	uint64_t want = size - at->offset;
	ssize_t got;
	char *room;

	if (want > SOURCE_WINDOW)
		want = SOURCE_WINDOW;
	buf_reset(&r->buf);
	room = buf_reserve(&r->buf, k + (size_t)want);
	if (!room || position_reserve(at) != 0) {
		err_set(err, "no memory");
		return STRETCH_BROKEN;
	}
	got = plain_pread(fd, room, k + (size_t)want, at->offset - k);
	if (got < 0) {
		err_sys(err, "read");
		return STRETCH_BROKEN;
	}
	if ((size_t)got < k || !position_marker_holds(at, room))
		return STRETCH_OTHER;
	r->buf.len = (size_t)got;
	r->from = k;
	return check_again(fd, at, err);
}

/* ---- NULs ---- */

/* Where data goes on after NULs that reach to `from`: 1 and *at, 0 when only
 * NULs are left so far, -1. Holes are not read. */
static int
find_data(struct plain *r, int fd, uint64_t from, uint64_t *at, struct err *err)
{
	char chunk[CHUNK];

	if (r->nuls_to > from)
		from = r->nuls_to;
	for (;;) {
		off_t data = lseek(fd, (off_t)from, SEEK_DATA);
		ssize_t got;
		size_t n;

		if (data > (off_t)from)
			from = (uint64_t)data;
		got = plain_pread(fd, chunk, sizeof chunk, from);
		if (got < 0)
			return err_sys(err, "read");
		n = stretch_leading_nuls((struct slice){chunk, (size_t)got});
		from += n;
		if (n < (size_t)got) {
			*at = from;
			return 1;
		}
		r->nuls_to = from;
		if (got == 0 || data < 0)
			return 0;
	}
}

static void
jump(struct plain *r, struct position *at, struct crypto *c, uint64_t n)
{
	static const char zeros[POSITION_HEAD];
	struct slice start = {
	    zeros, n < sizeof zeros ? (size_t)n : sizeof zeros};

	position_jump(at, c, start, start, n);
	r->nuls += n;
	r->nuls_to = 0;
}

/* Pass the NULs that the window begins with. 1: the window begins with data, 2:
 * read again, 0: nothing follows them yet, -1. */
static int
skip_nuls(struct plain *r, int fd, struct position *at, struct crypto *c,
    struct err *err)
{
	struct slice window = window_of(r);
	size_t n = stretch_leading_nuls(window);
	uint64_t data = at->offset + n;
	int got;

	if (n == 0)
		return 1;
	if (n < window.len) {
		jump(r, at, c, n);
		r->from += n;
		/* A window full of lines again, when this one holds none. */
		return memchr(window.ptr + n, '\n', window.len - n) ? 1 : 2;
	}
	got = find_data(r, fd, at->offset + n, &data, err);
	if (got == 1) {
		jump(r, at, c, data - at->offset);
		return 2;
	}
	return got;
}

/* ---- lines ---- */

/* The rest of a line that fills the window goes by: 1 when its end was seen. */
static int
follow_line(struct plain *r, int fd, const struct position *at,
    struct crypto *c, struct err *err)
{
	char chunk[CHUNK];

	if (!r->line && !(r->line = longline_new(c, window_of(r))))
		return err_set(err, "no memory");
	while (!longline_ended(r->line)) {
		ssize_t got = plain_pread(fd, chunk, sizeof chunk,
		    at->offset + longline_size(r->line));

		if (got < 0)
			return err_sys(err, "read");
		if (got == 0)
			return 0;
		(void)longline_add(r->line, (struct slice){chunk, (size_t)got});
	}
	return 1;
}

static void
describe_long(struct plain *r, struct stretch *out)
{
	*out = (struct stretch){.bytes = window_of(r),
	    .one_line = true,
	    .size = longline_size(r->line),
	    .len = longline_size(r->line) - longline_ended(r->line),
	    .hash = longline_hash(r->line)};
}

static enum stretch_proof
long_line(struct plain *r, int fd, const struct position *at, struct crypto *c,
    struct stretch *out, struct err *err)
{
	int got = follow_line(r, fd, at, c, err);
	enum stretch_proof proof =
	    got < 0 ? STRETCH_BROKEN : check_again(fd, at, err);

	if (proof != STRETCH_SAME)
		drop_line(r);
	else if (got == 0)
		out->partial = longline_size(r->line);
	else
		describe_long(r, out);
	return proof;
}

static enum stretch_proof
cut_lines(struct plain *r, int fd, const struct position *at, struct crypto *c,
    struct stretch *out, struct err *err)
{
	struct slice all = window_of(r);
	const char *last = memrchr(all.ptr, '\n', all.len);

	if (last) {
		drop_line(r);
		all.len = (size_t)(last - all.ptr) + 1;
		out->bytes = stretch_before_nuls(all);
		return STRETCH_SAME;
	}
	if (all.len >= SOURCE_WINDOW)
		return long_line(r, fd, at, c, out, err);
	out->partial = all.len;
	return STRETCH_SAME;
}

enum stretch_proof
plain_read(struct plain *r, int fd, struct position *at, struct crypto *c,
    struct stretch *out, struct err *err)
{
	enum stretch_proof proof;
	int got = 2;

	*out = (struct stretch){0};
	if (r->rested)
		drop_line(r);
	r->rested = false;
	while (got == 2) {
		off_t size = lseek(fd, 0, SEEK_END);

		if (size < 0) {
			err_sys(err, "look at it");
			return STRETCH_BROKEN;
		}
		if (position_is_shorter(at, (uint64_t)size))
			return STRETCH_OTHER;
		if ((uint64_t)size == at->offset) {
			/* At the end nothing needs to be kept. */
			plain_clear(r);
			return STRETCH_SAME;
		}
		proof = fill(r, fd, (uint64_t)size, at, err);
		if (proof != STRETCH_SAME)
			return proof;
		got = skip_nuls(r, fd, at, c, err);
	}
	if (got < 0)
		return STRETCH_BROKEN;
	if (got == 0) {
		r->from = r->buf.len;
		return STRETCH_SAME;
	}
	return cut_lines(r, fd, at, c, out, err);
}

void
plain_rest(struct plain *r, struct stretch *out)
{
	struct slice rest = window_of(r);

	*out = (struct stretch){0};
	if (rest.len == 0)
		return;
	r->rested = true;
	if (r->line) {
		describe_long(r, out);
		return;
	}
	*out = (struct stretch){
	    .bytes = rest, .one_line = true, .size = rest.len, .len = rest.len};
}

void
plain_pass(struct plain *r, struct position *at, struct crypto *c, uint64_t n)
{
	struct slice given = window_of(r);

	if (r->line && n == longline_size(r->line)) {
		position_jump(at, c, given, longline_tail(r->line), n);
		drop_line(r);
		r->from = r->buf.len;
		return;
	}
	assert(n <= given.len);
	given.len = (size_t)n;
	position_pass(at, c, given);
	r->from += (size_t)n;
}
