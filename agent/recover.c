/* SPDX-License-Identifier: Apache-2.0 */
#include "recover.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assay/diskio.h"
#include "assay/segment.h"

#include "salvage.h"

#define BLOCK ((size_t)4096) /* what a bad place of the disk costs */
#define BAD_NAMES 99	     /* kept files of one segment */

/* One segment while it is looked at. */
struct look {
	struct recover *out;
	struct crypto *crypto;
	const char *dir;
	const struct spooldir_entry *entry;
	struct segment_header header; /* mended */
	bool prev_known;	      /* its prev_head is right */
	uint64_t bound;		      /* no sequence beyond this belongs here */
	int64_t until_us;	      /* nothing in it is later */
	struct buf bytes;
	bool unreadable; /* some of bytes are zeros in place of the file's */
	struct segment_run run;
	enum segment_state state;
	struct salvage left; /* of a damaged one */
	struct err why;
};

static int
make_path(
    char path[PATH_MAX], const char *dir, const char *name, const char *suffix)
{
	int len = snprintf(path, PATH_MAX, "%s/%s%s", dir, name, suffix);

	if (len >= 0 && len < PATH_MAX)
		return 0;
	errno = ENAMETOOLONG;
	return -1;
}

/* Where the disk does not give a block, zeros stand for it: damage like any
 * other. -1 when it gives nothing at all. */
static int
read_blocks(struct look *k, int fd, size_t size)
{
	char *room = k->bytes.ptr;
	size_t good = 0;
	int saved = 0;

	for (size_t at = 0; at < size; at += BLOCK) {
		size_t len = size - at < BLOCK ? size - at : BLOCK;
		ssize_t got = diskio_pread(fd, room + at, len, at);

		if (got < 0)
			saved = errno;
		if (got != (ssize_t)len)
			memset(room + at, 0, len);
		good += got > 0;
	}
	k->bytes.len = size;
	k->unreadable = true;
	errno = saved;
	return good > 0 || saved == 0 ? 0 : -1;
}

static int
read_all(struct look *k, struct err *err)
{
	struct spooldir_entry now;
	int fd = spooldir_open(k->dir, k->entry->name, &now);
	int status = 0;
	ssize_t got;

	if (fd < 0)
		return err_sys(err, "open '%s/%s'", k->dir, k->entry->name);
	buf_init(&k->bytes, (size_t)1 << 30);
	if (!buf_reserve(&k->bytes, now.size + 1)) {
		close(fd);
		return err_set(
		    err, "no memory to read '%s/%s'", k->dir, k->entry->name);
	}
	got = diskio_pread(fd, k->bytes.ptr, now.size, 0);
	if (got >= 0)
		k->bytes.len = (size_t)got;
	else if (errno != EIO)
		status = -1;
	else
		status = read_blocks(k, fd, now.size);
	if (status != 0)
		err_sys(err, "read '%s/%s'", k->dir, k->entry->name);
	close(fd);
	return status;
}

/* A segment given up after a failed sync can hold commits that were written
 * again to its successor: they count there. */
static void
clip(struct segment_run *run, struct slice bytes, uint64_t bound)
{
	size_t at = run->start;

	if (run->last <= bound)
		return;
	run->end = run->start;
	run->last = run->first - 1;
	memcpy(run->head, run->prev, 32);
	while (at < run->stop) {
		struct segment_frame f;
		struct segment_commit commit;

		if (segment_get(slice_from(bytes, at), &f, NULL) !=
		    SEGMENT_FRAME)
			break;
		at += f.size;
		if (f.type != SEGMENT_COMMIT ||
		    !segment_commit_decode(f.payload, &commit))
			continue;
		if (commit.last > bound)
			break;
		run->end = at;
		run->last = commit.last;
		memcpy(run->head, commit.head, 32);
	}
}

static void
judge(struct look *k)
{
	struct slice bytes = buf_slice(&k->bytes);
	struct segment_run *run = &k->run;
	size_t start = SEGMENT_HEADER_LEN;
	uint64_t synced = k->header.synced;

	if (start > bytes.len)
		start = bytes.len;
	segment_walk(bytes, start, k->header.first_sequence,
	    k->header.prev_head, run, &k->why);
	k->state = segment_judge(bytes, synced, run);
	if (k->entry->broken) {
		k->state = SEGMENT_DAMAGED;
		err_set(&k->why, "byte 0: the header is damaged");
	}
	if (run->last > k->bound) {
		clip(run, bytes, k->bound);
		if (!k->entry->broken)
			k->state = SEGMENT_TORN;
	}
	if (k->unreadable && k->state == SEGMENT_TORN)
		k->state = SEGMENT_DAMAGED;
	if (k->state == SEGMENT_DAMAGED && !k->why.text[0])
		err_set(&k->why,
		    "byte %zu: %" PRIu64 " bytes were written, "
		    "%zu are there",
		    run->stop, synced, bytes.len);
}

