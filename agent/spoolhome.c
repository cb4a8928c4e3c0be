/* SPDX-License-Identifier: Apache-2.0 */
#include "spoolhome.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assay/ack.h"
#include "assay/diskio.h"
#include "assay/log.h"
#include "assay/spooldir.h"

#define GROUP "assay"
#define RESERVE_NAME "reserve"

/* ---- the directory ---- */

/* Let the group write acks. A service may be forbidden to set the bit that
 * gives each of them to the group: then they have that of who writes them. */
static void
open_acks(const char *dir, int dir_fd)
{
	struct stat st;

	if (fstatat(dir_fd, "ack", &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    (st.st_mode & 07777) == 02770)
		return;
	if (fchmodat(dir_fd, "ack", 02770, 0) != 0 &&
	    fchmodat(dir_fd, "ack", 0770, 0) != 0)
		log_warn("spool", "open '%s/ack' to readers", dir);
}

/* Readers are in the group: they may read what is made here, and leave their
 * acks. Without such a group, or the right to give files to it, both stay with
 * the agent's own. */
static void
give_to_group(const char *dir, int dir_fd)
{
	struct group entry, *group = NULL;
	char texts[4096];
	struct stat st;

	if (getgrnam_r(GROUP, &entry, texts, sizeof texts, &group) != 0 ||
	    !group || fstat(dir_fd, &st) != 0)
		return;
	if (st.st_gid != group->gr_gid &&
	    (fchown(dir_fd, (uid_t)-1, group->gr_gid) != 0 ||
		fchmod(dir_fd, 02750) != 0))
		return;
	if (fstatat(dir_fd, "ack", &st, AT_SYMLINK_NOFOLLOW) != 0)
		return;
	if (st.st_gid != group->gr_gid &&
	    fchownat(dir_fd, "ack", (uid_t)-1, group->gr_gid, 0) != 0)
		log_warn("spool", "give '%s/ack' to the group %s", dir, GROUP);
	else
		open_acks(dir, dir_fd);
}

static int
make_dirs(struct spoolhome *h, struct err *err)
{
	if (mkdir(h->dir, 0750) != 0 && errno != EEXIST)
		return err_sys(err, "make the spool '%s'", h->dir);
	h->dir_fd = open(h->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (h->dir_fd < 0)
		return err_sys(err, "open the spool '%s'", h->dir);
	if (mkdirat(h->dir_fd, "ack", 0770) == 0)
		open_acks(h->dir, h->dir_fd);
	else if (errno != EEXIST)
		return err_sys(err, "make '%s/ack'", h->dir);
	give_to_group(h->dir, h->dir_fd);
	return 0;
}

static int
lock_dir(struct spoolhome *h, struct err *err)
{
	h->lock_fd = openat(
	    h->dir_fd, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (h->lock_fd < 0)
		return err_sys(err, "open '%s/lock'", h->dir);
	if (flock(h->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK)
		return err_set(err,
		    "the spool '%s' is in use by another agent; stop that one "
		    "first, or give this one its own --state",
		    h->dir);
	return err_sys(err, "lock '%s/lock'", h->dir);
}

int
spoolhome_open(struct spoolhome *h, const char *dir, const char *const *readers,
    struct err *err)
{
	*h = (struct spoolhome){
	    .dir = dir, .readers = readers, .dir_fd = -1, .lock_fd = -1};
	return make_dirs(h, err) == 0 ? lock_dir(h, err) : -1;
}

void
spoolhome_close(struct spoolhome *h)
{
	if (h->lock_fd >= 0)
		close(h->lock_fd);
	if (h->dir_fd >= 0)
		close(h->dir_fd);
	h->lock_fd = h->dir_fd = -1;
}

/* ---- what every reader has ---- */

/* What one reader has of all; nothing when it said nothing yet. */
static struct recover_safe
read_by(const struct spoolhome *h, const char *name, const struct spooldir *all)
{
	struct recover_safe safe = {0};
	struct ack ack;

	if (all->count == 0 || ack_read(h->dir, name, &ack, NULL) != 1)
		return safe;
	for (size_t i = 0; i < all->count; i++) {
		const struct segment_header *s = &all->all[i].header;

		/* All before the segment that holds the record. */
		if (memcmp(s->epoch, ack.epoch, 16) == 0 &&
		    s->first_sequence <= ack.sequence + 1)
			safe.segments = i;
	}
	if (memcmp(all->all[all->count - 1].header.epoch, ack.epoch, 16) == 0)
		safe.newest = ack.sequence;
	return safe;
}

static struct recover_safe
read_by_all(const struct spoolhome *h, const struct spooldir *all)
{
	struct recover_safe least = {all->count, UINT64_MAX};

	if (!h->readers || !h->readers[0])
		return (struct recover_safe){0};
	for (const char *const *name = h->readers; *name; name++) {
		struct recover_safe safe = read_by(h, *name, all);

		if (safe.segments < least.segments)
			least.segments = safe.segments;
		if (safe.newest < least.newest)
			least.newest = safe.newest;
	}
	return least;
}

int
spoolhome_safe(
    const struct spoolhome *h, struct recover_safe *safe, struct err *err)
{
	struct spooldir all;

	if (spooldir_list(h->dir, &all, err) != 0)
		return -1;
	*safe = read_by_all(h, &all);
	spooldir_clear(&all);
	return 0;
}

/* ---- room ---- */

/* A file beside the segments. */
struct other {
	char name[SEGMENT_NAME_LEN + 16];
	uint64_t size;
	int64_t since_us;
};

struct others {
	struct other *all;
	size_t count;
};

static bool
ends_with(const char *name, const char *suffix)
{
	size_t len = strlen(name), end = strlen(suffix);

	return len > end && !strcmp(name + len - end, suffix);
}

static int
compare_others(const void *left, const void *right)
{
	const struct other *a = left, *b = right;

	if (a->since_us != b->since_us)
		return a->since_us < b->since_us ? -1 : 1;
	return strcmp(a->name, b->name);
}

static int
add_other(struct others *o, const char *name, const struct stat *st)
{
	struct other *more = reallocarray(o->all, o->count + 1, sizeof *more);

	if (!more)
		return -1;
	o->all = more;
	more = &more[o->count++];
	*more = (struct other){.size = (uint64_t)st->st_size,
	    /* When it got this name: its bytes are older. */
	    .since_us = st->st_ctim.tv_sec * INT64_C(1000000) +
			st->st_ctim.tv_nsec / 1000};
	snprintf(more->name, sizeof more->name, "%s", name);
	return 0;
}

/* The damaged files kept aside, oldest first; *beside the bytes of what is
 * neither they, nor a segment, nor the reserve. */
static int
list_others(const struct spoolhome *h, struct others *o, uint64_t *beside)
{
	DIR *d = opendir(h->dir);
	struct dirent *e;
	struct stat st;
	int status = 0;

	*o = (struct others){0};
	if (!d)
		return -1;
	while (status == 0 && (e = readdir(d))) {
		if (ends_with(e->d_name, ".seg") ||
		    !strcmp(e->d_name, RESERVE_NAME) ||
		    fstatat(h->dir_fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) !=
			0 ||
		    !S_ISREG(st.st_mode))
			continue;
		if (ends_with(e->d_name, ".bad") &&
		    strlen(e->d_name) < sizeof o->all->name)
			status = add_other(o, e->d_name, &st);
		else
			*beside += (uint64_t)st.st_size;
	}
	closedir(d);
	if (o->count > 1)
		qsort(o->all, o->count, sizeof *o->all, compare_others);
	return status;
}

static bool
is_current(const char *current, const struct spooldir_entry *e)
{
	return current && !strcmp(e->name, current);
}

static void
count_use(const struct spooldir *all, const char *current, size_t safe,
    struct spoolhome_use *use)
{
	for (size_t i = 0; i < all->count; i++) {
		if (is_current(current, &all->all[i]))
			continue;
		use->bytes += all->all[i].size;
		if (i >= safe)
			use->unsent += all->all[i].size;
	}
}

static void
remove_segments(const struct spoolhome *h, const struct spooldir *all,
    size_t safe, const char *current, int64_t before_us, uint64_t most,
    struct spoolhome_use *use)
{
	for (size_t i = 0; i < safe && !is_current(current, &all->all[i]);
	     i++) {
		const struct spooldir_entry *e = &all->all[i];

		if (e->mtime_us >= before_us && use->bytes <= most)
			break;
		if (unlinkat(h->dir_fd, e->name, 0) == 0)
			use->bytes -= e->size;
	}
}

static void
remove_others(const struct spoolhome *h, const struct others *o,
    int64_t before_us, uint64_t most, struct spoolhome_use *use)
{
	for (size_t i = 0; i < o->count; i++) {
		const struct other *bad = &o->all[i];
		bool old = bad->since_us < before_us;

		if (!old && use->bytes <= most)
			break;
		if (unlinkat(h->dir_fd, bad->name, 0) != 0)
			continue;
		use->bytes -= bad->size;
		use->bad -= bad->size;
		log_warnx("spool",
		    "%s/%s, a damaged file that was kept aside, is removed: %s",
		    h->dir, bad->name,
		    old ? "it is older than spool.keep_days"
			: "the spool needs its room");
	}
}

void
spoolhome_reclaim(const struct spoolhome *h, const char *current,
    int64_t before_us, uint64_t most, struct spoolhome_use *use)
{
	struct spooldir all;
	struct others others = {0};
	struct spoolhome_use now = {0};
	size_t safe;

	if (spooldir_list(h->dir, &all, NULL) != 0)
		return;
	if (list_others(h, &others, &now.bytes) != 0)
		goto out;
	safe = read_by_all(h, &all).segments;
	count_use(&all, current, safe, &now);
	for (size_t i = 0; i < others.count; i++)
		now.bad += others.all[i].size;
	now.bytes += now.bad;
	remove_segments(h, &all, safe, current, before_us, most, &now);
	remove_others(h, &others, before_us, most, &now);
	*use = now;
out:
	free(others.all);
	spooldir_clear(&all);
}

/* ---- the reserve ---- */

bool
spoolhome_reserve(const struct spoolhome *h, uint64_t size)
{
	struct stat st;
	int fd, status;

	if (fstatat(h->dir_fd, RESERVE_NAME, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(st.st_mode) && (uint64_t)st.st_size == size)
		return true;
	fd = openat(h->dir_fd, RESERVE_NAME,
	    O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (fd < 0)
		return false;
	status = diskio_allocate(fd, size);
	/* What is not wholly there is no reserve. */
	if (status == 0 &&
	    (fstat(fd, &st) != 0 || (uint64_t)st.st_size != size))
		status = -1;
	if (status != 0)
		(void)unlinkat(h->dir_fd, RESERVE_NAME, 0);
	close(fd);
	return status == 0;
}

int
spoolhome_take_reserve(
    const struct spoolhome *h, const char *name, uint64_t *size)
{
	struct stat st;
	int fd =
	    openat(h->dir_fd, RESERVE_NAME, O_RDWR | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 &&
	    renameat(h->dir_fd, RESERVE_NAME, h->dir_fd, name) == 0) {
		*size = (uint64_t)st.st_size;
		return fd;
	}
	close(fd);
	return -1;
}
