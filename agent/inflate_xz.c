/* SPDX-License-Identifier: Apache-2.0 */
#include "inflate_format.h"

#include <inttypes.h>
#include <lzma.h>
#include <stdlib.h>

/* liblzma's own tables beside the dictionary. */
#define MEMORY_MAX ((uint64_t)INFLATE_WINDOW_MAX + ((uint64_t)4 << 20))
#define MIB(bytes) (((bytes) + 1048575) >> 20)

static void *
begin(void)
{
	lzma_stream *z = calloc(1, sizeof *z);

	/* All zero is what LZMA_STREAM_INIT says. */
	if (!z ||
	    lzma_stream_decoder(z, MEMORY_MAX, LZMA_CONCATENATED) != LZMA_OK) {
		free(z);
		return NULL;
	}
	return z;
}

static void
end(void *state)
{
	lzma_end(state);
	free(state);
}

static enum inflate_got
explain(const lzma_stream *z, lzma_ret got, struct err *err)
{
	switch (got) {
	case LZMA_MEMLIMIT_ERROR:
		err_set(err,
		    "it asks for %" PRIu64 " MiB of memory, and gets at most "
		    "%" PRIu64 "; compress it again with xz -9 or less",
		    MIB(lzma_memusage(z)), MIB(MEMORY_MAX));
		return INFLATE_REFUSED;
	case LZMA_MEM_ERROR:
		err_set(err, "no memory to decompress it");
		return INFLATE_REFUSED;
	case LZMA_OPTIONS_ERROR:
		err_set(err, "it uses a way of xz that liblzma %s cannot read",
		    lzma_version_string());
		return INFLATE_REFUSED;
	case LZMA_FORMAT_ERROR:
		err_set(err, "it is not xz there");
		return INFLATE_DAMAGED;
	default:
		err_set(err, "what it holds does not fit its checksums");
		return INFLATE_DAMAGED;
	}
}

static enum inflate_got
step(void *state, struct inflate_io *io, struct err *err)
{
	lzma_stream *z = state;
	lzma_ret got;

	z->next_in = io->in;
	z->avail_in = io->in_len;
	z->next_out = io->out;
	z->avail_out = io->room;
	/* Only at the end of the input does liblzma know that no further
	 * stream comes. */
	got = lzma_code(z, io->last ? LZMA_FINISH : LZMA_RUN);
	io->in = z->next_in;
	io->in_len = z->avail_in;
	io->out = z->next_out;
	io->room = z->avail_out;
	if (got == LZMA_STREAM_END)
		return INFLATE_WHOLE;
	if (got == LZMA_OK || got == LZMA_BUF_ERROR)
		return INFLATE_WITHIN;
	return explain(z, got, err);
}

const struct inflate_format inflate_xz = {
    .name = "xz",
    .magic = {"\xfd"
	      "7zXZ\0",
	6},
    .begin = begin,
    .end = end,
    .step = step,
};
