/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "assay/clock.h"
#include "assay/command.h"
#include "assay/log.h"
#include "assay/loop.h"
#include "assay/service.h"
#include "assay/stamp.h"
#include "arguments.h"
#include "collector.h"
#include "settings.h"
#include "status.h"

#define IDLE_US INT64_C(500000)	   /* between looks at idle streams */
#define FILES_US INT64_C(10000000) /* between looks at the files */
#define STATUS_US INT64_C(5000000)
#define CLOSE_US INT64_C(60000000)     /* between looks for a closed day */
#define CLOSING_US INT64_C(3600000000) /* a day may take to be rated */
#define RETRY_US INT64_C(1000000)      /* after a failed round; doubles */
#define RETRY_MAX_US INT64_C(60000000)
#define WAIT_MS 100	  /* with --once: for streams, at a time */
#define WOKEN_MS 10	  /* a wait that was cut short counts as */
#define WAIT_MAX_MS 30000 /* and in all, when nothing comes */

static const struct argument arguments[] = {
    ARGUMENTS_COMMON,
    {"--isms", "DIR", "what the organisation declares"},
    {"--spool", "DIR", "read this spool, whatever the configuration says"},
    {"--once", NULL, "read what there is, commit, seal, stop"},
    {"--now", "TIME", "with --once: the simulated time it is (RFC 3339)"},
    {0},
};

struct daemon {
	struct settings settings;
	struct clock *clock;
	struct collector *collector;
	struct loop *loop;
	struct loop_watch *timer;
	struct loop_watch *signals[3];
	struct loop_watch *wake;
	int64_t files_mono_us, status_mono_us, close_mono_us;
	int64_t retry_us;
	bool ready; /* the service manager knows */
	int64_t alive_every_us, alive_mono_us;
	int code;
};

static void
write_status(struct daemon *d, const char *state)
{
	struct buf json = {0};
	struct err err;

	collector_status(d->collector, state, &json);
	if (json.failed)
		log_warnx("run", "no memory for the status");
	else if (status_write(d->settings.state, buf_slice(&json), &err))
		log_warnx("run", "the status cannot be written: %s", err.text);
	buf_clear(&json);
}

/* Evidence is stored already: a day that cannot be rated is rated later. */
static void
close_day(struct daemon *d)
{
	struct err err = {0};

	service_patience(CLOSING_US);
	if (collector_close_day(d->collector, &err))
		log_warnx("run", "the day is not rated yet: %s", err.text);
	service_patience(0);
}

/* Until a stream has something, or a moment has passed: false. */
static bool
wait_for_streams(struct daemon *d)
{
	struct pollfd fd = {
	    .fd = collector_wake_fd(d->collector), .events = POLLIN};
	bool ready = poll(&fd, 1, WAIT_MS) > 0;

	if (ready)
		collector_woken(d->collector);
	return ready;
}

/* Rounds until the streams have given what they had. What does not come is
 * waited for as long as something else comes, and then half a minute. */
static enum collector_round
take_all(struct daemon *d, struct err *err)
{
	enum collector_round round;
	int waited_ms = 0;

	for (;;) {
		round = collector_round(d->collector, COLLECTOR_GOES_ON, err);
		if (clock_mono_us(d->clock) >= d->status_mono_us) {
			write_status(d, "running");
			d->status_mono_us =
			    clock_mono_us(d->clock) + STATUS_US / 10;
		}
		if (round == COLLECTOR_FAILED)
			return round;
		if (round == COLLECTOR_BUSY)
			waited_ms = 0;
		else if (collector_has_all(d->collector) ||
			 waited_ms >= WAIT_MAX_MS)
			return round;
		else
			waited_ms += wait_for_streams(d) ? WOKEN_MS : WAIT_MS;
	}
}

/* Rounds until the streams have no more, then the last one. */
static int
finish(struct daemon *d, struct err *err)
{
	if (take_all(d, err) == COLLECTOR_FAILED)
		return -1;
	if (collector_round(d->collector, COLLECTOR_DRAINED, err) ==
	    COLLECTOR_FAILED)
		return -1;
	close_day(d);
	return 0;
}

