/* SPDX-License-Identifier: Apache-2.0 */
#include "source_stdin.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "header.h"
#include "longline.h"

struct source_stdin {
	struct crypto *crypto;
	struct buf window; /* bytes from offset on */
	uint64_t offset;
	bool ended;
	/* A line longer than the window, and what came after it. */
	struct longline *line;
	struct buf after;
	int64_t now_us; /* of the last scan */
	int64_t last_us;
	int64_t first_us;
	bool named;
	uint8_t gen[16];
};

struct source_stdin *
source_stdin_new(
    const struct source_spec *spec, struct crypto *c, struct err *err)
{
	struct source_stdin *s = calloc(1, sizeof *s);

	(void)spec;
	if (!s) {
		err_set(err, "no memory for standard input");
		return NULL;
	}
	s->crypto = c;
	s->first_us = SOURCE_NO_TIME;
	return s;
}

static void
close_source(void *impl)
{
	struct source_stdin *s = impl;

	buf_clear(&s->window);
	buf_clear(&s->after);
	longline_free(s->line);
	free(s);
}

static int
scan(void *impl, int64_t now_us, struct err *err)
{
	struct source_stdin *s = impl;

	(void)err;
	s->now_us = now_us;
	return 0;
}

/* 1 when bytes came, 0 when none are there now, -1. */
static int
read_more(struct source_stdin *s, char *room, size_t size, size_t *len,
    struct err *err)
{
	struct pollfd p = {.fd = 0, .events = POLLIN};
	ssize_t got;

	if (poll(&p, 1, 0) <= 0)
		return 0;
	got = read(0, room, size);
	if (got < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (got < 0)
		return err_sys(err, "read standard input");
	s->ended = got == 0;
	*len = (size_t)got;
	return got > 0;
}

/* Name it by the first stamped line of the window. */
static void
name(struct source_stdin *s)
{
	struct slice rest = buf_slice(&s->window);
	struct slice line = rest;
	uint8_t hash[CRYPTO_HASH_LEN];

	while (rest.len > 0 && !s->named) {
		size_t len = slice_find(rest, '\n');
		struct header_context context = {.reference_us = s->now_us};
		struct header h;

		line = (struct slice){rest.ptr, len};
		s->named = header_parse(&context, line, &h) && h.has_time;
		if (s->named)
			s->first_us = h.time_us;
		rest = slice_from(rest, len + 1);
	}
	if (!s->named)
		line = buf_slice(&s->window);
	s->named = true;
	crypto_sha256(s->crypto, &line, 1, hash);
	memcpy(s->gen, hash, sizeof s->gen);
}

/* The rest of a line longer than the window goes by: 1 when its end is
 * known. */
static int
skip_long(struct source_stdin *s, struct err *err)
{
	char chunk[4096];
	size_t len = 0;

	if (!s->line &&
	    !(s->line = longline_new(s->crypto, buf_slice(&s->window))))
		return err_set(err, "no memory for standard input");
	while (!longline_ended(s->line) && !s->ended) {
		int got = read_more(s, chunk, sizeof chunk, &len, err);
		struct slice bytes = {chunk, len};

		if (got < 0 || (got == 0 && !s->ended))
			return got;
		if (got > 0)
			buf_put(&s->after,
			    slice_from(bytes, longline_add(s->line, bytes)));
	}
	return s->after.failed ? err_set(err, "no memory for standard input")
			       : 1;
}

static int
give(struct source_stdin *s, struct source_window *w, size_t len)
{
	if (!s->named)
		name(s);
	w->bytes = (struct slice){s->window.ptr, len};
	w->offset = s->offset;
	w->gen = s->gen;
	w->previous_us = s->last_us;
	w->trust = "local";
	return 1;
}

static int
next(void *impl, struct source_window *w, struct err *err)
{
	struct source_stdin *s = impl;
	const char *lf = NULL;
	int got = 1;

	*w = (struct source_window){0};
	while (got > 0 && !s->ended && s->window.len < SOURCE_WINDOW) {
		size_t want = SOURCE_WINDOW - s->window.len, len = 0;
		char *room = buf_reserve(&s->window, want);

		if (!room)
			return err_set(err, "no memory for standard input");
		got = read_more(s, room, want, &len, err);
		s->window.len += len;
	}
	if (got < 0)
		return -1;
	if (s->window.len > 0)
		lf = memrchr(s->window.ptr, '\n', s->window.len);
	if (lf)
		return give(s, w, (size_t)(lf - s->window.ptr) + 1);
	if (s->window.len >= SOURCE_WINDOW) {
		got = skip_long(s, err);
		if (got != 1)
			return got < 0 ? -1 : 2;
		w->one_line = true;
		w->line_size = longline_size(s->line);
		w->line_len = w->line_size - longline_ended(s->line);
		w->line_hash = longline_hash(s->line);
		return give(s, w, SOURCE_WINDOW);
	}
	if (!s->ended)
		return 2;
	if (s->window.len == 0)
		return 0;
	w->one_line = true;
	w->line_size = w->line_len = s->window.len;
	return give(s, w, s->window.len);
}

static void
advance(void *impl, uint64_t bytes, int64_t last_us)
{
	struct source_stdin *s = impl;

	if (s->line) {
		longline_free(s->line);
		s->line = NULL;
		buf_reset(&s->window);
		buf_put(&s->window, buf_slice(&s->after));
		buf_reset(&s->after);
	} else {
		memmove(s->window.ptr, s->window.ptr + bytes,
		    s->window.len - bytes);
		s->window.len -= (size_t)bytes;
	}
	s->offset += bytes;
	if (last_us != SOURCE_NO_TIME)
		s->last_us = last_us;
}

static bool
take_gap(void *impl, struct source_gap *gap)
{
	(void)impl;
	(void)gap;
	return false;
}

static void
save(void *impl, bool full, struct buf *out)
{
	(void)impl;
	(void)full;
	(void)out;
}

static int
restore(void *impl, const json_t *state, struct err *err)
{
	(void)impl;
	(void)state;
	(void)err;
	return 0;
}

static const uint8_t *
position(const void *impl, uint64_t *offset)
{
	const struct source_stdin *s = impl;

	*offset = s->offset;
	return s->named ? s->gen : NULL;
}

static void
progress(const void *impl, uint64_t *done, uint64_t *total)
{
	const struct source_stdin *s = impl;

	*done = s->offset;
	*total = s->offset + s->window.len;
}

static int64_t
first(const void *impl)
{
	return ((const struct source_stdin *)impl)->first_us;
}

const struct source_ops source_stdin_ops = {
    .kind = "stdin",
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