static int
keep_checkpoint(struct recover *out, struct slice payload)
{
	struct buf *more = reallocarray(
	    out->checkpoints, out->checkpoint_count + 1, sizeof *more);

	if (!more)
		return -1;
	out->checkpoints = more;
	more = &more[out->checkpoint_count++];
	*more = (struct buf){0};
	buf_put(more, payload);
	return more->failed ? -1 : 0;
}

static void
forget_checkpoints(struct recover *out)
{
	for (size_t i = 0; i < out->checkpoint_count; i++)
		buf_clear(&out->checkpoints[i]);
	free(out->checkpoints);
	out->checkpoints = NULL;
	out->checkpoint_count = 0;
}

/* The state that a whole segment holds: all of it at its beginning, then what
 * changed. */
static int
keep_run(struct look *k)
{
	struct slice bytes = buf_slice(&k->bytes);
	struct segment_frame f;

	if (k->run.end > k->run.start)
		forget_checkpoints(k->out);
	for (size_t at = k->run.start; at < k->run.end; at += f.size) {
		if (segment_get(slice_from(bytes, at), &f, NULL) !=
		    SEGMENT_FRAME)
			return 0;
		if (f.type == SEGMENT_CHECKPOINT &&
		    keep_checkpoint(k->out, f.payload) != 0)
			return -1;
	}
	return 0;
}

static int
take_checkpoints(struct look *k)
{
	if (k->state != SEGMENT_DAMAGED)
		return keep_run(k);
	/* Without its beginning, what changed applies to the state before. */
	if (k->left.full)
		forget_checkpoints(k->out);
	for (size_t i = 0; i < k->left.checkpoint_count; i++)
		if (keep_checkpoint(k->out, k->left.checkpoints[i]) != 0)
			return -1;
	return 0;
}

static int
tell(struct look *k, uint64_t first, uint64_t last)
{
	struct recover *out = k->out;
	struct recover_damage *d =
	    reallocarray(out->damages, out->damage_count + 1, sizeof *d);

	if (!d)
		return -1;
	out->damages = d;
	d = &d[out->damage_count++];
	*d = (struct recover_damage){.first = first,
	    .last = last,
	    .from_us = k->header.created_us,
	    .to_us = k->until_us,
	    .why = k->why};
	memcpy(d->segment, k->entry->name, sizeof d->segment);
	memcpy(d->epoch, k->header.epoch, 16);
	err_prefix(&d->why, "%s/%s", k->dir, k->entry->name);
	return 0;
}

static int
tell_losses(struct look *k)
{
	for (size_t i = 0; i < k->left.hole_count; i++)
		if (tell(k, k->left.holes[i].first, k->left.holes[i].last) != 0)
			return -1;
	return k->left.hole_count > 0 ? 0 : tell(k, 0, 0);
}

static int
write_new(const char *path, struct slice bytes)
{
	int fd = open(
	    path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0640);
	int status;

	if (fd < 0)
		return -1;
	status = diskio_pwrite(fd, bytes, 0);
	if (status == 0)
		status = fdatasync(fd);
	if (close(fd) != 0)
		status = -1;
	return status;
}

/* The bytes of piece i as a segment. The last one begins with the state of the
 * sources, as far as it is known now. */
static void
make_segment(const struct look *k, size_t i, struct buf *made)
{
	const struct salvage_piece *piece = &k->left.pieces[i];
	struct segment_header header = k->header;
	uint8_t raw[SEGMENT_HEADER_LEN] = {0};

	buf_put(made, (struct slice){(char *)raw, sizeof raw});
	for (size_t j = 0;
	     i + 1 == k->left.piece_count && j < k->out->checkpoint_count; j++)
		segment_put(made, SEGMENT_CHECKPOINT, 0,
		    buf_slice(&k->out->checkpoints[j]));
	buf_put(made, buf_slice(&piece->frames));
	if (made->failed)
		return;
	header.first_sequence = piece->first;
	memcpy(header.prev_head, piece->prev, 32);
	header.synced = made->len;
	segment_header_encode(raw, &header);
	memcpy(made->ptr, raw, sizeof raw);
}

/* Write piece i as the segment that its first sequence names. */
static int
save_piece(const struct look *k, size_t i)
{
	struct buf made = {0};
	char name[SEGMENT_NAME_LEN + 1], path[PATH_MAX], made_path[PATH_MAX];
	int status = -1;

	make_segment(k, i, &made);
	segment_name(name, k->header.epoch, k->left.pieces[i].first);
	if (made.failed)
		errno = ENOMEM;
	else if (make_path(path, k->dir, name, "") == 0 &&
		 make_path(made_path, k->dir, name, ".new") == 0)
		status = write_new(made_path, buf_slice(&made));
	if (status == 0)
		status = rename(made_path, path);
	buf_clear(&made);
	return status;
}

