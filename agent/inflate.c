/* SPDX-License-Identifier: Apache-2.0 */
#include "inflate.h"

#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#define INPUT ((size_t)64 << 10)

struct inflate {
	int fd;
	off_t at; /* of the next read */
	z_stream stream;
	bool in_member; /* begun and not ended */
	bool ended;	/* no bytes after the last member */
	unsigned char input[INPUT];
};

bool
inflate_knows(struct slice start)
{
	return slice_starts(start, SLICE("\x1f\x8b\x08"));
}

bool
inflate_is_foreign(struct slice start)
{
	return slice_starts(start, SLICE("\xfd"
					 "7zXZ")) ||
	       slice_starts(start, SLICE("\x28\xb5\x2f\xfd")) ||
	       slice_starts(start, SLICE("BZh"));
}

struct inflate *
inflate_new(int fd, struct err *err)
{
	struct inflate *z = calloc(1, sizeof *z);

	if (!z || inflateInit2(&z->stream, 16 + MAX_WBITS) != Z_OK) {
		free(z);
		err_set(err, "no memory to decompress");
		return NULL;
	}
	z->fd = fd;
	return z;
}

void
inflate_free(struct inflate *z)
{
	if (!z)
		return;
	(void)inflateEnd(&z->stream);
	free(z);
}

off_t
inflate_at(const struct inflate *z)
{
	return z->at - (off_t)z->stream.avail_in;
}

/* 1 when there is input, 0 at the end of the file, -1. */
static int
refill(struct inflate *z, struct err *err)
{
	ssize_t got;

	if (z->stream.avail_in > 0)
		return 1;
	got = pread(z->fd, z->input, sizeof z->input, z->at);
	if (got < 0)
		return err_sys(err, "read");
	z->at += got;
	z->stream.next_in = z->input;
	z->stream.avail_in = (uInt)got;
	return got > 0;
}

static int
step(struct inflate *z, struct err *err)
{
	int more = refill(z, err);
	int got;

	if (more < 0)
		return -1;
	if (more == 0 && z->in_member)
		return err_set(err,
		    "the compressed file is cut short at byte "
		    "%lld",
		    (long long)z->at);
	if (more == 0) {
		z->ended = true;
		return 0;
	}
	z->in_member = true;
	got = inflate(&z->stream, Z_NO_FLUSH);
	if (got == Z_STREAM_END) {
		z->in_member = false;
		(void)inflateReset(&z->stream);
		return 0;
	}
	if (got != Z_OK && got != Z_BUF_ERROR)
		return err_set(err,
		    "the compressed file is damaged near byte "
		    "%lld: %s",
		    (long long)inflate_at(z),
		    z->stream.msg ? z->stream.msg : "not gzip");
	return 0;
}

ssize_t
inflate_read(struct inflate *z, char *bytes, size_t size, struct err *err)
{
	z->stream.next_out = (unsigned char *)bytes;
	z->stream.avail_out = (uInt)size;
	while (z->stream.avail_out > 0 && !z->ended)
		if (step(z, err) != 0) {
			/* First what could be read, then the complaint. */
			if (z->stream.avail_out < size)
				break;
			return -1;
		}
	return (ssize_t)(size - z->stream.avail_out);
}
