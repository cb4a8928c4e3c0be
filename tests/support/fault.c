/* SPDX-License-Identifier: Apache-2.0 */
/* fault: preloaded into a daemon (or linked to a test, fault.h), it makes one
 * system call fail, cut short or end the process. Told by the environment:
 *
 *   FAULT_PATH  only calls on files whose path holds this text count
 *   FAULT_CALL  which calls, several separated by commas. What changes a disk:
 *               write fdatasync fsync rename fallocate ftruncate open (with
 *               O_CREAT) unlink; all of these: any. What looks: openread read
 *               stat fstat opendir readdir handle; and mkdir link flock; all
 *               there are: every
 *   FAULT_AT    the how-manieth of them, from 1 (0: none)
 *   FAULT_DO    an errno (EIO ENOSPC EINTR EDQUOT EACCES EMFILE), `short` (read
 *               or write half and say so), `kill` before it, `tear` (write
 *               half, then be killed), `after` (be killed after it), `hang`
 *               (never come back from it)
 *   FAULT_STICKY 1: that call and all after it
 *   FAULT_LOG   file to append a line to for each call that counts
 */
#include "fault.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

static const char *want_path, *want_calls, *action;
static long want_at;
static int sticky, log_fd = -1;
static long count;
static int paused;
static char (*record)[16];
static long record_size;

__attribute__((constructor)) static void
set_up(void)
{
	const char *at = getenv("FAULT_AT");
	const char *log = getenv("FAULT_LOG");

	want_path = getenv("FAULT_PATH");
	want_calls = getenv("FAULT_CALL");
	action = getenv("FAULT_DO");
	sticky = getenv("FAULT_STICKY") != NULL;
	want_at = at ? strtol(at, NULL, 10) : 0;
	if (log)
		log_fd = (int)syscall(SYS_openat, AT_FDCWD, log,
		    O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
}

EXPORT void
fault_arm(const char *path, const char *calls, long at, const char *what,
    int is_sticky)
{
	want_path = path;
	want_calls = calls;
	want_at = at;
	action = what;
	sticky = is_sticky;
	count = 0;
	paused = 0;
}

EXPORT long
fault_disarm(void)
{
	want_calls = NULL;
	return count;
}

EXPORT void
fault_pause(int is_paused)
{
	paused = is_paused;
}

EXPORT void
fault_record(char (*log)[16], long size)
{
	record = log;
	record_size = size;
}

static int
is_among(const char *calls, const char *call)
{
	size_t len = strlen(call);

	for (const char *p = calls; (p = strstr(p, call)); p += len)
		if ((p == calls || p[-1] == ',') &&
		    (p[len] == '\0' || p[len] == ','))
			return 1;
	return 0;
}

static int
is_wanted(const char *call, const char *path)
{
	if (want_path && !strstr(path, want_path))
		return 0;
	if (!strcmp(want_calls, "every"))
		return 1;
	if (!strcmp(want_calls, "any"))
		return is_among("write,fdatasync,fsync,rename,fallocate,"
				"ftruncate,open,unlink",
		    call);
	return is_among(want_calls, call);
}

/* What is to become of this call: NULL nothing. */
static const char *
fault(const char *call, const char *path)
{
	const char *name = strrchr(path, '/');
	int hit;

	if (!want_calls || paused || !is_wanted(call, path))
		return NULL;
	count++;
	if (record && count <= record_size)
		strncpy(record[count - 1], call, sizeof *record);
	hit = want_at > 0 && (count == want_at || (sticky && count > want_at));
	if (log_fd >= 0) {
		char line[512];
		int len = snprintf(line, sizeof line, "%ld %s %s%s%s\n", count,
		    call, name ? name + 1 : path, hit ? " " : "",
		    hit && action ? action : "");

		(void)syscall(SYS_write, log_fd, line, (size_t)len);
	}
	if (!hit || !action)
		return NULL;
	if (!strcmp(action, "kill"))
		(void)kill(getpid(), SIGKILL);
	while (!strcmp(action, "hang"))
		(void)pause();
	return action;
}

static const char *
fault_fd(const char *call, int fd)
{
	char link[64], path[4096];
	ssize_t len;

	if (!want_calls || paused)
		return NULL;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof path - 1);
	if (len < 0)
		return NULL;
	path[len] = '\0';
	return fault(call, path);
}

static int
set_errno(const char *name)
{
	errno = !strcmp(name, "ENOSPC")	  ? ENOSPC
		: !strcmp(name, "EINTR")  ? EINTR
		: !strcmp(name, "EDQUOT") ? EDQUOT
		: !strcmp(name, "EACCES") ? EACCES
		: !strcmp(name, "EMFILE") ? EMFILE
					  : EIO;
	return -1;
}

static int
is_errno(const char *name)
{
	return name && name[0] == 'E';
}

