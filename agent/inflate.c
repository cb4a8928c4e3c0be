/* SPDX-License-Identifier: Apache-2.0 */
#include "inflate.h"

#include <stdlib.h>
#include <unistd.h>

#include "assay/diskio.h"

#include "inflate_format.h"

#define INPUT ((size_t)64 << 10)

struct inflate {
	const struct inflate_format *format;
	void *state;
	int fd;
	off_t at; /* of the next read */
	struct inflate_io io;
	bool whole; /* the file may end here */
	bool ended; /* and does */
	bool cut;
	unsigned char input[INPUT];
};

static const struct inflate_format *
find_format(struct slice start)
{
	static const struct inflate_format *const all[] = {
	    &inflate_gzip, &inflate_xz, &inflate_zstd, NULL};

	for (size_t i = 0; all[i]; i++)
		if (slice_starts(start, all[i]->magic))
			return all[i];
	return NULL;
}

bool
inflate_knows(struct slice start)
{
	return find_format(start) != NULL;
}

bool
inflate_is_foreign(struct slice start)
{
	static const struct slice magics[] = {
	    {"BZh", 3},			    /* bzip2 */
	    {"\x1f\x9d", 2},		    /* compress */
	    {"\x04\x22\x4d\x18", 4},	    /* lz4 */
	    {"LZIP", 4}, {"PK\x03\x04", 4}, /* zip */
	    {"7z\xbc\xaf\x27\x1c", 6},	    /* 7z */
	    {"\x89LZO\0\r\n\x1a\n", 9},	    /* lzop */
	};

	for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
		if (slice_starts(start, magics[i]))
			return true;
	return false;
}

/* Have some input, unless the file is at its end. */
static int
refill(struct inflate *z, struct err *err)
{
	ssize_t got;

	if (z->io.in_len > 0 || z->io.last)
		return 0;
	got = diskio_pread(z->fd, z->input, sizeof z->input, (uint64_t)z->at);
	if (got < 0)
		return err_sys(err, "read");
	z->at += got;
	z->io.in = z->input;
	z->io.in_len = (size_t)got;
	z->io.last = got == 0;
	return 0;
}

struct inflate *
inflate_new(int fd, struct err *err)
{
	struct inflate *z = calloc(1, sizeof *z);

	if (!z) {
		err_set(err, "no memory to decompress");
		return NULL;
	}
	z->fd = fd;
	if (refill(z, err) != 0)
		goto fail;
	z->format =
	    find_format((struct slice){(const char *)z->io.in, z->io.in_len});
	if (!z->format) {
		err_set(err, "it is not compressed in a way that is read");
		goto fail;
	}
	z->state = z->format->begin();
	if (z->state)
		return z;
	err_set(err, "no memory to decompress %s", z->format->name);
fail:
	free(z);
	return NULL;
}

void
inflate_free(struct inflate *z)
{
	if (!z)
		return;
	z->format->end(z->state);
	free(z);
}

off_t
inflate_at(const struct inflate *z)
{
	return z->at - (off_t)z->io.in_len;
}

bool
inflate_is_cut(const struct inflate *z)
{
	return z->cut;
}

static int
explain(const struct inflate *z, enum inflate_got got, const struct err *why,
    struct err *err)
{
	if (got == INFLATE_REFUSED)
		return err_set(
		    err, "the compressed file cannot be read: %s", why->text);
	return err_set(err, "the compressed file is damaged near byte %lld: %s",
	    (long long)inflate_at(z), why->text);
}

static int
step(struct inflate *z, struct err *err)
{
	size_t room = z->io.room;
	struct err why = {0};
	enum inflate_got got;

	if (refill(z, err) != 0)
		return -1;
	if (z->whole && z->io.last) {
		z->ended = true;
		return 0;
	}
	got = z->format->step(z->state, &z->io, &why);
	if (got < 0)
		return explain(z, got, &why, err);
	z->whole = got == INFLATE_WHOLE;
	z->cut = !z->whole && z->io.last && z->io.room == room;
	if (z->cut)
		return err_set(err,
		    "the compressed file is cut short at byte %lld",
		    (long long)z->at);
	return 0;
}

ssize_t
inflate_read(struct inflate *z, char *bytes, size_t size, struct err *err)
{
	z->io.out = (unsigned char *)bytes;
	z->io.room = size;
	while (z->io.room > 0 && !z->ended)
		if (step(z, err) != 0) {
			/* First what could be read, then the complaint. */
			if (z->io.room < size)
				break;
			return -1;
		}
	return (ssize_t)(size - z->io.room);
}
