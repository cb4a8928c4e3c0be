/* SPDX-License-Identifier: Apache-2.0 */
/* plain: windows of an uncompressed log. Each is read together with the marker
 * before it, and the marker once more after: so a window is of one generation,
 * whatever is done to the file meanwhile. NUL bytes where a line would begin (a
 * hole that a writer left who kept its offset when the file was cut, or space
 * set aside) are passed when something follows them. */
#ifndef ASSAY_AGENT_PLAIN_H
#define ASSAY_AGENT_PLAIN_H

#include <stdint.h>

#include "assay/buf.h"
#include "assay/crypto.h"
#include "assay/err.h"

#include "longline.h"
#include "position.h"
#include "stretch.h"

struct plain {
	struct buf buf;	       /* marker and window */
	size_t from;	       /* the window begins here in buf */
	struct longline *line; /* that the window is the beginning of */
	bool rested;	       /* the line's end was given up */
	uint64_t nuls_to;      /* only NULs were found from here up to there */
	uint64_t nuls;	       /* passed so far */
};

/* {0} is a reader that has read nothing. */
void plain_clear(struct plain *r);

/* The next whole lines of fd after the position, which moves only over NULs.
 * out borrows until the next call. On STRETCH_BROKEN err says why. */
enum stretch_proof plain_read(struct plain *r, int fd, struct position *at,
    struct crypto *c, struct stretch *out, struct err *err);

/* After plain_read gave nothing: what there is of a line without an end, of a
 * file that will not grow. Nothing when only NULs are left. */
void plain_rest(struct plain *r, struct stretch *out);

/* Move past n bytes that were given. */
void plain_pass(
    struct plain *r, struct position *at, struct crypto *c, uint64_t n);

/* All bytes or fewer at the end of the file: how many, -1 and errno. */
ssize_t plain_pread(int fd, char *bytes, size_t len, uint64_t at);

/* Read head and marker of an offset into *found, which was init'ed. */
enum stretch_proof plain_locate(int fd, uint64_t offset, struct crypto *c,
    struct position *found, struct err *err);

#endif
