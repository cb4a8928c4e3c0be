/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "notify.h"

/* How many watches the kernel gives; these stand before libc's. */
static int watches_left = 1000000;
static bool no_instances;

int
inotify_init1(int flags)
{
	if (no_instances) {
		errno = EMFILE;
		return -1;
	}
	return (int)syscall(SYS_inotify_init1, flags);
}

int
inotify_add_watch(int fd, const char *path, uint32_t mask)
{
	if (watches_left-- <= 0) {
		errno = ENOSPC;
		return -1;
	}
	return (int)syscall(SYS_inotify_add_watch, fd, path, mask);
}

static char dir[300];

static int
fresh(void **state)
{
	(void)state;
	watches_left = 1000000;
	no_instances = false;
	snprintf(dir, sizeof dir, "%s", test_dir());
	return 0;
}

static char *
in(const char *name)
{
	static char path[4][600];
	static int next;

	next = (next + 1) % 4;
	snprintf(path[next], sizeof path[next], "%s/%s", dir, name);
	return path[next];
}

/* Watch what these patterns (below dir) name. */
static void
watch(struct notify *n, const char *one, const char *two)
{
	struct source_spec *spec = source_spec_new("some", "/some");

	assert_non_null(spec);
	assert_int_equal(source_spec_add_pattern(spec, in(one)), 0);
	if (two)
		assert_int_equal(source_spec_add_pattern(spec, in(two)), 0);
	notify_begin(n);
	notify_add(n, spec);
	notify_end(n);
	source_spec_free(spec);
}

static struct notify *
started(void)
{
	struct err err;
	struct notify *n = notify_new(&err);

	if (!n)
		fail_msg("%s", err.text);
	return n;
}

static void
what_comes_goes_or_moves_is_hinted_once(void **state)
{
	struct notify *n = started();
	struct pollfd p = {.fd = notify_fd(n), .events = POLLIN};

	(void)state;
	watch(n, "auth.log", "auth.log.[0-9]*");
	assert_int_equal(notify_count(n), 1);
	assert_null(notify_problem(n));
	assert_int_equal(notify_take(n), NOTIFY_NOTHING);
	test_write(in("auth.log"), SLICE("x\n"));
	assert_int_equal(poll(&p, 1, 1000), 1);
	assert_int_equal(notify_take(n), NOTIFY_LOOK);
	assert_int_equal(notify_take(n), NOTIFY_NOTHING);
	assert_int_equal(rename(in("auth.log"), in("auth.log.1")), 0);
	assert_int_equal(notify_take(n), NOTIFY_LOOK);
	assert_int_equal(chmod(in("auth.log.1"), 0600), 0);
	assert_int_equal(notify_take(n), NOTIFY_LOOK);
	assert_int_equal(unlink(in("auth.log.1")), 0);
	assert_int_equal(notify_take(n), NOTIFY_LOOK);
	notify_free(n);
}

static void
what_is_written_is_none_of_its_business(void **state)
{
	struct notify *n = started();

	(void)state;
	test_write(in("auth.log"), SLICE("x\n"));
	watch(n, "auth.log", NULL);
	for (int i = 0; i < 100; i++) {
		int fd = open(in("auth.log"), O_WRONLY | O_APPEND);

		assert_int_equal(write(fd, "y\n", 2), 2);
		close(fd);
	}
	assert_int_equal(notify_take(n), NOTIFY_NOTHING);
	notify_free(n);
}

static void
a_directory_that_comes_late_is_watched_when_it_is_there(void **state)
{
	struct notify *n = started();

	(void)state;
	watch(n, "late/deep/x.log", NULL);
	assert_int_equal(notify_count(n), 1);
	assert_int_equal(mkdir(in("late"), 0700), 0);
	assert_int_equal(notify_take(n), NOTIFY_WATCH);
	watch(n, "late/deep/x.log", NULL);
	assert_int_equal(mkdir(in("late/deep"), 0700), 0);
	assert_int_equal(notify_take(n), NOTIFY_WATCH);
	watch(n, "late/deep/x.log", NULL);
	test_write(in("late/deep/x.log"), SLICE("x\n"));
	assert_int_equal(notify_take(n), NOTIFY_LOOK);
	/* The directories above are not watched any more. */
	assert_int_equal(notify_count(n), 1);
	test_write(in("other"), SLICE("x\n"));
	(void)notify_take(n);
	assert_int_equal(notify_take(n), NOTIFY_NOTHING);
	notify_free(n);
}

