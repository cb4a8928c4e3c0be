/* SPDX-License-Identifier: Apache-2.0 */
/* clockwork_clock: preloaded into daemons, it makes them live on a clock that a
 * test turns (see clockwork.c). The daemons are the real ones and nothing in
 * them knows; days pass in seconds, in step, whatever the machine is busy with.
 *
 *   CLOCKWORK        the shared file
 *   CLOCKWORK_PACED  set: this daemon waits in epoll_wait by this clock, and
 *                    time goes on only while it waits. Else only what the time
 *                    is comes from it, and waiting is the kernel's.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "clockwork.h"

#define EXPORT __attribute__((visibility("default")))

static struct clockwork *shared;
static bool paced;

__attribute__((constructor)) static void
set_up(void)
{
	const char *path = getenv("CLOCKWORK");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *at;

	if (fd < 0)
		return;
	at = mmap(
	    NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (at == MAP_FAILED)
		return;
	shared = at;
	paced = getenv("CLOCKWORK_PACED") != NULL;
	if (paced) {
		shared->asleep = 0;
		shared->pid = (int)getpid();
	}
}

__attribute__((destructor)) static void
tear_down(void)
{
	if (paced && shared->pid == (int)getpid())
		shared->pid = 0;
}

static void
set_time(struct timespec *ts, int64_t us)
{
	ts->tv_sec = us / 1000000;
	ts->tv_nsec = us % 1000000 * 1000;
}

EXPORT int
clock_gettime(clockid_t which, struct timespec *ts)
{
	if (shared &&
	    (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE)) {
		set_time(ts, shared->now_us);
		return 0;
	}
	if (shared && paced &&
	    (which == CLOCK_MONOTONIC || which == CLOCK_MONOTONIC_COARSE ||
		which == CLOCK_BOOTTIME || which == CLOCK_MONOTONIC_RAW)) {
		set_time(ts, shared->mono_us);
		return 0;
	}
	return (int)syscall(SYS_clock_gettime, which, ts);
}

EXPORT int
gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	struct timespec ts;
	int status = clock_gettime(CLOCK_REALTIME, &ts);

	(void)zone;
	tv->tv_sec = ts.tv_sec;
	tv->tv_usec = ts.tv_nsec / 1000;
	return status;
}

EXPORT time_t
time(time_t *out)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	if (out)
		*out = ts.tv_sec;
	return ts.tv_sec;
}

/* The kernel's word about this clock. */
EXPORT int
adjtimex(struct timex *t)
{
	if (!shared || !paced)
		return (int)syscall(SYS_adjtimex, t);
	t->offset = 250;
	t->status = shared->synced ? 0 : STA_UNSYNC;
	t->maxerror = shared->synced ? 1500 : 16000000;
	return shared->synced ? TIME_OK : TIME_ERROR;
}

static void
nap(void)
{
	struct timespec ms = {0, 200000};

	(void)syscall(SYS_nanosleep, &ms, NULL);
}

EXPORT int
epoll_wait(int fd, struct epoll_event *events, int max, int timeout_ms)
{
	int64_t until_us;
	int ready;

	if (!shared || !paced)
		return (int)syscall(
		    SYS_epoll_wait, fd, events, max, timeout_ms);
	ready = (int)syscall(SYS_epoll_wait, fd, events, max, 0);
	if (ready != 0 || timeout_ms == 0)
		return ready;
	until_us =
	    timeout_ms < 0 ? INT64_MAX : shared->mono_us + timeout_ms * 1000;
	shared->until_us = until_us;
	shared->naps++;
	shared->asleep = 1;
	do {
		nap();
		ready = (int)syscall(SYS_epoll_wait, fd, events, max, 0);
	} while (ready == 0 && shared->mono_us < until_us);
	shared->asleep = 0;
	return ready;
}

/* Power does not fail in here, and disks would take most of the time. */
EXPORT int
fdatasync(int fd)
{
	(void)fd;
	return 0;
}

/* ---- what is on its way between the two ---- */

EXPORT ssize_t
sendto(int fd, const void *bytes, size_t len, int flags,
    const struct sockaddr *to, socklen_t to_len)
{
	ssize_t sent = syscall(SYS_sendto, fd, bytes, len, flags, to, to_len);

	if (shared && paced && sent >= 0)
		shared->posted++;
	return sent;
}

EXPORT ssize_t
write(int fd, const void *bytes, size_t len)
{
	static const char mark[] = "]: mark ";
	ssize_t wrote = syscall(SYS_write, fd, bytes, len);
	const char *at = bytes;
	struct stat st;

	if (!shared || paced || wrote <= 0 || fstat(fd, &st) != 0 ||
	    !S_ISREG(st.st_mode))
		return wrote;
	while ((at = memmem(at, (size_t)((const char *)bytes + wrote - at),
		    mark, sizeof mark - 1))) {
		shared->written++;
		at += sizeof mark - 1;
	}
	return wrote;
}
