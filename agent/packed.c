/* SPDX-License-Identifier: Apache-2.0 */
#include "packed.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "assay/buf.h"

#include "inflate.h"
#include "longline.h"
#include "source.h"

#define CHUNK ((size_t)64 << 10)

struct packed {
	struct inflate *inflate;
	bool ended;  /* no more bytes come */
	bool broken; /* and why */
	struct err why;
	struct buf window; /* decompressed, from `from` on not passed */
	size_t from;
	struct longline *line; /* that the window is the beginning of */
	struct buf after;      /* bytes after that line */
};

void
packed_free(struct packed *r)
{
	if (!r)
		return;
	inflate_free(r->inflate);
	longline_free(r->line);
	buf_clear(&r->window);
	buf_clear(&r->after);
	free(r);
}

off_t
packed_at(const struct packed *r)
{
	return inflate_at(r->inflate);
}

static struct slice
window_of(const struct packed *r)
{
	if (!r->window.ptr)
		return (struct slice){"", 0};
	return (struct slice){r->window.ptr + r->from, r->window.len - r->from};
}

/* Decompress up to size bytes more: how many, 0 at the end or when broken. */
static size_t
more(struct packed *r, char *bytes, size_t size)
{
	ssize_t got;

	if (r->ended || r->broken)
		return 0;
	got = inflate_read(r->inflate, bytes, size, &r->why);
	r->broken = got < 0;
	r->ended = got == 0;
	return got > 0 ? (size_t)got : 0;
}

static enum stretch_proof
pass_over(struct packed *r, uint64_t left, struct crypto *c,
    struct position *found, struct err *err)
{
	char chunk[CHUNK];

	if (position_reserve(found) != 0) {
		err_set(err, "no memory to decompress");
		return STRETCH_BROKEN;
	}
	while (left > 0) {
		size_t want = left < CHUNK ? (size_t)left : CHUNK;
		size_t got = more(r, chunk, want);

		if (got == 0 && r->broken) {
			err_set(err, "%s", r->why.text);
			return STRETCH_BROKEN;
		}
		if (got == 0)
			return STRETCH_OTHER;
		position_pass(found, c, (struct slice){chunk, got});
		left -= got;
	}
	return STRETCH_SAME;
}

struct packed *
packed_open(int fd, uint64_t offset, struct crypto *c, struct position *found,
    enum stretch_proof *proof, struct err *err)
{
	struct packed *r = calloc(1, sizeof *r);

	*proof = STRETCH_BROKEN;
	if (!r) {
		err_set(err, "no memory to decompress");
		return NULL;
	}
	r->inflate = inflate_new(fd, err);
	if (r->inflate)
		*proof = pass_over(r, offset, c, found, err);
	if (*proof == STRETCH_SAME)
		return r;
	packed_free(r);
	return NULL;
}

/* Bytes that were passed make room. */
static void
shift(struct packed *r)
{
	struct slice rest = window_of(r);

	if (r->from == 0)
		return;
	memmove(r->window.ptr, rest.ptr, rest.len);
	r->window.len = rest.len;
	r->from = 0;
}

/* Have a window with a line in it, or all there is. -1: no memory. */
static int
fill(struct packed *r)
{
	shift(r);
	while (r->window.len < SOURCE_WINDOW) {
		size_t want = SOURCE_WINDOW - r->window.len, got;
		char *room;

		if (memrchr(buf_slice(&r->window).ptr, '\n', r->window.len))
			return 0;
		room = buf_reserve(&r->window, want);
		if (!room)
			return -1;
		got = more(r, room, want);
		if (got == 0)
			return 0;
		r->window.len += got;
	}
	return 0;
}

bool
packed_take(struct packed *r, struct stretch *out)
{
	char *room;

	buf_reset(&r->window);
	r->from = 0;
	room = buf_reserve(&r->window, CHUNK);
	r->window.len = room ? more(r, room, CHUNK) : 0;
	*out = (struct stretch){.bytes = buf_slice(&r->window)};
	return out->bytes.len > 0;
}

