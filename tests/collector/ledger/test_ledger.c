/* SPDX-License-Identifier: Apache-2.0 */
#include "story.h"

static const char CHECKS[] =
    "framework: iso27001-2022\n"
    "checks:\n"
    "- id: backup-daily\n"
    "  control: A.8.13\n"
    "  every: {event: backup.run, period: day, grace: 2h, unit: job}\n"
    "  watch: [backup]\n"
    "  default: rate\n"
    "- id: no-root\n"
    "  control: A.8.2\n"
    "  never: {event: auth.login, outcome: success, where: {user: root}}\n"
    "  watch: [auth]\n"
    "  default: rate\n"
    "- id: logs-not-lost\n"
    "  control: A.8.15\n"
    "  never: {event: log.loss}\n"
    "  watch: [auth, syslog]\n"
    "  default: rate\n";

static const char FRAMEWORK[] =
    "framework: iso27001-2022\n"
    "controls:\n"
    "- {id: A.8.2, title: Privileged access rights, theme: technological, "
    "mode: joined}\n"
    "- {id: A.8.13, title: Information backup, theme: technological, mode: "
    "joined}\n"
    "- {id: A.8.15, title: Logging, theme: technological, mode: direct}\n"
    "- {id: A.6.3, title: Awareness, theme: people, mode: attest}\n";

#define DAYS 60
#define JOBS 4

/* Sixty days in which four jobs run each night and the journal is read. */
static struct story *
two_months(int64_t begin_us)
{
	struct story *s = story_new(begin_us);

	story_files(s, begin_us, "checks", "checks.yml", CHECKS);
	story_files(s, begin_us, "frameworks", "iso27001-2022.yml", FRAMEWORK);
	story_heartbeat(s, begin_us, begin_us, true);
	for (int day = 0; day < DAYS; day++) {
		int64_t us = begin_us + day * STORY_D;

		for (int job = 0; job < JOBS; job++) {
			char name[16];

			snprintf(name, sizeof name, "job%d", job);
			story_event(s, us + 2 * STORY_H + job * STORY_MIN,
			    "backup.run", "success", "job", name);
		}
		story_heartbeat(s, 0, us + 12 * STORY_H, false);
		story_heartbeat(s, begin_us, us + 24 * STORY_H, true);
		story_seal(s, us + 24 * STORY_H + STORY_S);
	}
	return s;
}

static size_t
count_slots(const struct report *r)
{
	size_t count = 0;

	for (size_t i = 0; i < r->check_count; i++)
		for (size_t k = 0; k < r->checks[i].units; k++)
			count += r->checks[i].unit[k].slot_count;
	return count;
}

static const struct report *
ask(struct ledger *l, int64_t as_of_us)
{
	struct err err;
	const struct report *r = ledger_report(l, as_of_us, LEDGER_ALL, &err);

	if (!r)
		fail_msg("%s", err.text);
	return r;
}

static void
assert_same(struct buf *a, struct buf *b)
{
	assert_slice(buf_slice(a), buf_slice(b));
	buf_clear(a);
	buf_clear(b);
}

static void
one_more_event_judges_only_its_own_slots(void **state)
{
	int64_t begin_us = story_at("2026-03-01T00:00");
	int64_t as_of_us = begin_us + DAYS * STORY_D + STORY_H;
	struct story *s = two_months(begin_us);
	struct ledger *l = story_ledger();
	struct buf got, want;
	uint64_t before;
	size_t slots;

	(void)state;
	for (size_t i = 0; i < s->count; i++)
		story_add(l, i, s->lines[i]);
	slots = count_slots(ask(l, as_of_us));
	assert_true(slots > 300);
	before = ledger_judged(l);
	assert_true(before >= slots);

	/* Asked again, a little later, nothing is judged. */
	ask(l, as_of_us);
	ask(l, as_of_us + STORY_MIN);
	assert_int_equal(ledger_judged(l), before);

	/* One failure on the thirtieth day, of one job. */
	story_event(s, begin_us + 30 * STORY_D + 5 * STORY_H, "backup.run",
	    "failure", "job", "job2");
	story_seal(s, as_of_us + STORY_S);
	story_add(l, s->count - 2, s->lines[s->count - 2]);
	ask(l, as_of_us);
	assert_int_equal(ledger_judged(l), before);
	story_add(l, s->count - 1, s->lines[s->count - 1]);
	got = story_ask(l, as_of_us, LEDGER_ALL);
	assert_int_equal(ledger_judged(l), before + 1);
	want = story_scratch(s->lines, s->count, as_of_us, LEDGER_ALL);
	assert_same(&got, &want);
	ledger_free(l);
	story_free(s);
}

