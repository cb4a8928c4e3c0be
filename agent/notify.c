/* SPDX-License-Identifier: Apache-2.0 */
#include "notify.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define EVENTS                                                       \
	(IN_CREATE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE |       \
	    IN_DELETE_SELF | IN_MOVE_SELF | IN_ATTRIB | IN_ONLYDIR | \
	    IN_EXCL_UNLINK)

struct watch {
	char *dir;
	int wd;
	bool wanted;
};

struct notify {
	int fd;
	struct watch *watches;
	size_t count;
	bool failed; /* not all that was wanted could be watched */
	struct err why;
};

struct notify *
notify_new(struct err *err)
{
	struct notify *n = calloc(1, sizeof *n);

	if (!n) {
		err_set(err, "no memory for notification");
		return NULL;
	}
	n->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (n->fd >= 0)
		return n;
	err_sys(err, "the kernel gives no notification of new files "
		     "(fs.inotify.max_user_instances)");
	free(n);
	return NULL;
}

void
notify_free(struct notify *n)
{
	if (!n)
		return;
	for (size_t i = 0; i < n->count; i++)
		free(n->watches[i].dir);
	free(n->watches);
	close(n->fd);
	free(n);
}

int
notify_fd(const struct notify *n)
{
	return n->fd;
}

void
notify_begin(struct notify *n)
{
	for (size_t i = 0; i < n->count; i++)
		n->watches[i].wanted = false;
	n->failed = false;
}

static void
fail(struct notify *n, const char *dir)
{
	if (n->failed)
		return;
	n->failed = true;
	if (errno == ENOSPC)
		err_set(&n->why,
		    "the kernel watches no more directories "
		    "(fs.inotify.max_user_watches), not '%s'",
		    dir);
	else
		err_sys(&n->why, "watch the directory '%s'", dir);
}

/* Directories of the same inode have one watch. */
static struct watch *
find(struct notify *n, const char *dir, int wd)
{
	for (size_t i = 0; i < n->count; i++)
		if (dir ? strcmp(n->watches[i].dir, dir) == 0
			: n->watches[i].wd == wd)
			return &n->watches[i];
	return NULL;
}

static void
watch(struct notify *n, const char *dir)
{
	struct watch *w = find(n, dir, -1);
	struct watch *more;
	int wd;

	if (w && w->wanted)
		return;
	/* Asked for again: another directory may have the name by now. */
	wd = inotify_add_watch(n->fd, dir, EVENTS);
	if (wd < 0) {
		fail(n, dir);
		return;
	}
	if (w) {
		w->wd = wd;
		w->wanted = true;
		return;
	}
	more = reallocarray(n->watches, n->count + 1, sizeof *more);
	if (!more)
		return; /* it is a hint */
	n->watches = more;
	more += n->count;
	*more = (struct watch){.dir = strdup(dir), .wd = wd, .wanted = true};
	n->count += more->dir != NULL;
}

/* Cut a pattern to the directory that it names files of, without wildcards,
 * that is there. */
static void
cut_to_directory(char *path)
{
	struct stat st;
	char *slash;

	path[strcspn(path, "*?[\\")] = '\0';
	do {
		slash = strrchr(path, '/');
		if (!slash)
			return;
		if (slash == path) {
			path[1] = '\0';
			return;
		}
		*slash = '\0';
	} while (stat(path, &st) != 0 || !S_ISDIR(st.st_mode));
}

void
notify_add(struct notify *n, const struct source_spec *spec)
{
	char path[PATH_MAX];

	for (char **p = spec->patterns; *p; p++) {
		if (**p != '/' || strlen(*p) >= sizeof path)
			continue;
		memcpy(path, *p, strlen(*p) + 1);
		cut_to_directory(path);
		watch(n, path);
	}
}

/* Two names can stand for one directory: its watch goes with the last. */
static bool
is_wanted(const struct notify *n, int wd)
{
	for (size_t i = 0; i < n->count; i++)
		if (n->watches[i].wd == wd && n->watches[i].wanted)
			return true;
	return false;
}

void
notify_end(struct notify *n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n->count; i++) {
		struct watch *w = &n->watches[i];

		if (!w->wanted && w->wd >= 0 && !is_wanted(n, w->wd))
			(void)inotify_rm_watch(n->fd, w->wd);
	}
	for (size_t i = 0; i < n->count; i++)
		if (n->watches[i].wanted)
			n->watches[kept++] = n->watches[i];
		else
			free(n->watches[i].dir);
	n->count = kept;
}

/* One event: what it means for us. */
static enum notify_got
weigh(struct notify *n, const struct inotify_event *e)
{
	struct watch *w;

	if (e->mask & IN_Q_OVERFLOW)
		return NOTIFY_WATCH;
	if (e->mask & IN_IGNORED) {
		bool ours = find(n, NULL, e->wd) == NULL;

		while ((w = find(n, NULL, e->wd)))
			w->wd = -1;
		return ours ? NOTIFY_NOTHING : NOTIFY_WATCH;
	}
	if (e->mask & (IN_ISDIR | IN_DELETE_SELF | IN_MOVE_SELF))
		return NOTIFY_WATCH;
	return NOTIFY_LOOK;
}

enum notify_got
notify_take(struct notify *n)
{
	enum notify_got all = NOTIFY_NOTHING;
	_Alignas(struct inotify_event) char room[4096];
	ssize_t len;

	while ((len = read(n->fd, room, sizeof room)) > 0)
		for (const char *at = room; at < room + len;) {
			const struct inotify_event *e = (const void *)at;
			enum notify_got got = weigh(n, e);

			if (got > all)
				all = got;
			at += sizeof *e + e->len;
		}
	return all;
}

size_t
notify_count(const struct notify *n)
{
	return n->count;
}

const char *
notify_problem(const struct notify *n)
{
	return n->failed ? n->why.text : NULL;
}
