/* SPDX-License-Identifier: Apache-2.0 */
#include "agent.h"

#include <stdlib.h>
#include <string.h>

#include "assay/log.h"

#include "agent_parts.h"
#include "post.h"

#define COMMIT_BYTES ((size_t)256 << 10)
#define COMMIT_US 200000
#define PILE_BYTES ((size_t)4 << 20)
#define SCAN_US 1000000
#define RETRY_US 1000000
#define DAY_US (INT64_C(86400) * 1000000)
#define RECLAIM_US (INT64_C(60) * 1000000)
#define WINDOWS_A_TICK 16
#define STEP_US 1000000			  /* the clock was set */
#define STILL_US (INT64_C(120) * 1000000) /* we did not run */

/* ---- writing ---- */

/* What the spool answered becomes the agent's phase. */
bool
agent_took(
    struct agent *a, enum spool_put got, const struct err *err, int64_t now_us)
{
	enum agent_phase phase = got == SPOOL_FULL ? AGENT_FULL : AGENT_FAILING;

	if (got == SPOOL_OK) {
		if (a->put_us == 0)
			a->put_us = now_us;
		return true;
	}
	if (a->phase != phase)
		log_errorx("agent", "%s", err->text);
	a->phase = phase;
	a->problem = *err;
	if (!a->problem.text[0])
		err_set(&a->problem, "no memory to make a record");
	a->retry_us = now_us + RETRY_US;
	return false;
}

bool
agent_is_stopped(const struct agent *a)
{
	return a->refused || a->stuck;
}

/* Reading goes on: all is well again. */
static void
go_on(struct agent *a)
{
	if (a->phase == AGENT_FULL || a->phase == AGENT_FAILING)
		log_info("agent", "the spool takes records again");
	a->refused = a->stuck = false;
	a->phase = AGENT_READING;
	a->problem.text[0] = '\0';
}

bool
agent_commit(struct agent *a, int64_t now_us)
{
	struct err err = {0};
	unsigned abandoned = spool_abandoned(a->spool);
	enum spool_put got = spool_commit(a->spool, &err);

	if (spool_abandoned(a->spool) != abandoned)
		log_warnx("agent",
		    "a segment of '%s' could not be written on; it is given up "
		    "and a new one begun",
		    a->spool_dir);
	if (!agent_took(a, got, &err, now_us)) {
		a->stuck = true;
		return false;
	}
	for (size_t i = 0; i < a->feeds.count; i++)
		feed_kept(&a->feeds.list[i]);
	if (a->stuck && !a->refused)
		go_on(a);
	a->stuck = false;
	a->put_us = 0;
	return true;
}

bool
agent_beat(struct agent *a, bool complete, int64_t now_us)
{
	struct heartbeat_clock clock;
	struct err err = {0};

	heartbeat_read_clock(&clock, a->o.simulated);
	return agent_took(a,
	    heartbeat_put(a->heartbeat, a->writer, a->spool, &clock, complete,
		now_us, &err),
	    &err, now_us);
}

static bool
seal(struct agent *a, bool all, int64_t now_us)
{
	struct err err = {0};

	return agent_took(
	    a, writer_seal(a->writer, all, now_us, &err), &err, now_us);
}

/* ---- working ---- */

void
agent_scan_feed(struct agent *a, size_t i, int64_t now_us)
{
	struct feed *f = &a->feeds.list[i];
	bool was_blocked = f->blocked;

	feed_scan(f, now_us);
	if (f->blocked && !was_blocked)
		log_warnx("agent", "%s: %s; it is tried again", f->spec->id,
		    f->err.text);
	if (f->blocked)
		f->at_end = false;
}

static void
scan(struct agent *a, int64_t now_us)
{
	for (size_t i = 0; i < a->feeds.count; i++)
		agent_scan_feed(a, i, now_us);
	a->scanned_us = now_us;
}