static int
run_once(struct daemon *d)
{
	struct err err = {0};
	struct buf missing = {0};
	size_t unreadable;

	if (finish(d, &err)) {
		log_errorx("run", "%s", err.text);
		return cmd_store_code(collector_trouble(d->collector));
	}
	unreadable = collector_unreadable(d->collector);
	write_status(d, "stopped");
	collector_say_missing(d->collector, &missing);
	if (missing.len) {
		log_errorx("run", "not all was read: %.*s",
		    SLICE_FMT(buf_slice(&missing)));
		unreadable++;
	}
	buf_clear(&missing);
	return unreadable ? COMMAND_UNREACHABLE : COMMAND_OK;
}

/* ---- the daemon ---- */

static void
on_stop(void *arg)
{
	struct daemon *d = arg;

	loop_stop(d->loop);
}

static void
say_wrong(const struct buf *wrong)
{
	struct slice first = buf_slice(wrong);

	first.len = slice_find(first, '\n');
	log_warnx("run",
	    "the files have errors and what is in force stays; "
	    "`assay-collector "
	    "check` names all; the first: %.*s",
	    SLICE_FMT(first));
}

static void
look_at_files(struct daemon *d, bool settled)
{
	struct buf wrong = {0};
	struct err err;

	if (collector_look_at_files(d->collector, settled, &wrong, &err))
		log_warnx("run", "what is in force stays: %s", err.text);
	else if (wrong.len)
		say_wrong(&wrong);
	buf_clear(&wrong);
	d->files_mono_us = clock_mono_us(d->clock) + FILES_US;
}

static void
on_reload(void *arg)
{
	service_reloading();
	look_at_files(arg, false);
	service_ready();
}

/* One line for `systemctl status`: which streams it waits for, and why. */
static void
say_how_it_is(struct daemon *d)
{
	struct buf text = {0};

	collector_say_missing(d->collector, &text);
	if (text.len == 0)
		buf_puts(&text, "all that the streams have is stored");
	service_status(buf_slice(&text));
	buf_clear(&text);
}

/* Tell the service manager. A round that came back is progress, also when there
 * was nothing to take, or nothing could be stored: that is said, and a restart
 * would not mend it. */
static void
tell_manager(struct daemon *d, int64_t now)
{
	if (!d->ready) {
		d->ready = true;
		service_ready();
		d->alive_every_us = service_watchdog_us();
	} else if (now - d->alive_mono_us < d->alive_every_us) {
		return;
	}
	d->alive_mono_us = now;
	service_alive();
	if (d->retry_us == 0)
		say_how_it_is(d);
}

static void
on_failed(struct daemon *d, const struct err *err)
{
	enum store_trouble trouble = collector_trouble(d->collector);

	if (trouble == STORE_BROKEN || trouble == STORE_DENIED) {
		log_errorx("run", "stopping: %s", err->text);
		d->code = cmd_store_code(trouble);
		loop_stop(d->loop);
		return;
	}
	d->retry_us = d->retry_us ? d->retry_us * 2 : RETRY_US;
	if (d->retry_us > RETRY_MAX_US)
		d->retry_us = RETRY_MAX_US;
	log_warnx("run", "nothing was stored, trying again in %d s: %s",
	    (int)(d->retry_us / STAMP_US_PER_S), err->text);
	service_status(slice_of(err->text));
	tell_manager(d, clock_mono_us(d->clock));
	loop_after(d->timer, d->retry_us);
}

static void
on_tick(void *arg)
{
	struct daemon *d = arg;
	struct err err = {0};
	int64_t now = clock_mono_us(d->clock);
	enum collector_round round;

	if (now >= d->files_mono_us)
		look_at_files(d, true);
	round = collector_round(d->collector, COLLECTOR_GOES_ON, &err);
	if (round == COLLECTOR_FAILED) {
		on_failed(d, &err);
		return;
	}
	if (d->retry_us) {
		d->retry_us = 0;
		say_how_it_is(d);
	}
	if (round == COLLECTOR_IDLE && now >= d->close_mono_us) {
		close_day(d);
		d->close_mono_us = now + CLOSE_US;
	}
	if (now >= d->status_mono_us) {
		write_status(d, "running");
		d->status_mono_us = now + STATUS_US;
	}
	tell_manager(d, now);
	loop_after(d->timer, round == COLLECTOR_BUSY ? 0 : IDLE_US);
}

/* What a stream has is taken at once, unless a round failed a moment ago. */
static void
on_wake(void *arg)
{
	struct daemon *d = arg;

	collector_woken(d->collector);
	if (d->retry_us == 0)
		loop_after(d->timer, 0);
}

