/* SPDX-License-Identifier: Apache-2.0 */
#include "status.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "assay/ack.h"
#include "assay/encode.h"
#include "assay/jsonout.h"
#include "assay/printable.h"
#include "assay/smallfile.h"
#include "assay/stamp.h"

#include "facility.h"
#include "heartbeat.h"

#define SOURCES_MAX 1000 /* of the file: it is read by people */
#define UNKNOWN_MAX 10
#define ATTENTION_MAX 5 /* sources */
#define PROGRAMS_MAX 50
#define QUIET_US (INT64_C(20) * 60 * 1000000)

static const char *const phases[] = {
    [AGENT_READING] = "reading",
    [AGENT_WATCHING] = "watching",
    [AGENT_FULL] = "full",
    [AGENT_FAILING] = "failing",
    [AGENT_STOPPED] = "stopped",
};

/* Where a source stands. */
enum place {
	PLACE_BLOCKED,	/* something of it cannot be read */
	PLACE_SILENT,	/* asked for by marks, and nothing came */
	PLACE_READING,	/* there is more to read */
	PLACE_ABSENT,	/* there is no file (yet) */
	PLACE_QUIET,	/* at its end, but how long ago can not be proved */
	PLACE_WATCHING, /* at its end, now */
	PLACE_READ,	/* to its end; it is not read on */
};

static const char *const places[] = {
    [PLACE_BLOCKED] = "blocked",
    [PLACE_SILENT] = "silent",
    [PLACE_READING] = "reading",
    [PLACE_ABSENT] = "absent",
    [PLACE_QUIET] = "quiet",
    [PLACE_WATCHING] = "watching",
    [PLACE_READ] = "read",
};

struct look {
	const struct status_run *run;
	struct agent_view view;
	struct heartbeat_clock clock;
	struct buf *out;
};

/* Text that may hold anything, as a JSON string. */
static void
put_text(struct buf *out, const char *key, struct slice text)
{
	struct buf clean = {0};

	printable_utf8(&clean, text);
	if (key)
		jsonout_key(out, key);
	jsonout_string(out, buf_slice(&clean));
	out->failed |= clean.failed;
	buf_clear(&clean);
}

/* ---- sources ---- */

/* How far it stands now; heartbeats say it each minute only. */
static bool
stands_at_now(const struct feed *f, int64_t now_us, int64_t *through_us)
{
	struct standing s = f->standing;
	bool at_now = f->at_end && !f->has_hole && s.known &&
		      standing_rest(&s, f->rule, now_us);

	*through_us = s.through_us < now_us ? s.through_us : now_us;
	return at_now;
}

static bool
has_file(const struct feed *f)
{
	uint64_t offset, done, total;

	f->source.ops->progress(f->source.impl, &done, &total);
	return total > 0 || !f->spec->path ||
	       f->source.ops->position(f->source.impl, &offset) ||
	       f->standing.known;
}

static enum place
place_of(const struct feed *f, int64_t now_us)
{
	int64_t through_us;

	if (f->blocked)
		return PLACE_BLOCKED;
	if (f->standing.silent_us != 0)
		return PLACE_SILENT;
	if (!has_file(f))
		return PLACE_ABSENT;
	if (!f->at_end)
		return PLACE_READING;
	if (!f->spec->live)
		return PLACE_READ;
	if (stands_at_now(f, now_us, &through_us) || !f->standing.known ||
	    now_us - through_us < QUIET_US)
		return PLACE_WATCHING;
	return PLACE_QUIET;
}

static void
put_mark(struct buf *out, const struct mark *m)
{
	const char *name = facility_name(m->facility);

	jsonout_key(out, "marks");
	jsonout_object(out);
	if (name)
		jsonout_kstr(out, "facility", name);
	jsonout_kint(out, "sent", (int64_t)m->sent);
	jsonout_kint(out, "back", (int64_t)m->back);
	if (m->sent_us != 0)
		jsonout_kstamp(out, "last_sent", m->sent_us);
	if (m->back_us != 0)
		jsonout_kstamp(out, "last_back", m->back_us);
	jsonout_object_end(out);
}

