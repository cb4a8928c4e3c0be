/* SPDX-License-Identifier: Apache-2.0 */
/* loop: the one event loop of a daemon: timers, signals, descriptors. It only
 * wakes; work is done by tick(now) with the clock's time. The only module that
 * knows libevent, but for the HTTP and socket files, which take loop_base. */
#ifndef ASSAY_LOOP_H
#define ASSAY_LOOP_H

#include <stdint.h>

struct event_base;
struct loop;
struct loop_watch;

typedef void loop_fn(void *arg);

/* NULL when memory or descriptors are short. */
struct loop *loop_new(void);

/* All watches must have been freed before. */
void loop_free(struct loop *l);

/* Serve watches until loop_stop is called (0), or nothing is left to wait for
 * (0), or the kernel refuses (-1, errno). */
int loop_run(struct loop *l);

/* Serve what is ready now, without waiting. */
int loop_poll(struct loop *l);

/* loop_run returns after the callback that is running. */
void loop_stop(struct loop *l);

enum loop_ready { LOOP_READ = 1, LOOP_WRITE = 2 };

/* New watches; free them with loop_watch_free, which may be done in their own
 * callback. Signals and descriptors are watched at once, as long as they are
 * ready; a timer waits for loop_after. NULL when memory is short. */
struct loop_watch *loop_timer(struct loop *l, loop_fn *fn, void *arg);
struct loop_watch *loop_signal(
    struct loop *l, int signo, loop_fn *fn, void *arg);
struct loop_watch *loop_fd(
    struct loop *l, int fd, enum loop_ready ready, loop_fn *fn, void *arg);
void loop_watch_free(struct loop_watch *w);

/* Let a timer go off once, after_us from now; a time set before is forgotten.
 * _cancel forgets it. Harmless on a timer that is not set. */
int loop_after(struct loop_watch *timer, int64_t after_us);
void loop_cancel(struct loop_watch *timer);

/* Stop and go on serving a signal or descriptor. */
int loop_pause(struct loop_watch *w);
int loop_resume(struct loop_watch *w);

/* Borrows until loop_free. */
struct event_base *loop_base(struct loop *l);

#endif
