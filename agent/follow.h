/* SPDX-License-Identifier: Apache-2.0 */
/* follow: which file is which. Pure: in go facts, about the generations that
 * were being read and about the files that are there now; out comes for each of
 * the one what became of it, and for each of the other what it is. It reads
 * nothing itself: where content decides it asks, and is told.
 *
 * What it relies on: a key (the file system's name of a file) that is the same
 * means the same file, though perhaps no longer the same content; content that
 * proves a position (head and marker) means the same generation, under whatever
 * key. A generation whose file is held open goes on whatever its name is. A
 * name proves nothing; it only breaks ties where content says too little. */
#ifndef ASSAY_AGENT_FOLLOW_H
#define ASSAY_AGENT_FOLLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FOLLOW_NONE SIZE_MAX

/* What the content of a seen file says of a known generation. Where that has
 * its file: does the seen one hold the same bytes, as far as both go, and no
 * more (a copy)? Where it has not: does it prove the position? */
enum follow_answer {
	FOLLOW_UNASKED = 0,
	FOLLOW_NO,
	/* It may hold the beginning of what was read, and no more; or it only
	 * begins alike. */
	FOLLOW_PERHAPS,
	/* It holds the beginning of what was read, and no more. */
	FOLLOW_PART,
	FOLLOW_YES,
	FOLLOW_EXACTLY, /* and ends right there */
};

struct follow_known {
	uint8_t key[16];
	uint8_t gen[16];
	bool stamped;	 /* gen is of a line of it, not of its key */
	uint64_t offset; /* how far it was read */
	bool at_stem;	 /* under the log's own name when last seen */
	bool open;	 /* its file is open */
	bool intact;	 /* open: what was read of it still stands in it */
	bool starved;	 /* nobody asked for its lines since they came */
	bool ended;	 /* all of it was read, no more was expected */
	bool restored;	 /* of an earlier start, and not met since */
	bool gone;	 /* its loss was told before; it may still come back */
	bool hidden;	 /* where it was cannot be looked at now */
};

struct follow_seen {
	uint8_t key[16];
	uint8_t gen[16];
	bool stamped;
	bool at_stem;
	bool compressed;
	uint64_t size;
	bool pending; /* cannot be judged yet: unreadable, or being written */
	bool young;   /* plain, and perhaps being written */
	/* It has the key of this known generation, and nothing was done to it
	 * since that was closed; or FOLLOW_NONE. */
	size_t unchanged;
	/* It is the file of this known generation, by an open descriptor or an
	 * inode that nothing was done to; FOLLOW_NONE when that is open. */
	size_t of;
	bool sibling; /* looked at only to find what is missing */
};

enum follow_fate {
	FOLLOW_KEEPS,	 /* its file is what it was */
	FOLLOW_HAS,	 /* its file is seen[at], which proves its position */
	FOLLOW_RECOVERS, /* cut; what it held goes on in seen[at] */
	/* Cut; seen[at] is a copy of what had been read. */
	FOLLOW_COPIED,
	FOLLOW_WAITS,  /* cannot be known now */
	FOLLOW_LOST,   /* a hole, with reason */
	FOLLOW_FORGET, /* nothing of it is missing */
};

enum follow_what {
	FOLLOW_OURS,	/* the file of known[at] */
	FOLLOW_COPY,	/* the same bytes as known[at], once more */
	FOLLOW_NEW,	/* a generation nobody has read of */
	FOLLOW_PENDING, /* look again later */
	FOLLOW_NOTHING, /* a sibling that nobody missed */
};

struct follow_decision {
	int is; /* enum follow_fate of a known, follow_what of a seen one */
	size_t at;
	const char *reason; /* lost: as in records; constant text */
};

struct follow {
	const struct follow_known *known;
	size_t known_count;
	const struct follow_seen *seen;
	size_t seen_count;
	enum follow_answer *answers; /* [known * seen_count + seen] */
	struct follow_decision *knowns;
	struct follow_decision *seens;
	int stage; /* how far it is decided */
	size_t next;
};

/* Begin with facts that are borrowed until follow_clear. -1: no memory. */
int follow_init(struct follow *f, const struct follow_known *known,
    size_t known_count, const struct follow_seen *seen, size_t seen_count);
void follow_clear(struct follow *f);

/* Decide as far as the answers go. True: *known and *seen are the pair that has
 * to be compared next; give the answer and call again. False: all is decided,
 * in f->knowns and f->seens. */
bool follow_asks(struct follow *f, size_t *known, size_t *seen);
void follow_tell(
    struct follow *f, size_t known, size_t seen, enum follow_answer answer);

#endif