static void
die_after(const char *name)
{
	if (name && (!strcmp(name, "after") || !strcmp(name, "tear")))
		(void)kill(getpid(), SIGKILL);
}

static size_t
cut(const char *name, size_t len)
{
	if (name && (!strcmp(name, "short") || !strcmp(name, "tear")) &&
	    len > 1)
		return len / 2;
	return len;
}

#define REAL(type, name, ...)             \
	static type (*real)(__VA_ARGS__); \
	if (!real)                        \
	*(void **)&real = dlsym(RTLD_NEXT, name)

EXPORT ssize_t
pwrite(int fd, const void *bytes, size_t len, off_t at)
{
	REAL(ssize_t, "pwrite", int, const void *, size_t, off_t);
	const char *f = fault_fd("write", fd);
	ssize_t got;

	if (is_errno(f))
		return set_errno(f);
	got = real(fd, bytes, cut(f, len), at);
	die_after(f);
	return got;
}

EXPORT ssize_t
pwrite64(int fd, const void *bytes, size_t len, off64_t at)
{
	return pwrite(fd, bytes, len, at);
}

EXPORT ssize_t
write(int fd, const void *bytes, size_t len)
{
	REAL(ssize_t, "write", int, const void *, size_t);
	const char *f = fault_fd("write", fd);
	ssize_t got;

	if (is_errno(f))
		return set_errno(f);
	got = real(fd, bytes, cut(f, len));
	die_after(f);
	return got;
}

