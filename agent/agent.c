/* SPDX-License-Identifier: Apache-2.0 */
#include "agent.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assay/log.h"
#include "assay/machine.h"
#include "assay/zone.h"

#include "checkpoint.h"
#include "heartbeat.h"
#include "identity.h"
#include "opening.h"
#include "post.h"
#include "reader.h"
#include "unknown.h"
#include "writer.h"

#define COMMIT_BYTES ((size_t)256 << 10)
#define COMMIT_US 200000
#define SCAN_US 1000000
#define RETRY_US 1000000
#define RECLAIM_US (INT64_C(60) * 1000000)
#define WINDOWS_A_TICK 16
#define FEEDS_A_PART 32
#define STEP_US 1000000			  /* the clock was set */
#define STILL_US (INT64_C(120) * 1000000) /* we did not run */

struct agent {
	struct agent_options o;
	char spool_dir[PATH_MAX];
	char zone_name[256];
	struct crypto *crypto;
	struct machine machine;
	struct zone *zone;
	struct spool *spool;
	struct identity identity;
	struct checkpoint saved;
	struct opening_files files;
	struct feed *feeds;
	size_t count;
	struct match *match;
	struct unknown *unknown;
	struct writer *writer;
	struct reader *reader;
	struct heartbeat *heartbeat;

	enum agent_phase phase;
	struct err problem;
	int64_t scanned_us;
	int64_t put_us; /* when the open commit began; 0: none is open */
	int64_t reclaimed_us;
	/* Why nothing is read: a line's records were refused for want of room,
	 * or a commit failed. Tried again at retry_us. */
	bool refused, stuck;
	int64_t retry_us;
	/* When the tick before was, on both clocks; 0 none. */
	int64_t tick_us, tick_mono_us;
	struct err mark_err; /* why the last mark could not be sent */
	/* For lines/s. */
	int64_t rate_mono_us, rate_lines, lines_per_s;
};

/* ---- building ---- */

static int
set_zone(struct agent *a, struct err *err)
{
	const char *name = a->o.zone_name;
	char link[PATH_MAX];
	const char *at;
	ssize_t len;

	if (name && *name) {
		snprintf(a->zone_name, sizeof a->zone_name, "%s", name);
		a->zone = zone_load_file(name, err);
		return a->zone ? 0 : -1;
	}
	len = readlink("/etc/localtime", link, sizeof link - 1);
	snprintf(a->zone_name, sizeof a->zone_name, "UTC");
	if (len > 0) {
		link[len] = '\0';
		at = strstr(link, "zoneinfo/");
		if (at)
			snprintf(a->zone_name, sizeof a->zone_name, "%s",
			    at + strlen("zoneinfo/"));
	}
	a->zone = access("/etc/localtime", R_OK) == 0
		      ? zone_load_file("/etc/localtime", err)
		      : zone_new_utc();
	return a->zone ? 0 : -1;
}

/* Directories from the root down, like mkdir -p. */
static int
make_state(const char *path, struct err *err)
{
	char part[PATH_MAX];

	if (snprintf(part, sizeof part, "%s", path) >= (int)sizeof part)
		return err_set(err, "the path '%s' is too long", path);
	for (char *p = part + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		(void)mkdir(part, 0755);
		*p = '/';
	}
	if (mkdir(part, 0750) != 0 && errno != EEXIST)
		return err_sys(err, "make the state directory '%s'", path);
	return 0;
}

static int
open_spool(struct agent *a, struct err *err)
{
	struct spool_options o = {.dir = a->spool_dir,
	    .max_bytes = a->o.max_bytes,
	    .keep_us = a->o.keep_us,
	    .readers = a->o.readers};

	if (snprintf(a->spool_dir, sizeof a->spool_dir, "%s/spool",
		a->o.state) >= (int)sizeof a->spool_dir)
		return err_set(err, "the path '%s' is too long", a->o.state);
	a->spool = spool_open(&o, a->crypto, err);
	return a->spool ? 0 : -1;
}

static int
know_ourselves(struct agent *a, struct err *err)
{
	char spare[PATH_MAX];

	if (snprintf(spare, sizeof spare, "%s/machine-id", a->o.state) >=
	    (int)sizeof spare)
		return err_set(err, "the path '%s' is too long", a->o.state);
	if (machine_read(&a->machine, a->crypto, spare, err) != 0)
		return -1;
	return identity_load(&a->identity, a->crypto, &a->machine, a->o.state,
	    spool_found(a->spool), err);
}

