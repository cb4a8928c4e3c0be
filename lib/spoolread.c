/* SPDX-License-Identifier: Apache-2.0 */
#include "assay/spoolread.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assay/segment.h"

#define WINDOW ((size_t)256 << 10)

/* A segment as the directory shows it. */
struct entry {
	char name[SEGMENT_NAME_LEN + 1];
	bool broken; /* its header fails; what is known comes from elsewhere */
	struct segment_header header;
};

struct entries {
	struct entry *all;
	size_t count;
};

struct spoolread {
	char *dir;
	bool has_position;
	struct spoolread_position position;
	/* The segment being read; fd is -1 when none is. */
	int fd;
	struct entry now;
	bool complain; /* about its header, not said yet */
	uint64_t synced;
	uint64_t offset; /* of the next frame */
	uint64_t next;	 /* the sequence expected there */
	/* Bytes of it from window_at on. */
	struct buf window;
	uint64_t window_at;
};

static int
compare_entries(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;
	int order;

	if (a->header.created_us != b->header.created_us)
		return a->header.created_us < b->header.created_us ? -1 : 1;
	order = memcmp(a->header.epoch, b->header.epoch, 16);
	if (order != 0)
		return order;
	if (a->header.first_sequence != b->header.first_sequence)
		return a->header.first_sequence < b->header.first_sequence ? -1
									   : 1;
	return 0;
}

/* What can still be known of a segment whose header fails: the name says epoch
 * and sequence, the file when; synced counts as far as it is possible. */
static int
guess_header(int fd, struct slice bytes, struct segment_header *header)
{
	struct stat st;
	uint64_t synced = 0;

	if (fstat(fd, &st) != 0)
		return -1;
	if (bytes.len == SEGMENT_HEADER_LEN)
		synced = segment_synced_decode(
		    (const uint8_t *)bytes.ptr + SEGMENT_SYNCED_AT);
	if (synced < SEGMENT_HEADER_LEN || synced > (uint64_t)st.st_size)
		synced = (uint64_t)st.st_size;
	*header = (struct segment_header){.synced = synced,
	    .created_us = st.st_mtim.tv_sec * INT64_C(1000000)};
	return 0;
}

static int
read_entry(int fd, const char *name, struct entry *entry)
{
	char bytes[SEGMENT_HEADER_LEN];
	struct segment_header *header = &entry->header;
	struct segment_header named;
	ssize_t got = pread(fd, bytes, sizeof bytes, 0);
	struct slice read = {bytes, got > 0 ? (size_t)got : 0};

	*entry = (struct entry){0};
	memcpy(entry->name, name, SEGMENT_NAME_LEN + 1);
	if (got < 0 ||
	    !segment_unname(slice_of(name), named.epoch, &named.first_sequence))
		return -1;
	if (segment_header_decode(read, header, NULL) == 0 &&
	    memcmp(header->epoch, named.epoch, 16) == 0 &&
	    header->first_sequence == named.first_sequence)
		return 0;
	entry->broken = true;
	if (guess_header(fd, read, header) != 0)
		return -1;
	memcpy(header->epoch, named.epoch, 16);
	header->first_sequence = named.first_sequence;
	return 0;
}

static int
open_entry(const char *dir, const char *name, struct entry *entry)
{
	char path[PATH_MAX];
	int fd;

	if (snprintf(path, sizeof path, "%s/%s", dir, name) >=
	    (int)sizeof path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (read_entry(fd, name, entry) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Segments whose header is damaged stand with the others of their epoch. */
static void
mend_times(struct entries *found)
{
	for (size_t i = 0; i < found->count; i++) {
		struct segment_header *a = &found->all[i].header;

		for (size_t j = 0; j < found->count; j++) {
			struct segment_header *b = &found->all[j].header;

			if (memcmp(a->epoch, b->epoch, 16) == 0 &&
			    b->created_us < a->created_us)
				a->created_us = b->created_us;
		}
	}
}

static int
add_entry(struct entries *found, const char *dir, const char *name)
{
	struct entry entry;
	struct entry *more;
	int fd = open_entry(dir, name, &entry);

	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	close(fd);
	more = reallocarray(found->all, found->count + 1, sizeof *more);
	if (!more)
		return -1;
	found->all = more;
	found->all[found->count++] = entry;
	return 0;
}

static int
list(const char *dir, struct entries *found, struct err *err)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	int status = 0;

	*found = (struct entries){0};
	if (!d && errno == ENOENT)
		return 0;
	if (!d)
		return err_sys(err, "open the spool '%s'", dir);
	while (status == 0 && (e = readdir(d))) {
		uint8_t epoch[16];
		uint64_t first;

		if (!segment_unname(slice_of(e->d_name), epoch, &first))
			continue;
		status = add_entry(found, dir, e->d_name);
		if (status != 0)
			err_sys(err, "read '%s/%s'", dir, e->d_name);
	}
	closedir(d);
	if (status != 0) {
		free(found->all);
		*found = (struct entries){0};
		return -1;
	}
	mend_times(found);
	if (found->count > 1)
		qsort(found->all, found->count, sizeof *found->all,
		    compare_entries);
	return 0;
}

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
static const struct entry *
first_entry(const struct spoolread *r, const struct entries *found)
{
	const struct entry *best = NULL;

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
static const struct entry *
later_entry(const struct spoolread *r, const struct entries *found)
{
	for (size_t i = 0; i < found->count; i++)
		if (compare_entries(&found->all[i], &r->now) > 0)
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
enter(struct spoolread *r, const struct entry *entry, struct err *err)
{
	struct entry opened;
	int fd = open_entry(r->dir, entry->name, &opened);

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

	if (pread(r->fd, bytes, sizeof bytes, SEGMENT_SYNCED_AT) !=
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
	struct entries found;
	const struct entry *to;
	int status = 0;

	if (r->fd >= 0 && has_grown(r))
		return 1;
	if (list(r->dir, &found, err) != 0)
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
	free(found.all);
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
		got = pread(r->fd, room, want, (off_t)r->offset);
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
	struct slice bytes;

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

/* Go to the next commit behind damage, or to the end of what was written. */
static int
step_over(struct spoolread *r, struct err *err)
{
	struct segment_commit commit;
	struct slice rest;
	size_t at;

	if (fill(r, SEGMENT_SIZE, &rest, err) != 0)
		return -1;
	/* The frame that is bad may be a commit itself: not that one again. */
	if (segment_resync(rest, 8, &at, &commit)) {
		r->offset += at;
		r->next = commit.last + 1;
		return 0;
	}
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
		if (frame.type != SEGMENT_RECORD)
			continue;
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
	struct entries found;

	*done = *total = 0;
	if (list(r->dir, &found, NULL) != 0)
		return;
	for (size_t i = 0; i < found.count; i++) {
		uint64_t synced = found.all[i].header.synced;
		int order = compare_entries(&found.all[i], &r->now);

		*total += synced;
		if (r->fd >= 0 && order < 0)
			*done += synced;
		else if (r->fd >= 0 && order == 0)
			*done += r->offset;
	}
	free(found.all);
}
