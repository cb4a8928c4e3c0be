/* SPDX-License-Identifier: Apache-2.0 */
#include "assay/zone.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "assay/posixtz.h"
#include "assay/stamp.h"

#define DIRECTORY "/usr/share/zoneinfo"
#define FILE_MAX ((size_t)1 << 20)
#define HEADER_LEN 44
/* Where the answer of one place can reach in the other's count: the greatest
 * offset, and a bit. */
#define REACH_S (POSIXTZ_OFFSET_MAX + 1)

struct zone {
	size_t count; /* of transitions */
	int64_t *at;  /* _s, ascending */
	int32_t *offset;
	int32_t before; /* offset until the first */
	bool has_rule;	/* for what comes after the last */
	struct posixtz rule;
};

/* ---- reading ---- */

/* What is left of the file; any read past it fails. */
struct reader {
	const uint8_t *at;
	size_t left;
};

struct counts {
	uint32_t isut, isstd, leap, time, type, character;
};

static const uint8_t *
take(struct reader *r, size_t len)
{
	const uint8_t *at = r->at;

	if (len > r->left)
		return NULL;
	r->at += len;
	r->left -= len;
	return at;
}

static int64_t
big_endian(const uint8_t *bytes, size_t len)
{
	uint64_t value = bytes[0] & 0x80 ? UINT64_MAX : 0;

	for (size_t i = 0; i < len; i++)
		value = value << 8 | bytes[i];
	return (int64_t)value;
}

static int
read_header(
    struct reader *r, char *version, struct counts *counts, struct err *err)
{
	const uint8_t *h = take(r, HEADER_LEN);
	uint32_t *const fields[] = {&counts->isut, &counts->isstd,
	    &counts->leap, &counts->time, &counts->type, &counts->character};

	if (!h || memcmp(h, "TZif", 4) != 0)
		return err_set(err, "not a TZif file");
	*version = (char)h[4];
	if (*version != '\0' && *version < '2')
		return err_set(
		    err, "TZif version byte 0x%02x is unknown", h[4]);
	for (size_t i = 0; i < 6; i++) {
		uint32_t count = (uint32_t)big_endian(h + 20 + 4 * i, 4);

		if (count > FILE_MAX)
			return err_set(err, "TZif counts are not sane");
		*fields[i] = count;
	}
	return 0;
}

static size_t
block_len(const struct counts *n, size_t time_len)
{
	return n->time * (time_len + 1) + (size_t)n->type * 6 + n->character +
	       n->leap * (time_len + 4) + n->isstd + n->isut;
}

static int
read_offset(const uint8_t *types, size_t which, const struct counts *n,
    int32_t *offset, struct err *err)
{
	if (which >= n->type)
		return err_set(
		    err, "a transition names type %zu of %u", which, n->type);
	*offset = (int32_t)big_endian(types + 6 * which, 4);
	if (*offset < -POSIXTZ_OFFSET_MAX || *offset > POSIXTZ_OFFSET_MAX)
		return err_set(
		    err, "an offset of %d seconds is beyond 26 h", *offset);
	return 0;
}

static int
read_block(struct zone *z, struct reader *r, const struct counts *n,
    size_t time_len, struct err *err)
{
	const uint8_t *times = take(r, n->time * time_len);
	const uint8_t *indexes = take(r, n->time);
	const uint8_t *types = take(r, (size_t)n->type * 6);
	size_t rest = n->character + n->leap * (time_len + 4) + n->isstd;

	if (!times || !indexes || !types || !take(r, rest + n->isut))
		return err_set(err, "TZif data is cut short");
	if (n->leap)
		return err_set(err, "the zone counts leap seconds; take the "
				    "one of the same name without \"right/\"");
	if (read_offset(types, 0, n, &z->before, err))
		return -1;
	z->at = calloc(n->time + 1, sizeof *z->at);
	z->offset = calloc(n->time + 1, sizeof *z->offset);
	if (!z->at || !z->offset)
		return err_set(err, "out of memory");
	for (size_t i = 0; i < n->time; i++) {
		z->at[i] = big_endian(times + i * time_len, time_len);
		if (i && z->at[i] <= z->at[i - 1])
			return err_set(err, "transitions are not in order");
		if (read_offset(types, indexes[i], n, &z->offset[i], err))
			return -1;
	}
	z->count = n->time;
	return 0;
}