static void
put_counts(struct buf *out, const struct feed *f)
{
	uint64_t done, total;

	f->source.ops->progress(f->source.impl, &done, &total);
	jsonout_kint(out, "lines", f->total_lines);
	jsonout_kint(out, "events", f->total_events);
	jsonout_kint(out, "known", f->total_known);
	jsonout_kint(out, "ignored", f->total_ignored);
	jsonout_kint(out, "unknown", f->total_unknown);
	jsonout_kint(out, "bytes_done", (int64_t)done);
	jsonout_kint(out, "bytes_total", (int64_t)total);
	jsonout_kint(out, "gaps", f->total_gaps);
	if (f->total_gaps == 0)
		return;
	jsonout_key(out, "last_gap");
	jsonout_object(out);
	jsonout_kstr(out, "reason", f->gap_reason);
	jsonout_kstamp(out, "from", f->gap_from_us);
	jsonout_kstamp(out, "to", f->gap_to_us);
	jsonout_object_end(out);
}

static void
put_feed(const struct look *l, const struct feed *f)
{
	struct buf *out = l->out;
	int64_t through_us;
	bool at_now = stands_at_now(f, l->run->now_us, &through_us);

	jsonout_object(out);
	put_text(out, "id", slice_of(f->spec->id));
	jsonout_kstr(out, "place", places[place_of(f, l->run->now_us)]);
	jsonout_key(out, "provides");
	jsonout_array(out);
	for (size_t i = 0; i < f->spec->provide_count; i++)
		jsonout_str(out, rule_class_name(f->spec->provides[i]));
	jsonout_array_end(out);
	if (f->spec->own)
		jsonout_kstr(out, "program", f->spec->own->programs[0]);
	if (f->spec->chosen)
		jsonout_kstr(out, "chosen", f->spec->chosen);
	if (f->standing.known) {
		jsonout_kstamp(out, "from", f->standing.from_us);
		jsonout_kstamp(out, "through", through_us);
		jsonout_kint(
		    out, "lag_us", at_now ? 0 : l->run->now_us - through_us);
	}
	if (f->standing.last_us != 0)
		jsonout_kstamp(out, "last_line", f->standing.last_us);
	if (f->standing.silent_us != 0)
		jsonout_kstamp(out, "silent_since", f->standing.through_us);
	jsonout_kbool(out, "at_end", f->at_end);
	put_counts(out, f);
	if (f->mark)
		put_mark(out, f->mark);
	if (f->err.text[0])
		put_text(out, "problem", slice_of(f->err.text));
	jsonout_object_end(out);
}

static void
put_sources(const struct look *l)
{
	size_t count = l->view.feed_count;

	jsonout_key(l->out, "sources");
	jsonout_array(l->out);
	for (size_t i = 0; i < count && i < SOURCES_MAX; i++)
		put_feed(l, &l->view.feeds[i]);
	jsonout_array_end(l->out);
	if (count > SOURCES_MAX)
		jsonout_kint(
		    l->out, "more_sources", (int64_t)(count - SOURCES_MAX));
}

static void
put_notes(const struct look *l)
{
	const struct discover *d = l->run->found;

	jsonout_key(l->out, "not_read");
	jsonout_array(l->out);
	for (size_t i = 0; i < d->note_count; i++) {
		jsonout_object(l->out);
		put_text(l->out, "path", slice_of(d->notes[i].path));
		jsonout_kstr(l->out, "why", d->notes[i].why);
		jsonout_object_end(l->out);
	}
	jsonout_array_end(l->out);
}

/* ---- spool and acks ---- */

