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
#include <unistd.h>

#include "assay/diskio.h"
#include "assay/segment.h"

#define RUNS_MAX 64 /* of one segment; what is behind more damage is lost */

/* One segment while it is looked at. */
struct look {
	struct recover *out;
	const char *dir;
	const struct spooldir_entry *entry;
	struct segment_header header; /* mended */
	uint64_t bound;		      /* no sequence beyond this belongs here */
	int64_t until_us;	      /* nothing in it is later */
	struct buf bytes;
	struct segment_run runs[RUNS_MAX];
	size_t run_count;
	enum segment_state state;
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

static int
read_all(struct look *k, struct err *err)
{
	struct spooldir_entry now;
	int fd = spooldir_open(k->dir, k->entry->name, &now);
	ssize_t got = 1;

	if (fd < 0)
		return err_sys(err, "open '%s/%s'", k->dir, k->entry->name);
	buf_init(&k->bytes, (size_t)1 << 30);
	while (got > 0) {
		size_t chunk = (size_t)now.size - k->bytes.len + 1;
		char *room = buf_reserve(&k->bytes, chunk);

		if (!room) {
			close(fd);
			return err_set(err, "no memory to read '%s/%s'", k->dir,
			    k->entry->name);
		}
		got = read(fd, room, chunk);
		if (got > 0)
			k->bytes.len += (size_t)got;
		if (got > 0 && k->bytes.len > now.size)
			break;
	}
	if (got < 0) {
		err_sys(err, "read '%s/%s'", k->dir, k->entry->name);
		close(fd);
		return -1;
	}
	close(fd);
	return 0;
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

/* Find the runs behind the first one. */
static void
find_later_runs(struct look *k)
{
	struct slice bytes = buf_slice(&k->bytes);
	struct segment_commit commit;
	size_t from = k->runs[0].stop, at;

	while (k->run_count < RUNS_MAX &&
	       segment_resync(bytes, from, &at, &commit)) {
		struct segment_run *run = &k->runs[k->run_count];

		if (commit.last >= k->bound)
			break;
		segment_walk(
		    bytes, at, commit.last + 1, commit.head, run, NULL);
		clip(run, bytes, k->bound);
		from = run->stop > at ? run->stop : at;
		k->run_count++;
	}
}

static void
judge(struct look *k)
{
	struct slice bytes = buf_slice(&k->bytes);
	struct segment_run *run = &k->runs[0];
	size_t start = SEGMENT_HEADER_LEN;
	uint64_t synced = k->header.synced;

	if (start > bytes.len)
		start = bytes.len;
	segment_walk(bytes, start, k->header.first_sequence,
	    k->header.prev_head, run, &k->why);
	k->run_count = 1;
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
	if (k->state == SEGMENT_DAMAGED)
		find_later_runs(k);
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

/* Call on each checkpoint of a run. */
static int
keep_checkpoints(
    struct recover *out, struct slice bytes, const struct segment_run *run)
{
	struct segment_frame f;

	for (size_t at = run->start; at < run->end; at += f.size) {
		if (segment_get(slice_from(bytes, at), &f, NULL) !=
		    SEGMENT_FRAME)
			return 0;
		if (f.type == SEGMENT_CHECKPOINT &&
		    keep_checkpoint(out, f.payload) != 0)
			return -1;
	}
	return 0;
}

/* The highest sequence of any record in bytes from offset at on, at least
 * least. */
static uint64_t
highest_record(struct slice bytes, size_t at, uint64_t least)
{
	for (; at + SEGMENT_FRAME_LEN <= bytes.len; at += 8) {
		struct segment_frame f;

		if (bytes.ptr[at + 8] == SEGMENT_RECORD &&
		    segment_get(slice_from(bytes, at), &f, NULL) ==
			SEGMENT_FRAME &&
		    f.sequence > least)
			least = f.sequence;
	}
	return least;
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

/* Does the last run reach the end of what was promised? */
static bool
end_is_known(const struct look *k)
{
	const struct segment_run *run = &k->runs[k->run_count - 1];

	return k->state != SEGMENT_DAMAGED || run->end >= k->header.synced;
}

static int
tell_losses(struct look *k)
{
	struct slice bytes = buf_slice(&k->bytes);
	const struct segment_run *end = &k->runs[k->run_count - 1];
	size_t told = k->out->damage_count;
	uint64_t last;

	for (size_t i = 1; i < k->run_count; i++)
		if (k->runs[i].first > k->runs[i - 1].last + 1 &&
		    tell(k, k->runs[i - 1].last + 1, k->runs[i].first - 1) != 0)
			return -1;
	if (!end_is_known(k)) {
		last = k->bound;
		if (last == UINT64_MAX)
			last = highest_record(bytes, end->end, end->last + 1);
		if (last > end->last && tell(k, end->last + 1, last) != 0)
			return -1;
	}
	if (k->out->damage_count == told)
		return tell(k, 0, 0);
	return 0;
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

/* Write run i anew, as the segment its first sequence names. It begins with
 * the checkpoints of the runs before it. */
static int
save_run(struct look *k, size_t i)
{
	const struct segment_run *run = &k->runs[i];
	struct segment_header header = k->header;
	struct recover before = {0};
	struct buf made = {0};
	char name[SEGMENT_NAME_LEN + 1], path[PATH_MAX], made_path[PATH_MAX];
	uint8_t raw[SEGMENT_HEADER_LEN] = {0};
	int status = 0;

	for (size_t j = 0; j < i && status == 0; j++)
		status = keep_checkpoints(
		    &before, buf_slice(&k->bytes), &k->runs[j]);
	buf_put(&made, (struct slice){(char *)raw, sizeof raw});
	for (size_t j = 0; j < before.checkpoint_count; j++)
		segment_put(&made, SEGMENT_CHECKPOINT, 0,
		    buf_slice(&before.checkpoints[j]));
	buf_put(&made,
	    (struct slice){k->bytes.ptr + run->start, run->end - run->start});
	forget_checkpoints(&before);
	header.first_sequence = run->first;
	memcpy(header.prev_head, run->prev, 32);
	header.synced = made.len;
	segment_header_encode(raw, &header);
	if (status == 0 && !made.failed) {
		memcpy(made.ptr, raw, sizeof raw);
		segment_name(name, header.epoch, run->first);
		status = make_path(path, k->dir, name, "");
		if (status == 0)
			status = make_path(made_path, k->dir, name, ".new");
		if (status == 0)
			status = write_new(made_path, buf_slice(&made));
		if (status == 0)
			status = rename(made_path, path);
	} else {
		status = -1;
	}
	buf_clear(&made);
	return status;
}

/* Keep the damaged file aside and put its whole commits in its place. */
static int
quarantine(struct look *k)
{
	char path[PATH_MAX], bad[PATH_MAX];
	size_t kept = 0;

	if (make_path(path, k->dir, k->entry->name, "") != 0 ||
	    make_path(bad, k->dir, k->entry->name, "") != 0)
		return -1;
	memcpy(bad + strlen(bad) - 4, ".bad", 4);
	if (link(path, bad) != 0 && errno != EEXIST)
		return -1;
	/* The first run takes the damaged file's name, so it comes last: until
	 * then everything can be done again. */
	for (size_t i = k->run_count; i-- > 0;) {
		/* A run without records would take its successor's name. */
		if (i == 0 ? k->runs[0].end == k->runs[0].start
			   : k->runs[i].last < k->runs[i].first)
			continue;
		if (save_run(k, i) != 0)
			return -1;
		kept += i == 0;
	}
	if (diskio_sync_dir(k->dir) != 0)
		return -1;
	if (kept == 0 && unlink(path) != 0)
		return -1;
	return diskio_sync_dir(k->dir);
}

/* Cut the segment where its last commit ends and say so in its header. */
static int
cut(struct look *k)
{
	const struct segment_run *run = &k->runs[0];
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
	const struct segment_run *end = &k->runs[k->run_count - 1];

	if (end->last == 0)
		return;
	out->found = true;
	out->last_known = end_is_known(k);
	out->agent_known = memcmp(k->header.agent, nobody, 16) != 0;
	memcpy(out->agent, k->header.agent, 16);
	memcpy(out->epoch, k->header.epoch, 16);
	out->last = end->last;
	memcpy(out->head, end->head, 32);
}

static int
take_checkpoints(struct look *k)
{
	bool any = false;

	for (size_t i = 0; i < k->run_count; i++)
		any |= k->runs[i].end > k->runs[i].start;
	if (!any)
		return 0;
	forget_checkpoints(k->out);
	for (size_t i = 0; i < k->run_count; i++)
		if (keep_checkpoints(
			k->out, buf_slice(&k->bytes), &k->runs[i]) != 0)
			return -1;
	return 0;
}

static int
mend(struct look *k, struct err *err)
{
	struct slice bytes = buf_slice(&k->bytes);
	const struct segment_run *run = &k->runs[0];

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
	if (!all->all[i].broken)
		return;
	for (size_t j = 0; j < all->count; j++)
		if (same_epoch(&all->all[j], &all->all[i]) &&
		    !all->all[j].broken)
			memcpy(k->header.agent, all->all[j].header.agent, 16);
	if (k->out->found && k->header.first_sequence == k->out->last + 1 &&
	    memcmp(k->out->epoch, k->header.epoch, 16) == 0)
		memcpy(k->header.prev_head, k->out->head, 32);
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

int
recover_spool(
    const char *dir, size_t trusted, struct recover *out, struct err *err)
{
	struct spooldir all;
	struct look *k = calloc(1, sizeof *k);
	int status = 0;

	*out = (struct recover){0};
	if (!k)
		return err_set(err, "no memory to recover the spool");
	remove_unfinished(dir);
	status = spooldir_list(dir, &all, err);
	for (size_t i = first_to_see(&all, trusted);
	     i < all.count && status == 0; i++) {
		bool has_next = i + 1 < all.count &&
				same_epoch(&all.all[i], &all.all[i + 1]);

		*k =
		    (struct look){.out = out, .dir = dir, .entry = &all.all[i]};
		k->bound = has_next ? all.all[i + 1].header.first_sequence - 1
				    : UINT64_MAX;
		k->until_us = all.all[i].mtime_us;
		mend_header(k, &all, i);
		out->created_us = k->header.created_us;
		status = look_at(k, err);
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
