/* SPDX-License-Identifier: Apache-2.0 */
#include "assay/spoolread.h"

#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assay/diskio.h"
#include "assay/segment.h"
#include "assay/spooldir.h"

#define WINDOW ((size_t)256 << 10)

struct spoolread {
	char *dir;
	bool has_position;
	struct spoolread_position position;
	/* The segment being read; fd is -1 when none is. */
	int fd;
	struct spooldir_entry now;
	bool complain; /* about its header, not said yet */
	uint64_t synced;
	uint64_t offset; /* of the next frame */
	uint64_t next;	 /* the sequence expected there */
	/* Bytes of it from window_at on. */
	struct buf window;
	uint64_t window_at;
};

struct spoolread *
spoolread_open(
    const char *dir, const struct spoolread_position *after, struct err *err)
{
	struct spoolread *r = calloc(1, sizeof *r);

	if (!r || !(r->dir = strdup(dir))) {
		free(r);
		err_set(err, "no memory to read the spool '%s'", dir);
		return NULL;
	}
	r->fd = -1;
	buf_init(&r->window, SEGMENT_SIZE * 2);
	if (after) {
		r->has_position = true;
		r->position = *after;
	}
	return r;
}

void
spoolread_close(struct spoolread *r)
{
	if (!r)
		return;
	if (r->fd >= 0)
		close(r->fd);
	buf_clear(&r->window);
	free(r->dir);
	free(r);
}

/* The segment to begin with, given the position; NULL when there is none. */
static const struct spooldir_entry *
first_entry(const struct spoolread *r, const struct spooldir *found)
{
	const struct spooldir_entry *best = NULL;

	for (size_t i = 0; i < found->count; i++) {
		const struct segment_header *h = &found->all[i].header;

		if (!r->has_position ||
		    memcmp(h->epoch, r->position.epoch, 16) != 0)
			continue;
		if (!best || h->first_sequence <= r->position.sequence + 1)
			best = &found->all[i];
	}
	if (!best && found->count > 0)
		best = &found->all[0];
	return best;
}

/* The segment after the current one, or the current one's name when another
 * file has taken it; NULL when there is neither. */
static const struct spooldir_entry *
later_entry(const struct spoolread *r, const struct spooldir *found)
{
	for (size_t i = 0; i < found->count; i++)
		if (spooldir_compare(&found->all[i], &r->now) > 0)
			return &found->all[i];
	return NULL;
}

static bool
was_replaced(const struct spoolread *r)
{
	char path[PATH_MAX];
	struct stat mine, theirs;

	snprintf(path, sizeof path, "%s/%s", r->dir, r->now.name);
	return fstat(r->fd, &mine) == 0 && lstat(path, &theirs) == 0 &&
	       (mine.st_ino != theirs.st_ino || mine.st_dev != theirs.st_dev);
}

static int
enter(struct spoolread *r, const struct spooldir_entry *entry, struct err *err)
{
	struct spooldir_entry opened;
	int fd = spooldir_open(r->dir, entry->name, &opened);

	if (fd < 0)
		return err_sys(err, "open '%s/%s'", r->dir, entry->name);
	if (r->fd >= 0)
		close(r->fd);
	r->fd = fd;
	r->now = opened;
	r->complain = opened.broken;
	r->now.header.created_us = entry->header.created_us;
	r->synced = opened.header.synced;
	r->offset = SEGMENT_HEADER_LEN;
	r->next = opened.header.first_sequence;
	buf_reset(&r->window);
	r->window_at = 0;
	return 0;
}

/* See whether the agent has committed more to this segment. */
static bool
has_grown(struct spoolread *r)
{
	uint8_t bytes[8];
	uint64_t synced;

	if (diskio_pread(r->fd, bytes, sizeof bytes, SEGMENT_SYNCED_AT) !=
	    (ssize_t)sizeof bytes)
		return false;
	synced = segment_synced_decode(bytes);
	if (synced <= r->synced)
		return false;
	r->synced = synced;
	buf_reset(&r->window);
	return true;
}

/* Go to where more may be read: 1 when there is something, 0 when not. */
static int
advance(struct spoolread *r, struct err *err)
{
	struct spooldir found;
	const struct spooldir_entry *to;
	int status = 0;

	if (r->fd >= 0 && has_grown(r))
		return 1;
	if (spooldir_list(r->dir, &found, err) != 0)
		return -1;
	if (r->fd < 0)
		to = first_entry(r, &found);
	else if (was_replaced(r))
		to = &r->now;
	else
		to = later_entry(r, &found);
	/* A later segment means this one is complete, but it may have been
	 * completed since the look above. */
	if (to && r->fd >= 0 && to != &r->now && has_grown(r))
		status = 1;
	else if (to)
		status = enter(r, to, err) == 0 ? 1 : -1;
	spooldir_clear(&found);
	return status;
}