static enum standing_rule
rule_of(const struct agent *a, const struct source_spec *spec)
{
	if (a->o.simulated && spec->path)
		return STANDING_PLAYED;
	if (!spec->live)
		return STANDING_BACKLOG;
	return spec->own ? STANDING_OWN : STANDING_SYSLOG;
}

static int
open_feed(struct agent *a, struct source_spec *spec, struct err *err)
{
	struct feed *f = &a->feeds[a->count];
	enum standing_rule rule = rule_of(a, spec);
	const json_t *state;

	/* What is read once is not waited for. */
	if (a->o.once)
		spec->live = false;
	if (feed_open(f, spec, rule, a->crypto, err) != 0)
		return -1;
	a->count++;
	state = checkpoint_source(&a->saved, spec->id);
	if (!state)
		return 0;
	if (feed_restore(f, state, !a->identity.prev.known, &f->err) == 0)
		return 0;
	/* What cannot be understood is read again; ids make that harmless. */
	log_warnx("agent", "%s: %s; it is read from the beginning", spec->id,
	    f->err.text);
	source_close(&f->source);
	f->standing = (struct standing){.answers = f->standing.answers};
	return source_open(&f->source, spec, a->crypto, err);
}

static int
open_feeds(struct agent *a, struct discover *d, struct err *err)
{
	size_t i = 0;

	if (checkpoint_load(&a->saved, spool_found(a->spool), err) < 0)
		return -1;
	a->feeds = calloc(d->count + 1, sizeof *a->feeds);
	if (!a->feeds)
		return err_set(err, "no memory for the sources");
	while (i < d->count) {
		struct source_spec *spec = d->specs[i++];

		if (open_feed(a, spec, err) == 0)
			continue;
		/* The rest is still the caller's. */
		memmove(
		    d->specs, d->specs + i, (d->count - i) * sizeof(void *));
		d->count -= i;
		return -1;
	}
	d->count = 0;
	return 0;
}

static void
append_state(void *arg, bool full, size_t part, struct buf *out)
{
	struct agent *a = arg;
	size_t at = part * FEEDS_A_PART;
	size_t count = a->count - (at < a->count ? at : a->count);
	bool any = full;

	if (count > FEEDS_A_PART)
		count = FEEDS_A_PART;
	for (size_t i = at; i < at + count; i++)
		any |= a->feeds[i].moved;
	if (!any || (count == 0 && part > 0))
		return;
	checkpoint_save(
	    &a->saved, a->feeds + at, count, a->files.hash, full, out);
}

static int
build(struct agent *a, const struct ruleset *rules, int64_t now_us,
    struct err *err)
{
	struct reader_parts parts;

	a->match = match_new(rules);
	a->unknown = unknown_new();
	a->writer = writer_new(a->spool, a->crypto, &a->identity, &a->machine,
	    now_us, append_state, a, err);
	if (!a->match || !a->unknown || !a->writer)
		return a->writer ? err_set(err, "no memory for the agent") : -1;
	parts = (struct reader_parts){.match = a->match,
	    .zone = a->zone,
	    .writer = a->writer,
	    .unknown = a->unknown,
	    .crypto = a->crypto,
	    .host = a->machine.name,
	    .simulated = a->o.simulated,
	    .feeds = a->feeds,
	    .feed_count = a->count};
	a->reader = reader_new(&parts);
	if (a->reader)
		a->heartbeat =
		    heartbeat_new(a->feeds, a->count, a->unknown, a->reader);
	return a->heartbeat ? 0 : err_set(err, "no memory for the agent");
}

/* ---- writing ---- */

/* What the spool answered becomes the agent's phase. */
static bool
note_put(
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
	a->retry_us = now_us + RETRY_US;
	return false;
}

static bool
is_stopped(const struct agent *a)
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