static bool
is_reader(const struct look *l, const char *name)
{
	for (const char *const *r = l->run->readers; r && *r; r++)
		if (!strcmp(*r, name))
			return true;
	return false;
}

static void
put_ack(const struct look *l, const char *name, bool counts)
{
	char path[PATH_MAX];
	struct stat st;
	struct ack ack;
	int got = ack_read(l->view.spool_dir, name, &ack, NULL);

	jsonout_object(l->out);
	put_text(l->out, "name", slice_of(name));
	jsonout_kbool(l->out, "counts", counts);
	if (snprintf(path, sizeof path, "%s/ack/%s", l->view.spool_dir, name) <
		(int)sizeof path &&
	    got == 1 && stat(path, &st) == 0)
		jsonout_kstamp(l->out, "at",
		    st.st_mtim.tv_sec * INT64_C(1000000) +
			st.st_mtim.tv_nsec / 1000);
	if (got == 1 && memcmp(ack.epoch, l->view.epoch, 16) == 0)
		jsonout_kint(l->out, "behind",
		    (int64_t)(l->view.records - ack.sequence));
	jsonout_object_end(l->out);
}

/* Of those that count, and of others that nobody asked for. */
static void
put_acks(const struct look *l)
{
	char path[PATH_MAX];
	struct dirent *e;
	DIR *dir = NULL;
	int others = 0;

	jsonout_key(l->out, "acks");
	jsonout_array(l->out);
	for (const char *const *r = l->run->readers; r && *r; r++)
		put_ack(l, *r, true);
	if (snprintf(path, sizeof path, "%s/ack", l->view.spool_dir) <
	    (int)sizeof path)
		dir = opendir(path);
	while (dir && (e = readdir(dir)) && others < 8)
		if (e->d_name[0] != '.' && !strchr(e->d_name, '.') &&
		    !is_reader(l, e->d_name)) {
			put_ack(l, e->d_name, false);
			others++;
		}
	if (dir)
		closedir(dir);
	jsonout_array_end(l->out);
}

static void
put_spool(const struct look *l)
{
	const struct agent_view *v = &l->view;

	jsonout_key(l->out, "spool");
	jsonout_object(l->out);
	jsonout_kint(l->out, "bytes", (int64_t)v->spool_bytes);
	jsonout_kint(l->out, "max_bytes", l->run->max_bytes);
	jsonout_kint(l->out, "unsent", (int64_t)v->spool_unsent);
	jsonout_kint(l->out, "abandoned", v->spool_abandoned);
	jsonout_kint(l->out, "damaged", (int64_t)v->found->damage_count);
	jsonout_kint(l->out, "kept_aside", (int64_t)v->spool_kept_aside);
	jsonout_kint(l->out, "torn_bytes", (int64_t)v->found->torn_bytes);
	jsonout_kint(l->out, "held_deleted_bytes", (int64_t)v->held);
	put_acks(l);
	jsonout_object_end(l->out);
}

/* ---- kafka ---- */

static void
put_sent(const struct look *l, const struct publish_health *k)
{
	char epoch[33];

	jsonout_kint(l->out, "queued", (int64_t)k->queued);
	jsonout_kint(l->out, "unsent_bytes", (int64_t)k->unsent_bytes);
	jsonout_kint(l->out, "delivered", (int64_t)k->delivered);
	jsonout_kint(l->out, "clients", k->clients);
	jsonout_kint(l->out, "stuck_clients", k->stuck);
	if (k->has_acked) {
		encode_hex(epoch, k->acked_epoch, 16);
		jsonout_kstr(l->out, "acked_epoch", epoch);
		jsonout_kint(
		    l->out, "acked_sequence", (int64_t)k->acked_sequence);
	}
	if (k->has_acked && memcmp(k->acked_epoch, l->view.epoch, 16) == 0)
		jsonout_kint(l->out, "unsent",
		    (int64_t)(l->view.records - k->acked_sequence));
	if (k->again)
		jsonout_kint(l->out, "sent_again", (int64_t)k->again_sent);
}