static bool
is_same_file(const char *a, const char *b)
{
	struct stat x, y;

	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

/* Give the damaged file its second name, NAME.bad; NAME.2.bad when an earlier
 * one of this name was kept. */
static int
keep_aside(const struct look *k, const char *path)
{
	char stem[SEGMENT_NAME_LEN + 1], suffix[16], bad[PATH_MAX];

	memcpy(stem, k->entry->name, sizeof stem);
	stem[SEGMENT_NAME_LEN - 4] = '\0';
	snprintf(suffix, sizeof suffix, ".bad");
	for (int n = 2; n <= BAD_NAMES; n++) {
		if (make_path(bad, k->dir, stem, suffix) != 0)
			return -1;
		if (link(path, bad) == 0 || is_same_file(path, bad))
			return 0;
		if (errno != EEXIST)
			return -1;
		snprintf(suffix, sizeof suffix, ".%d.bad", n);
	}
	return -1;
}

/* Keep the damaged file aside and put what is whole of it in its place. */
static int
quarantine(struct look *k)
{
	char path[PATH_MAX];
	bool kept = false;

	if (make_path(path, k->dir, k->entry->name, "") != 0 ||
	    keep_aside(k, path) != 0)
		return -1;
	/* The piece that takes the damaged file's name comes last: until then
	 * everything can be done again. */
	for (size_t i = k->left.piece_count; i-- > 0;) {
		if (save_piece(k, i) != 0)
			return -1;
		kept |= k->left.pieces[i].first == k->header.first_sequence;
	}
	if (diskio_sync_dir(k->dir) != 0)
		return -1;
	if (!kept && unlink(path) != 0)
		return -1;
	return diskio_sync_dir(k->dir);
}

/* Cut the segment where its last commit ends and say so in its header. */
static int
cut(struct look *k)
{
	const struct segment_run *run = &k->run;
	char path[PATH_MAX];
	uint8_t raw[8];
	int fd, status;

	if (run->end == k->entry->size && run->end == k->header.synced)
		return 0;
	if (make_path(path, k->dir, k->entry->name, "") != 0)
		return -1;
	if (run->end == run->start)
		return unlink(path);
	fd = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -1;
	status = ftruncate(fd, (off_t)run->end);
	/* What is announced must be on disk first. */
	if (status == 0)
		status = fsync(fd);
	segment_synced_encode(raw, run->end);
	if (status == 0)
		status = diskio_pwrite(fd,
		    (struct slice){(char *)raw, sizeof raw}, SEGMENT_SYNCED_AT);
	if (close(fd) != 0)
		status = -1;
	return status;
}

static void
take_end(struct look *k)
{
	static const uint8_t nobody[16];
	struct recover *out = k->out;
	bool damaged = k->state == SEGMENT_DAMAGED;
	uint64_t last = damaged ? k->left.last : k->run.last;

	/* An epoch of which nothing is left has been all the same. */
	if (last == 0 && (!damaged || k->left.end_known))
		return;
	out->found = true;
	out->last_known = !damaged || k->left.end_known;
	out->agent_known = memcmp(k->header.agent, nobody, 16) != 0;
	memcpy(out->agent, k->header.agent, 16);
	memcpy(out->epoch, k->header.epoch, 16);
	out->last = last;
	memcpy(out->head, damaged ? k->left.head : k->run.head, 32);
}

static int
mend(struct look *k, struct err *err)
{
	struct slice bytes = buf_slice(&k->bytes);
	const struct segment_run *run = &k->run;

	if (k->state == SEGMENT_DAMAGED) {
		if (tell_losses(k) != 0)
			return err_set(err, "no memory to recover the spool");
		/* When it cannot be mended (a full disk) it stays as it is:
		 * readers step over the damage by themselves. */
		if (quarantine(k) != 0)
			err_sys(&k->out->damages[k->out->damage_count - 1].why,
			    "%s; and it could not be mended", k->why.text);
		return 0;
	}
	if (k->state == SEGMENT_TORN) {
		k->out->torn_count++;
		k->out->torn_bytes += bytes.len - run->end;
	}
	if (cut(k) != 0)
		return err_sys(err, "cut '%s/%s' to its last commit", k->dir,
		    k->entry->name);
	return 0;
}

static int
look_at(struct look *k, struct err *err)
{
	int status = -1;

	if (read_all(k, err) != 0)
		goto out;
	judge(k);
	if (k->state == SEGMENT_DAMAGED &&
	    salvage_segment(buf_slice(&k->bytes), &k->header, k->prev_known,
		k->bound, k->crypto, &k->left) != 0) {
		err_set(err, "no memory to recover the spool");
		goto out;
	}
	take_end(k);
	if (take_checkpoints(k) != 0) {
		err_set(err, "no memory to recover the spool");
		goto out;
	}
	status = mend(k, err);
out:
	buf_clear(&k->bytes);
	return status;
}

static bool
same_epoch(const struct spooldir_entry *a, const struct spooldir_entry *b)
{
	return memcmp(a->header.epoch, b->header.epoch, 16) == 0;
}

/* A header that fails is made anew from the segments around it. */
static void
mend_header(struct look *k, const struct spooldir *all, size_t i)
{
	k->header = all->all[i].header;
	k->prev_known = !all->all[i].broken || k->header.first_sequence == 1;
	if (!all->all[i].broken)
		return;
	/* How much was promised is not known when that is gone, too. */
	if (all->all[i].size < SEGMENT_HEADER_LEN)
		k->header.synced = UINT64_MAX;
	for (size_t j = 0; j < all->count; j++)
		if (same_epoch(&all->all[j], &all->all[i]) &&
		    !all->all[j].broken)
			memcpy(k->header.agent, all->all[j].header.agent, 16);
	if (k->out->found && k->header.first_sequence == k->out->last + 1 &&
	    memcmp(k->out->epoch, k->header.epoch, 16) == 0 &&
	    k->out->last_known) {
		memcpy(k->header.prev_head, k->out->head, 32);
		k->prev_known = true;
	}
}

static void
remove_unfinished(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		size_t len = strlen(e->d_name);
		char path[PATH_MAX];

		if (len > 4 && !strcmp(e->d_name + len - 4, ".new") &&
		    make_path(path, dir, e->d_name, "") == 0)
			unlink(path);
	}
	if (d)
		closedir(d);
}