bool
packed_at_end(struct packed *r)
{
	return fill(r) == 0 && window_of(r).len == 0 && !r->broken;
}

/* NULs where a line would begin are passed when something follows. 2: there is
 * more to look at, 1: the window begins with data, 0: nothing else is left. */
static int
skip_nuls(struct packed *r, struct position *at, struct crypto *c)
{
	struct slice window = window_of(r);
	size_t n = stretch_leading_nuls(window);

	if (n == 0)
		return 1;
	if (n == window.len && (r->ended || r->broken))
		return 0;
	position_pass(at, c, (struct slice){window.ptr, n});
	r->from += n;
	return 2;
}

/* The rest of a line that fills the window goes by. -1: no memory. */
static int
follow_line(struct packed *r, struct crypto *c)
{
	char chunk[CHUNK];
	size_t got = 1;

	if (!r->line && !(r->line = longline_new(c, window_of(r))))
		return -1;
	while (got > 0 && !longline_ended(r->line)) {
		struct slice bytes = {chunk, more(r, chunk, sizeof chunk)};

		got = longline_add(r->line, bytes);
		buf_put(&r->after, slice_from(bytes, got));
	}
	return r->after.failed ? -1 : 0;
}

static void
describe_long(struct packed *r, struct stretch *out)
{
	*out = (struct stretch){.bytes = window_of(r),
	    .one_line = true,
	    .size = longline_size(r->line),
	    .len = longline_size(r->line) - longline_ended(r->line),
	    .hash = longline_hash(r->line)};
}

/* Lines, or a long one, of a window: -1 no memory. */
static int
cut_lines(struct packed *r, struct crypto *c, struct stretch *out)
{
	struct slice all = window_of(r);
	const char *last = memrchr(all.ptr, '\n', all.len);

	if (last) {
		all.len = (size_t)(last - all.ptr) + 1;
		out->bytes = stretch_before_nuls(all);
		return 0;
	}
	if (all.len < SOURCE_WINDOW) {
		out->partial = all.len;
		return 0;
	}
	if (follow_line(r, c) != 0)
		return -1;
	if (longline_ended(r->line))
		describe_long(r, out);
	else
		out->partial = longline_size(r->line);
	return 0;
}

enum stretch_proof
packed_read(struct packed *r, struct position *at, struct crypto *c,
    struct stretch *out, struct err *err)
{
	int got = 2;

	*out = (struct stretch){0};
	if (position_reserve(at) != 0)
		got = -1;
	while (got == 2) {
		got = fill(r) == 0 ? skip_nuls(r, at, c) : -1;
	}
	if (got == 1 && cut_lines(r, c, out) != 0)
		got = -1;
	if (got == 0)
		r->from = r->window.len;
	if (got < 0) {
		err_set(err, "no memory to decompress");
		return STRETCH_BROKEN;
	}
	if (out->bytes.len > 0 || !r->broken)
		return STRETCH_SAME;
	err_set(err, "%s", r->why.text);
	return STRETCH_BROKEN;
}

void
packed_rest(struct packed *r, struct stretch *out)
{
	struct slice rest = window_of(r);

	*out = (struct stretch){0};
	if (rest.len == 0)
		return;
	if (r->line) {
		describe_long(r, out);
		return;
	}
	*out = (struct stretch){
	    .bytes = rest, .one_line = true, .size = rest.len, .len = rest.len};
}

void
packed_pass(struct packed *r, struct position *at, struct crypto *c, uint64_t n)
{
	struct slice given = window_of(r);

	if (r->line && n == longline_size(r->line)) {
		position_jump(at, c, given, longline_tail(r->line), n);
		longline_free(r->line);
		r->line = NULL;
		buf_reset(&r->window);
		r->from = 0;
		buf_put(&r->window, buf_slice(&r->after));
		buf_clear(&r->after);
		return;
	}
	assert(n <= given.len);
	given.len = (size_t)n;
	position_pass(at, c, given);
	r->from += (size_t)n;
}
