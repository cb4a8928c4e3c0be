/* SPDX-License-Identifier: Apache-2.0 */
/* generation: one file generation: bytes that were only ever appended to, under
 * whatever name and inode they are now, plain or compressed. Knows what it is
 * called (fileid), how far it was read (position), whether another file holds
 * the same, and gives its bytes in windows of whole lines. Its file may be
 * closed while nothing is to be read of it, and is opened again by its name. */
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
#include "follow.h"
#include "position.h"
#include "stretch.h"

struct generation;

/* A new generation of the open file fd (taken) seen at path. NULL and err. */
struct generation *generation_new(int fd, const char *path,
    const struct fileid_form *form, struct crypto *c, struct err *err);
void generation_free(struct generation *g);

/* One from saved state; it has no file until generation_attach. */
struct generation *generation_restore(
    const json_t *state, struct crypto *c, struct err *err);
void generation_save(const struct generation *g, struct buf *out);

/* ---- is it the same? ---- */

/* Does the file of `other` (a generation that was just made of it) hold what
 * was read of g? The answer of g's position. */
enum follow_answer generation_holds(
    const struct generation *g, struct generation *other);
/* Does it hold the same bytes as g's own file, and no more of them? */
enum follow_answer generation_copies(
    const struct generation *g, struct generation *other);

/* Give g the file of `from`, for which generation_holds said yes (or that is
 * known otherwise to be g's, unchanged). from keeps nothing and is to be freed.
 * -1: it does not hold g after all, g has no file then; err says why. */
int generation_attach(
    struct generation *g, struct generation *from, struct err *err);

/* The same without its file: for one that was read to its end, and whose file
 * is as it was then. */
void generation_adopt(struct generation *g, const struct generation *from);
/* Was g's file, when it was last known, of the size and time of other's? */
bool generation_was_closed_as(
    const struct generation *g, const struct generation *other);

/* Let g, which was cut, stand at the end of a copy of less than was read of it,
 * ended: so the copy is known whatever becomes of it. -1 when that cannot be
 * read; g is as it was then. */
int generation_end_in(
    struct generation *g, const struct generation *copy, struct err *err);

/* Is what was read of an open one no longer in its file, or less there than
 * once was? Changes nothing. */
bool generation_was_cut(const struct generation *g);

/* Look at its file again: false when what was read of it does not stand in it
 * any more. Also keeps size and times. now_us: for when it grew; file_now_us:
 * the machine's own clock, which stamps files. */
bool generation_look(struct generation *g, int64_t now_us, int64_t file_now_us);
/* The same for a closed one, by what stat says of its name: false when it may
 * have changed and has to be opened. */
bool generation_is_untouched(const struct generation *g, const struct stat *st);
/* By device and inode alone. */
bool generation_is_inode(const struct generation *g, const struct stat *st);

/* ---- what it is ---- */

const struct fileid *generation_id(const struct generation *g);
const char *generation_path(const struct generation *g);
void generation_set_path(struct generation *g, const char *path);
bool generation_is_open(const struct generation *g);
int generation_fd(const struct generation *g);
uint64_t generation_offset(const struct generation *g);
/* When it was last looked at. */
const struct stat *generation_stat(const struct generation *g);
/* The most bytes it was seen to have; not less than were read. */
uint64_t generation_high(const struct generation *g);
/* When it was last written to, as far as was seen. */
int64_t generation_grown_us(const struct generation *g);
uint64_t generation_nuls(const struct generation *g); /* passed */
/* Bytes of its file that were not read. */
uint64_t generation_unread(const struct generation *g);
/* When it was last read to its end, by the time told; 0: not yet. */
int64_t generation_through_us(const struct generation *g);
void generation_set_through(struct generation *g, int64_t now_us);
/* Stamp of the last line read, 0 when none. */
int64_t generation_last_us(const struct generation *g);

/* Name one of which nothing was read by its file and form anew. */
void generation_name(struct generation *g, const struct fileid_form *form);

/* Whether everything of it was read and nothing more is expected. _end closes
 * its file; _resume: it has grown all the same. */
bool generation_ended(const struct generation *g);
void generation_end(struct generation *g);
void generation_resume(struct generation *g);

/* Close its file; what was given and not passed is given again later. */
void generation_close(struct generation *g);

/* ---- reading ---- */

/* The next whole lines (see stretch). On anything but STRETCH_SAME err says
 * why. */
enum stretch_proof generation_read(
    struct generation *g, struct stretch *out, struct err *err);
/* The last bytes without LF, for a generation that will not grow. */
void generation_rest(struct generation *g, struct stretch *out);

/* Move past n bytes that were given; last_us is the stamp of the last line of
 * them, SOURCE_NO_TIME when there is none. */
void generation_advance(struct generation *g, uint64_t n, int64_t last_us);

/* Bytes read and there to read, in the file's own size (compressed bytes for
 * compressed ones). */
void generation_progress(
    const struct generation *g, uint64_t *done, uint64_t *total);

#endif
