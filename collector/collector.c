/* SPDX-License-Identifier: Apache-2.0 */
#include "collector.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assay/log.h"
#include "assay/problems.h"
#include "assay/zone.h"
#include "author.h"
#include "closing.h"
#include "row.h"
#include "filewatch.h"
#include "identity.h"
#include "intake.h"
#include "lint.h"
#include "load.h"
#include "rate.h"
#include "status.h"
#include "stream_kafka.h"
#include "stream_spool.h"

#define ROUND_ITEMS 500 /* of all streams in one transaction */

struct collector {
	const struct settings *settings;
	const struct clock *clock;
	struct crypto *crypto;
	struct store *store;
	struct identity identity;
	/* Made from the store, and again when a round failed. */
	struct author *author;
	struct intake *intake;
	struct stream **streams; /* one for each of settings->streams */
	bool stale;		 /* they are ahead of the store */
	int wake[2];		 /* a pipe that they write to */
	struct filewatch *files;
	enum store_trouble trouble;
	size_t unreadable;
	size_t first_stream; /* whose turn it is to begin */
	int64_t started_us;
	struct intake_counts counts; /* of intakes that are gone */
	char (*troubles)[1024];	     /* what was said last of each stream */
	struct closing closing;
};

/* ---- opening ---- */

static int
make_dirs(const char *path, struct err *err)
{
	char part[PATH_MAX];
	size_t len = strlen(path);

	if (len >= sizeof part)
		return err_set(err, "the path '%s' is too long", path);
	for (size_t i = 1; i <= len; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, 0750) && errno != EEXIST)
			return err_sys(err, "make directory '%s'", part);
	}
	return 0;
}

static int
open_store(struct collector *c, struct err *err)
{
	char *path = settings_store(c->settings);

	if (!path)
		return err_set(err, "no memory for the store");
	c->store = store_open(path, STORE_WRITE, &c->trouble, err);
	free(path);
	return c->store ? 0 : -1;
}

/* Room for the streams, which are opened in the first round. */
static int
make_streams(struct collector *c, struct err *err)
{
	size_t count = c->settings->stream_count + 1;

	c->streams = calloc(count, sizeof(void *));
	c->troubles = calloc(count, sizeof *c->troubles);
	if (!c->streams || !c->troubles)
		return err_set(err, "no memory for the streams");
	if (pipe2(c->wake, O_CLOEXEC | O_NONBLOCK))
		return err_sys(err, "make a pipe for the streams");
	return 0;
}

struct collector *
collector_open(const struct settings *settings, const struct clock *clock,
    enum store_trouble *trouble, struct err *err)
{
	struct collector *c = calloc(1, sizeof *c);

	*trouble = STORE_LATER;
	if (!c) {
		err_set(err, "no memory for the collector");
		return NULL;
	}
	c->settings = settings;
	c->clock = clock;
	c->started_us = clock_now_us(clock);
	c->wake[0] = c->wake[1] = -1;
	c->trouble = STORE_DENIED;
	if (make_dirs(settings->state, err) || !(c->crypto = crypto_new(err)) ||
	    open_store(c, err) ||
	    identity_load(&c->identity, c->crypto, settings->state, err) ||
	    !(c->files = filewatch_new(
		  c->crypto, settings->rules, settings->isms, err)))
		goto fail;
	if (make_streams(c, err))
		goto fail;
	c->trouble = STORE_FINE;
	*trouble = STORE_FINE;
	return c;
fail:
	*trouble = c->trouble;
	collector_close(c);
	return NULL;
}

static void
drop_work(struct collector *c)
{
	c->stale = true;
	if (c->intake) {
		struct intake_counts counts = intake_counts(c->intake);

		c->counts.appended += counts.appended;
		c->counts.repeated += counts.repeated;
		c->counts.dead += counts.dead;
		c->counts.told += counts.told;
	}
	intake_free(c->intake);
	author_free(c->author);
	c->intake = NULL;
	c->author = NULL;
}

