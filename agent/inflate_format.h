/* SPDX-License-Identifier: Apache-2.0 */
/* inflate_format: what inflate must be able to ask of a way to compress. One
 * const table per format, each in the only file that knows its library. */
#ifndef ASSAY_AGENT_INFLATE_FORMAT_H
#define ASSAY_AGENT_INFLATE_FORMAT_H

#include <stdbool.h>
#include <stddef.h>

#include "assay/err.h"
#include "assay/slice.h"

/* What one file may ask of our memory: a dictionary or window of 64 MiB, which
 * is xz -9, and zstd up to --long=26. */
#define INFLATE_WINDOW_LOG 26
#define INFLATE_WINDOW_MAX ((size_t)1 << INFLATE_WINDOW_LOG)

/* Where a step takes its input and puts its output; moved on by it. */
struct inflate_io {
	const unsigned char *in;
	size_t in_len;
	bool last; /* no input comes after this */
	unsigned char *out;
	size_t room;
};

enum inflate_got {
	INFLATE_DAMAGED = -2, /* err says what it is not */
	INFLATE_REFUSED = -1, /* err says what it asks for */
	INFLATE_WITHIN = 0,   /* a member, or the padding after one */
	INFLATE_WHOLE = 1,    /* the file may end here */
};

struct inflate_format {
	const char *name;
	struct slice magic; /* how a file begins */
	void *(*begin)(void);
	void (*end)(void *state);
	/* Go on as far as input and room allow. */
	enum inflate_got (*step)(
	    void *state, struct inflate_io *io, struct err *err);
};

extern const struct inflate_format inflate_gzip;
extern const struct inflate_format inflate_xz;
extern const struct inflate_format inflate_zstd;

#endif
