/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd_run.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "assay/clock.h"
#include "assay/command.h"
#include "assay/log.h"
#include "assay/loop.h"
#include "assay/service.h"

#include "agent.h"
#include "delivery.h"
#include "loadout.h"
#include "notify.h"
#include "status.h"

#define STATUS_US 1000000
#define LOOK_US (INT64_C(60) * 1000000)
#define LOOK_SOON_US (INT64_C(5) * 1000000)
#define PAUSE_US 100000 /* hints beyond ten a second are one */

/* Everything a run needs, made in this order and taken down in reverse. */
struct run {
	int argc;
	char **argv;
	struct loadout loadout;
	struct clock *clock;
	struct agent *agent;
	struct delivery delivery;
	struct loop *loop;
	struct loop_watch *timer, *on_term, *on_int, *on_hup, *on_notify;
	struct notify *notify; /* NULL: by looking only */
	struct err no_notify;
	bool hints_paused;
	int64_t hinted_mono_us, looked_mono_us;

	int64_t rules_us; /* when the rules in force were taken */
	int64_t refused_us;
	struct buf refused; /* why the last reload was not taken; or empty */

	char status_path[PATH_MAX];
	int64_t status_mono_us, status_every_us;
	bool status_failed;
	bool ready; /* the service manager knows */
	bool told_trouble, tell_now;
	int64_t alive_every_us, alive_mono_us, told_mono_us;
};

/* ---- status ---- */

static void
write_status(struct run *r)
{
	struct status_run view = {.agent = r->agent,
	    .found = &r->loadout.found,
	    .rules = r->loadout.rules,
	    .state = options_text(r->loadout.settings.options, "state"),
	    .now_us = clock_now_us(r->clock),
	    .rules_us = r->rules_us,
	    .refused_us = r->refused_us,
	    .refused = buf_slice(&r->refused),
	    .max_bytes =
		options_number(r->loadout.settings.options, "spool.max_bytes"),
	    .readers = r->loadout.settings.readers,
	    .polling = r->notify	      ? notify_problem(r->notify)
		       : r->no_notify.text[0] ? r->no_notify.text
					      : NULL,
	    .once = r->loadout.settings.once};
	struct publish_health kafka;
	struct agent_view agent;
	struct err err;

	view.kafka = delivery_look(&r->delivery, &kafka);
	/* A page of a thousand sources is work, and nobody reads that fast. */
	agent_look(r->agent, &agent);
	r->status_every_us =
	    STATUS_US * (1 + (int64_t)(agent.feed_count / 100));
	r->status_mono_us = clock_mono_us(r->clock);
	if (status_write(r->status_path, &view, &err) == 0)
		r->status_failed = false;
	else if (!r->status_failed) {
		log_warnx("run", "%s; the agent goes on without it", err.text);
		r->status_failed = true;
	}
}

/* ---- hints ---- */

static void
watch_directories(struct run *r)
{
	struct agent_view view;

	if (!r->notify)
		return;
	agent_look(r->agent, &view);
	notify_begin(r->notify);
	for (size_t i = 0; i < view.feed_count; i++)
		if (view.feeds[i].spec->live)
			notify_add(r->notify, view.feeds[i].spec);
	notify_end(r->notify);
}

static void
on_notify(void *arg)
{
	struct run *r = arg;
	enum notify_got got = notify_take(r->notify);

	if (got == NOTIFY_WATCH)
		watch_directories(r);
	if (got == NOTIFY_NOTHING)
		return;
	agent_hint(r->agent);
	/* Perhaps a log that nobody knew. */
	if (clock_mono_us(r->clock) - r->looked_mono_us >= LOOK_SOON_US)
		r->looked_mono_us -= LOOK_US;
	r->hints_paused = loop_pause(r->on_notify) == 0;
	r->hinted_mono_us = clock_mono_us(r->clock);
	(void)loop_after(r->timer, 0);
}

static void
begin_hints(struct run *r)
{
	r->notify = notify_new(&r->no_notify);
	if (r->notify)
		r->on_notify = loop_fd(
		    r->loop, notify_fd(r->notify), LOOP_READ, on_notify, r);
	if (!r->notify)
		log_warnx("run", "%s; logs are looked at each second",
		    r->no_notify.text);
	watch_directories(r);
}

/* ---- what came later ---- */