void
collector_close(struct collector *c)
{
	if (!c)
		return;
	drop_work(c);
	for (size_t i = 0; c->streams && i < c->settings->stream_count; i++)
		stream_close(c->streams[i]);
	for (size_t i = 0; i < 2; i++)
		if (c->wake[i] >= 0)
			close(c->wake[i]);
	filewatch_free(c->files);
	identity_clear(&c->identity);
	store_close(c->store);
	crypto_free(c->crypto);
	free(c->streams);
	free(c->troubles);
	free(c);
}

/* ---- what is made from the store ---- */

static int
find_position(void *arg, const char *lane, struct buf *out, struct err *err)
{
	struct collector *c = arg;

	return store_lane(c->store, lane, out, err);
}

static struct stream *
open_stream(
    struct collector *c, const struct settings_stream *s, struct err *err)
{
	struct stream_kafka_options options = {
	    .kafka = &s->kafka,
	    .clock = c->clock,
	    .position = find_position,
	    .arg = c,
	    .wake_fd = c->wake[1],
	    .once = c->settings->once,
	};

	if (s->spool)
		return stream_spool_open(s->spool, find_position, c, err);
	return stream_kafka_open(&options, err);
}

/* Opened once; after a round that failed they go back to what the store has. */
static int
ready_streams(struct collector *c, struct err *err)
{
	for (size_t i = 0; i < c->settings->stream_count; i++) {
		if (c->streams[i]) {
			if (c->stale && stream_rewind(c->streams[i], err))
				return -1;
			continue;
		}
		c->streams[i] = open_stream(c, &c->settings->streams[i], err);
		if (!c->streams[i])
			return -1;
	}
	c->stale = false;
	return 0;
}

static void
copy_refused(void *arg, const struct stream_refused *what)
{
	struct collector *c = arg;

	for (size_t i = 0; i < c->settings->stream_count; i++)
		if (stream_has(c->streams[i], what->lane))
			stream_refuse(c->streams[i], what);
}

static int
make_work(struct collector *c, struct err *err)
{
	if (c->intake)
		return 0;
	if (row_project(c->store, err))
		return -1;
	c->author =
	    author_new(c->crypto, c->store, c->clock, &c->identity, err);
	if (c->author)
		c->intake = intake_new(c->crypto, c->store, c->author, err);
	if (!c->intake || ready_streams(c, err)) {
		drop_work(c);
		return -1;
	}
	intake_on_refused(c->intake, copy_refused, c);
	return 0;
}

/* ---- a round ---- */

static void
say_stream_trouble(struct collector *c, size_t i, const struct err *why)
{
	struct stream_state state;

	c->unreadable++;
	/* A round comes every second; the same words once are enough. */
	if (strcmp(c->troubles[i], why->text) == 0)
		return;
	snprintf(c->troubles[i], sizeof c->troubles[i], "%s", why->text);
	stream_look(c->streams[i], &state);
	log_warnx("collector", "%s cannot be read, trying again: %s",
	    state.name, why->text);
}

/* Up to room items of one stream: how many, -1 when the store failed. */
static int
read_stream(struct collector *c, size_t i, int room, struct err *err)
{
	int taken = 0;

	while (taken < room) {
		struct stream_item item;
		struct err why = {0};
		enum stream_got got = stream_next(c->streams[i], &item, &why);

		if (got == STREAM_ERROR)
			say_stream_trouble(c, i, &why);
		if (got == STREAM_ERROR || got == STREAM_NOTHING)
			break;
		c->troubles[i][0] = '\0';
		if (intake_take(c->intake, &item,
			got == STREAM_DAMAGE ? why.text : NULL,
			clock_now_us(c->clock), err))
			return -1;
		taken++;
	}
	return taken;
}

