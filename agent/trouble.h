/* SPDX-License-Identifier: Apache-2.0 */
/* trouble: files that are there and may not be read. Each is tried again after
 * 1 s, 2 s, ... 60 s. One that stays so for a minute is a hole, told then and
 * each hour, and when it ends. A file that may not be read is never taken for
 * one that is gone. */
#ifndef ASSAY_AGENT_TROUBLE_H
#define ASSAY_AGENT_TROUBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "assay/err.h"

struct trouble {
	char *path;
	dev_t dev;
	ino_t ino;
	int64_t since_us, next_us, wait_us;
	int64_t told_us; /* 0: it is no hole yet */
	bool there;	 /* seen by this look */
	struct err why;
};

struct troubles {
	struct trouble *at;
	size_t count;
};

void troubles_clear(struct troubles *t);

/* The trouble with a file; NULL: there is none. Borrows until one is added or
 * removed. */
struct trouble *troubles_find(struct troubles *t, dev_t dev, ino_t ino);

/* May it be tried now? */
bool trouble_is_due(const struct trouble *t, int64_t now_us);

/* It could not be read: a new trouble, or one more try that failed. -1: no
 * memory. */
int troubles_note(struct troubles *t, const char *path, dev_t dev, ino_t ino,
    const struct err *why, int64_t now_us);

/* True when it is to be told now as a hole (and is told with that). */
bool trouble_tell(struct trouble *t, int64_t now_us);

void troubles_remove(struct troubles *t, size_t i);

#endif
