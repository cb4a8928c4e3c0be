/* SPDX-License-Identifier: Apache-2.0 */
#include "assay/loop.h"

#include <stdbool.h>
#include <stdlib.h>
#include <sys/time.h>

#include <event2/event.h>

struct loop {
	struct event_base *base;
};

struct loop_watch {
	struct event *event;
	loop_fn *fn;
	void *arg;
};

struct loop *
loop_new(void)
{
	struct loop *l = calloc(1, sizeof *l);

	if (!l)
		return NULL;
	l->base = event_base_new();
	if (!l->base) {
		free(l);
		return NULL;
	}
	return l;
}

void
loop_free(struct loop *l)
{
	if (!l)
		return;
	event_base_free(l->base);
	free(l);
}

int
loop_run(struct loop *l)
{
	return event_base_dispatch(l->base) < 0 ? -1 : 0;
}

int
loop_poll(struct loop *l)
{
	int flags = EVLOOP_NONBLOCK | EVLOOP_ONCE;

	return event_base_loop(l->base, flags) < 0 ? -1 : 0;
}

void
loop_stop(struct loop *l)
{
	event_base_loopbreak(l->base);
}

/* The watch may be freed in its own callback: nothing is touched after it. */
static void
on_event(evutil_socket_t fd, short what, void *arg)
{
	struct loop_watch *w = arg;

	(void)fd;
	(void)what;
	w->fn(w->arg);
}

static struct loop_watch *
watch_new(
    struct loop *l, int what, short flags, bool start, loop_fn *fn, void *arg)
{
	struct loop_watch *w = calloc(1, sizeof *w);

	if (!w)
		return NULL;
	w->fn = fn;
	w->arg = arg;
	w->event = event_new(l->base, what, flags, on_event, w);
	if (w->event && (!start || !event_add(w->event, NULL)))
		return w;
	loop_watch_free(w);
	return NULL;
}

struct loop_watch *
loop_timer(struct loop *l, loop_fn *fn, void *arg)
{
	return watch_new(l, -1, 0, false, fn, arg);
}

struct loop_watch *
loop_signal(struct loop *l, int signo, loop_fn *fn, void *arg)
{
	return watch_new(l, signo, EV_SIGNAL | EV_PERSIST, true, fn, arg);
}

struct loop_watch *
loop_fd(struct loop *l, int fd, enum loop_ready ready, loop_fn *fn, void *arg)
{
	short flags = EV_PERSIST;

	if (ready & LOOP_READ)
		flags |= EV_READ;
	if (ready & LOOP_WRITE)
		flags |= EV_WRITE;
	return watch_new(l, fd, flags, true, fn, arg);
}

void
loop_watch_free(struct loop_watch *w)
{
	if (!w)
		return;
	if (w->event)
		event_free(w->event);
	free(w);
}

int
loop_after(struct loop_watch *timer, int64_t after_us)
{
	struct timeval tv;

	if (after_us < 0)
		after_us = 0;
	tv.tv_sec = after_us / 1000000;
	tv.tv_usec = after_us % 1000000;
	return event_add(timer->event, &tv);
}

void
loop_cancel(struct loop_watch *timer)
{
	event_del(timer->event);
}

int
loop_pause(struct loop_watch *w)
{
	return event_del(w->event);
}

int
loop_resume(struct loop_watch *w)
{
	return event_add(w->event, NULL);
}

struct event_base *
loop_base(struct loop *l)
{
	return l->base;
}