/* One window of one feed: true when there may be more. */
static bool
read_feed(struct agent *a, struct feed *f, int64_t now_us)
{
	struct err err = {0};
	enum reader_got got = reader_gaps(a->reader, f, now_us, &err);

	if (got == READER_READ)
		got = reader_step(a->reader, f, now_us, &err);
	if (got == READER_NOTHING)
		return false;
	if (got != READER_READ) {
		/* What is read late was not written just now. */
		f->caught_up = false;
		a->refused = true;
		return agent_took(a,
		    got == READER_FULL ? SPOOL_FULL : SPOOL_FAILED, &err,
		    now_us);
	}
	if (a->refused)
		go_on(a);
	return agent_took(a, SPOOL_OK, &err, now_us) &&
	       seal(a, false, now_us) &&
	       ((spool_pending(a->spool) < COMMIT_BYTES &&
		    !spool_wants_commit(a->spool)) ||
		   agent_commit(a, now_us));
}

/* Read from all feeds in turn. True when there is more to read. */
static bool
read_feeds(struct agent *a, int64_t now_us)
{
	int windows = 0;
	bool more = true;

	while (more && windows < WINDOWS_A_TICK) {
		more = false;
		for (size_t i = 0; i < a->feeds.count; i++) {
			if (read_feed(a, &a->feeds.list[i], now_us)) {
				windows++;
				more = true;
			} else if (agent_is_stopped(a)) {
				return false;
			}
		}
	}
	return more;
}

static void
measure(struct agent *a, int64_t mono_us)
{
	int64_t lines = 0;
	int64_t passed_us = mono_us - a->rate_mono_us;

	for (size_t i = 0; i < a->feeds.count; i++)
		lines += a->feeds.list[i].total_lines;
	if (a->rate_mono_us == 0 || passed_us >= 1000000) {
		if (a->rate_mono_us != 0)
			a->lines_per_s =
			    (lines - a->rate_lines) * 1000000 / passed_us;
		a->rate_mono_us = mono_us;
		a->rate_lines = lines;
	}
}

/* ---- marks and the clock ---- */

static void
send_mark(struct agent *a, struct feed *f, int64_t now_us)
{
	uint8_t nonce[MARK_NONCE_LEN];
	struct buf message = {0};
	struct err err = {0};
	int status = crypto_random(nonce, sizeof nonce, &err);

	if (status == 0) {
		mark_write(&message, nonce);
		status =
		    message.failed
			? err_set(&err, "no memory for a mark")
			: post_send(a->o.syslog_socket,
			      &(struct post_line){.facility = f->mark->facility,
				  .program = MARK_PROGRAM,
				  .message = buf_slice(&message),
				  .zone = a->zone,
				  .now_us = now_us},
			      &err);
		buf_clear(&message);
	}
	if (status == 0) {
		mark_note_sent(f->mark, nonce, now_us);
		if (a->mark_err.text[0])
			log_info("agent", "marks go to syslog again");
		a->mark_err.text[0] = '\0';
		return;
	}
	mark_note_failed(f->mark, now_us);
	if (!a->mark_err.text[0])
		log_warnx("agent",
		    "%s; without marks that come back, what syslog writes "
		    "counts as watched for 15 minutes after a line",
		    err.text);
	a->mark_err = err;
}

static void
send_marks(struct agent *a, int64_t now_us)
{
	for (size_t i = 0; i < a->feeds.count; i++) {
		struct feed *f = &a->feeds.list[i];

		if (f->mark && mark_is_due(f->mark, now_us))
			send_mark(a, f, now_us);
	}
}

/* The wall clock was set, or we did not run for a while (a suspended machine,
 * a stopped process): what did not come back in that time was not asked for. */