/* A fair share for each, so that a stream that never ends starves no other. */
static int
read_streams(struct collector *c, struct err *err)
{
	size_t count = c->settings->stream_count;
	int total = 0;

	c->unreadable = 0;
	for (size_t n = 0; n < count; n++) {
		size_t i = (c->first_stream + n) % count;
		int room = (ROUND_ITEMS - total) / (int)(count - n);
		int taken = read_stream(c, i, room > 0 ? room : 1, err);

		if (taken < 0)
			return -1;
		total += taken;
	}
	if (count)
		c->first_stream = (c->first_stream + 1) % count;
	return total;
}

static int
write_files(struct collector *c, struct err *err)
{
	for (int i = 0; i < AUTHOR_SETS; i++) {
		enum author_set set = (enum author_set)i;
		const struct record_file *files;
		size_t count;
		bool written;

		if (!filewatch_news(c->files, set, &files, &count))
			continue;
		/* What was never declared needs no empty set. */
		if (count == 0 && !author_in_force(c->author, set))
			continue;
		if (author_files(c->author, set, files, count, &written, err))
			return -1;
		if (written)
			log_info("collector",
			    "the %s are in force as they are now (%zu files)",
			    author_set_name(set), count);
	}
	return 0;
}

static void
say_moved(void *arg, const char *lane, const char *position)
{
	struct collector *c = arg;

	for (size_t i = 0; i < c->settings->stream_count; i++) {
		struct err why = {0};

		if (!stream_has(c->streams[i], lane))
			continue;
		if (stream_stored(c->streams[i], lane, position, &why))
			log_warnx("collector",
			    "the agent is not told what is stored, it keeps "
			    "its spool longer: %s",
			    why.text);
	}
}

/* Everything of a round between begin and commit. */
static int
work(struct collector *c, enum collector_end end, struct err *err)
{
	int64_t now_us = clock_now_us(c->clock);
	int taken;

	if (write_files(c, err))
		return -1;
	taken = read_streams(c, err);
	if (taken < 0 ||
	    intake_judge(c->intake, now_us,
		end == COLLECTOR_DRAINED ? 0 : INTAKE_GRACE_US, err) ||
	    author_seal(c->author, end != COLLECTOR_GOES_ON, err) ||
	    intake_move_lanes(c->intake, err))
		return -1;
	return taken;
}

enum collector_round
collector_round(struct collector *c, enum collector_end end, struct err *err)
{
	int taken = -1;

	c->trouble = STORE_LATER;
	if (make_work(c, err))
		goto fail;
	if (store_begin(c->store, err))
		goto fail;
	taken = work(c, end, err);
	if (taken < 0)
		store_rollback(c->store);
	else if (store_commit(c->store, err))
		taken = -1;
	if (taken < 0)
		goto fail;
	c->trouble = STORE_FINE;
	filewatch_taken(c->files);
	intake_moved(c->intake, say_moved, c);
	return taken ? COLLECTOR_BUSY : COLLECTOR_IDLE;
fail:
	if (store_trouble(c->store) != STORE_FINE)
		c->trouble = store_trouble(c->store);
	drop_work(c);
	return COLLECTOR_FAILED;
}

int
collector_wake_fd(const struct collector *c)
{
	return c->wake[0];
}

void
collector_woken(struct collector *c)
{
	char bytes[256];

	while (read(c->wake[0], bytes, sizeof bytes) > 0)
		;
}

bool
collector_has_all(const struct collector *c)
{
	for (size_t i = 0; i < c->settings->stream_count; i++)
		if (!c->streams[i] || !stream_done(c->streams[i]))
			return false;
	return true;
}

void
collector_say_missing(const struct collector *c, struct buf *out)
{
	struct stream_state state;

	for (size_t i = 0; i < c->settings->stream_count; i++) {
		if (!c->streams[i] || stream_done(c->streams[i]))
			continue;
		stream_look(c->streams[i], &state);
		buf_printf(out, "%s%s: %s", out->len ? "; " : "", state.name,
		    state.words);
	}
}

enum store_trouble
collector_trouble(const struct collector *c)
{
	return c->trouble;
}

