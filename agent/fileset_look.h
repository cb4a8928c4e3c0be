/* SPDX-License-Identifier: Apache-2.0 */
/* fileset_look: what fileset.c and fileset_look.c share; nobody else includes
 * it. */
#ifndef ASSAY_AGENT_FILESET_LOOK_H
#define ASSAY_AGENT_FILESET_LOOK_H

#include <sys/stat.h>

#include "fileset.h"
#include "listing.h"
#include "opener.h"
#include "trouble.h"

/* A file that is there and not read: once more what we have, compressed in a
 * way we cannot read, or perhaps still being written. As long as nothing is
 * done to it, it need not be opened again. */
struct sight {
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec mtime;
	bool unsettled;
	int64_t seen_us; /* when it was noted */
};

struct fileset {
	const struct source_spec *spec;
	struct crypto *crypto;
	struct clock *machine; /* the clock that stamps files */
	struct fileid_form form;
	struct listing *listing;

	struct fileset_file *files;
	size_t count, room;
	struct sight *sights;
	size_t sight_count;
	struct troubles troubles;
	struct source_gap *gaps;
	size_t gap_count;

	bool doubt;	 /* look at everything */
	bool pending;	 /* something could not be judged yet */
	bool older;	 /* and may be older than what is at hand */
	int64_t held_us; /* since when something is waited for; 0 */
	bool starved;
	int64_t now_us;
};

int fileset_add(struct fileset *s, const struct fileset_file *file);
int fileset_put_gap(struct fileset *s, const struct source_gap *gap);
/* Tell the hole that it is. */
int fileset_tell_trouble(struct fileset *s, const struct trouble *t);
bool fileset_is_stem(const struct fileset *s, const char *path);

#endif