static void
drop_notes(struct discover *d)
{
	struct discover notes = {
	    .notes = d->notes, .note_count = d->note_count};

	discover_clear(&notes);
	d->notes = NULL;
	d->note_count = 0;
}

/* Logs that were not there when the agent started. */
static void
look_again(struct run *r)
{
	struct discover found;
	struct err err = {0};

	r->looked_mono_us = clock_mono_us(r->clock);
	if (r->loadout.settings.logs)
		return;
	if (loadout_look(&r->loadout, &found, &err) != 0) {
		log_debug("run", "looking for logs: %s", err.text);
		return;
	}
	(void)agent_add_sources(r->agent, &found, clock_now_us(r->clock));
	drop_notes(&r->loadout.found);
	r->loadout.found.notes = found.notes;
	r->loadout.found.note_count = found.note_count;
	found.notes = NULL;
	found.note_count = 0;
	discover_clear(&found);
	watch_directories(r);
}

/* ---- reload ---- */

static struct agent_options
agent_options_of(const struct settings *s)
{
	const struct options *o = s->options;

	return (struct agent_options){.state = options_text(o, "state"),
	    .zone_name = options_text(o, "zone"),
	    .max_bytes = (uint64_t)options_number(o, "spool.max_bytes"),
	    .held_max_bytes =
		(uint64_t)options_number(o, "spool.held_max_bytes"),
	    .keep_us =
		options_number(o, "spool.keep_days") * INT64_C(86400000000),
	    .readers = s->readers,
	    .syslog_socket = options_text(o, "syslog.socket"),
	    .once = s->once,
	    .simulated = s->simulated};
}

/* Each problem a line of the log. */
static void
log_problems(struct slice lines, bool errors)
{
	while (lines.len > 0) {
		size_t len = slice_find(lines, '\n');

		if (errors)
			log_errorx("run", "%.*s", (int)len, lines.ptr);
		else
			log_warnx("run", "%.*s", (int)len, lines.ptr);
		lines = slice_from(lines, len + 1);
	}
}

static void
refuse(struct run *r, struct problems *p, const struct err *err)
{
	buf_reset(&r->refused);
	if (p)
		problems_list(p, &r->refused);
	if (err->text[0])
		buf_printf(&r->refused, "%s\n", err->text);
	if (r->refused.len == 0)
		buf_puts(&r->refused, "it could not be read\n");
	r->refused_us = clock_now_us(r->clock);
	log_problems(buf_slice(&r->refused), true);
	log_errorx("run", "nothing was reloaded: the rules and settings from "
			  "before stay in force; mend the above and send "
			  "SIGHUP again");
}

/* What is settled for the life of a process. */
static void
say_what_waits(const struct run *r, const struct loadout *next)
{
	static const char *const names[] = {"state", "zone"};

	for (size_t i = 0; i < 2; i++) {
		const char *old =
		    options_text(r->loadout.settings.options, names[i]);
		const char *new =
		    options_text(next->settings.options, names[i]);

		if (strcmp(old ? old : "", new ? new : "") != 0)
			log_warnx("run", "%s is '%s' now: that takes a restart",
			    names[i], new ? new : "");
	}
}

static int
take(struct run *r, struct loadout *next, struct err *err)
{
	struct loadout old = r->loadout;
	struct agent_options o;

	if (delivery_reload(&r->delivery, &next->settings, err) != 0)
		return -1;
	if (agent_reload(r->agent, next->rules, &next->found,
		clock_now_us(r->clock), err) != 0) {
		struct err ignored;

		(void)delivery_reload(&r->delivery, &old.settings, &ignored);
		return -1;
	}
	r->loadout = *next;
	o = agent_options_of(&r->loadout.settings);
	agent_set_options(r->agent, &o);
	loadout_clear(&old);
	return 0;
}

static void
on_hup(void *arg)
{
	struct run *r = arg;
	struct loadout next;
	struct err err = {0};
	struct buf warnings = {0};

	service_reloading();
	log_info("run", "reload: reading rules and settings");
	if (loadout_read(&next, r->argc, r->argv, &err) != COMMAND_OK) {
		refuse(r, next.problems, &err);
		loadout_clear(&next);
	} else {
		say_what_waits(r, &next);
		problems_list(next.problems, &warnings);
		log_problems(buf_slice(&warnings), false);
		buf_clear(&warnings);
		if (take(r, &next, &err) != 0) {
			refuse(r, NULL, &err);
			loadout_clear(&next);
		} else {
			r->rules_us = clock_now_us(r->clock);
			buf_clear(&r->refused);
			log_info("run", "reloaded: %zu rules",
			    ruleset_rules(r->loadout.rules));
			watch_directories(r);
		}
	}
	write_status(r);
	service_ready();
	r->tell_now = true;
	(void)loop_after(r->timer, 0);
}

