/* SPDX-License-Identifier: Apache-2.0 */
#include "inflate_format.h"

#include <stdlib.h>

#define ZLIB_CONST
#include <zlib.h>

static void *
begin(void)
{
	z_stream *z = calloc(1, sizeof *z);

	if (!z || inflateInit2(z, 16 + MAX_WBITS) != Z_OK) {
		free(z);
		return NULL;
	}
	return z;
}

static void
end(void *state)
{
	(void)inflateEnd(state);
	free(state);
}

static enum inflate_got
step(void *state, struct inflate_io *io, struct err *err)
{
	z_stream *z = state;
	int got;

	z->next_in = io->in;
	z->avail_in = (uInt)io->in_len;
	z->next_out = io->out;
	z->avail_out = (uInt)io->room;
	got = inflate(z, Z_NO_FLUSH);
	io->in = z->next_in;
	io->in_len = z->avail_in;
	io->out = z->next_out;
	io->room = z->avail_out;
	if (got == Z_STREAM_END) {
		(void)inflateReset(z);
		return INFLATE_WHOLE;
	}
	if (got == Z_OK || got == Z_BUF_ERROR)
		return INFLATE_WITHIN;
	if (got == Z_MEM_ERROR) {
		err_set(err, "no memory to decompress it");
		return INFLATE_REFUSED;
	}
	err_set(err, "%s", z->msg ? z->msg : "it is not gzip there");
	return INFLATE_DAMAGED;
}

const struct inflate_format inflate_gzip = {
    .name = "gzip",
    .magic = {"\x1f\x8b\x08", 3},
    .begin = begin,
    .end = end,
    .step = step,
};