static void
put_kafka(const struct look *l)
{
	static const char *const states[] = {
	    [PUBLISH_CONNECTING] = "connecting",
	    [PUBLISH_CONNECTED] = "connected",
	    [PUBLISH_WAITING] = "waiting",
	};
	const struct publish_health *k = l->run->kafka;

	if (!k)
		return;
	jsonout_key(l->out, "kafka");
	jsonout_object(l->out);
	jsonout_kstr(l->out, "state", states[k->state]);
	jsonout_kstamp(l->out, "since", k->since_us);
	put_text(l->out, "brokers", slice_of(k->brokers));
	put_text(l->out, "topic", slice_of(k->topic));
	jsonout_kbool(l->out, "insecure", k->insecure);
	if (k->problem)
		put_text(l->out, "problem", slice_of(k->problem));
	put_sent(l, k);
	jsonout_object_end(l->out);
}

/* ---- the rest ---- */

static void
put_progress(const struct look *l)
{
	const struct agent_view *v = &l->view;

	jsonout_key(l->out, "progress");
	jsonout_object(l->out);
	jsonout_kint(l->out, "bytes_done", (int64_t)v->bytes_done);
	jsonout_kint(l->out, "bytes_total", (int64_t)v->bytes_total);
	jsonout_kint(l->out, "lines", v->lines);
	jsonout_kint(l->out, "events", v->events);
	jsonout_kint(l->out, "lines_per_s", v->lines_per_s);
	jsonout_object_end(l->out);
}

static void
put_clock(const struct look *l)
{
	jsonout_key(l->out, "clock");
	jsonout_object(l->out);
	jsonout_kbool(l->out, "synced", l->clock.synced);
	jsonout_kint(l->out, "offset_us", l->clock.offset_us);
	jsonout_kint(l->out, "maxerror_us", l->clock.maxerror_us);
	if (l->view.simulated)
		jsonout_kbool(l->out, "simulated", true);
	jsonout_object_end(l->out);
}

static void
put_unknown(const struct look *l)
{
	struct record_unknown rows[UNKNOWN_MAX];
	size_t count = unknown_rows(l->view.unknown, rows, UNKNOWN_MAX);

	jsonout_kstamp(l->out, "unknown_since", l->view.unknown_us);
	jsonout_key(l->out, "unknown");
	jsonout_array(l->out);
	for (size_t i = 0; i < count; i++) {
		jsonout_object(l->out);
		put_text(l->out, "program", rows[i].program);
		jsonout_kstring(l->out, "class", rows[i].class);
		jsonout_kbool(l->out, "closed", rows[i].closed);
		jsonout_kint(l->out, "lines", rows[i].lines);
		jsonout_object_end(l->out);
	}
	jsonout_array_end(l->out);
}

/* What became of whose lines since the start. */
static void
put_programs(const struct look *l)
{
	static const char *const fates[TALLY_FATES] = {[TALLY_KNOWN] = "known",
	    [TALLY_IGNORED] = "ignored",
	    [TALLY_UNKNOWN] = "unknown"};
	struct tally_row rows[PROGRAMS_MAX];
	size_t count = tally_rows(l->view.tally, rows, PROGRAMS_MAX);

	jsonout_key(l->out, "programs");
	jsonout_array(l->out);
	for (size_t i = 0; i < count; i++) {
		jsonout_object(l->out);
		put_text(l->out, "program",
		    (struct slice){rows[i].name, rows[i].len});
		for (size_t k = 0; k < TALLY_FATES; k++)
			jsonout_kint(l->out, fates[k], rows[i].lines[k]);
		jsonout_object_end(l->out);
	}
	jsonout_array_end(l->out);
}