size_t
collector_unreadable(const struct collector *c)
{
	return c->unreadable;
}

/* Bad files change nothing: they are named, and what is in force stays. */
static int
check_files(struct collector *c, struct buf *wrong, struct err *err)
{
	struct problems *p = problems_new();
	struct lint_counts counts;
	int rc;

	if (!p)
		return err_set(err, "no memory to check the files");
	rc = lint_run(c->settings->rules, c->settings->isms, p, &counts, err);
	if (rc == 0 && problems_errors(p)) {
		filewatch_refuse(c->files);
		problems_print(p, wrong);
	}
	problems_free(p);
	return rc;
}

int
collector_look_at_files(
    struct collector *c, bool settled, struct buf *wrong, struct err *err)
{
	if (filewatch_look(c->files, settled, err))
		return -1;
	if (!filewatch_has_news(c->files))
		return 0;
	return check_files(c, wrong, err);
}

bool
collector_has_files(struct collector *c)
{
	struct buf hash = {0};
	int got = store_meta(c->store, "set.checks", &hash, NULL);

	buf_clear(&hash);
	return got == 1;
}

size_t
collector_framework_files(const struct collector *c)
{
	return filewatch_count(c->files, AUTHOR_FRAMEWORKS);
}

/* ---- the daily close ---- */

static struct zone *
read_zone(const struct collector *c)
{
	struct slice tzif = filewatch_file(c->files, AUTHOR_ISMS, "zone");
	struct zone *zone = tzif.len ? zone_new(tzif, NULL) : NULL;

	return zone ? zone : zone_new_utc();
}

/* Give the ratings in a round of their own. */
static int
give(struct collector *c, struct ledger *l, const struct closing *closing,
    struct err *err)
{
	int rc;

	if (make_work(c, err) || store_begin(c->store, err))
		return -1;
	rc = rate_give(l, c->author, closing->as_of_us, err) ||
		     author_seal(c->author, true, err) ||
		     closing_done(c->store, closing->midnight_us, err)
		 ? -1
		 : 0;
	if (rc)
		store_rollback(c->store);
	else
		rc = store_commit(c->store, err);
	if (rc)
		drop_work(c);
	else
		log_info("collector", "the ratings of the day are given");
	return rc;
}

int
collector_close_day(struct collector *c, struct err *err)
{
	char *path = settings_store(c->settings);
	struct zone *zone = read_zone(c);
	struct ledger *l = NULL;
	int rc = -1;

	if (!path || !zone) {
		err_set(err, "no memory to rate");
		goto done;
	}
	rc = closing_look(
	    &c->closing, c->store, zone, clock_now_us(c->clock), err);
	if (rc != 1)
		goto done;
	l = load_ledger(path, &rc, err);
	rc = l ? closing_find(&c->closing, l, zone, err) : -1;
	if (rc == 1)
		rc = give(c, l, &c->closing, err);
done:
	ledger_free(l);
	zone_free(zone);
	free(path);
	return rc;
}

/* ---- status ---- */

void
collector_status(const struct collector *c, const char *state, struct buf *out)
{
	char *path = settings_store(c->settings);
	struct status status = {
	    .state = state,
	    .store_path = path ? path : "",
	    .started_us = c->started_us,
	    .now_us = clock_now_us(c->clock),
	    .store = c->store,
	    .counts = c->counts,
	    .streams = c->streams,
	    .stream_count = c->settings->stream_count,
	};

	if (c->intake) {
		struct intake_counts counts = intake_counts(c->intake);

		status.counts.appended += counts.appended;
		status.counts.repeated += counts.repeated;
		status.counts.dead += counts.dead;
		status.counts.told += counts.told;
	}
	for (size_t i = 0; i < c->settings->stream_count; i++) {
		uint64_t done = 0, total = 0;

		if (c->streams[i])
			stream_progress(c->streams[i], &done, &total);
		status.bytes_done += done;
		status.bytes_total += total;
	}
	status_json(&status, out);
	free(path);
}