static void
watch_clock(struct agent *a, int64_t now_us, int64_t mono_us)
{
	int64_t still_us = mono_us - a->tick_mono_us;
	int64_t step_us = now_us - a->tick_us - still_us;
	bool first = a->tick_us == 0;

	a->tick_us = now_us;
	a->tick_mono_us = mono_us;
	if (first ||
	    (step_us < STEP_US && step_us > -STEP_US && still_us < STILL_US))
		return;
	if (step_us >= STEP_US || step_us <= -STEP_US)
		log_warnx("agent", "the clock was set %s by %lld s",
		    step_us > 0 ? "forward" : "back",
		    (long long)(step_us > 0 ? step_us : -step_us) / 1000000);
	for (size_t i = 0; i < a->feeds.count; i++) {
		standing_anew(&a->feeds.list[i].standing);
		if (a->feeds.list[i].mark)
			mark_anew(a->feeds.list[i].mark);
	}
	/* What was put is committed by the new clock. */
	if (a->put_us > now_us)
		a->put_us = now_us;
	if (a->reclaimed_us > now_us)
		a->reclaimed_us = now_us;
}

static int64_t
earliest(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t
next_wake(const struct agent *a)
{
	int64_t wake =
	    earliest(a->scanned_us + SCAN_US, heartbeat_due_us(a->heartbeat));

	wake = earliest(wake, writer_seal_due_us(a->writer));
	if (a->put_us != 0)
		wake = earliest(wake, a->put_us + COMMIT_US);
	return wake;
}

/* While nothing can be put or committed nothing is read: try again. True when
 * reading may go on. */
static bool
try_again(struct agent *a, int64_t now_us)
{
	if (!agent_is_stopped(a))
		return true;
	if (now_us < a->retry_us && now_us >= a->retry_us - RETRY_US)
		return false;
	a->retry_us = now_us + RETRY_US;
	return !a->stuck || agent_commit(a, now_us);
}

/* Unread bytes of all files that have no name any more. */
static uint64_t
held(const struct agent *a)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < a->feeds.count; i++) {
		const struct source *s = &a->feeds.list[i].source;

		if (s->ops->held)
			sum += s->ops->held(s->impl);
	}
	return sum;
}

/* While nothing is read, deleted logs take room as long as we hold them. Beyond
 * the cap the oldest of the source that holds most goes, and a gap says so. */
static void
bound_held(struct agent *a, int64_t now_us)
{
	while (agent_is_stopped(a) && held(a) > a->o.held_max_bytes) {
		struct feed *most = NULL;
		uint64_t bytes = 0;
		struct err err = {0};

		for (size_t i = 0; i < a->feeds.count; i++) {
			struct feed *f = &a->feeds.list[i];
			uint64_t its = f->source.ops->held
					   ? f->source.ops->held(f->source.impl)
					   : 0;

			if (its > bytes) {
				most = f;
				bytes = its;
			}
		}
		if (!most || !most->source.ops->let_go(most->source.impl))
			return;
		log_errorx("agent",
		    "%s: deleted logs hold more than spool.held_max_bytes "
		    "while the spool is full; the oldest is given up unread",
		    most->spec->id);
		(void)reader_gaps(a->reader, most, now_us, &err);
	}
}

/* While nothing can be committed, what must be told waits in memory; not
 * without end. The first heartbeat afterwards covers the time. */
static bool
is_piling_up(const struct agent *a)
{
	return a->stuck && spool_pending(a->spool) > PILE_BYTES;
}