static void
put_rules(const struct look *l)
{
	const struct ruleset *rules = l->run->rules;
	char hash[65];
	size_t files = 0;

	while (ruleset_file(rules, files))
		files++;
	encode_hex(hash, l->view.rules, 32);
	jsonout_key(l->out, "rules");
	jsonout_object(l->out);
	jsonout_kstr(l->out, "hash", hash);
	jsonout_kint(l->out, "files", (int64_t)files);
	jsonout_kint(l->out, "rules", (int64_t)ruleset_rules(rules));
	jsonout_kstamp(l->out, "since", l->run->rules_us);
	if (l->run->refused.len > 0) {
		jsonout_kstamp(l->out, "refused_at", l->run->refused_us);
		put_text(l->out, "refused", l->run->refused);
	}
	jsonout_object_end(l->out);
}

/* ---- what a person must look after ---- */

static void attend(const struct look *l, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
attend(const struct look *l, const char *format, ...)
{
	struct err text;
	va_list args;

	va_start(args, format);
	vsnprintf(text.text, sizeof text.text, format, args);
	va_end(args);
	put_text(l->out, NULL, slice_of(text.text));
}

/* "2026-07-03 14:59:17Z" */
static const char *
shown_time(char text[STAMP_LEN + 1], int64_t us)
{
	stamp_format(text, us);
	text[10] = ' ';
	memcpy(text + 19, "Z", 2);
	return text;
}

/* A log that syslog does not feed may be quiet as long as it likes. */
static bool
needs_person(const struct look *l, const struct feed *f)
{
	enum place place = place_of(f, l->run->now_us);

	return place == PLACE_BLOCKED || place == PLACE_SILENT ||
	       (place == PLACE_QUIET && f->mark);
}

static void
attend_source(const struct look *l, const struct feed *f)
{
	char since[STAMP_LEN + 1];

	switch (place_of(f, l->run->now_us)) {
	case PLACE_BLOCKED:
		attend(l, "%s: %s; it is tried again each second", f->spec->id,
		    f->err.text);
		break;
	case PLACE_SILENT:
		attend(l,
		    "%s is silent since %s: marks sent to syslog do not come "
		    "back; does the syslog daemon run, and write there?",
		    f->spec->id, shown_time(since, f->standing.through_us));
		break;
	case PLACE_QUIET:
		attend(l,
		    "%s: no line since %s, and no mark came back: nothing "
		    "proves that it is still written",
		    f->spec->id,
		    shown_time(since, f->standing.last_us
					  ? f->standing.last_us
					  : f->standing.through_us));
		break;
	default:
		break;
	}
}

/* What is common to many is said of some. */
static void
attend_sources(const struct look *l)
{
	size_t count = 0;

	for (size_t i = 0; i < l->view.feed_count; i++) {
		const struct feed *f = &l->view.feeds[i];

		if (needs_person(l, f) && count++ < ATTENTION_MAX)
			attend_source(l, f);
	}
	if (count > ATTENTION_MAX)
		attend(l,
		    "%zu more sources are blocked, silent or quiet: see "
		    "the list of sources",
		    count - ATTENTION_MAX);
}

static void
attend_spool(const struct look *l)
{
	const struct agent_view *v = &l->view;
	int percent =
	    l->run->max_bytes > 0
		? (int)(v->spool_bytes * 100 / (uint64_t)l->run->max_bytes)
		: 0;

	if (v->problem)
		attend(l, "%s", v->problem);
	else if (percent >= 80 && v->spool_unsent > 0)
		attend(l,
		    "the spool is %d %% full and waits for acknowledgement; "
		    "when it is full nothing is read",
		    percent);
	if (v->found->damage_count > 0)
		attend(l,
		    "the spool was damaged when the agent started (%zu "
		    "places, set aside as .bad); what was lost is a gap",
		    v->found->damage_count);
}

static void
attend_kafka(const struct look *l)
{
	const struct publish_health *k = l->run->kafka;
	char since[STAMP_LEN + 1];

	if (!k)
		return;
	if (k->state == PUBLISH_WAITING)
		attend(l,
		    "nothing is delivered to Kafka since %s: %s; records wait "
		    "in the spool",
		    shown_time(since, k->since_us),
		    k->problem ? k->problem : "there is no answer");
	else if (k->problem)
		attend(l, "kafka: %s", k->problem);
	if (k->stuck > 0)
		attend(l,
		    "%u Kafka clients did not end; a restart of the agent "
		    "frees what they hold",
		    k->stuck);
	if (k->insecure)
		attend(l,
		    "kafka: insecure: true: who is on the way to %s can read "
		    "and change what is sent",
		    k->brokers);
}

static void
attend_unknown(const struct look *l)
{
	struct record_unknown rows[UNKNOWN_MAX];
	size_t count = unknown_rows(l->view.unknown, rows, UNKNOWN_MAX);

	for (size_t i = 0; i < count; i++)
		if (rows[i].closed)
			attend(l,
			    "lines of %.*s that no rule knows: %" PRId64
			    ", though its rules should know every line; what "
			    "must never happen is unknown for this host",
			    SLICE_FMT(rows[i].program), rows[i].lines);
}

static void
attend_clock(const struct look *l)
{
	if (!l->clock.synced)
		attend(l, "the clock is not synchronised, says the kernel; "
			  "does chronyd or systemd-timesyncd run?");
}

static void
put_attention(const struct look *l)
{
	struct slice why = l->run->refused;

	jsonout_key(l->out, "attention");
	jsonout_array(l->out);
	attend_spool(l);
	attend_kafka(l);
	attend_sources(l);
	if (why.len > 0)
		attend(l,
		    "the last reload was not taken, the rules and settings "
		    "before it are in force: %.*s",
		    (int)slice_find(why, '\n'), why.ptr);
	attend_unknown(l);
	attend_clock(l);
	if (l->view.mark_problem)
		attend(l, "no mark can be sent to syslog: %s",
		    l->view.mark_problem);
	if (l->view.feed_count == 0)
		attend(l, "there is nothing to read: name logs in `sources:`, "
			  "or give rules/sources.yml this distribution");
	jsonout_array_end(l->out);
}

void
status_make(struct buf *out, const struct status_run *run)
{
	struct look l = {.run = run, .out = out};
	char uuid[ENCODE_UUID_LEN + 1];

	agent_look(run->agent, &l.view);
	heartbeat_read_clock(&l.clock, l.view.simulated);
	encode_uuid(uuid, l.view.agent);
	jsonout_object(out);
	jsonout_kstr(out, "version", ASSAY_VERSION);
	jsonout_kstr(out, "agent", uuid);
	put_text(out, "host", slice_of(l.view.host));
	put_text(out, "state", slice_of(run->state));
	jsonout_kstamp(out, "time", run->now_us);
	jsonout_kbool(out, "once", run->once);
	jsonout_kstr(out, "phase", phases[l.view.phase]);
	if (l.view.problem)
		put_text(out, "problem", slice_of(l.view.problem));
	put_attention(&l);
	put_progress(&l);
	jsonout_kint(out, "records", (int64_t)l.view.records);
	put_spool(&l);
	put_kafka(&l);
	put_clock(&l);
	put_rules(&l);
	if (run->polling)
		put_text(out, "polling", slice_of(run->polling));
	put_unknown(&l);
	put_programs(&l);
	put_sources(&l);
	put_notes(&l);
	jsonout_object_end(out);
	buf_putc(out, '\n');
}

int
status_write(const char *path, const struct status_run *run, struct err *err)
{
	struct buf b = {0};
	int status;

	status_make(&b, run);
	status = b.failed
		     ? err_set(err, "no memory for the status")
		     : smallfile_write(path, buf_slice(&b), 0644, false, err);
	buf_clear(&b);
	return status;
}
