/* SPDX-License-Identifier: Apache-2.0 */
/* fileid: what a file is called apart from its name: by the file system (key)
 * and by its content (gen: its first stamped line, which survives a move, a
 * copy and a compression).
 *
 * The key is of the file system's id and the file handle, which is inode and
 * its generation: a new file that gets the inode of a deleted one, which is the
 * rule on ext4, has another key. Not every file system has handles (overlayfs
 * of older kernels, some remote ones) and not every container may ask for them:
 * then inode and generation are asked for one by one, else inode and birth time
 * stand for them, else the inode alone. How much a key is worth is its
 * strength; with a weak one the content has to decide (position proves it). */
#ifndef ASSAY_AGENT_FILEID_H
#define ASSAY_AGENT_FILEID_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "assay/crypto.h"
#include "assay/err.h"
#include "assay/slice.h"

#include "header.h"

#define FILEID_START ((size_t)64 << 10) /* searched for a stamp */

/* How lines of this file carry their time, for finding the first stamp. */
struct fileid_form {
	const struct header_stamp *stamp; /* or NULL */
	struct slice program;
	int64_t truncations; /* of the source so far: another file's content */
};

enum fileid_strength {
	FILEID_INODE, /* the next file may have it */
	FILEID_BIRTH, /* so may one made within the same few milliseconds */
	FILEID_VERSION,
	FILEID_HANDLE,
};

struct fileid {
	uint8_t key[16];
	enum fileid_strength strength;
	uint8_t gen[16];
	bool stamped;	  /* gen is of a line; else of key and truncations */
	int64_t first_us; /* of that line; else when the file was written */
	dev_t dev;
	ino_t ino;
	bool compressed; /* in the way that inflate reads */
	bool foreign;	 /* in another */
};

/* "file handle", for people. */
const char *fileid_strength_name(enum fileid_strength strength);

/* Look at the open file fd. name is for messages. -1 leaves *id. */
int fileid_read(struct fileid *id, int fd, const char *name,
    const struct fileid_form *form, struct crypto *c, struct err *err);

#endif