static int
watch(struct daemon *d)
{
	static const int stops[] = {SIGTERM, SIGINT};

	d->loop = loop_new();
	if (!d->loop)
		return -1;
	for (size_t i = 0; i < 2; i++) {
		d->signals[i] = loop_signal(d->loop, stops[i], on_stop, d);
		if (!d->signals[i])
			return -1;
	}
	d->signals[2] = loop_signal(d->loop, SIGHUP, on_reload, d);
	d->timer = loop_timer(d->loop, on_tick, d);
	d->wake = loop_fd(
	    d->loop, collector_wake_fd(d->collector), LOOP_READ, on_wake, d);
	if (!d->signals[2] || !d->timer || !d->wake)
		return -1;
	return loop_after(d->timer, 0);
}

static void
unwatch(struct daemon *d)
{
	for (size_t i = 0; i < 3; i++)
		loop_watch_free(d->signals[i]);
	loop_watch_free(d->timer);
	loop_watch_free(d->wake);
	loop_free(d->loop);
}

static int
run_daemon(struct daemon *d)
{
	struct err err = {0};

	if (watch(d) || loop_run(d->loop)) {
		log_error("run", "the event loop");
		unwatch(d);
		return COMMAND_UNREACHABLE;
	}
	unwatch(d);
	service_stopping();
	if (d->code)
		return d->code;
	if (collector_round(d->collector, COLLECTOR_STOPS, &err) ==
	    COLLECTOR_FAILED) {
		log_errorx("run", "%s", err.text);
		return cmd_store_code(collector_trouble(d->collector));
	}
	write_status(d, "stopped");
	log_info("run", "stopped");
	return COMMAND_OK;
}

/* ---- starting ---- */

static int
make_clock(struct daemon *d, const struct arguments *a)
{
	const char *now = arguments_value(a, "--now");
	int64_t us;

	if (now && !arguments_has(a, "--once")) {
		fputs("assay-collector: --now goes with --once only\n", stderr);
		return COMMAND_USAGE;
	}
	if (now && !cmd_time(now, &us))
		return cmd_bad_time("--now", now);
	d->clock = now ? clock_new_simulated(us) : clock_new();
	return d->clock ? COMMAND_OK : COMMAND_UNREACHABLE;
}

static int
open_all(struct daemon *d)
{
	enum store_trouble trouble;
	struct buf wrong = {0};
	struct err err = {0};

	d->collector = collector_open(&d->settings, d->clock, &trouble, &err);
	if (!d->collector) {
		log_errorx("run", "%s", err.text);
		return cmd_store_code(trouble);
	}
	if (collector_look_at_files(d->collector, false, &wrong, &err)) {
		log_errorx("run", "%s", err.text);
		return COMMAND_USAGE;
	}
	if (wrong.len && !collector_has_files(d->collector)) {
		fwrite(wrong.ptr, 1, wrong.len, stderr);
		buf_clear(&wrong);
		return COMMAND_USAGE;
	}
	if (wrong.len)
		say_wrong(&wrong);
	buf_clear(&wrong);
	if (collector_framework_files(d->collector) == 0)
		log_warnx("run",
		    "no framework files below '%s': nothing can be rated; "
		    "name the directory of rules with --rules",
		    d->settings.rules[0] ? d->settings.rules[0] : "");
	d->files_mono_us = clock_mono_us(d->clock) + FILES_US;
	return COMMAND_OK;
}

static int
run(struct daemon *d, const struct arguments *a)
{
	int code = make_clock(d, a);

	if (code == COMMAND_OK)
		code = open_all(d);
	if (code == COMMAND_OK)
		code = arguments_has(a, "--once") ? run_once(d) : run_daemon(d);
	collector_close(d->collector);
	clock_free(d->clock);
	return code;
}

int
cmd_run(int argc, char **argv)
{
	struct daemon d = {0};
	struct arguments a;
	int code = cmd_settings(&d.settings, &a, arguments,
	    "run [--once [--now TIME]] [--spool DIR]...", 0, argc, argv);

	if (code >= 0)
		return code;
	log_start(STDERR_FILENO, LOG_AT_INFO, -1);
	/* The key is in memory: no core file, no debugger but root's. */
	(void)prctl(PR_SET_DUMPABLE, 0);
	/* A reader of our output that goes away must not end a transaction. */
	signal(SIGPIPE, SIG_IGN);
	d.settings.once = arguments_has(&a, "--once");
	code = run(&d, &a);
	settings_clear(&d.settings);
	return code;
}