static int
read_footer(struct zone *z, struct reader *r, struct err *err)
{
	const char *end;

	if (r->left < 2 || r->at[0] != '\n')
		return err_set(err, "TZif footer is missing");
	end = memchr(r->at + 1, '\n', r->left - 1);
	if (!end)
		return err_set(err, "TZif footer is cut short");
	struct slice text = {
	    (const char *)r->at + 1, (size_t)(end - (const char *)r->at) - 1};
	if (text.len == 0)
		return 0;
	z->has_rule = true;
	if (!posixtz_parse(text, &z->rule))
		return err_set(err, "TZif footer is not a POSIX TZ rule");
	return 0;
}

static int
read_all(struct zone *z, struct reader *r, struct err *err)
{
	struct counts n = {0};
	char version = '\0';

	if (read_header(r, &version, &n, err))
		return -1;
	if (version == '\0')
		return read_block(z, r, &n, 4, err);
	if (!take(r, block_len(&n, 4)))
		return err_set(err, "TZif data is cut short");
	if (read_header(r, &version, &n, err) || read_block(z, r, &n, 8, err))
		return -1;
	return read_footer(z, r, err);
}

struct zone *
zone_new(struct slice tzif, struct err *err)
{
	struct reader r = {(const uint8_t *)tzif.ptr, tzif.len};
	struct zone *z = calloc(1, sizeof *z);

	if (!z) {
		err_set(err, "time zone: out of memory");
		return NULL;
	}
	if (read_all(z, &r, err)) {
		zone_free(z);
		return NULL;
	}
	return z;
}

struct zone *
zone_new_utc(void)
{
	return calloc(1, sizeof(struct zone));
}

void
zone_free(struct zone *z)
{
	if (!z)
		return;
	free(z->at);
	free(z->offset);
	free(z);
}

/* ---- files ---- */

/* UTC is the same on every machine, whether it has zone files or not. */
static void
put_utc(struct buf *out)
{
	static const char header[20] = "TZif2";
	static const char counts[24] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	    0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 4};
	static const char type_and_name[10] = {0, 0, 0, 0, 0, 0, 'U', 'T', 'C'};

	for (int i = 0; i < 2; i++) {
		buf_put(out, (struct slice){header, sizeof header});
		buf_put(out, (struct slice){counts, sizeof counts});
		buf_put(
		    out, (struct slice){type_and_name, sizeof type_and_name});
	}
	buf_puts(out, "\nUTC0\n");
}

static int
read_file(const char *path, struct buf *out, struct err *err)
{
	size_t start = out->len;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = 1;

	if (fd < 0)
		return err_sys(err, "'%s'", path);
	while (got > 0 && out->len - start <= FILE_MAX) {
		char *room = buf_reserve(out, 4096);

		got = room ? read(fd, room, 4096) : -1;
		if (got > 0)
			out->len += (size_t)got;
		else if (got < 0)
			err_sys(err, "'%s'", path);
	}
	close(fd);
	if (got < 0)
		return -1;
	if (out->len - start > FILE_MAX)
		return err_set(err, "'%s' is too large for a zone", path);
	return 0;
}

/* A name stays below the directory and does not name it by chance. */
static bool
is_name(const char *name)
{
	if (!*name || *name == '.' || strstr(name, "/."))
		return false;
	for (const char *p = name; *p; p++)
		if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
			(*p >= '0' && *p <= '9') || strchr("/_+-.", *p)))
			return false;
	return true;
}

int
zone_read(const char *name, struct buf *out, struct err *err)
{
	struct buf path = {.max = 4096};
	size_t start = out->len;
	int result = -1;

	if (!strcmp(name, "UTC")) {
		put_utc(out);
		return out->failed ? err_set(err, "out of memory") : 0;
	}
	if (*name != '/' && !is_name(name))
		return err_set(err,
		    "zone '%s': a name like Europe/Berlin is wanted", name);
	if (*name != '/')
		buf_puts(&path, DIRECTORY "/");
	buf_puts(&path, name);
	buf_putc(&path, '\0');
	if (path.failed)
		err_set(err, "the name is too long");
	else
		result = read_file(path.ptr, out, err);
	buf_clear(&path);
	if (result) {
		out->len = start;
		err_prefix(err, "zone '%s'", name);
	}
	return result;
}