/* The first segment to look at: not the trusted ones, but all of the newest
 * epoch. */
static size_t
first_to_see(const struct spooldir *all, size_t trusted)
{
	size_t first = all->count;

	while (first > 0 &&
	       same_epoch(&all->all[first - 1], &all->all[all->count - 1]))
		first--;
	return first < trusted ? first : trusted;
}

/* Segments of the newest epoch that are not there: between last, the end of
 * the one before, and first. Those of older epochs were told when the epoch
 * after them began. */
static int
tell_missing(struct look *k, uint64_t last, uint64_t acknowledged)
{
	uint64_t first = k->header.first_sequence;

	if (last < acknowledged)
		last = acknowledged;
	if (last + 1 >= first)
		return 0;
	err_set(&k->why,
	    "what stood before it, records %" PRIu64 " to %" PRIu64
	    ", is missing",
	    last + 1, first - 1);
	return tell(k, last + 1, first - 1);
}

static void
prepare(
    struct look *k, struct recover *out, const struct spooldir *all, size_t i)
{
	bool has_next =
	    i + 1 < all->count && same_epoch(&all->all[i], &all->all[i + 1]);

	k->out = out;
	k->entry = &all->all[i];
	k->bound =
	    has_next ? all->all[i + 1].header.first_sequence - 1 : UINT64_MAX;
	k->until_us = all->all[i].mtime_us;
	mend_header(k, all, i);
	out->created_us = k->header.created_us;
}

/* Up to which record this segment is accounted for. */
static uint64_t
last_of(const struct look *k)
{
	if (k->state != SEGMENT_DAMAGED)
		return k->run.last;
	return k->bound == UINT64_MAX ? k->left.last : k->bound;
}

int
recover_spool(const char *dir, const struct recover_safe *safe,
    struct crypto *c, struct recover *out, struct err *err)
{
	struct spooldir all;
	struct look *k = calloc(1, sizeof *k);
	uint64_t last = 0; /* of this epoch, there or told lost */
	size_t from;
	int status;

	*out = (struct recover){0};
	if (!k)
		return err_set(err, "no memory to recover the spool");
	remove_unfinished(dir);
	status = spooldir_list(dir, &all, err);
	from = first_to_see(&all, safe->segments);
	for (size_t i = from; i < all.count && status == 0; i++) {
		*k = (struct look){.dir = dir, .crypto = c};
		prepare(k, out, &all, i);
		if (i > from && !same_epoch(&all.all[i - 1], &all.all[i]))
			last = 0;
		if (same_epoch(&all.all[i], &all.all[all.count - 1]) &&
		    tell_missing(k, last, safe->newest) != 0)
			status = err_set(err, "no memory to recover the spool");
		else
			status = look_at(k, err);
		last = last_of(k);
		salvage_clear(&k->left);
	}
	spooldir_clear(&all);
	free(k);
	if (status != 0)
		recover_clear(out);
	return status;
}

void
recover_clear(struct recover *r)
{
	forget_checkpoints(r);
	free(r->damages);
	*r = (struct recover){0};
}