static void
a_minute_more_of_coverage_judges_only_what_is_open(void **state)
{
	int64_t begin_us = story_at("2026-03-01T00:00");
	int64_t as_of_us = begin_us + DAYS * STORY_D + 10 * STORY_H;
	struct story *s = two_months(begin_us);
	struct ledger *l = story_ledger();
	struct buf got, want;
	uint64_t before;

	(void)state;
	for (size_t i = 0; i < s->count; i++)
		story_add(l, i, s->lines[i]);
	ask(l, as_of_us);
	before = ledger_judged(l);
	story_heartbeat(s, 0, as_of_us, false);
	story_seal(s, as_of_us + STORY_S);
	story_add(l, s->count - 2, s->lines[s->count - 2]);
	story_add(l, s->count - 1, s->lines[s->count - 1]);
	got = story_ask(l, as_of_us, LEDGER_ALL);
	/* The open slot of each unit, four jobs and the host twice; and of the
	 * jobs the slot before, whose grace reached into the new time. */
	assert_in_range(ledger_judged(l) - before, 1, 2 * JOBS + 2);
	want = story_scratch(s->lines, s->count, as_of_us, LEDGER_ALL);
	assert_same(&got, &want);
	ledger_free(l);
	story_free(s);
}

static void
an_edited_check_judges_its_own_slots_and_no_others(void **state)
{
	int64_t begin_us = story_at("2026-03-01T00:00");
	int64_t as_of_us = begin_us + DAYS * STORY_D;
	struct story *s = two_months(begin_us);
	struct ledger *l = story_ledger();
	struct buf edited = {0}, got, want;
	const char *grace;
	uint64_t before;

	(void)state;
	for (size_t i = 0; i < s->count; i++)
		story_add(l, i, s->lines[i]);
	ask(l, as_of_us);
	before = ledger_judged(l);
	grace = strstr(CHECKS, "grace: 2h");
	buf_put(&edited, (struct slice){CHECKS, (size_t)(grace - CHECKS)});
	buf_puts(&edited, "grace: 3h");
	buf_puts(&edited, grace + strlen("grace: 2h"));
	buf_putc(&edited, 0);
	/* In force on the last ten days only. */
	story_files(s, begin_us + (DAYS - 10) * STORY_D + STORY_H, "checks",
	    "checks.yml", edited.ptr);
	story_add(l, s->count - 1, s->lines[s->count - 1]);
	got = story_ask(l, as_of_us, LEDGER_ALL);
	assert_in_range(ledger_judged(l) - before, 9 * JOBS, 10 * JOBS);
	want = story_scratch(s->lines, s->count, as_of_us, LEDGER_ALL);
	assert_same(&got, &want);
	buf_clear(&edited);
	ledger_free(l);
	story_free(s);
}

static unsigned
roll(unsigned *state, unsigned below)
{
	*state = *state * 1664525u + 1013904223u;
	return (*state >> 12) % below;
}

/* Records come in any order; between them the ledger is asked about this and
 * that; each answer is what a ledger that was never asked gives. */
static void
an_answer_never_depends_on_what_was_asked_before(void **state)
{
	int64_t begin_us = story_at("2026-03-01T00:00");
	struct story *s = two_months(begin_us);
	unsigned seed = 11;

	(void)state;
	for (int round = 0; round < 6; round++) {
		struct ledger *l = story_ledger();
		struct slice *lines = calloc(s->count, sizeof *lines);

		memcpy(lines, s->lines, s->count * sizeof *lines);
		for (size_t i = s->count; i > 1; i--) {
			size_t k = roll(&seed, (unsigned)i);
			struct slice line = lines[i - 1];

			lines[i - 1] = lines[k];
			lines[k] = line;
		}
		for (size_t i = 0; i < s->count; i++) {
			int64_t as_of_us =
			    begin_us + roll(&seed, DAYS * 24 + 48) * STORY_H;
			uint64_t known_at = roll(&seed, 3)
						? LEDGER_ALL
						: roll(&seed, (unsigned)i + 2);
			struct buf got, want;

			story_add(l, i, lines[i]);
			if (i + 1 < s->count && roll(&seed, 25))
				continue;
			got = story_ask(l, as_of_us, known_at);
			want = story_scratch(lines, i + 1, as_of_us, known_at);
			assert_same(&got, &want);
		}
		ledger_free(l);
		free(lines);
	}
	story_free(s);
}

static void
the_order_of_arrival_does_not_change_the_answer(void **state)
{
	int64_t begin_us = story_at("2026-03-01T00:00");
	int64_t as_of_us = begin_us + DAYS * STORY_D;
	struct story *s = two_months(begin_us);
	unsigned seed = 3;

	(void)state;
	for (int round = 0; round < 10; round++) {
		struct buf want =
		    story_scratch(s->lines, s->count, as_of_us, LEDGER_ALL);
		struct buf got;

		for (size_t i = s->count; i > 1; i--) {
			size_t k = roll(&seed, (unsigned)i);
			struct slice line = s->lines[i - 1];

			s->lines[i - 1] = s->lines[k];
			s->lines[k] = line;
		}
		got = story_scratch(s->lines, s->count, as_of_us, LEDGER_ALL);
		assert_same(&got, &want);
	}
	story_free(s);
}

