/* SPDX-License-Identifier: Apache-2.0 */
/* fileset: the files of one log, as generations in the order they are read: the
 * oldest first by first stamp. Looks at the disk, has follow decide what each
 * file is, and does what was decided. Looking costs a stat of each directory
 * and an fstat of each file as long as nothing was renamed, made or cut. */
#ifndef ASSAY_AGENT_FILESET_H
#define ASSAY_AGENT_FILESET_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "assay/buf.h"
#include "assay/crypto.h"
#include "assay/err.h"

#include "generation.h"
#include "source.h"

struct fileset;

/* One file, in the order of reading. Facts of the last look; gen is the set's,
 * and may be read and advanced. */
struct fileset_file {
	struct generation *gen;
	bool named;    /* some name leads to it */
	bool link;     /* by a symbolic link */
	bool at_stem;  /* the log's own name */
	bool restored; /* of an earlier start, not found yet */
	bool cut;      /* what was read of it does not stand in it any more */
	bool waits;    /* where it is now cannot be known yet */
	bool gone;     /* told as lost; kept for the case that it comes back */
	bool resting;  /* its last bytes, without LF, were given */
	int64_t behind_us; /* since when there is a newer one; 0 */
	int64_t broken_us; /* since when it cannot be read; 0 */
	int64_t number;	   /* its own in this set, for ever */
	struct {
		bool is;
		uint8_t hash[8]; /* of its state */
	} given, kept;		 /* by the last save; on disk */
};

/* A new empty set. Borrows spec and c. */
struct fileset *fileset_new(const struct source_spec *spec, struct crypto *c,
    const struct fileid_form *form, struct err *err);
void fileset_free(struct fileset *s);

/* Look at the disk. starved: nobody has asked for lines since the look before.
 * -1 and err when something of the log cannot be read now; what can be is up to
 * date all the same. */
int fileset_look(
    struct fileset *s, bool starved, int64_t now_us, struct err *err);

/* Something is not as it was when we looked: look at everything next time. */
void fileset_doubt(struct fileset *s);

/* Something older than what is at hand may turn up in a moment: what is newer
 * should wait. Something that is there could not be judged yet. */
bool fileset_holds_back(const struct fileset *s);
bool fileset_is_pending(const struct fileset *s);
/* Did the last look add a file, or give one its name? */
bool fileset_has_grown(const struct fileset *s);

size_t fileset_count(const struct fileset *s);
/* Borrows until the next look. */
struct fileset_file *fileset_at(const struct fileset *s, size_t i);

/* Have the file of one that was closed open again. 0, 1: it is not there as it
 * was (look again), -1 it cannot be opened now. */
int fileset_open(struct fileset *s, struct fileset_file *f, struct err *err);

/* Note a hole of f from where it was read to, up to to_offset (-1). -1: no
 * memory. */
int fileset_add_gap(struct fileset *s, const struct fileset_file *f,
    const char *reason, int64_t to_offset, const struct err *why);
/* true and the oldest hole not yet taken. */
bool fileset_take_gap(struct fileset *s, struct source_gap *gap);

/* Take f out of the set. */
void fileset_remove(struct fileset *s, struct fileset_file *f);

/* Bytes not read yet of files without a name. */
uint64_t fileset_held(const struct fileset *s);

/* Append the members of its state. Not full: of a file whose state is on disk
 * (fileset_kept said so after the save) and has not changed, its number. */
void fileset_save(struct fileset *s, bool full, struct buf *out);
void fileset_kept(struct fileset *s);
int fileset_restore(struct fileset *s, const json_t *state, struct err *err);

#endif
