/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>

#include "assay/stamp.h"
#include "draft.h"
#include "observed.h"
#include "registry.h"

static struct crypto *crypto;
static const char *const kinds[] = {"backup.run", "backup.verify", NULL};

static int
setup(void **state)
{
	(void)state;
	crypto = crypto_new(NULL);
	return crypto ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	crypto_free(crypto);
	return 0;
}

/* What a record of these tests says; empty members are left out. */
struct seen {
	const char *host;
	int host_id; /* last byte of the id */
	int day;
	const char *event, *program, *unit, *job;
	const char *source, *path;
};

static struct record_host
host_of(const struct seen *s)
{
	struct record_host host = {slice_of(s->host), {0}};

	host.id[15] = (uint8_t)s->host_id;
	return host;
}

static struct record_envelope
envelope_of(const struct seen *s)
{
	static uint64_t sequence;
	struct record_envelope e = {.sequence = ++sequence};

	e.time_us = stamp_days(2026, 5, s->day) * STAMP_US_PER_DAY;
	e.readtime_us = e.time_us;
	return e;
}

static void
take(struct observed *o, struct buf *bytes)
{
	struct record r;
	struct err err = {""};

	if (record_decode(buf_slice(bytes), &r, &err) ||
	    observed_add(o, &r, &err))
		fail_msg("%s", err.text);
	record_clear(&r);
	buf_clear(bytes);
}

static struct slice
given(const char *text)
{
	return slice_of(text ? text : "");
}

static void
event(struct observed *o, const struct seen *s)
{
	struct record_envelope e = envelope_of(s);
	struct record_field job = {SLICE("job"), RECORD_TEXT, given(s->job), 0};
	struct record_event v = {.host = host_of(s),
	    .event = given(s->event),
	    .outcome = SLICE("success"),
	    .rule = SLICE("a.rule"),
	    .program = given(s->program),
	    .pid = -1,
	    .systemd_unit = given(s->unit),
	    .fields = &job,
	    .field_count = s->job ? 1 : 0,
	    .count = 1,
	    .origin = {.source = SLICE("file"),
		.path = given(s->path),
		.id = given(s->source ? s->source : "journal"),
		.class = SLICE("backup"),
		.offset = 0,
		.trust = SLICE("root")},
	    .clock_precision = SLICE("s")};
	struct buf bytes = {0};
	struct err err = {""};

	if (record_encode_event(&bytes, crypto, &e, &v, &err))
		fail_msg("%s", err.text);
	take(o, &bytes);
}

/* A heartbeat that lists one source, a program's own when program is given. */
static void
heartbeat(struct observed *o, const struct seen *s)
{
	struct record_envelope e = envelope_of(s);
	struct slice class = SLICE("backup");
	struct record_source source = {.id = given(s->source),
	    .provides = &class,
	    .provide_count = 1,
	    .program = given(s->program),
	    .offset = -1,
	    .from_us = e.time_us,
	    .through_us = e.time_us};
	struct record_heartbeat h = {.host = host_of(s),
	    .through_us = e.time_us,
	    .complete = true,
	    .sources = &source,
	    .source_count = 1};
	struct buf bytes = {0};
	struct err err = {""};

	if (record_encode_heartbeat(&bytes, crypto, &e, &h, &err))
		fail_msg("%s", err.text);
	take(o, &bytes);
}

static struct observed *
settled(struct observed *o)
{
	struct err err = {""};

	if (observed_settle(o, &err))
		fail_msg("%s", err.text);
	return o;
}

static void
hosts_come_by_name_with_the_days_they_were_seen(void **state)
{
	struct observed *o = observed_new(kinds);
	const struct observed_host *h;

	(void)state;
	heartbeat(o, &(struct seen){.host = "web01", .host_id = 1, .day = 9});
	heartbeat(o, &(struct seen){.host = "db01", .host_id = 2, .day = 5});
	heartbeat(o, &(struct seen){.host = "web01", .host_id = 1, .day = 3});
	heartbeat(o, &(struct seen){.host = "web01", .host_id = 7, .day = 4});
	heartbeat(o, &(struct seen){.host = "web01", .host_id = 7, .day = 4});
	settled(o);
	assert_string_equal(observed_host(o, 0)->name, "db01");
	h = observed_host(o, 1);
	assert_string_equal(h->name, "web01");
	assert_string_equal(h->id, "00000000-0000-0000-0000-000000000001");
	assert_int_equal(h->other_ids, 1);
	assert_int_equal(h->records, 4);
	assert_int_equal(
	    h->first_us, stamp_days(2026, 5, 3) * STAMP_US_PER_DAY);
	assert_int_equal(h->last_us, stamp_days(2026, 5, 9) * STAMP_US_PER_DAY);
	assert_null(observed_host(o, 2));
	observed_free(o);
}