/* Have at least need bytes (or all there are before synced) at offset. */
static int
fill(struct spoolread *r, size_t need, struct slice *bytes, struct err *err)
{
	uint64_t left = r->synced - r->offset;
	uint64_t have_end = r->window_at + r->window.len;
	size_t want = need < WINDOW ? WINDOW : need;
	char *room;
	ssize_t got;

	if (want > left)
		want = (size_t)left;
	if (need > left)
		need = (size_t)left;
	if (r->offset < r->window_at || r->offset + need > have_end) {
		buf_reset(&r->window);
		r->window_at = r->offset;
		room = buf_reserve(&r->window, want ? want : 1);
		if (!room)
			return err_set(err, "no memory to read a segment");
		got = diskio_pread(r->fd, room, want, r->offset);
		if (got < 0)
			return err_sys(
			    err, "read '%s/%s'", r->dir, r->now.name);
		r->window.len = (size_t)got;
	}
	*bytes = slice_from(
	    buf_slice(&r->window), (size_t)(r->offset - r->window_at));
	if (bytes->len > left)
		bytes->len = (size_t)left;
	return 0;
}

static int
fetch(struct spoolread *r, struct segment_frame *frame, enum segment_got *got,
    struct err *err)
{
	struct slice bytes = {"", 0};

	if (fill(r, SEGMENT_FRAME_LEN, &bytes, err) != 0)
		return -1;
	*got = segment_get(bytes, frame, err);
	if (*got == SEGMENT_SHORT && frame->size > bytes.len) {
		if (fill(r, frame->size, &bytes, err) != 0)
			return -1;
		*got = segment_get(bytes, frame, err);
	}
	return 0;
}

static void
describe(const struct spoolread *r, struct spoolread_record *record)
{
	*record =
	    (struct spoolread_record){.sequence = r->next, .offset = r->offset};
	memcpy(record->agent, r->now.header.agent, 16);
	memcpy(record->epoch, r->now.header.epoch, 16);
	memcpy(record->segment, r->now.name, sizeof r->now.name);
}

/* Go to the next frame behind damage, or to the end of what was written. */
static int
step_over(struct spoolread *r, struct err *err)
{
	struct segment_frame frame;
	struct slice rest = {"", 0};
	size_t at;

	if (fill(r, SEGMENT_SIZE, &rest, err) != 0)
		return -1;
	if (segment_seek(rest, 8, &at, &frame))
		r->offset += at;
	else
		r->offset = r->synced;
	return 0;
}

static enum spoolread_got
damage(struct spoolread *r, enum segment_got got,
    struct spoolread_record *record, struct err *err)
{
	describe(r, record);
	if (got != SEGMENT_BAD)
		err_set(err, "a frame is missing or cut short");
	err_prefix(err, "%s/%s: byte %" PRIu64 " (record %" PRIu64 ")", r->dir,
	    r->now.name, r->offset, r->next);
	if (step_over(r, err) != 0)
		return SPOOLREAD_ERROR;
	return SPOOLREAD_DAMAGE;
}

static enum spoolread_got
complain(struct spoolread *r, struct spoolread_record *record, struct err *err)
{
	describe(r, record);
	record->offset = 0;
	r->complain = false;
	err_set(err,
	    "%s/%s: byte 0: the header is damaged; its records are "
	    "read all the same",
	    r->dir, r->now.name);
	return SPOOLREAD_DAMAGE;
}

static bool
is_known(const struct spoolread *r, uint64_t sequence)
{
	return r->has_position && sequence <= r->position.sequence &&
	       memcmp(r->now.header.epoch, r->position.epoch, 16) == 0;
}

/* Behind damage a commit says which record comes next. */
static void
note_commit(struct spoolread *r, const struct segment_frame *frame)
{
	struct segment_commit commit;

	if (frame->type == SEGMENT_COMMIT &&
	    segment_commit_decode(frame->payload, &commit))
		r->next = commit.last + 1;
}

enum spoolread_got
spoolread_next(
    struct spoolread *r, struct spoolread_record *record, struct err *err)
{
	for (;;) {
		struct segment_frame frame;
		enum segment_got got;

		if (r->fd < 0 || r->offset >= r->synced) {
			int more = advance(r, err);

			if (more <= 0)
				return more < 0 ? SPOOLREAD_ERROR
						: SPOOLREAD_NOTHING;
			continue;
		}
		if (r->complain)
			return complain(r, record, err);
		if (fetch(r, &frame, &got, err) != 0)
			return SPOOLREAD_ERROR;
		if (got != SEGMENT_FRAME)
			return damage(r, got, record, err);
		describe(r, record);
		r->offset += frame.size;
		if (frame.type != SEGMENT_RECORD) {
			note_commit(r, &frame);
			continue;
		}
		r->next = frame.sequence + 1;
		if (is_known(r, frame.sequence))
			continue;
		r->has_position = true;
		memcpy(r->position.epoch, r->now.header.epoch, 16);
		r->position.sequence = frame.sequence;
		record->sequence = frame.sequence;
		record->bytes = frame.payload;
		return SPOOLREAD_RECORD;
	}
}

void
spoolread_progress(const struct spoolread *r, uint64_t *done, uint64_t *total)
{
	struct spooldir found;

	*done = *total = 0;
	if (spooldir_list(r->dir, &found, NULL) != 0)
		return;
	for (size_t i = 0; i < found.count; i++) {
		uint64_t synced = found.all[i].header.synced;
		int order = spooldir_compare(&found.all[i], &r->now);

		*total += synced;
		if (r->fd >= 0 && order < 0)
			*done += synced;
		else if (r->fd >= 0 && order == 0)
			*done += r->offset;
	}
	spooldir_clear(&found);
}
