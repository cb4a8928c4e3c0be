/* SPDX-License-Identifier: Apache-2.0 */
#include "spool.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "assay/chain.h"
#include "assay/diskio.h"
#include "assay/segment.h"

#include "spoolhome.h"

#define RESERVE ((uint64_t)2 << 20) /* for essential records, at most */

struct spool {
	struct spool_options o;
	struct crypto *crypto;
	struct spoolhome home;
	struct recover found;

	/* The epoch. */
	struct segment_header header; /* agent, epoch, created_us */
	spool_state_fn *state;
	void *state_arg;

	/* The segment being written; fd is -1 when there is none. */
	int fd;
	char name[SEGMENT_NAME_LEN + 1];
	uint64_t end;  /* of its last commit */
	uint64_t size; /* what it may hold */
	/* The disk is full, and the segment was made of the reserve: for what
	 * must be told only. */
	bool on_reserve;

	/* The last commit, and what was put since. */
	uint64_t committed;
	uint8_t committed_head[CHAIN_LEN];
	uint64_t last;
	uint8_t head[CHAIN_LEN];
	struct buf pending;
	struct buf frames; /* scratch */

	struct spoolhome_use use; /* of all but the current segment */
	unsigned abandoned;
};

/* ---- opening ---- */

/* Room for the records that must be told when there is none. */
static uint64_t
reserve_size(const struct spool *s)
{
	uint64_t share = s->o.max_bytes / 8;

	return share < RESERVE ? share : RESERVE;
}

static void
reclaim(struct spool *s, int64_t before_us, uint64_t most)
{
	spoolhome_reclaim(
	    &s->home, s->fd >= 0 ? s->name : NULL, before_us, most, &s->use);
}