/* ---- working ---- */

static int64_t
tick(struct run *r)
{
	int64_t mono_us = clock_mono_us(r->clock);
	int64_t wake_us = agent_tick(r->agent, clock_now_us(r->clock), mono_us);

	if (mono_us - r->status_mono_us >= r->status_every_us)
		write_status(r);
	return wake_us;
}

/* One line for `systemctl status`: what is the matter, else what it does. */
static void
say_how_it_is(const struct run *r, const struct agent_view *v)
{
	struct slice why = buf_slice(&r->refused);
	struct buf text = {0};

	if (v->problem)
		buf_puts(&text, v->problem);
	else
		buf_printf(&text,
		    "%zu source%s, %" PRIi64 " lines and %" PRIi64
		    " events since the start",
		    v->feed_count, v->feed_count == 1 ? "" : "s", v->lines,
		    v->events);
	if (why.len > 0)
		buf_printf(&text,
		    "; the last reload was refused, what was in force stays: "
		    "%.*s",
		    (int)slice_find(why, '\n'), why.ptr);
	service_status(buf_slice(&text));
	buf_clear(&text);
}

/* Tell the service manager. A tick that came back has looked at the sources and
 * written what there was: a full disk or a broker that is away stops neither,
 * and a restart would mend neither. Kafka clients that cannot be ended are
 * mended by one. Trouble is told when it comes and goes. */
static void
tell_manager(struct run *r, int64_t mono_us)
{
	bool due = mono_us - r->alive_mono_us >= r->alive_every_us;
	struct agent_view v;
	bool trouble;

	/* Looking is work, and a backlog is many ticks. */
	if (r->ready && !r->tell_now && mono_us - r->told_mono_us < STATUS_US)
		return;
	r->told_mono_us = mono_us;
	agent_look(r->agent, &v);
	trouble = v.problem || r->refused.len > 0;
	if (!r->ready) {
		r->ready = true;
		service_ready();
		r->alive_every_us = service_watchdog_us();
	} else if (!due && !r->tell_now && trouble == r->told_trouble) {
		return;
	}
	r->told_trouble = trouble;
	r->tell_now = false;
	say_how_it_is(r, &v);
	r->alive_mono_us = mono_us;
	if (delivery_makes_progress(&r->delivery))
		service_alive();
}

static void
on_timer(void *arg)
{
	struct run *r = arg;
	int64_t wake_us = tick(r) - clock_now_us(r->clock);
	int64_t mono_us = clock_mono_us(r->clock);

	tell_manager(r, mono_us);

	if (mono_us - r->looked_mono_us >= LOOK_US)
		look_again(r);
	if (wake_us > STATUS_US)
		wake_us = STATUS_US;
	if (r->hints_paused && mono_us - r->hinted_mono_us >= PAUSE_US)
		r->hints_paused = loop_resume(r->on_notify) != 0;
	if (r->hints_paused && wake_us > PAUSE_US)
		wake_us = PAUSE_US;
	if (wake_us < 0)
		wake_us = 0;
	(void)loop_after(r->timer, wake_us);
}

static void
on_stop(void *arg)
{
	loop_stop(((struct run *)arg)->loop);
}

/* What was read at the start, for people. */
static void
tell(const struct loadout *l, const struct err *err)
{
	struct buf out = {0};

	if (l->problems)
		problems_print(l->problems, &out);
	fwrite(out.ptr ? out.ptr : "", 1, out.len, stderr);
	buf_clear(&out);
	if (err->text[0])
		log_errorx("run", "%s", err->text);
	for (size_t i = 0; i < l->found.count; i++)
		log_info("run", "reads %s: %s", l->found.specs[i]->id,
		    l->found.specs[i]->chosen);
	for (size_t i = 0; i < l->found.note_count; i++)
		log_info("run", "does not read %s: %s", l->found.notes[i].path,
		    l->found.notes[i].why);
	if (l->rules && l->found.count == 0)
		log_warnx("run", "there is nothing to read");
}