struct zone *
zone_load_file(const char *name, struct err *err)
{
	struct buf bytes = {0};
	struct zone *z = NULL;

	if (!zone_read(name, &bytes, err)) {
		z = zone_new(buf_slice(&bytes), err);
		if (!z)
			err_prefix(err, "zone '%s'", name);
	}
	buf_clear(&bytes);
	return z;
}

/* ---- asking ---- */

static int64_t
floor_s(int64_t us)
{
	return us / STAMP_US_PER_S - (us % STAMP_US_PER_S < 0);
}

/* How many transitions are at or before t. */
static size_t
passed(const struct zone *z, int64_t t)
{
	size_t low = 0, high = z->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (z->at[middle] <= t)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int32_t
offset_at(const struct zone *z, int64_t t)
{
	size_t i = passed(z, t);

	if (i == z->count && z->has_rule)
		return posixtz_offset_s(&z->rule, t);
	return i ? z->offset[i - 1] : z->before;
}

/* The first transition after t; false when there is none. */
static bool
next_transition(const struct zone *z, int64_t t, int64_t *next)
{
	size_t i = passed(z, t);

	if (i < z->count) {
		*next = z->at[i];
		return true;
	}
	return z->has_rule && posixtz_next_s(&z->rule, t, next);
}

int32_t
zone_offset_s(const struct zone *z, int64_t utc_us)
{
	return offset_at(z, floor_s(utc_us));
}

int64_t
zone_local_us(const struct zone *z, int64_t utc_us)
{
	return utc_us + zone_offset_s(z, utc_us) * STAMP_US_PER_S;
}

/* All that can be said of a local time: the instants that show it, or the one
 * that stands for it where it was skipped. */
struct answer {
	size_t count;
	int64_t first, nearest; /* _us */
	int64_t skipped;
};

static void
answer_add(struct answer *a, int64_t utc, int64_t near)
{
	uint64_t far, distance;

	if (a->count++ == 0) {
		a->first = a->nearest = utc;
		return;
	}
	far = a->nearest > near ? (uint64_t)a->nearest - (uint64_t)near
				: (uint64_t)near - (uint64_t)a->nearest;
	distance = utc > near ? (uint64_t)utc - (uint64_t)near
			      : (uint64_t)near - (uint64_t)utc;
	if (distance < far)
		a->nearest = utc;
}

static void
ask(const struct zone *z, int64_t local_us, int64_t near, struct answer *a)
{
	int64_t local = floor_s(local_us), from = local - REACH_S, to = from;
	bool more = true;

	*a = (struct answer){.skipped = local_us};
	/* Walk the stretches of one offset that could show the time. */
	while (more && from <= local + REACH_S) {
		int32_t offset = offset_at(z, from);
		int64_t utc = local - offset;

		more = next_transition(z, from, &to);
		if (utc >= from && (!more || utc < to))
			answer_add(a, local_us - offset * STAMP_US_PER_S, near);
		else if (more && utc >= to && local < to + offset_at(z, to))
			a->skipped = local_us - offset * STAMP_US_PER_S;
		from = to;
	}
}

int64_t
zone_utc_near_us(
    const struct zone *z, int64_t local_us, int64_t near_us, enum zone_fit *fit)
{
	struct answer a;

	ask(z, local_us, near_us, &a);
	if (fit)
		*fit = a.count == 0   ? ZONE_SKIPPED
		       : a.count == 1 ? ZONE_ONCE
				      : ZONE_TWICE;
	return a.count ? a.nearest : a.skipped;
}

int64_t
zone_utc_us(const struct zone *z, int64_t local_us, enum zone_fit *fit)
{
	return zone_utc_near_us(z, local_us, INT64_MIN, fit);
}