struct spool *
spool_open(const struct spool_options *o, struct crypto *c, struct err *err)
{
	struct spool *s = calloc(1, sizeof *s);
	struct recover_safe safe;

	if (!s) {
		err_set(err, "no memory for the spool");
		return NULL;
	}
	s->o = *o;
	s->crypto = c;
	s->fd = -1;
	if (s->o.segment_size == 0)
		s->o.segment_size = SEGMENT_SIZE;
	if (s->o.segment_size > s->o.max_bytes / 4)
		s->o.segment_size = s->o.max_bytes / 4;
	if (spoolhome_open(&s->home, s->o.dir, s->o.readers, err) != 0 ||
	    spoolhome_safe(&s->home, &safe, err) != 0 ||
	    recover_spool(s->o.dir, &safe, c, &s->found, err) != 0)
		goto fail;
	(void)spoolhome_reserve(&s->home, reserve_size(s));
	reclaim(s, INT64_MIN, s->o.max_bytes);
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

bool
spool_wants_commit(const struct spool *s)
{
	/* The other half is for what is told while there is no room. */
	return s->pending.len >= reserve_size(s) / 2;
}

uint64_t
spool_bytes(const struct spool *s)
{
	return s->use.bytes + (s->fd >= 0 ? s->end : 0);
}

uint64_t
spool_unsent(const struct spool *s)
{
	return s->use.unsent + (s->fd >= 0 ? s->end : 0);
}

unsigned
spool_abandoned(const struct spool *s)
{
	return s->abandoned;
}

uint64_t
spool_kept_aside(const struct spool *s)
{
	return s->use.bad;
}

/* Is there room for need bytes more, within max_bytes and on the disk? */
static bool
has_room(struct spool *s, uint64_t need, bool essential, struct err *err)
{
	uint64_t limit = s->o.max_bytes;

	if (!essential)
		limit -= reserve_size(s);
	if (spool_bytes(s) + need > limit)
		reclaim(s, INT64_MIN,
		    limit > s->end + need ? limit - s->end - need : 0);
	if (spool_bytes(s) + need > limit) {
		err_set(err,
		    "the spool '%s' holds %llu bytes and may hold %llu; "
		    "nothing is read until a reader has caught up",
		    s->o.dir, (unsigned long long)spool_bytes(s),
		    (unsigned long long)s->o.max_bytes);
		return false;
	}
	if (essential || !s->on_reserve)
		return true;
	s->on_reserve = !spoolhome_reserve(&s->home, reserve_size(s));
	if (s->on_reserve)
		err_set(err,
		    "the disk of the spool '%s' is full: No space left; "
		    "nothing is read until there is room",
		    s->o.dir);
	return !s->on_reserve;
}

enum spool_put
spool_put(struct spool *s, struct slice rec, bool essential, struct err *err)
{
	uint64_t need = segment_frame_size(rec.len) + s->pending.len;
	uint8_t leaf[CHAIN_LEN];

	assert(rec.len > 0 && rec.len <= SEGMENT_PAYLOAD_MAX);
	if (!has_room(s, need, essential, err))
		return SPOOL_FULL;
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
	if (out->len == 0 && !out->failed)
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
	s->use.bytes += s->end;
	s->use.unsent += s->end;
	s->end = 0;
}

static bool
is_full(int error)
{
	return error == ENOSPC || error == EDQUOT;
}

/* A new file of the given name and size; -1 and errno. */
static int
make_file(struct spool *s, const char *made, uint64_t size)
{
	int fd = openat(s->home.dir_fd, made,
	    O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0640);
	int saved;

	if (fd < 0 || diskio_allocate(fd, size) == 0)
		return fd;
	saved = errno;
	close(fd);
	(void)unlinkat(s->home.dir_fd, made, 0);
	errno = saved;
	return -1;
}

/* A file of the given name with room for the frames: a new one, for which what
 * may go makes room, or, where the disk is full, the reserve. */
static int
make_room(struct spool *s, const char *made, uint64_t *size)
{
	uint64_t need = s->frames.len, was = s->use.bytes;
	int fd, saved;

	*size = s->o.segment_size > need ? s->o.segment_size : need;
	fd = make_file(s, made, *size);
	if (fd < 0 && is_full(errno)) {
		reclaim(s, INT64_MIN, was > *size ? was - *size : 0);
		fd = make_file(s, made, *size);
	}
	if (fd >= 0 || !is_full(errno) || need > reserve_size(s))
		return fd;
	saved = errno;
	fd = spoolhome_take_reserve(&s->home, made, size);
	s->on_reserve |= fd >= 0;
	errno = saved;
	return fd;
}

/* Write s->frames as a new segment that readers may see; -1 and errno leave
 * no trace of it. */
static int
write_segment(struct spool *s)
{
	char made[SEGMENT_NAME_LEN + 5], name[SEGMENT_NAME_LEN + 1];
	uint64_t size;
	int fd, saved;

	segment_name(name, s->header.epoch, s->committed + 1);
	snprintf(made, sizeof made, "%s.new", name);
	fd = make_room(s, made, &size);
	if (fd < 0)
		return -1;
	if (diskio_pwrite(fd, buf_slice(&s->frames), 0) != 0 ||
	    fdatasync(fd) != 0 ||
	    renameat(s->home.dir_fd, made, s->home.dir_fd, name) != 0)
		goto fail;
	memcpy(s->name, name, sizeof name);
	s->fd = fd;
	/* Before this nobody reads it; after it the name is there for good. */
	if (fsync(s->home.dir_fd) != 0 || announce(fd, s->frames.len) != 0)
		goto fail_visible;
	s->end = s->frames.len;
	s->size = size;
	return 0;
fail_visible:
	s->fd = -1;
	memcpy(made, name, sizeof name);
fail:
	saved = errno;
	close(fd);
	unlinkat(s->home.dir_fd, made, 0);
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
	if (is_full(errno)) {
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
	if (s->end + s->frames.len <= s->size) {
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
spool_trim(struct spool *s)
{
	if (s->pending.len > 0)
		return;
	buf_clear(&s->pending);
	buf_clear(&s->frames);
}

void
spool_tick(struct spool *s, int64_t now_us)
{
	reclaim(s, now_us - s->o.keep_us, s->o.max_bytes);
	if (!s->on_reserve)
		(void)spoolhome_reserve(&s->home, reserve_size(s));
}

void
spool_close(struct spool *s)
{
	if (!s)
		return;
	leave_segment(s);
	spoolhome_close(&s->home);
	buf_clear(&s->pending);
	buf_clear(&s->frames);
	recover_clear(&s->found);
	free(s);
}
