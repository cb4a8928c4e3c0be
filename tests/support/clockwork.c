/* SPDX-License-Identifier: Apache-2.0 */
/* clockwork: turns the clock that daemons with clockwork_clock preloaded live
 * on.
 *
 *   clockwork new FILE SECONDS      a clock that shows this time (since 1970)
 *   clockwork wait FILE             until the paced daemon is there and waits
 *   clockwork run FILE SECONDS      let this much time pass, in steps of at
 *                                   most a minute, each when the paced daemon
 * has done its work and its marks were written clockwork set FILE SECONDS set
 * the clock by so much; nothing passes clockwork sync FILE 0|1         what the
 * kernel says of it: synchronised clockwork now FILE              print the
 * seconds it shows
 *
 * Exit 1 when the daemon does not come to rest within 60 s. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "clockwork.h"

#define STEP_US 60000000
#define PATIENCE_MS 60000
/* A daemon that hangs or is dead writes no mark. */
#define SETTLE_MS 300

static void
nap(void)
{
	struct timespec ms = {0, 200000};

	nanosleep(&ms, NULL);
}

static int64_t
real_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static struct clockwork *
take(const char *path, bool new)
{
	int fd = open(path, O_RDWR | (new ? O_CREAT | O_TRUNC : 0), 0644);
	void *at;

	if (fd < 0 || (new &&ftruncate(fd, sizeof(struct clockwork)) != 0)) {
		perror(path);
		exit(2);
	}
	at = mmap(NULL, sizeof(struct clockwork), PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, 0);
	close(fd);
	if (at == MAP_FAILED) {
		perror(path);
		exit(2);
	}
	return at;
}

static bool
is_there(const struct clockwork *c)
{
	int pid = c->pid;

	return pid != 0 && (kill(pid, 0) == 0 || errno == EPERM);
}

/* Until it sleeps for another time than naps, or is gone. */
static bool
rests(const struct clockwork *c, uint64_t naps)
{
	int64_t begun = real_ms();

	while (is_there(c) && (!c->asleep || c->naps == naps)) {
		if (real_ms() - begun > PATIENCE_MS)
			return false;
		nap();
	}
	return true;
}

/* What it sent may be on its way to a file. */
static void
settle(const struct clockwork *c, uint64_t posted, uint64_t written)
{
	int64_t begun = real_ms();

	while (c->written - written < c->posted - posted &&
	       real_ms() - begun < SETTLE_MS)
		nap();
}

static bool
pass(struct clockwork *c, int64_t left_us)
{
	while (left_us > 0) {
		int64_t step = left_us < STEP_US ? left_us : STEP_US;
		uint64_t naps, posted = c->posted, written = c->written;

		if (is_there(c) && !rests(c, UINT64_MAX))
			return false;
		naps = c->naps;
		c->mono_us += step;
		c->now_us += step;
		left_us -= step;
		if (!is_there(c))
			continue;
		if (c->mono_us >= c->until_us && !rests(c, naps))
			return false;
		settle(c, posted, written);
	}
	return true;
}

static bool
come(const struct clockwork *c)
{
	int64_t begun = real_ms();

	while (!is_there(c) && real_ms() - begun < PATIENCE_MS)
		nap();
	return is_there(c) && rests(c, 0);
}

int
main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";
	int64_t us = argc > 3 ? strtoll(argv[3], NULL, 10) * 1000000 : 0;
	struct clockwork *c;

	if (argc < 3)
		return 2;
	c = take(argv[2], !strcmp(what, "new"));
	if (!strcmp(what, "new")) {
		c->now_us = us;
		c->mono_us = 1000000000;
		c->synced = 1;
	} else if (!strcmp(what, "wait")) {
		return come(c) ? 0 : 1;
	} else if (!strcmp(what, "run")) {
		return pass(c, us) ? 0 : 1;
	} else if (!strcmp(what, "set")) {
		c->now_us += us;
	} else if (!strcmp(what, "sync")) {
		c->synced = us != 0;
	} else if (!strcmp(what, "now")) {
		printf("%" PRId64 "\n", c->now_us / 1000000);
	} else {
		return 2;
	}
	return 0;
}
