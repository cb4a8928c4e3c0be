/* SPDX-License-Identifier: Apache-2.0 */
/* fileset_look: one look at the disk, and what the files of fileset share for
 * it: fileset_see.c says what is there, fileset_look.c decides, fileset_act.c
 * does it. Nobody else includes this. */
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
	int64_t next_number;
	struct sight *sights;
	size_t sight_count;
	struct troubles troubles;
	struct source_gap *gaps;
	size_t gap_count;

	bool grown;	 /* the last look added or named a file */
	bool doubt;	 /* look at everything */
	bool pending;	 /* something could not be judged yet */
	bool older;	 /* and may be older than what is at hand */
	int64_t held_us; /* since when something is waited for; 0 */
	bool starved;
	int64_t now_us;
};

/* A file that is there. */
struct candidate {
	char *path;
	struct stat st;
	bool link;
	bool skip;		 /* known not to matter */
	bool hopeless;		 /* unreadable, and told */
	struct generation *made; /* what it is by itself, when it was opened */
	struct follow_seen fact;
};

/* One look at everything. */
struct looking {
	struct fileset *s;
	int64_t file_us;
	struct candidate *at;
	size_t count, room;
	struct follow_known *known;
	struct follow_seen *seen;
	size_t *index; /* of seen among the candidates */
	size_t seen_count;
	bool reconsider; /* something is missing: nothing is skipped */
	bool again;
	bool cut;   /* one of ours was cut while it was compared */
	bool stale; /* names have changed since they were listed */
	int status;
	struct err *err;
};

int fileset_no_memory(const struct fileset *s, struct err *err);

/* fileset_see: what is there. */
int fileset_gather(struct looking *l);
int fileset_gather_siblings(struct looking *l);
/* Which of them are ours, by descriptor or untouched inode. */
int fileset_find_ours(struct looking *l);
bool fileset_any_missing(const struct looking *l);
/* Open and name the others, from the first one on. */
void fileset_identify(struct looking *l, size_t first);
/* A file that need not be opened again as long as nothing is done to it. */
int fileset_note_sight(
    struct fileset *s, const struct stat *st, bool unsettled);
void fileset_drop_old_sights(struct looking *l);

/* fileset_act: do what follow decided. -1: no memory. */
int fileset_carry_out(struct looking *l, const struct follow *follow);

int fileset_add(struct fileset *s, const struct fileset_file *file);
int fileset_put_gap(struct fileset *s, const struct source_gap *gap);
/* Tell the hole that it is. */
int fileset_tell_trouble(struct fileset *s, const struct trouble *t);
bool fileset_is_stem(const struct fileset *s, const char *path);

#endif