#define SYNC(name)                                   \
	EXPORT int name(int fd)                      \
	{                                            \
		REAL(int, #name, int);               \
		const char *f = fault_fd(#name, fd); \
		int got;                             \
                                                     \
		if (is_errno(f))                     \
			return set_errno(f);         \
		got = real(fd);                      \
		die_after(f);                        \
		return got;                          \
	}
SYNC(fdatasync)
SYNC(fsync)

EXPORT int
renameat(int old_dir, const char *old, int new_dir, const char *new)
{
	REAL(int, "renameat", int, const char *, int, const char *);
	const char *f =
	    old[0] == '/' ? fault("rename", old) : fault_fd("rename", old_dir);
	int got;

	if (is_errno(f))
		return set_errno(f);
	got = real(old_dir, old, new_dir, new);
	die_after(f);
	return got;
}

EXPORT int
rename(const char *old, const char *new)
{
	REAL(int, "rename", const char *, const char *);
	const char *f = fault("rename", old);
	int got;

	if (is_errno(f))
		return set_errno(f);
	got = real(old, new);
	die_after(f);
	return got;
}

EXPORT int
fallocate(int fd, int mode, off_t at, off_t len)
{
	REAL(int, "fallocate", int, int, off_t, off_t);
	const char *f = fault_fd("fallocate", fd);
	int got;

	if (is_errno(f))
		return set_errno(f);
	got = real(fd, mode, at, len);
	die_after(f);
	return got;
}

EXPORT int
ftruncate(int fd, off_t len)
{
	REAL(int, "ftruncate", int, off_t);
	const char *f = fault_fd("ftruncate", fd);
	int got;

	if (is_errno(f))
		return set_errno(f);
	got = real(fd, len);
	die_after(f);
	return got;
}

EXPORT int
unlinkat(int dir, const char *path, int flags)
{
	REAL(int, "unlinkat", int, const char *, int);
	const char *f = fault_fd("unlink", dir);
	int got;

	if (is_errno(f))
		return set_errno(f);
	got = real(dir, path, flags);
	die_after(f);
	return got;
}

static int
do_open(const char *name, int dir, const char *path, int flags, int mode)
{
	static int (*real)(int, const char *, int, ...);
	const char *call = flags & O_CREAT ? "open" : "openread";
	const char *f;
	int got;

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, name);
	f = dir == AT_FDCWD || path[0] == '/' ? fault(call, path)
					      : fault_fd(call, dir);
	if (is_errno(f))
		return set_errno(f);
	got = real(dir, path, flags, mode);
	die_after(f);
	return got;
}

#define MODE(flags, mode)                                     \
	do {                                                  \
		va_list ap;                                   \
                                                              \
		va_start(ap, flags);                          \
		mode = flags & O_CREAT ? va_arg(ap, int) : 0; \
		va_end(ap);                                   \
	} while (0)

EXPORT int
openat(int dir, const char *path, int flags, ...)
{
	int mode;

	MODE(flags, mode);
	return do_open("openat", dir, path, flags, mode);
}

EXPORT int
open(const char *path, int flags, ...)
{
	int mode;

	MODE(flags, mode);
	return do_open("openat", AT_FDCWD, path, flags, mode);
}

/* What a fortified program calls instead. */
EXPORT int __open_2(const char *path, int flags);
EXPORT int
__open_2(const char *path, int flags)
{
	return do_open("openat", AT_FDCWD, path, flags, 0);
}

EXPORT int __openat_2(int dir, const char *path, int flags);
EXPORT int
__openat_2(int dir, const char *path, int flags)
{
	return do_open("openat", dir, path, flags, 0);
}

EXPORT ssize_t
pread(int fd, void *bytes, size_t len, off_t at)
{
	REAL(ssize_t, "pread", int, void *, size_t, off_t);
	const char *f = fault_fd("read", fd);

	if (is_errno(f))
		return set_errno(f);
	return real(fd, bytes, cut(f, len), at);
}

EXPORT ssize_t
pread64(int fd, void *bytes, size_t len, off64_t at)
{
	return pread(fd, bytes, len, at);
}

EXPORT ssize_t __pread_chk(
    int fd, void *bytes, size_t len, off_t at, size_t room);
EXPORT ssize_t
__pread_chk(int fd, void *bytes, size_t len, off_t at, size_t room)
{
	if (len > room)
		abort();
	return pread(fd, bytes, len, at);
}

EXPORT ssize_t
read(int fd, void *bytes, size_t len)
{
	REAL(ssize_t, "read", int, void *, size_t);
	const char *f = fault_fd("read", fd);

	if (is_errno(f))
		return set_errno(f);
	return real(fd, bytes, cut(f, len));
}

EXPORT ssize_t __read_chk(int fd, void *bytes, size_t len, size_t room);
EXPORT ssize_t
__read_chk(int fd, void *bytes, size_t len, size_t room)
{
	if (len > room)
		abort();
	return read(fd, bytes, len);
}

#define STAT(name)                                                  \
	EXPORT int name(const char *path, struct stat *st)          \
	{                                                           \
		REAL(int, #name, const char *, struct stat *);      \
		const char *f = fault("stat", path);                \
                                                                    \
		return is_errno(f) ? set_errno(f) : real(path, st); \
	}
STAT(stat)
STAT(lstat)

EXPORT int
fstat(int fd, struct stat *st)
{
	REAL(int, "fstat", int, struct stat *);
	const char *f = fault_fd("fstat", fd);

	return is_errno(f) ? set_errno(f) : real(fd, st);
}

EXPORT int
fstatat(int dir, const char *path, struct stat *st, int flags)
{
	REAL(int, "fstatat", int, const char *, struct stat *, int);
	const char *f = dir == AT_FDCWD || path[0] == '/'
			    ? fault("stat", path)
			    : fault_fd("stat", dir);

	return is_errno(f) ? set_errno(f) : real(dir, path, st, flags);
}

EXPORT DIR *
opendir(const char *path)
{
	REAL(DIR *, "opendir", const char *);
	const char *f = fault("opendir", path);

	if (!is_errno(f))
		return real(path);
	(void)set_errno(f);
	return NULL;
}

EXPORT struct dirent *
readdir(DIR *d)
{
	REAL(struct dirent *, "readdir", DIR *);
	const char *f = fault_fd("readdir", dirfd(d));

	if (!is_errno(f))
		return real(d);
	(void)set_errno(f);
	return NULL;
}

EXPORT int
mkdir(const char *path, mode_t mode)
{
	REAL(int, "mkdir", const char *, mode_t);
	const char *f = fault("mkdir", path);

	return is_errno(f) ? set_errno(f) : real(path, mode);
}

EXPORT int
mkdirat(int dir, const char *path, mode_t mode)
{
	REAL(int, "mkdirat", int, const char *, mode_t);
	const char *f = fault_fd("mkdir", dir);

	return is_errno(f) ? set_errno(f) : real(dir, path, mode);
}

EXPORT int
link(const char *from, const char *to)
{
	REAL(int, "link", const char *, const char *);
	const char *f = fault("link", to);

	return is_errno(f) ? set_errno(f) : real(from, to);
}

EXPORT int
unlink(const char *path)
{
	REAL(int, "unlink", const char *);
	const char *f = fault("unlink", path);
	int got;

	if (is_errno(f))
		return set_errno(f);
	got = real(path);
	die_after(f);
	return got;
}

EXPORT int
flock(int fd, int how)
{
	REAL(int, "flock", int, int);
	const char *f = fault_fd("flock", fd);

	return is_errno(f) ? set_errno(f) : real(fd, how);
}

EXPORT int
name_to_handle_at(int dir, const char *path, struct file_handle *handle,
    int *mount, int flags)
{
	REAL(int, "name_to_handle_at", int, const char *, struct file_handle *,
	    int *, int);
	const char *f =
	    path[0] == '\0' ? fault_fd("handle", dir) : fault("handle", path);

	return is_errno(f) ? set_errno(f)
			   : real(dir, path, handle, mount, flags);
}
