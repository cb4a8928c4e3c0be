/* SPDX-License-Identifier: Apache-2.0 */
/* position: how far a file was read, and what proves it: head, the first
 * min(offset, 4096) bytes, and marker, the 1 KiB before the offset. The
 * marker's bytes are kept while we read, the head's until it is full; then, and
 * in the saved state, their SHA-256. Does no I/O. */
#ifndef ASSAY_AGENT_POSITION_H
#define ASSAY_AGENT_POSITION_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "assay/buf.h"
#include "assay/crypto.h"
#include "assay/slice.h"

#define POSITION_HEAD 4096
#define POSITION_MARKER 1024
#define POSITION_TRAIL 16

/* Where it stood before: the marker there, hashed and cut. */
struct position_past {
	uint64_t offset;
	uint8_t hash[8];
};

struct position {
	uint64_t offset;
	bool proved; /* the bytes below are here; else only the hashes are */
	size_t head_len, marker_len;
	char *head;			      /* NULL when full or empty */
	char *marker;			      /* NULL when empty */
	uint8_t head_hash[CRYPTO_HASH_LEN];   /* full, or not proved */
	uint8_t marker_hash[CRYPTO_HASH_LEN]; /* not proved */
	/* Some places it stood at, the older the sparser. */
	struct position_past trail[POSITION_TRAIL];
	size_t trail_len;
};

/* At the beginning, proved. */
void position_init(struct position *p);
void position_clear(struct position *p);

/* Make *to what *from is; from is at the beginning then. */
void position_move(struct position *to, struct position *from);

/* Room for head and marker, so that what follows cannot fail. -1: no memory. */
int position_reserve(struct position *p);

/* Keep the hashes alone, as of one that was restored: there are many files that
 * nobody writes to. */
void position_rest(struct position *p, struct crypto *c);

/* Take bytes that were passed into head and marker, and move on. */
void position_pass(struct position *p, struct crypto *c, struct slice bytes);

/* Pass n bytes of which only the start (at least POSITION_HEAD bytes of it, or
 * all) and the last bytes (at least POSITION_MARKER, or all) are at hand. */
void position_jump(struct position *p, struct crypto *c, struct slice start,
    struct slice tail, uint64_t n);

/* How many bytes of head and marker an offset asks for. */
size_t position_head_len(uint64_t offset);
size_t position_marker_len(uint64_t offset);

/* Stand at an offset whose head and marker were just read from a file. */
int position_set(struct position *p, struct crypto *c, uint64_t offset,
    const char *head, const char *marker);

/* Do the bytes in found (read from a file) prove what wanted says? */
bool position_proves(struct crypto *c, const struct position *wanted,
    const struct position *found);

/* Can found, which is all of another file and ends before p, be the beginning
 * of what was read? Many files may begin alike (a banner, a program's settings)
 * for longer than the head: it proves a file that is no longer than the head.
 * Else the last place before found's end that p stood at, *past, has to be
 * compared as well; one that leaves more than half of found open proves
 * nothing. */
enum position_begins {
	POSITION_NO,
	POSITION_PERHAPS, /* nothing speaks against it, nothing proves it */
	POSITION_IF_PAST, /* if found stood at *past with the same marker */
	POSITION_SURELY,
};
enum position_begins position_begins(const struct position *p,
    const struct position *found, const struct position_past **past);
/* Does found stand where p once stood, with the same marker? */
bool position_stood(struct crypto *c, const struct position_past *past,
    const struct position *found);

/* Three questions on which it depends that nothing is lost and nothing comes
 * twice; each is asked through its function and nowhere else. Is a file of this
 * size shorter than what was read of it? Are these (as many as the marker has)
 * the bytes before the offset: in the one read that also gave the window, and
 * once more after it? Only when both say yes are the window's bytes those of
 * the generation that was read before, and not of one that took its place
 * between the two. */
bool position_is_shorter(const struct position *p, uint64_t size);
bool position_marker_holds(const struct position *p, const char *bytes);
bool position_marker_still_holds(const struct position *p, const char *bytes);

/* Append the members "offset", "head" and "marker"; read them back into *p,
 * which is not proved then. */
void position_save(const struct position *p, struct crypto *c, struct buf *out);
bool position_restore(struct position *p, const json_t *state);
/* The member "trail", which position_restore reads back as well: it is needed
 * as long as a copy of less than was read may turn up. */
void position_save_trail(const struct position *p, struct buf *out);
/* p stands where from stands: it came there by the same places. */
void position_take_trail(struct position *p, const struct position *from);

#endif
