/* SPDX-License-Identifier: Apache-2.0 */
/* listing: which names the patterns of a log find. A directory is read again
 * only when it was written to since, so that looking costs one stat of each
 * directory. Names only: what they lead to is asked elsewhere. */
#ifndef ASSAY_AGENT_LISTING_H
#define ASSAY_AGENT_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assay/err.h"

struct listing;

/* A new one. Borrows the patterns (globs, NULL-terminated). NULL: no memory. */
struct listing *listing_new(char *const *patterns);
void listing_free(struct listing *l);

/* Look at the directories: 1 when the names may be others than before, 0 when
 * they are the same, -1 for want of memory (the names are the old ones).
 * file_us is the clock that stamps files. */
int listing_look(struct listing *l, int64_t file_us, struct err *err);

/* Counts the looks that found other names than the one before. */
unsigned listing_version(const struct listing *l);

/* Names found, each once, in no order. Borrows until the next look. */
size_t listing_count(const struct listing *l);
const char *listing_name(const struct listing *l, size_t i);

/* A directory is there that cannot be read, so that names may be missing: its
 * path and why, or NULL. */
const char *listing_blind(const struct listing *l, struct err *why);
/* Is path in such a directory? */
bool listing_hides(const struct listing *l, const char *path);

#endif
