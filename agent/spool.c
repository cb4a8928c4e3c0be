/* SPDX-License-Identifier: Apache-2.0 */
#include "spool.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assay/ack.h"
#include "assay/chain.h"
#include "assay/diskio.h"
#include "assay/segment.h"
#include "assay/spooldir.h"

#define RESERVE ((uint64_t)1 << 20) /* for essential records, at most */

struct spool {
	struct spool_options o;
	struct crypto *crypto;
	int dir_fd;
	int lock_fd;
	struct recover found;

	/* The epoch. */
	struct segment_header header; /* agent, epoch, created_us */
	spool_state_fn *state;
	void *state_arg;

	/* The segment being written; fd is -1 when there is none. */
	int fd;
	char name[SEGMENT_NAME_LEN + 1];
	uint64_t end; /* of its last commit */

	/* The last commit, and what was put since. */
	uint64_t committed;
	uint8_t committed_head[CHAIN_LEN];
	uint64_t last;
	uint8_t head[CHAIN_LEN];
	struct buf pending;
	struct buf frames; /* scratch */

	uint64_t other_bytes; /* all segments but the current one */
	uint64_t unsent_bytes;
	unsigned abandoned;
};

/* ---- the directory ---- */

static int
lock_dir(struct spool *s, struct err *err)
{
	s->lock_fd = openat(
	    s->dir_fd, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (s->lock_fd < 0)
		return err_sys(err, "open '%s/lock'", s->o.dir);
	if (flock(s->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK)
		return err_set(err,
		    "the spool '%s' is in use by another agent; stop that one "
		    "first, or give this one its own --state",
		    s->o.dir);
	return err_sys(err, "lock '%s/lock'", s->o.dir);
}

static int
make_dirs(struct spool *s, struct err *err)
{
	char ack[PATH_MAX];

	if (snprintf(ack, sizeof ack, "%s/ack", s->o.dir) >= (int)sizeof ack)
		return err_set(err, "the path of the spool is too long");
	if (mkdir(s->o.dir, 0750) != 0 && errno != EEXIST)
		return err_sys(err, "make the spool '%s'", s->o.dir);
	/* Readers of the directory's group leave their acks here. */
	if (mkdir(ack, 0770) == 0)
		(void)chmod(ack, 02770);
	else if (errno != EEXIST)
		return err_sys(err, "make '%s'", ack);
	s->dir_fd = open(s->o.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dir_fd < 0)
		return err_sys(err, "open the spool '%s'", s->o.dir);
	return 0;
}

/* How many of the first segments every reader has. */
static size_t
acknowledged(const struct spool *s, const struct spooldir *all)
{
	size_t least = all->count;

	if (!s->o.readers || !s->o.readers[0])
		return 0;
	for (const char *const *name = s->o.readers; *name; name++) {
		struct ack ack;
		size_t has = 0;

		if (ack_read(s->o.dir, *name, &ack, NULL) != 1)
			return 0;
		for (size_t i = 0; i < all->count; i++) {
			const struct segment_header *h = &all->all[i].header;

			/* All before the segment that holds the record. */
			if (memcmp(h->epoch, ack.epoch, 16) == 0 &&
			    h->first_sequence <= ack.sequence + 1)
				has = i;
		}
		if (has < least)
			least = has;
	}
	return least;
}

static bool
is_current(const struct spool *s, const struct spooldir_entry *e)
{
	return s->fd >= 0 && !strcmp(e->name, s->name);
}

/* Remove acknowledged segments: those older than before_us, then, oldest first,
 * as many as it takes to have room for `need` bytes beside the others. */
static void
reclaim(struct spool *s, int64_t before_us, uint64_t need)
{
	struct spooldir all;
	uint64_t used = 0;
	size_t safe, i;

	if (spooldir_list(s->o.dir, &all, NULL) != 0)
		return;
	safe = acknowledged(s, &all);
	s->unsent_bytes = 0;
	for (i = 0; i < all.count; i++) {
		if (is_current(s, &all.all[i]))
			continue;
		used += all.all[i].size;
		if (i >= safe)
			s->unsent_bytes += all.all[i].size;
	}
	for (i = 0; i < safe && !is_current(s, &all.all[i]); i++) {
		const struct spooldir_entry *e = &all.all[i];

		if (e->mtime_us >= before_us && used + need <= s->o.max_bytes)
			break;
		if (unlinkat(s->dir_fd, e->name, 0) == 0)
			used -= e->size;
	}
	s->other_bytes = used;
	spooldir_clear(&all);
}

struct spool *
spool_open(const struct spool_options *o, struct crypto *c, struct err *err)
{
	struct spool *s = calloc(1, sizeof *s);
	struct spooldir all;
	size_t trusted;

	if (!s) {
		err_set(err, "no memory for the spool");
		return NULL;
	}
	s->o = *o;
	s->crypto = c;
	s->dir_fd = s->lock_fd = s->fd = -1;
	if (s->o.segment_size == 0)
		s->o.segment_size = SEGMENT_SIZE;
	if (s->o.segment_size > s->o.max_bytes / 4)
		s->o.segment_size = s->o.max_bytes / 4;
	if (make_dirs(s, err) != 0 || lock_dir(s, err) != 0 ||
	    spooldir_list(s->o.dir, &all, err) != 0)
		goto fail;
	trusted = acknowledged(s, &all);
	spooldir_clear(&all);
	if (recover_spool(s->o.dir, trusted, &s->found, err) != 0)
		goto fail;
	reclaim(s, INT64_MIN, 0);
	return s;
fail:
	spool_close(s);
	return NULL;
}

const struct recover *
spool_found(const struct spool *s)
{
	return &s->found;
}

void
spool_begin(struct spool *s, const uint8_t agent[16], const uint8_t epoch[16],
    int64_t now_us, spool_state_fn *state, void *arg)
{
	assert(s->fd < 0 && s->last == 0);
	memcpy(s->header.agent, agent, 16);
	memcpy(s->header.epoch, epoch, 16);
	/* Epochs are ordered by this, whatever the clock did. */
	s->header.created_us = now_us;
	if (s->found.created_us >= now_us)
		s->header.created_us = s->found.created_us + 1;
	s->state = state;
	s->state_arg = arg;
}

uint64_t
spool_next_sequence(const struct spool *s)
{
	return s->last + 1;
}

const uint8_t *
spool_head(const struct spool *s)
{
	return s->head;
}

size_t
spool_pending(const struct spool *s)
{
	return s->pending.len;
}

uint64_t
spool_bytes(const struct spool *s)
{
	return s->other_bytes + (s->fd >= 0 ? s->end : 0);
}

uint64_t
spool_unsent(const struct spool *s)
{
	return s->unsent_bytes + (s->fd >= 0 ? s->end : 0);
}

unsigned
spool_abandoned(const struct spool *s)
{
	return s->abandoned;
}

enum spool_put
spool_put(struct spool *s, struct slice rec, bool essential, struct err *err)
{
	uint64_t limit = s->o.max_bytes;
	uint64_t reserve = limit / 8 < RESERVE ? limit / 8 : RESERVE;
	uint64_t need = segment_frame_size(rec.len) + s->pending.len;
	uint8_t leaf[CHAIN_LEN];

	assert(rec.len > 0 && rec.len <= SEGMENT_PAYLOAD_MAX);
	if (!essential)
		limit -= reserve;
	if (spool_bytes(s) + need > limit) {
		reclaim(s, INT64_MIN, s->end + need + reserve);
		if (spool_bytes(s) + need > limit) {
			err_set(err,
			    "the spool '%s' holds %llu bytes and may hold "
			    "%llu; nothing is read until a reader has caught "
			    "up",
			    s->o.dir, (unsigned long long)spool_bytes(s),
			    (unsigned long long)s->o.max_bytes);
			return SPOOL_FULL;
		}
	}
	segment_put(&s->pending, SEGMENT_RECORD, s->last + 1, rec);
	if (s->pending.failed) {
		s->pending.failed = false;
		err_set(err, "no memory for a record of %zu bytes", rec.len);
		return SPOOL_FAILED;
	}
	chain_leaf(s->crypto, rec, leaf);
	chain_next(s->crypto, s->head, leaf);
	s->last++;
	return SPOOL_OK;
}

/* ---- writing ---- */

static int
announce(int fd, uint64_t end)
{
	uint8_t raw[8];

	segment_synced_encode(raw, end);
	return diskio_pwrite(
	    fd, (struct slice){(char *)raw, sizeof raw}, SEGMENT_SYNCED_AT);
}

/* Append the state as checkpoints. */
static int
put_state(struct spool *s, bool full, struct err *err)
{
	struct buf part = {0};
	int status = 0;

	for (size_t i = 0; status == 0; i++) {
		buf_reset(&part);
		s->state(s->state_arg, full, i, &part);
		if (part.failed)
			status = err_set(err, "no memory for a commit");
		else if (part.len > SEGMENT_PAYLOAD_MAX)
			status = err_set(err,
			    "the state of the sources is too large: %zu bytes "
			    "in one part",
			    part.len);
		else if (part.len == 0)
			break;
		else
			segment_put(&s->frames, SEGMENT_CHECKPOINT, 0,
			    buf_slice(&part));
	}
	buf_clear(&part);
	return status;
}

/* The frames of a commit into s->frames; those of a segment's first commit
 * begin with its header and all of the state. */
static int
make_frames(struct spool *s, bool first, struct err *err)
{
	struct segment_commit commit = {.last = s->last};
	struct buf *out = &s->frames;
	uint8_t raw[SEGMENT_HEADER_LEN];

	buf_reset(out);
	if (first) {
		s->header.first_sequence = s->committed + 1;
		s->header.synced = SEGMENT_HEADER_LEN;
		memcpy(s->header.prev_head, s->committed_head, CHAIN_LEN);
		segment_header_encode(raw, &s->header);
		buf_put(out, (struct slice){(char *)raw, sizeof raw});
		if (put_state(s, true, err) != 0)
			return -1;
	}
	buf_put(out, buf_slice(&s->pending));
	if (!first && put_state(s, false, err) != 0)
		return -1;
	/* Nothing was put and nothing moved. */
	if (out->len == 0)
		return 0;
	memcpy(commit.head, s->head, CHAIN_LEN);
	segment_put_commit(out, &commit);
	return out->failed ? err_set(err, "no memory for a commit") : 0;
}

/* Cut the current segment to its last commit and leave it. */
static void
leave_segment(struct spool *s)
{
	if (s->fd < 0)
		return;
	/* Should this fail, recovery does it. A failed commit may have been
	 * announced: not beyond the end of the file. */
	if (announce(s->fd, s->end) == 0 &&
	    ftruncate(s->fd, (off_t)s->end) == 0)
		(void)fsync(s->fd);
	close(s->fd);
	s->fd = -1;
	s->other_bytes += s->end;
	s->unsent_bytes += s->end;
	s->end = 0;
}

static int
allocate(int fd, uint64_t size)
{
	if (fallocate(fd, 0, 0, (off_t)size) == 0)
		return 0;
	/* A file system without it finds out about room when writing. */
	return errno == EOPNOTSUPP ? 0 : -1;
}

/* Write s->frames as a new segment that readers may see; -1 and errno leave
 * no trace of it. */
static int
write_segment(struct spool *s)
{
	char made[SEGMENT_NAME_LEN + 5], name[SEGMENT_NAME_LEN + 1];
	uint64_t size = s->o.segment_size;
	int fd, saved;

	segment_name(name, s->header.epoch, s->committed + 1);
	snprintf(made, sizeof made, "%s.new", name);
	if (size < s->frames.len)
		size = s->frames.len;
	fd = openat(s->dir_fd, made,
	    O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (fd < 0)
		return -1;
	if (allocate(fd, size) != 0 ||
	    diskio_pwrite(fd, buf_slice(&s->frames), 0) != 0 ||
	    fdatasync(fd) != 0 ||
	    renameat(s->dir_fd, made, s->dir_fd, name) != 0)
		goto fail;
	memcpy(s->name, name, sizeof name);
	s->fd = fd;
	/* Before this nobody reads it; after it the name is there for good. */
	if (fsync(s->dir_fd) != 0 || announce(fd, s->frames.len) != 0)
		goto fail_visible;
	s->end = s->frames.len;
	return 0;
fail_visible:
	s->fd = -1;
	memcpy(made, name, sizeof name);
fail:
	saved = errno;
	close(fd);
	unlinkat(s->dir_fd, made, 0);
	errno = saved;
	return -1;
}

static int
write_on(struct spool *s)
{
	if (diskio_pwrite(s->fd, buf_slice(&s->frames), s->end) != 0 ||
	    fdatasync(s->fd) != 0 ||
	    announce(s->fd, s->end + s->frames.len) != 0)
		return -1;
	s->end += s->frames.len;
	return 0;
}

static enum spool_put
commit_new(struct spool *s, struct err *err)
{
	if (make_frames(s, true, err) != 0)
		return SPOOL_FAILED;
	if (write_segment(s) == 0)
		return SPOOL_OK;
	if (errno == ENOSPC || errno == EDQUOT) {
		err_sys(err,
		    "write a segment in '%s': nothing is read until there is "
		    "room",
		    s->o.dir);
		return SPOOL_FULL;
	}
	err_sys(err, "write a segment in '%s'", s->o.dir);
	return SPOOL_FAILED;
}

/* 1 when the commit was written (or there was none to write), 0 when it needs a
 * new segment, -1. *gave_up: because writing on failed. */
static int
commit_on(struct spool *s, bool *gave_up, struct err *err)
{
	*gave_up = false;
	if (s->fd < 0)
		return 0;
	if (make_frames(s, false, err) != 0)
		return -1;
	if (s->frames.len == 0)
		return 1;
	if (s->end + s->frames.len <= s->o.segment_size) {
		if (write_on(s) == 0)
			return 1;
		*gave_up = true;
		s->abandoned++;
	}
	leave_segment(s);
	return 0;
}

enum spool_put
spool_commit(struct spool *s, struct err *err)
{
	enum spool_put status = SPOOL_OK;
	bool gave_up;
	int got;

	if (s->fd < 0 && s->last == 0)
		return SPOOL_OK;
	got = commit_on(s, &gave_up, err);
	if (got < 0)
		return SPOOL_FAILED;
	if (got == 0)
		status = commit_new(s, err);
	if (got == 0 && status == SPOOL_FAILED && !gave_up) {
		s->abandoned++;
		status = commit_new(s, err);
	}
	if (status != SPOOL_OK)
		return status;
	s->committed = s->last;
	memcpy(s->committed_head, s->head, CHAIN_LEN);
	buf_reset(&s->pending);
	return SPOOL_OK;
}

void
spool_set_limits(struct spool *s, uint64_t max_bytes, int64_t keep_us,
    const char *const *readers)
{
	s->o.max_bytes = max_bytes;
	s->o.keep_us = keep_us;
	s->o.readers = readers;
}

void
spool_tick(struct spool *s, int64_t now_us)
{
	reclaim(s, now_us - s->o.keep_us, 0);
}

void
spool_close(struct spool *s)
{
	if (!s)
		return;
	leave_segment(s);
	if (s->lock_fd >= 0)
		close(s->lock_fd);
	if (s->dir_fd >= 0)
		close(s->dir_fd);
	buf_clear(&s->pending);
	buf_clear(&s->frames);
	recover_clear(&s->found);
	free(s);
}
