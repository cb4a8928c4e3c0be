/* SPDX-License-Identifier: Apache-2.0 */
/* filewatch: notices when the files of a set are others than those the log was
 * told of. Looks when it is told to; a set that cannot be read stays as it was,
 * and somebody in the middle of writing is waited for. */
#ifndef COLLECTOR_FILEWATCH_H
#define COLLECTOR_FILEWATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "assay/crypto.h"
#include "assay/err.h"
#include "assay/record.h"
#include "author.h"

struct filewatch;

/* Borrows all until freed. rules is NULL-terminated. */
struct filewatch *filewatch_new(struct crypto *c, const char *const *rules,
    const char *isms, struct err *err);
void filewatch_free(struct filewatch *w);

/* Read all sets. settled: a change counts once two looks saw the same. -1 when
 * a set could not be read (the others were). */
int filewatch_look(struct filewatch *w, bool settled, struct err *err);

/* The files of a set, when they differ from those that were taken. Borrows
 * until the next look. */
bool filewatch_news(const struct filewatch *w, enum author_set set,
    const struct record_file **files, size_t *count);

/* True when there are news that were not refused before. */
bool filewatch_has_news(const struct filewatch *w);

/* The news have errors: what is in force stays until the files change again. */
void filewatch_refuse(struct filewatch *w);

/* The news are safe in the log. */
void filewatch_taken(struct filewatch *w);

/* Bytes of one file at the last look; empty when there is none. Borrows until
 * the next look. */
struct slice filewatch_file(
    const struct filewatch *w, enum author_set set, const char *path);

/* Files of a set at the last look. */
size_t filewatch_count(const struct filewatch *w, enum author_set set);

#endif