static bool
commit(struct agent *a, int64_t now_us)
{
	struct err err = {0};
	unsigned abandoned = spool_abandoned(a->spool);
	enum spool_put got = spool_commit(a->spool, &err);

	if (spool_abandoned(a->spool) != abandoned)
		log_warnx("agent",
		    "a segment of '%s' could not be written on; it is given up "
		    "and a new one begun",
		    a->spool_dir);
	if (!note_put(a, got, &err, now_us)) {
		a->stuck = true;
		return false;
	}
	for (size_t i = 0; i < a->count; i++)
		a->feeds[i].moved = false;
	if (a->stuck && !a->refused)
		go_on(a);
	a->stuck = false;
	a->put_us = 0;
	return true;
}

static bool
beat(struct agent *a, bool complete, int64_t now_us)
{
	struct heartbeat_clock clock;
	struct err err = {0};

	heartbeat_read_clock(&clock, a->o.simulated);
	return note_put(a,
	    heartbeat_put(a->heartbeat, a->writer, a->spool, &clock, complete,
		now_us, &err),
	    &err, now_us);
}

static bool
seal(struct agent *a, bool all, int64_t now_us)
{
	struct err err = {0};

	return note_put(
	    a, writer_seal(a->writer, all, now_us, &err), &err, now_us);
}

/* Start, files, what was lost, and where every source stands. */
static int
open_epoch(struct agent *a, int64_t now_us, struct err *err)
{
	const struct recover *found = spool_found(a->spool);
	struct opening o = {.zone = a->zone_name,
	    .simulated = a->o.simulated,
	    .files = &a->files,
	    .files_known = a->saved.has_rules && !a->identity.is_new &&
			   memcmp(a->saved.rules, a->files.hash, 32) == 0,
	    .found = found,
	    .feeds = a->feeds,
	    .feed_count = a->count};

	for (size_t i = 0; i < found->damage_count; i++)
		log_warnx("agent", "the spool was damaged: %s",
		    found->damages[i].why.text);
	if (found->torn_bytes > 0)
		log_info("agent",
		    "%llu bytes that were not committed when the agent ended "
		    "are cut off; their lines are read again",
		    (unsigned long long)found->torn_bytes);
	if (opening_put(&o, a->writer, now_us, err) != SPOOL_OK)
		return -1;
	for (size_t i = 0; i < a->count; i++)
		feed_scan(&a->feeds[i], now_us);
	a->scanned_us = now_us;
	if (!beat(a, true, now_us) || !commit(a, now_us)) {
		*err = a->problem;
		return -1;
	}
	return 0;
}

struct agent *
agent_new(const struct agent_options *o, const struct ruleset *rules,
    struct discover *d, int64_t now_us, struct err *err)
{
	struct agent *a = calloc(1, sizeof *a);

	if (!a) {
		err_set(err, "no memory for the agent");
		return NULL;
	}
	a->o = *o;
	a->crypto = crypto_new(err);
	if (!a->crypto || make_state(o->state, err) != 0 ||
	    set_zone(a, err) != 0 || open_spool(a, err) != 0 ||
	    know_ourselves(a, err) != 0 || open_feeds(a, d, err) != 0 ||
	    opening_files_init(&a->files, rules, a->crypto, err) != 0 ||
	    build(a, rules, now_us, err) != 0 ||
	    open_epoch(a, now_us, err) != 0) {
		agent_free(a);
		return NULL;
	}
	return a;
}

void
agent_free(struct agent *a)
{
	if (!a)
		return;
	heartbeat_free(a->heartbeat);
	reader_free(a->reader);
	writer_free(a->writer);
	unknown_free(a->unknown);
	match_free(a->match);
	opening_files_clear(&a->files);
	for (size_t i = 0; i < a->count; i++)
		feed_close(&a->feeds[i]);
	free(a->feeds);
	checkpoint_clear(&a->saved);
	identity_clear(&a->identity);
	spool_close(a->spool);
	zone_free(a->zone);
	crypto_free(a->crypto);
	free(a);
}

/* ---- working ---- */

static void
scan(struct agent *a, int64_t now_us)
{
	for (size_t i = 0; i < a->count; i++) {
		struct feed *f = &a->feeds[i];
		bool was_blocked = f->blocked;

		feed_scan(f, now_us);
		if (f->blocked && !was_blocked)
			log_warnx("agent", "%s: %s; it is tried again",
			    f->spec->id, f->err.text);
		if (f->blocked)
			f->at_end = false;
	}
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
		return note_put(a,
		    got == READER_FULL ? SPOOL_FULL : SPOOL_FAILED, &err,
		    now_us);
	}
	if (a->refused)
		go_on(a);
	return note_put(a, SPOOL_OK, &err, now_us) && seal(a, false, now_us) &&
	       (spool_pending(a->spool) < COMMIT_BYTES || commit(a, now_us));
}