static void
a_directory_that_is_made_anew_is_watched_anew(void **state)
{
	struct notify *n = started();

	(void)state;
	assert_int_equal(mkdir(in("d"), 0700), 0);
	watch(n, "d/x.log", NULL);
	assert_int_equal(rename(in("d"), in("e")), 0);
	assert_int_equal(notify_take(n), NOTIFY_WATCH);
	assert_int_equal(mkdir(in("d"), 0700), 0);
	watch(n, "d/x.log", NULL);
	(void)notify_take(n);
	test_write(in("d/x.log"), SLICE("x\n"));
	assert_int_equal(notify_take(n), NOTIFY_LOOK);
	assert_int_equal(unlink(in("d/x.log")), 0);
	assert_int_equal(rmdir(in("d")), 0);
	assert_int_equal(notify_take(n), NOTIFY_WATCH);
	assert_int_equal(mkdir(in("d"), 0700), 0);
	watch(n, "d/x.log", NULL);
	(void)notify_take(n);
	test_write(in("d/x.log"), SLICE("x\n"));
	assert_int_equal(notify_take(n), NOTIFY_LOOK);
	notify_free(n);
}

static void
wildcards_are_watched_from_the_directory_before_them(void **state)
{
	struct notify *n = started();

	(void)state;
	watch(n, "*/x.log", "a[1-9]/y.log");
	assert_int_equal(notify_count(n), 1);
	assert_int_equal(mkdir(in("new"), 0700), 0);
	assert_int_equal(notify_take(n), NOTIFY_WATCH);
	notify_free(n);
}

static void
an_overrun_queue_says_look_and_goes_on(void **state)
{
	struct notify *n = started();
	struct buf text = test_read("/proc/sys/fs/inotify/max_queued_events");
	long most;
	char name[40];

	(void)state;
	buf_putc(&text, '\0');
	most = strtol(text.ptr, NULL, 10);
	buf_clear(&text);
	if (most <= 0 || most > 40000) {
		print_message("# a queue of %ld is too long to fill\n", most);
		notify_free(n);
		skip();
	}
	watch(n, "x.log", NULL);
	for (long i = 0; i <= most / 2; i++) {
		snprintf(name, sizeof name, "f%ld", i);
		test_write(in(name), SLICE(""));
		assert_int_equal(unlink(in(name)), 0);
	}
	assert_int_equal(notify_take(n), NOTIFY_WATCH);
	watch(n, "x.log", NULL);
	test_write(in("x.log"), SLICE("x\n"));
	assert_int_equal(notify_take(n), NOTIFY_LOOK);
	notify_free(n);
}

static void
limits_are_said_and_what_can_be_is_watched(void **state)
{
	struct err err = {0};
	struct notify *n = started();

	(void)state;
	assert_int_equal(mkdir(in("a"), 0700), 0);
	assert_int_equal(mkdir(in("b"), 0700), 0);
	watches_left = 1;
	watch(n, "a/x.log", "b/x.log");
	assert_int_equal(notify_count(n), 1);
	assert_non_null(strstr(notify_problem(n), "max_user_watches"));
	assert_non_null(strstr(notify_problem(n), "/b'"));
	test_write(in("a/x.log"), SLICE("x\n"));
	assert_int_equal(notify_take(n), NOTIFY_LOOK);
	/* Room again: the problem goes. */
	watches_left = 1000000;
	watch(n, "a/x.log", "b/x.log");
	assert_null(notify_problem(n));
	assert_int_equal(notify_count(n), 2);
	notify_free(n);
	no_instances = true;
	assert_null(notify_new(&err));
	assert_non_null(strstr(err.text, "max_user_instances"));
}

#define CASE(f) cmocka_unit_test_setup(f, fresh)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(what_comes_goes_or_moves_is_hinted_once),
	    CASE(what_is_written_is_none_of_its_business),
	    CASE(a_directory_that_comes_late_is_watched_when_it_is_there),
	    CASE(a_directory_that_is_made_anew_is_watched_anew),
	    CASE(wildcards_are_watched_from_the_directory_before_them),
	    CASE(an_overrun_queue_says_look_and_goes_on),
	    CASE(limits_are_said_and_what_can_be_is_watched)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