/* Is it for want of permission that there is no state? */
static bool
may_not_write(const char *state)
{
	return access(state, R_OK | W_OK | X_OK) != 0 &&
	       (errno == EACCES || errno == EROFS || getuid() != 0);
}

static int
start_delivery(struct run *r, struct err *err)
{
	struct agent_view view;

	agent_look(r->agent, &view);
	return delivery_start(
	    &r->delivery, view.spool_dir, &r->loadout.settings, err);
}

static int
start_agent(struct run *r)
{
	struct settings *s = &r->loadout.settings;
	struct agent_options a = agent_options_of(s);
	struct err err = {0};

	r->clock = s->simulated ? clock_new_simulated(s->now_us) : clock_new();
	if (!r->clock)
		return COMMAND_NO;
	r->rules_us = clock_now_us(r->clock);
	r->looked_mono_us = clock_mono_us(r->clock);
	r->agent = agent_new(&a, r->loadout.rules, &r->loadout.found,
	    clock_now_us(r->clock), &err);
	if (r->agent && start_delivery(r, &err) == 0 &&
	    settings_status_path(s, r->status_path, sizeof r->status_path) == 0)
		return COMMAND_OK;
	log_errorx("run", "%s", err.text);
	return may_not_write(a.state) ? COMMAND_PERMISSION : COMMAND_NO;
}

/* Until a signal comes. */
static int
serve(struct run *r)
{
	int status = -1;

	r->loop = loop_new();
	if (r->loop) {
		r->timer = loop_timer(r->loop, on_timer, r);
		r->on_term = loop_signal(r->loop, SIGTERM, on_stop, r);
		r->on_int = loop_signal(r->loop, SIGINT, on_stop, r);
		r->on_hup = loop_signal(r->loop, SIGHUP, on_hup, r);
		begin_hints(r);
	}
	if (r->timer && r->on_term && r->on_int && r->on_hup &&
	    delivery_watch(&r->delivery, r->loop) == 0 &&
	    loop_after(r->timer, 0) == 0)
		status = loop_run(r->loop);
	if (status != 0)
		log_error("run", "the loop cannot run");
	delivery_unwatch(&r->delivery);
	loop_watch_free(r->on_notify);
	loop_watch_free(r->on_hup);
	loop_watch_free(r->on_int);
	loop_watch_free(r->on_term);
	loop_watch_free(r->timer);
	notify_free(r->notify);
	r->notify = NULL;
	loop_free(r->loop);
	return status == 0 ? COMMAND_OK : COMMAND_NO;
}

static int
stop(struct run *r)
{
	struct err err = {0};
	int status, sent;

	service_stopping();
	status = agent_stop(r->agent, clock_now_us(r->clock), &err);
	if (status != 0)
		log_errorx("run", "%s", err.text);
	sent = delivery_finish(&r->delivery, r->loadout.settings.once);
	write_status(r);
	return status == 0 ? sent : COMMAND_NO;
}

static int
work(struct run *r)
{
	int status = COMMAND_OK, stopped;

	write_status(r);
	if (r->loadout.settings.once)
		do {
			int64_t wait_us = tick(r) - clock_now_us(r->clock);

			delivery_tick(&r->delivery);
			/* A pipe that says nothing yet is waited for. */
			if (wait_us > 0 && !agent_is_done(r->agent))
				usleep(wait_us < 20000 ? (useconds_t)wait_us
						       : 20000);
		} while (!agent_is_done(r->agent));
	else
		status = serve(r);
	stopped = stop(r);
	return status != COMMAND_OK ? status : stopped;
}

int
cmd_run(int argc, char **argv)
{
	struct run r = {.argc = argc, .argv = argv};
	struct err err = {0};
	int status;

	log_start(STDERR_FILENO, LOG_AT_INFO, -1);
	/* The key is in memory: no core file, no debugger but root's. */
	(void)prctl(PR_SET_DUMPABLE, 0);
	status = loadout_read(&r.loadout, argc, argv, &err);
	if (!r.loadout.settings.help)
		tell(&r.loadout, &err);
	if (status == COMMAND_OK && !r.loadout.settings.help) {
		status = start_agent(&r);
		if (status == COMMAND_OK)
			status = work(&r);
	}
	delivery_clear(&r.delivery);
	agent_free(r.agent);
	clock_free(r.clock);
	buf_clear(&r.refused);
	loadout_clear(&r.loadout);
	return status;
}