static void
a_job_is_called_by_its_field_its_unit_or_its_own_file(void **state)
{
	struct observed *o = observed_new(kinds);

	(void)state;
	event(o, &(struct seen){"h", 1, 1, "backup.run", "restic", "u.service",
		     "etc", NULL, NULL});
	event(o, &(struct seen){"h", 1, 1, "backup.run", "borg", "b.service",
		     NULL, NULL, NULL});
	/* The heartbeat that tells of the program's file comes later. */
	event(o, &(struct seen){"h", 1, 1, "backup.run", "own", NULL, NULL,
		     "own", "/var/log/own/nightly.2026.log"});
	event(o, &(struct seen){"h", 1, 1, "backup.run", "tar", NULL, NULL,
		     "syslog", "/var/log/syslog"});
	event(o, &(struct seen){"h", 1, 1, "auth.login", "sshd", NULL, NULL,
		     "syslog", "/var/log/syslog"});
	heartbeat(o, &(struct seen){.host = "h",
			 .host_id = 1,
			 .day = 1,
			 .source = "own",
			 .program = "own"});
	settled(o);
	assert_null(observed_job(o, 0)->job);
	assert_string_equal(observed_job(o, 0)->program, "tar");
	assert_string_equal(observed_job(o, 1)->job, "b.service");
	assert_string_equal(observed_job(o, 2)->job, "etc");
	assert_string_equal(observed_job(o, 3)->job, "nightly");
	assert_null(observed_job(o, 4));
	observed_free(o);
}

static void
lines_of_a_run_without_its_job_make_no_job_of_their_own(void **state)
{
	struct observed *o = observed_new(kinds);

	(void)state;
	event(o, &(struct seen){"h", 1, 1, "backup.run", "restic", NULL, NULL,
		     NULL, NULL});
	event(o, &(struct seen){"h", 1, 2, "backup.run", "restic", NULL, "etc",
		     NULL, NULL});
	event(o, &(struct seen){"g", 1, 2, "backup.run", "restic", NULL, NULL,
		     NULL, NULL});
	settled(o);
	assert_string_equal(observed_job(o, 0)->host, "g");
	assert_null(observed_job(o, 0)->job);
	assert_string_equal(observed_job(o, 1)->job, "etc");
	assert_null(observed_job(o, 2));
	observed_free(o);
}

/* ---- drafts ---- */

/* The registry of a draft, which must be without any problem. */
static struct registry *
reread(struct buf *text)
{
	struct registry_file file = {"inventory.yml", buf_slice(text)};
	struct problems *p = problems_new();
	struct registry *r = registry_parse(&file, 1, p, NULL);
	struct buf out = {0};

	assert_false(text->failed);
	problems_print(p, &out);
	if (!r || out.len)
		fail_msg("%.*s%.*s", SLICE_FMT(buf_slice(&out)),
		    SLICE_FMT(buf_slice(text)));
	problems_free(p);
	buf_clear(text);
	return r;
}

