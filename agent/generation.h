/* SPDX-License-Identifier: Apache-2.0 */
/* generation: one file generation: bytes that were only ever appended to, under
 * whatever name and inode they are now, plain or compressed. Knows whether a
 * file is the one that was read before (fileid names it, position proves how
 * far), and gives its bytes in windows of whole lines. */
#ifndef ASSAY_AGENT_GENERATION_H
#define ASSAY_AGENT_GENERATION_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "assay/buf.h"
#include "assay/crypto.h"
#include "assay/err.h"
#include "assay/slice.h"

#include "fileid.h"
#include "position.h"

struct generation;

enum generation_proof {
	GENERATION_SAME,
	GENERATION_OTHER,  /* another file's content, or truncated */
	GENERATION_BROKEN, /* cannot be read; err says why */
};

/* A new generation of the open file fd (taken) seen at path. NULL and err. */
struct generation *generation_new(int fd, const char *path,
    const struct fileid_form *form, struct crypto *c, struct err *err);
void generation_free(struct generation *g);

/* One from saved state; it has no file until generation_attach. */
struct generation *generation_restore(
    const json_t *state, struct crypto *c, struct err *err);
void generation_save(const struct generation *g, struct buf *out);

/* Give g the file of `from` (a generation that was just made of it): true when
 * both are the same generation and the position in g is proved; from's file
 * then belongs to g. False leaves both as they are. */
bool generation_attach(
    struct generation *g, struct generation *from, struct err *err);

/* Same file, by identity of the file system; same content, by the first line.
 */
bool generation_same_file(
    const struct generation *g, const struct generation *other);
bool generation_same_id(
    const struct generation *g, const struct generation *other);
/* Same inode as when it was last opened; of a closed one, whose inode may be
 * another file's by now, size and time too. */
bool generation_is_inode(const struct generation *g, const struct stat *st);

const uint8_t *generation_id(const struct generation *g);
const char *generation_path(const struct generation *g);
void generation_set_path(struct generation *g, const char *path);
bool generation_has_file(const struct generation *g);
bool generation_is_compressed(const struct generation *g);
/* Compressed in a way that cannot be read here. */
bool generation_is_foreign(const struct generation *g);
uint64_t generation_offset(const struct generation *g);
int64_t generation_first_us(const struct generation *g); /* or mtime */
bool generation_has_stamp(const struct generation *g);

/* Whether everything of it was read and nothing more is expected. _end closes
 * its file; _resume: one that was attached again has grown all the same. */
bool generation_ended(const struct generation *g);
void generation_end(struct generation *g);
void generation_resume(struct generation *g);

/* Stamp of the last line read, 0 when none. */
int64_t generation_last_us(const struct generation *g);

/* One that had no stamped line when it was opened, and of which nothing was
 * read, may have one by now: name it again. */
void generation_refresh(struct generation *g);

/* What fstat says now: size for plain files. */
int generation_stat(const struct generation *g, struct stat *st);

/* The next bytes at the position: 1 and bytes (borrowed until the next call),
 * which hold at least one LF; or, when whole is false, one line that is longer
 * than the window: bytes holds its beginning, *line_size its size with LF. 0
 * when there is no whole line (partial says how many bytes of one are there).
 * -1: *proof says whether the file is not what it was, or cannot be read. */
int generation_read(struct generation *g, struct slice *bytes, bool *whole,
    uint64_t *line_size, uint64_t *partial, enum generation_proof *proof,
    struct err *err);

/* The last bytes without LF, for a generation that will not grow: 1 and bytes
 * (their beginning when they are more than a window; *line_size is all), 0 when
 * there are none. */
int generation_rest(
    struct generation *g, struct slice *bytes, uint64_t *line_size);

/* Move past n bytes that were given; last_us is the stamp of the last line of
 * them, SOURCE_NO_TIME when there is none. */
void generation_advance(struct generation *g, uint64_t n, int64_t last_us);

/* Bytes read and there to read, in the file's own size (compressed bytes for
 * compressed ones). */
void generation_progress(
    const struct generation *g, uint64_t *done, uint64_t *total);

#endif
