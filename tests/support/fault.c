/* SPDX-License-Identifier: Apache-2.0 */
/* fault: preloaded into a daemon, it makes one system call fail, cut short or
 * end the process. Told by the environment:
 *
 *   FAULT_PATH  only calls on files whose path holds this text count
 *   FAULT_CALL  which calls: write fdatasync fsync rename fallocate ftruncate
 *               open unlink, several separated by commas, or any
 *   FAULT_AT    the how-manieth of them, from 1 (0: none)
 *   FAULT_DO    an errno (EIO ENOSPC EINTR), `short` (write half and say so),
 *               `kill` before it, `tear` (write half, then be killed), `after`
 *               (be killed after it)
 *   FAULT_STICKY 1: that call and all after it
 *   FAULT_LOG   file to append a line to for each call that counts
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

static const char *want_path, *want_calls, *action;
static long want_at;
static int sticky, log_fd = -1;
static long count;

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

static int
is_wanted(const char *call, const char *path)
{
	size_t len = strlen(call);

	if (!want_calls || (want_path && !strstr(path, want_path)))
		return 0;
	if (!strcmp(want_calls, "any"))
		return 1;
	for (const char *p = want_calls; (p = strstr(p, call)); p += len)
		if ((p == want_calls || p[-1] == ',') &&
		    (p[len] == '\0' || p[len] == ','))
			return 1;
	return 0;
}

/* What is to become of this call: NULL nothing. */
static const char *
fault(const char *call, const char *path)
{
	const char *name = strrchr(path, '/');
	int hit;

	if (!is_wanted(call, path))
		return NULL;
	count++;
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
	return action;
}

static const char *
fault_fd(const char *call, int fd)
{
	char link[64], path[4096];
	ssize_t len;

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

EXPORT int
openat(int dir, const char *path, int flags, ...)
{
	REAL(int, "openat", int, const char *, int, ...);
	const char *f = NULL;
	va_list ap;
	int mode, got;

	va_start(ap, flags);
	mode = flags & O_CREAT ? va_arg(ap, int) : 0;
	va_end(ap);
	if (flags & O_CREAT)
		f = dir == AT_FDCWD ? fault("open", path)
				    : fault_fd("open", dir);
	if (is_errno(f))
		return set_errno(f);
	got = real(dir, path, flags, mode);
	die_after(f);
	return got;
}
