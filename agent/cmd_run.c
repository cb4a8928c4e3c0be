/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd_run.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "assay/clock.h"
#include "assay/command.h"
#include "assay/log.h"
#include "assay/loop.h"
#include "assay/problems.h"

#include "agent.h"
#include "settings.h"
#include "status.h"

#define STATUS_US 1000000

/* Everything a run needs, made in this order and taken down in reverse. */
struct run {
	struct settings settings;
	struct problems *problems;
	struct ruleset *rules;
	struct discover found;
	struct clock *clock;
	struct agent *agent;
	struct loop *loop;
	struct loop_watch *timer, *on_term, *on_int;
	char status_path[PATH_MAX];
	int64_t status_mono_us;
	bool status_failed;
};

static void
write_status(struct run *r)
{
	struct err err;

	r->status_mono_us = clock_mono_us(r->clock);
	if (status_write(r->status_path, r->agent, &r->found,
		options_text(r->settings.options, "state"),
		clock_now_us(r->clock), &err) == 0)
		r->status_failed = false;
	else if (!r->status_failed) {
		log_warnx("run", "%s; the agent goes on without it", err.text);
		r->status_failed = true;
	}
}

static int64_t
tick(struct run *r)
{
	int64_t wake_us = agent_tick(
	    r->agent, clock_now_us(r->clock), clock_mono_us(r->clock));

	if (clock_mono_us(r->clock) - r->status_mono_us >= STATUS_US)
		write_status(r);
	return wake_us;
}

static void
on_timer(void *arg)
{
	struct run *r = arg;
	int64_t wake_us = tick(r) - clock_now_us(r->clock);

	if (wake_us < 0)
		wake_us = 0;
	if (wake_us > STATUS_US)
		wake_us = STATUS_US;
	(void)loop_after(r->timer, wake_us);
}

static void
on_stop(void *arg)
{
	loop_stop(((struct run *)arg)->loop);
}

static int
tell(struct run *r)
{
	struct buf out = {0};
	bool errors = problems_errors(r->problems) > 0;

	problems_print(r->problems, &out);
	fwrite(out.ptr ? out.ptr : "", 1, out.len, stderr);
	buf_clear(&out);
	return errors ? COMMAND_USAGE : COMMAND_OK;
}

static int
load_rules(struct run *r)
{
	struct ruleset_options o = {.dirs = r->settings.rule_dirs};
	struct err err = {0};

	if (!r->settings.rule_dirs[0]) {
		log_errorx("run", "there are no rules: neither "
				  "/usr/share/assay/rules nor "
				  "/etc/assay/rules; name some with --rules");
		return COMMAND_USAGE;
	}
	r->rules = ruleset_load(&o, r->problems, &err);
	if (tell(r) != COMMAND_OK || r->rules)
		return r->rules ? COMMAND_OK : COMMAND_USAGE;
	log_errorx("run", "%s", err.text);
	return COMMAND_USAGE;
}

static int
find_sources(struct run *r)
{
	struct err err = {0};
	struct problems *p = problems_new();
	int status;

	if (!p)
		return COMMAND_NO;
	problems_free(r->problems);
	r->problems = p;
	status = settings_sources(&r->settings, r->rules, &r->found, p, &err);
	if (tell(r) != COMMAND_OK)
		return COMMAND_USAGE;
	if (status != 0) {
		log_errorx("run", "%s", err.text);
		return COMMAND_USAGE;
	}
	for (size_t i = 0; i < r->found.count; i++)
		log_info("run", "reads %s: %s", r->found.specs[i]->id,
		    r->found.specs[i]->chosen);
	for (size_t i = 0; i < r->found.note_count; i++)
		log_info("run", "does not read %s: %s", r->found.notes[i].path,
		    r->found.notes[i].why);
	if (r->found.count == 0)
		log_warnx("run", "there is nothing to read");
	return COMMAND_OK;
}

/* Is it for want of permission that there is no state? */
static bool
may_not_write(const char *state)
{
	return access(state, R_OK | W_OK | X_OK) != 0 &&
	       (errno == EACCES || errno == EROFS || getuid() != 0);
}

static int
start_agent(struct run *r)
{
	const struct options *o = r->settings.options;
	struct agent_options a = {.state = options_text(o, "state"),
	    .zone_name = options_text(o, "zone"),
	    .max_bytes = (uint64_t)options_number(o, "spool.max_bytes"),
	    .held_max_bytes =
		(uint64_t)options_number(o, "spool.held_max_bytes"),
	    .keep_us =
		options_number(o, "spool.keep_days") * INT64_C(86400000000),
	    .readers = r->settings.readers,
	    .syslog_socket = options_text(o, "syslog.socket"),
	    .once = r->settings.once,
	    .simulated = r->settings.simulated};
	struct err err = {0};

	r->clock = r->settings.simulated
		       ? clock_new_simulated(r->settings.now_us)
		       : clock_new();
	if (!r->clock)
		return COMMAND_NO;
	r->agent =
	    agent_new(&a, r->rules, &r->found, clock_now_us(r->clock), &err);
	if (r->agent && settings_status_path(&r->settings, r->status_path,
			    sizeof r->status_path) == 0)
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
	}
	if (r->timer && r->on_term && r->on_int && loop_after(r->timer, 0) == 0)
		status = loop_run(r->loop);
	if (status != 0)
		log_error("run", "the loop cannot run");
	loop_watch_free(r->timer);
	loop_watch_free(r->on_term);
	loop_watch_free(r->on_int);
	loop_free(r->loop);
	return status == 0 ? COMMAND_OK : COMMAND_NO;
}

static int
stop(struct run *r)
{
	struct err err = {0};
	int status = agent_stop(r->agent, clock_now_us(r->clock), &err);

	write_status(r);
	if (status == 0)
		return COMMAND_OK;
	log_errorx("run", "%s", err.text);
	return COMMAND_NO;
}

static int
work(struct run *r)
{
	int status = COMMAND_OK, stopped;

	write_status(r);
	if (r->settings.once)
		do {
			int64_t wait_us = tick(r) - clock_now_us(r->clock);

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
	struct run r = {0};
	int status =
	    settings_read(&r.settings, "run", "once logs now", argc, argv);

	if (status != COMMAND_OK || r.settings.help)
		return status;
	log_start(STDERR_FILENO, LOG_AT_INFO, -1);
	r.problems = problems_new();
	if (!r.problems)
		status = COMMAND_NO;
	if (status == COMMAND_OK && r.settings.simulated && !r.settings.once) {
		log_errorx("run", "--now goes with --once only");
		status = COMMAND_USAGE;
	}
	if (status == COMMAND_OK)
		status = load_rules(&r);
	if (status == COMMAND_OK)
		status = find_sources(&r);
	if (status == COMMAND_OK)
		status = start_agent(&r);
	if (status == COMMAND_OK)
		status = work(&r);
	agent_free(r.agent);
	clock_free(r.clock);
	discover_clear(&r.found);
	ruleset_free(r.rules);
	problems_free(r.problems);
	settings_clear(&r.settings);
	return status;
}
