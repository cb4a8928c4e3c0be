/* SPDX-License-Identifier: Apache-2.0 */
/* refill: preloaded into the agent, it lets a writer act in the middle of a
 * read. When the file REFILL_WITH is there, the next read of more than a marker
 * from REFILL_LOG (not from its beginning) gets its first 1024 bytes; then the
 * log is cut to nothing and filled with the content of REFILL_WITH; then the
 * rest of the read goes on. REFILL_WITH is removed. What the reader holds is a
 * mixture of two generations, as a reader on a busy machine may get it. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))
#define MARKER 1024

typedef ssize_t (*pread_function)(int, void *, size_t, off_t);

EXPORT ssize_t pread(int fd, void *bytes, size_t len, off_t at);
EXPORT ssize_t pread64(int fd, void *bytes, size_t len, off_t at);
EXPORT ssize_t __pread_chk(
    int fd, void *bytes, size_t len, off_t at, size_t room);
EXPORT ssize_t __pread64_chk(
    int fd, void *bytes, size_t len, off_t at, size_t room);

static ssize_t
real(int fd, void *bytes, size_t len, off_t at)
{
	static pread_function next;

	if (!next) {
		void *found = dlsym(RTLD_NEXT, "pread");

		*(void **)&next = found;
	}
	return next(fd, bytes, len, at);
}

static int
is_log(int fd)
{
	const char *path = getenv("REFILL_LOG");
	struct stat here, log;

	return path && fstat(fd, &here) == 0 && stat(path, &log) == 0 &&
	       here.st_dev == log.st_dev && here.st_ino == log.st_ino;
}

/* Cut the log and fill it from with. */
static void
refill(int with)
{
	int log = open(getenv("REFILL_LOG"), O_WRONLY | O_TRUNC | O_CLOEXEC);
	char chunk[4096];
	ssize_t got;

	while (log >= 0 && (got = read(with, chunk, sizeof chunk)) > 0)
		if (write(log, chunk, (size_t)got) != got)
			abort();
	if (log < 0)
		abort();
	close(log);
}

static ssize_t
torn(int fd, void *bytes, size_t len, off_t at)
{
	const char *name = getenv("REFILL_WITH");
	ssize_t first, rest;
	int with;

	if (!name || len <= MARKER || at == 0 || !is_log(fd))
		return real(fd, bytes, len, at);
	with = open(name, O_RDONLY | O_CLOEXEC);
	if (with < 0)
		return real(fd, bytes, len, at);
	first = real(fd, bytes, MARKER, at);
	if (first == MARKER) {
		refill(with);
		unlink(name);
		rest =
		    real(fd, (char *)bytes + MARKER, len - MARKER, at + MARKER);
		first += rest > 0 ? rest : 0;
	}
	close(with);
	return first;
}

ssize_t
pread(int fd, void *bytes, size_t len, off_t at)
{
	return torn(fd, bytes, len, at);
}

ssize_t
pread64(int fd, void *bytes, size_t len, off_t at)
{
	return torn(fd, bytes, len, at);
}

ssize_t
__pread_chk(int fd, void *bytes, size_t len, off_t at, size_t room)
{
	if (len > room)
		abort();
	return torn(fd, bytes, len, at);
}

ssize_t
__pread64_chk(int fd, void *bytes, size_t len, off_t at, size_t room)
{
	if (len > room)
		abort();
	return torn(fd, bytes, len, at);
}
