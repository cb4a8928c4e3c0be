/* SPDX-License-Identifier: Apache-2.0 */
#include "inflate_format.h"

#include <zstd.h>
#include <zstd_errors.h>

static void *
begin(void)
{
	ZSTD_DCtx *z = ZSTD_createDCtx();

	if (z && ZSTD_isError(ZSTD_DCtx_setParameter(
		     z, ZSTD_d_windowLogMax, INFLATE_WINDOW_LOG))) {
		(void)ZSTD_freeDCtx(z);
		return NULL;
	}
	return z;
}

static void
end(void *state)
{
	(void)ZSTD_freeDCtx(state);
}

static enum inflate_got
explain(size_t got, struct err *err)
{
	switch (ZSTD_getErrorCode(got)) {
	case ZSTD_error_frameParameter_windowTooLarge:
		err_set(err,
		    "it asks for a window of more than %zu MiB of memory; "
		    "compress it again with zstd -19 or less, without --long",
		    INFLATE_WINDOW_MAX >> 20);
		return INFLATE_REFUSED;
	case ZSTD_error_dictionary_wrong:
		err_set(err, "it was compressed with a dictionary, which is "
			     "not here");
		return INFLATE_REFUSED;
	case ZSTD_error_memory_allocation:
		err_set(err, "no memory to decompress it");
		return INFLATE_REFUSED;
	case ZSTD_error_prefix_unknown:
		err_set(err, "it is not zstd there");
		return INFLATE_DAMAGED;
	default:
		err_set(err, "%s", ZSTD_getErrorName(got));
		return INFLATE_DAMAGED;
	}
}

static enum inflate_got
step(void *state, struct inflate_io *io, struct err *err)
{
	ZSTD_inBuffer in = {io->in, io->in_len, 0};
	ZSTD_outBuffer out = {io->out, io->room, 0};
	size_t got = ZSTD_decompressStream(state, &out, &in);

	io->in += in.pos;
	io->in_len -= in.pos;
	io->out += out.pos;
	io->room -= out.pos;
	if (ZSTD_isError(got))
		return explain(got, err);
	return got == 0 ? INFLATE_WHOLE : INFLATE_WITHIN;
}

const struct inflate_format inflate_zstd = {
    .name = "zstd",
    .magic = {"\x28\xb5\x2f\xfd", 4},
    .begin = begin,
    .end = end,
    .step = step,
};
