/* SPDX-License-Identifier: Apache-2.0 */
#include "play.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "assay/jsonin.h"
#include "assay/problems.h"
#include "assay/record.h"
#include "assay/stamp.h"

struct ruleset *
play_rules(void)
{
	static const char *const dirs[] = {SOURCE_DIR "/rules", NULL};
	static const char *const files[] = {
	    SOURCE_DIR "/rules/auth/sshd.yml", NULL};
	struct ruleset_options o = {.dirs = dirs, .files = files};
	struct problems *p = problems_new();
	struct ruleset *rules = ruleset_load(&o, p, NULL);

	problems_free(p);
	return rules;
}

void
play_init(struct play *p, const struct ruleset *rules, const char *dir)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	*p = (struct play){.rules = rules,
	    .max_bytes = 8 << 20,
	    .keep_us = 86400 * PLAY_SECOND,
	    .now_us = t.tv_sec * PLAY_SECOND,
	    .mono_us = PLAY_SECOND};
	snprintf(p->state, sizeof p->state, "%s/state", dir);
	snprintf(p->log, sizeof p->log, "%s/auth.log", dir);
}

static void
pause_faults(const struct play *p, int paused)
{
	if (p->pause)
		p->pause(paused);
}

void
play_append(struct play *p, int count)
{
	FILE *f;
	char stamp[STAMP_LEN + 1];

	pause_faults(p, 1);
	f = fopen(p->log, "ae");
	stamp_format(stamp, p->now_us);
	for (int i = 0; f && i < count; i++, p->next++)
		fprintf(f,
		    "%s web01 sshd[100]: Accepted password for u%06d from "
		    "192.0.2.1 port 50122 ssh2\n",
		    stamp, p->next);
	if (!f || fclose(f) != 0)
		abort();
	pause_faults(p, 0);
}

void
play_rotate(const struct play *p)
{
	char to[PLAY_PATH + 8];

	pause_faults(p, 1);
	snprintf(to, sizeof to, "%s.1", p->log);
	if (rename(p->log, to) != 0)
		abort();
	pause_faults(p, 0);
}

static void
find_source(const struct play *p, struct discover *d)
{
	struct source_spec *spec = source_spec_new("/var/log/auth.log", p->log);
	char pattern[PLAY_PATH + 8];

	snprintf(pattern, sizeof pattern, "%s*", p->log);
	if (!spec || source_spec_add_pattern(spec, pattern) != 0)
		abort();
	source_spec_add_class(spec, RULE_AUTH);
	spec->live = true;
	if (discover_add(d, spec) != 0)
		abort();
}

bool
play_start(struct play *p)
{
	static const char *const readers[] = {"collector", NULL};
	struct agent_options o = {.state = p->state,
	    .zone_name = "/usr/share/zoneinfo/UTC",
	    .syslog_socket = "/nonexistent",
	    .max_bytes = p->max_bytes,
	    .held_max_bytes = 1 << 30,
	    .keep_us = p->keep_us,
	    .readers = readers};
	struct discover d = {0};

	pause_faults(p, 1);
	find_source(p, &d);
	pause_faults(p, 0);
	p->err.text[0] = '\0';
	p->agent = agent_new(&o, p->rules, &d, p->now_us, &p->err);
	discover_clear(&d);
	return p->agent != NULL;
}

void
play_run(struct play *p, int seconds)
{
	for (int i = 0; i < seconds; i++) {
		int64_t wake = p->now_us;

		for (int n = 0; p->agent && wake <= p->now_us && n < 200; n++)
			wake = agent_tick(p->agent, p->now_us, p->mono_us);
		play_pass(p, 1);
	}
}

void
play_pass(struct play *p, int seconds)
{
	p->now_us += seconds * PLAY_SECOND;
	p->mono_us += seconds * PLAY_SECOND;
}

bool
play_stop(struct play *p)
{
	bool well;

	p->err.text[0] = '\0';
	well = !p->agent || agent_stop(p->agent, p->now_us, &p->err) == 0;
	play_crash(p);
	return well;
}

void
play_crash(struct play *p)
{
	agent_free(p->agent);
	p->agent = NULL;
}

/* ---- what it wrote ---- */

static void
note_heartbeat(struct play_found *f, const struct record *r)
{
	struct slice text;
	int64_t through_us;

	f->heartbeats++;
	if (!jsonin_string(r->data, "through", &text) ||
	    !stamp_parse(text, &through_us)) {
		err_set(&f->why, "a heartbeat without through");
		return;
	}
	f->back |= through_us < f->through_us;
	f->through_us = through_us;
}

static void
note_line(struct play_found *f, const struct record *r, size_t n)
{
	if (f->ids && f->seen[n] > 0 && memcmp(f->ids[n], r->id, 16) == 0) {
		f->repeats++;
		return;
	}
	if (f->ids)
		memcpy(f->ids[n], r->id, 16);
	f->seen[n]++;
}

static void
note_record(struct play_found *f, const struct record *r)
{
	struct slice user;
	unsigned long long n;

	f->records++;
	f->gaps += r->type == RECORD_GAP;
	if (r->type == RECORD_HEARTBEAT)
		note_heartbeat(f, r);
	if (r->type == RECORD_EVENT &&
	    jsonin_string(json_object_get(r->data, "fields"), "user", &user) &&
	    slice_uint(
		slice_from(user, 1), (unsigned long long)f->size - 1, &n))
		note_line(f, r, (size_t)n);
}

void
play_read(struct play_found *f, struct spoolread *r, struct verify *v)
{
	struct spoolread_record rec;
	struct err err = {0};
	enum spoolread_got got;

	while ((got = spoolread_next(r, &rec, &err)) > 0) {
		struct record one;
		enum verify_arrival arrival;

		if (got == SPOOLREAD_DAMAGE ||
		    record_decode(rec.bytes, &one, &err) != 0) {
			err_set(&f->why, "%s", err.text);
			continue;
		}
		if (verify_add(v, &one, &arrival, &err) != 0 ||
		    arrival != VERIFY_NEW)
			err_set(&f->why, "a record comes twice");
		note_record(f, &one);
		record_clear(&one);
		memcpy(f->last.epoch, rec.epoch, sizeof f->last.epoch);
		f->last.sequence = rec.sequence;
	}
	if (got < 0)
		err_set(&f->why, "%s", err.text);
}

static bool
on_finding(void *arg, const struct verify_finding *finding)
{
	struct play_found *f = arg;
	struct buf out = {0};

	verify_explain(&out, finding);
	/* The very last seal has nobody after it. */
	if (finding->kind != VERIFY_TAIL_UNSEALED ||
	    finding->first != finding->last)
		err_set(&f->why, "%.*s", SLICE_FMT(out));
	buf_clear(&out);
	return true;
}

void
play_verify(struct play_found *f, struct verify *v)
{
	struct err err = {0};

	if (verify_findings(v, on_finding, f, &err) != 0)
		err_set(&f->why, "%s", err.text);
}

void
play_read_all(struct play_found *f, const struct play *p, struct crypto *c)
{
	char dir[PLAY_PATH + 8];
	struct err err = {0};
	struct verify *v = verify_new(c, &err);
	struct spoolread *r;

	snprintf(dir, sizeof dir, "%s/spool", p->state);
	r = spoolread_open(dir, NULL, &err);
	if (!v || !r)
		abort();
	play_read(f, r, v);
	play_verify(f, v);
	spoolread_close(r);
	verify_free(v);
}