static void
an_inventory_names_what_was_seen_once_each(void **state)
{
	struct observed *o = observed_new(kinds);
	struct buf text = {0};
	struct registry *r;

	(void)state;
	event(o, &(struct seen){"web01", 1, 1, "backup.run", "restic",
		     "restic-etc.service", NULL, NULL, NULL});
	event(o, &(struct seen){"web02", 2, 1, "backup.run", "restic",
		     "restic-etc.service", NULL, NULL, NULL});
	event(o, &(struct seen){"web01", 1, 1, "backup.verify", "restic",
		     "check.service", NULL, NULL, NULL});
	event(o, &(struct seen){"web01", 1, 1, "backup.run", "borg", NULL, NULL,
		     NULL, NULL});
	draft_inventory(&text, settled(o));
	r = reread(&text);
	assert_string_equal(registry_host(r, 0)->name, "web01");
	assert_string_equal(
	    registry_host(r, 0)->id, "00000000-0000-0000-0000-000000000001");
	assert_string_equal(registry_host(r, 1)->name, "web02");
	assert_null(registry_host(r, 2));
	assert_string_equal(registry_job(r, 0)->id, "borg");
	assert_true(registry_job(r, 0)->match);
	assert_string_equal(registry_job(r, 0)->match_program, "borg");
	assert_string_equal(registry_job(r, 0)->match_host, "web01");
	assert_string_equal(registry_job(r, 1)->id, "restic-etc-web01");
	assert_string_equal(registry_job(r, 1)->name, "restic-etc.service");
	assert_string_equal(registry_job(r, 1)->host, "web01");
	assert_string_equal(registry_job(r, 2)->id, "restic-etc-web02");
	assert_string_equal(registry_job(r, 3)->id, "check");
	assert_string_equal(registry_job(r, 3)->event, "backup.verify");
	assert_null(registry_job(r, 4));
	registry_free(r);
	observed_free(o);
}

static unsigned
next(unsigned *seed)
{
	*seed = *seed * 1103515245u + 12345u;
	return *seed >> 8;
}

/* A name as an attacker would choose it. */
static void
hostile(char *name, size_t size, unsigned *seed)
{
	static const char *const parts[] = {"a", "7", " ", "\"", "\\", "\n",
	    ": ", "#", "- ", "{", "}", "[", "]", "'", "\x1b[2J", "\x7f", "&x",
	    "*x", "!!int", "true", "~", "\xc3\xbc", "\xe2\x80\xae", "|\n",
	    "%YAML", "---\n", "...\n", "\t", "@", "`", "web01", "=", ","};
	unsigned n = 1 + next(seed) % 6;

	name[0] = '\0';
	while (n--)
		snprintf(name + strlen(name), size - strlen(name), "%s",
		    parts[next(seed) % (sizeof parts / sizeof *parts)]);
}

static bool
has_job(const struct registry *r, const char *name)
{
	for (size_t i = 0; registry_job(r, i); i++)
		if (!strcmp(registry_job(r, i)->name, name))
			return true;
	return false;
}

/* No control characters: the name may stand in an inventory, if not alone by
 * being blank. */
static bool
may_stand(const char *name)
{
	for (; *name; name++)
		if ((unsigned char)*name < 0x20 || *name == 0x7f)
			return false;
	return true;
}

static void
hostile_names_are_kept_as_they_are_or_stay_out(void **state)
{
	unsigned seed = 42;
	size_t kept = 0, left_out = 0;

	(void)state;
	for (int round = 0; round < 1000; round++) {
		struct observed *o = observed_new(kinds);
		char job[64], host[64], program[64];
		struct buf text = {0};
		struct registry *r;

		hostile(job, sizeof job, &seed);
		hostile(host, sizeof host, &seed);
		hostile(program, sizeof program, &seed);
		event(o, &(struct seen){"web01", 1, 1, "backup.run", program,
			     NULL, job, NULL, NULL});
		event(o, &(struct seen){host, 2, 1, "backup.run", "restic",
			     NULL, "etc", NULL, NULL});
		draft_inventory(&text, settled(o));
		r = reread(&text);
		if (may_stand(job) != has_job(r, job))
			fail_msg("'%s' is of another mind", job);
		kept += has_job(r, job);
		left_out += !has_job(r, job);
		/* Nothing the names say becomes a row of its own. */
		assert_true(registry_host(r, 0) != NULL);
		assert_null(registry_host(r, 2));
		assert_null(registry_job(r, 2));
		assert_null(registry_scope(r)->organisation);
		registry_free(r);
		observed_free(o);
	}
	assert_true(kept > 200);
	assert_true(left_out > 200);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(hosts_come_by_name_with_the_days_they_were_seen),
	    cmocka_unit_test(
		a_job_is_called_by_its_field_its_unit_or_its_own_file),
	    cmocka_unit_test(
		lines_of_a_run_without_its_job_make_no_job_of_their_own),
	    cmocka_unit_test(an_inventory_names_what_was_seen_once_each),
	    cmocka_unit_test(hostile_names_are_kept_as_they_are_or_stay_out),
	};

	return cmocka_run_group_tests_name("observed", tests, setup, teardown);
}