/* Read from all feeds in turn. True when there is more to read. */
static bool
read_feeds(struct agent *a, int64_t now_us)
{
	int windows = 0;
	bool more = true;

	while (more && windows < WINDOWS_A_TICK) {
		more = false;
		for (size_t i = 0; i < a->count; i++) {
			if (read_feed(a, &a->feeds[i], now_us)) {
				windows++;
				more = true;
			} else if (is_stopped(a)) {
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

	for (size_t i = 0; i < a->count; i++)
		lines += a->feeds[i].total_lines;
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
	for (size_t i = 0; i < a->count; i++) {
		struct feed *f = &a->feeds[i];

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
	for (size_t i = 0; i < a->count; i++) {
		standing_anew(&a->feeds[i].standing);
		if (a->feeds[i].mark)
			mark_anew(a->feeds[i].mark);
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
	if (!is_stopped(a))
		return true;
	if (now_us < a->retry_us && now_us >= a->retry_us - RETRY_US)
		return false;
	a->retry_us = now_us + RETRY_US;
	return !a->stuck || commit(a, now_us);
}

/* Unread bytes of all files that have no name any more. */
static uint64_t
held(const struct agent *a)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < a->count; i++) {
		const struct source *s = &a->feeds[i].source;

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
	while (is_stopped(a) && held(a) > a->o.held_max_bytes) {
		struct feed *most = NULL;
		uint64_t bytes = 0;
		struct err err = {0};

		for (size_t i = 0; i < a->count; i++) {
			struct feed *f = &a->feeds[i];
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
	if (!is_stopped(a))
		a->phase = more ? AGENT_READING : AGENT_WATCHING;
	/* The essential goes on beside a full spool, as long as the reserve
	 * lasts. */
	if (heartbeat_is_due(a->heartbeat, now_us))
		(void)beat(a, false, now_us);
	(void)seal(a, false, now_us);
	if (a->put_us != 0 && !a->stuck &&
	    (a->refused || now_us >= a->put_us + COMMIT_US))
		(void)commit(a, now_us);
	if (now_us - a->reclaimed_us >= RECLAIM_US) {
		spool_tick(a->spool, now_us);
		a->reclaimed_us = now_us;
	}
	if (is_stopped(a))
		return a->retry_us;
	return more ? now_us : next_wake(a);
}

bool
agent_is_done(const struct agent *a)
{
	if (is_stopped(a))
		return true;
	for (size_t i = 0; i < a->count; i++)
		if (!a->feeds[i].at_end && !a->feeds[i].blocked)
			return false;
	return true;
}

int
agent_stop(struct agent *a, int64_t now_us, struct err *err)
{
	bool whole = !is_stopped(a);

	/* What was put goes first: then there is room again, or there is not.
	 */
	if (!commit(a, now_us) || !beat(a, true, now_us) ||
	    !seal(a, true, now_us) || !commit(a, now_us)) {
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
	    .host = a->machine.name,
	    .phase = a->phase,
	    .problem = a->problem.text[0] ? a->problem.text : NULL,
	    .feeds = a->feeds,
	    .feed_count = a->count,
	    .found = spool_found(a->spool),
	    .mark_problem = a->mark_err.text[0] ? a->mark_err.text : NULL,
	    .spool_bytes = spool_bytes(a->spool),
	    .spool_unsent = spool_unsent(a->spool),
	    .spool_abandoned = spool_abandoned(a->spool),
	    .lines_per_s = a->lines_per_s,
	    .records = writer_records(a->writer)};
	for (size_t i = 0; i < a->count; i++) {
		const struct feed *f = &a->feeds[i];
		uint64_t done, total;

		f->source.ops->progress(f->source.impl, &done, &total);
		view->bytes_done += done;
		view->bytes_total += total;
		view->lines += f->total_lines;
		view->events += f->total_events;
	}
}