int64_t
agent_tick(struct agent *a, int64_t now_us, int64_t mono_us)
{
	bool more = false;

	measure(a, mono_us);
	watch_clock(a, now_us, mono_us);
	send_marks(a, now_us);
	if (now_us - a->scanned_us >= SCAN_US || now_us < a->scanned_us)
		scan(a, now_us);
	if (try_again(a, now_us))
		more = read_feeds(a, now_us);
	bound_held(a, now_us);
	if (!agent_is_stopped(a))
		a->phase = more ? AGENT_READING : AGENT_WATCHING;
	/* The essential goes on beside a full spool, as long as the reserve
	 * lasts. */
	if (!is_piling_up(a)) {
		if (heartbeat_is_due(a->heartbeat, now_us))
			(void)agent_beat(a, false, now_us);
		(void)seal(a, false, now_us);
	}
	if (a->put_us != 0 && !a->stuck &&
	    (a->refused || now_us >= a->put_us + COMMIT_US))
		(void)agent_commit(a, now_us);
	if (now_us - a->today_us >= DAY_US || now_us < a->today_us) {
		unknown_reset(a->today);
		a->today_us = now_us;
	}
	if (now_us - a->reclaimed_us >= RECLAIM_US) {
		spool_tick(a->spool, now_us);
		a->reclaimed_us = now_us;
	}
	if (agent_is_stopped(a))
		return a->retry_us;
	return more ? now_us : next_wake(a);
}

bool
agent_is_done(const struct agent *a)
{
	if (agent_is_stopped(a))
		return true;
	for (size_t i = 0; i < a->feeds.count; i++)
		if (!a->feeds.list[i].at_end && !a->feeds.list[i].blocked)
			return false;
	return true;
}

int
agent_stop(struct agent *a, int64_t now_us, struct err *err)
{
	bool whole = !agent_is_stopped(a);

	/* What was put goes first: then there is room again, or there is not.
	 */
	if (!agent_commit(a, now_us) || !agent_beat(a, true, now_us) ||
	    !seal(a, true, now_us) || !agent_commit(a, now_us)) {
		*err = a->problem;
		a->phase = AGENT_STOPPED;
		return -1;
	}
	a->phase = AGENT_STOPPED;
	if (whole)
		return 0;
	return err_set(err, "not everything was read: %s",
	    a->problem.text[0] ? a->problem.text : "the spool was full");
}

void
agent_look(const struct agent *a, struct agent_view *view)
{
	*view = (struct agent_view){.agent = a->identity.agent,
	    .epoch = writer_epoch(a->writer),
	    .rules = a->files.hash,
	    .spool_dir = a->spool_dir,
	    .held = held(a),
	    .unknown = a->today,
	    .unknown_us = a->today_us,
	    .simulated = a->o.simulated,
	    .host = a->machine.name,
	    .phase = a->phase,
	    .problem = a->problem.text[0] ? a->problem.text : NULL,
	    .feeds = a->feeds.list,
	    .feed_count = a->feeds.count,
	    .tally = a->tally,
	    .found = spool_found(a->spool),
	    .mark_problem = a->mark_err.text[0] ? a->mark_err.text : NULL,
	    .spool_bytes = spool_bytes(a->spool),
	    .spool_unsent = spool_unsent(a->spool),
	    .spool_kept_aside = spool_kept_aside(a->spool),
	    .spool_abandoned = spool_abandoned(a->spool),
	    .lines_per_s = a->lines_per_s,
	    .records = writer_records(a->writer)};
	for (size_t i = 0; i < a->feeds.count; i++) {
		const struct feed *f = &a->feeds.list[i];
		uint64_t done, total;

		f->source.ops->progress(f->source.impl, &done, &total);
		view->bytes_done += done;
		view->bytes_total += total;
		view->lines += f->total_lines;
		view->events += f->total_events;
	}
}

bool
agent_has_recorded(const struct agent *a, const uint8_t hash[32])
{
	for (size_t i = 0; i < a->recorded_count; i++)
		if (memcmp(a->recorded[i], hash, 32) == 0)
			return true;
	return false;
}

int
agent_note_recorded(struct agent *a, const uint8_t hash[32])
{
	void *more;

	if (agent_has_recorded(a, hash))
		return 0;
	more = reallocarray(
	    a->recorded, a->recorded_count + 1, sizeof *a->recorded);
	if (!more)
		return -1;
	a->recorded = more;
	memcpy(a->recorded[a->recorded_count++], hash, 32);
	return 0;
}