static void
a_record_given_twice_is_nothing(void **state)
{
	int64_t begin_us = story_at("2026-03-01T00:00");
	int64_t as_of_us = begin_us + 5 * STORY_D;
	struct story *s = two_months(begin_us);
	struct ledger *l = story_ledger();
	struct buf got, want;

	(void)state;
	for (size_t i = 0; i < s->count; i++) {
		story_add(l, 2 * i, s->lines[i]);
		story_add(l, 2 * i + 1, s->lines[i / 2]);
	}
	assert_int_equal(ledger_known(l), s->count);
	got = story_ask(l, as_of_us, LEDGER_ALL);
	want = story_scratch(s->lines, s->count, as_of_us, LEDGER_ALL);
	assert_same(&got, &want);
	ledger_free(l);
	story_free(s);
}

static void
what_is_no_record_is_refused_and_changes_nothing(void **state)
{
	int64_t begin_us = story_at("2026-03-01T00:00");
	struct story *s = two_months(begin_us);
	struct ledger *l = story_ledger();
	struct buf got, want;
	struct err err;

	(void)state;
	for (size_t i = 0; i < s->count; i++) {
		struct slice cut = {s->lines[i].ptr, s->lines[i].len / 2};

		assert_int_equal(ledger_add(l, 3 * i, cut, &err), -1);
		assert_true(err.text[0]);
		story_add(l, 3 * i + 1, s->lines[i]);
	}
	got = story_ask(l, begin_us + 9 * STORY_D, LEDGER_ALL);
	want = story_scratch(
	    s->lines, s->count, begin_us + 9 * STORY_D, LEDGER_ALL);
	assert_same(&got, &want);
	assert_null(ledger_report(l, -1, LEDGER_ALL, &err));
	assert_true(err.text[0]);
	ledger_free(l);
	story_free(s);
}

static void
nothing_at_all_has_an_answer_too(void **state)
{
	struct ledger *l = story_ledger();
	struct buf got = story_ask(l, story_at("2026-03-01T00:00"), LEDGER_ALL);

	(void)state;
	assert_slice(buf_slice(&got),
	    SLICE("{\"as_of\":\"2026-03-01T00:00:00.000000Z\",\"known_at\":0,"
		  "\"period\":{\"from\":\"2025-12-01T00:00:00.000000Z\",\"to\":"
		  "\"2026-03-01T00:00:00.000000Z\"},\"framework\":"
		  "\"iso27001-2022\",\"ledger\":1,\"controls\":[],\"sources\":"
		  "[]}\n"));
	assert_int_equal(ledger_latest_us(l), 0);
	buf_clear(&got);
	ledger_free(l);
}

/* ---- what lies behind an answer ---- */

struct visit {
	size_t count;
	uint64_t last_index;
	int64_t last_us;
};

static bool
on_event(void *arg, const struct ledger_event *event)
{
	struct visit *v = arg;

	assert_string_equal(event->host, "web01");
	assert_string_equal(event->event, "backup.run");
	assert_string_equal(event->outcome, "success");
	assert_true(event->usable);
	assert_true(event->time_us >= v->last_us);
	v->last_us = event->time_us;
	v->last_index = event->index;
	return ++v->count < 7;
}

static bool
on_cover(void *arg, const struct ledger_cover *cover)
{
	struct visit *v = arg;

	assert_string_equal(cover->host, "web01");
	assert_int_equal(cover->forked->count, 0);
	/* Heartbeats twelve hours apart say nothing of the agent itself. */
	assert_int_equal(
	    cover->covered->count, strcmp(cover->class, "agent") != 0);
	v->count++;
	return true;
}

static void
events_and_coverage_can_be_walked_behind_an_answer(void **state)
{
	int64_t begin_us = story_at("2026-03-01T00:00");
	struct story *s = two_months(begin_us);
	struct ledger *l = story_ledger();
	struct visit v = {0};

	(void)state;
	for (size_t i = 0; i < s->count; i++)
		story_add(l, i + 100, s->lines[i]);
	ask(l, begin_us + DAYS * STORY_D);
	ledger_events(l, "A.8.13", begin_us + STORY_D, INT64_MAX, on_event, &v);
	assert_int_equal(v.count, 7);
	assert_true(v.last_index >= 100 && v.last_index < s->count + 100);
	v = (struct visit){0};
	ledger_events(l, "A.8.2", 0, INT64_MAX, on_event, &v);
	assert_int_equal(v.count, 0);
	ledger_covers(l, on_cover, &v);
	assert_int_equal(v.count, 4);
	ledger_free(l);
	story_free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_more_event_judges_only_its_own_slots),
	    cmocka_unit_test(
		a_minute_more_of_coverage_judges_only_what_is_open),
	    cmocka_unit_test(
		an_edited_check_judges_its_own_slots_and_no_others),
	    cmocka_unit_test(an_answer_never_depends_on_what_was_asked_before),
	    cmocka_unit_test(the_order_of_arrival_does_not_change_the_answer),
	    cmocka_unit_test(a_record_given_twice_is_nothing),
	    cmocka_unit_test(what_is_no_record_is_refused_and_changes_nothing),
	    cmocka_unit_test(nothing_at_all_has_an_answer_too),
	    cmocka_unit_test(
		events_and_coverage_can_be_walked_behind_an_answer),
	};

	return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
