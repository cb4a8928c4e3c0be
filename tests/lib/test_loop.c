/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <signal.h>
#include <unistd.h>

#include "assay/loop.h"

struct seen {
	struct loop *loop;
	struct loop_watch *watch;
	int fd;
	int count;
};

static void
on_count_and_stop(void *arg)
{
	struct seen *s = arg;

	s->count++;
	loop_stop(s->loop);
}

static void
on_readable(void *arg)
{
	struct seen *s = arg;
	char byte;

	assert_int_equal(read(s->fd, &byte, 1), 1);
	s->count++;
}

static void
on_free_itself(void *arg)
{
	struct seen *s = arg;

	s->count++;
	loop_watch_free(s->watch);
	s->watch = NULL;
}

static void
a_timer_goes_off_once_and_not_when_cancelled(void **state)
{
	struct loop *l = loop_new();
	struct seen one = {.loop = l}, two = {.loop = l};
	struct loop_watch *a = loop_timer(l, on_count_and_stop, &one);
	struct loop_watch *b = loop_timer(l, on_count_and_stop, &two);

	(void)state;
	assert_int_equal(loop_after(b, 0), 0);
	loop_cancel(b);
	loop_cancel(b);
	assert_int_equal(loop_after(a, 3600 * INT64_C(1000000)), 0);
	assert_int_equal(loop_after(a, 1000), 0);
	assert_int_equal(loop_run(l), 0);
	/* Nothing is left to wait for, so this returns. */
	assert_int_equal(loop_run(l), 0);
	assert_int_equal(one.count, 1);
	assert_int_equal(two.count, 0);
	loop_watch_free(a);
	loop_watch_free(b);
	loop_free(l);
}

static void
a_signal_stops_the_loop(void **state)
{
	struct loop *l = loop_new();
	struct seen s = {.loop = l};
	struct loop_watch *w = loop_signal(l, SIGTERM, on_count_and_stop, &s);

	(void)state;
	assert_int_equal(raise(SIGTERM), 0);
	assert_int_equal(loop_run(l), 0);
	assert_int_equal(s.count, 1);
	assert_int_equal(raise(SIGTERM), 0);
	assert_int_equal(loop_run(l), 0);
	assert_int_equal(s.count, 2);
	loop_watch_free(w);
	loop_free(l);
}

static void
a_descriptor_is_served_while_ready_unless_paused(void **state)
{
	struct loop *l = loop_new();
	struct seen s = {.loop = l};
	struct loop_watch *w;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	s.fd = ends[0];
	w = loop_fd(l, ends[0], LOOP_READ, on_readable, &s);
	assert_int_equal(loop_poll(l), 0);
	assert_int_equal(s.count, 0);
	assert_int_equal(write(ends[1], "ab", 2), 2);
	assert_int_equal(loop_poll(l), 0);
	assert_int_equal(s.count, 1);
	assert_int_equal(loop_pause(w), 0);
	assert_int_equal(loop_poll(l), 0);
	assert_int_equal(s.count, 1);
	assert_int_equal(loop_resume(w), 0);
	assert_int_equal(loop_poll(l), 0);
	assert_int_equal(s.count, 2);
	loop_watch_free(w);
	close(ends[0]);
	close(ends[1]);
	loop_free(l);
}

static void
a_watch_may_free_itself(void **state)
{
	struct loop *l = loop_new();
	struct seen s = {.loop = l};

	(void)state;
	s.watch = loop_timer(l, on_free_itself, &s);
	assert_int_equal(loop_after(s.watch, 0), 0);
	assert_int_equal(loop_run(l), 0);
	assert_int_equal(s.count, 1);
	assert_null(s.watch);
	loop_free(l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_timer_goes_off_once_and_not_when_cancelled),
	    cmocka_unit_test(a_signal_stops_the_loop),
	    cmocka_unit_test(a_descriptor_is_served_while_ready_unless_paused),
	    cmocka_unit_test(a_watch_may_free_itself),
	};

	return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
