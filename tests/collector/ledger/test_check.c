/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>
#include <string.h>

#include "assay/problems.h"
#include "ledger/check.h"

#define HOUR_US INT64_C(3600000000)

/* A set read from one file, and what was wrong with it. */
struct reading {
	struct names *names;
	struct check_set *set;
	struct problems *problems;
	struct tree *tree;
	struct vocab *vocab;
};

static void
read_yaml(struct reading *r, const char *yaml, const char *events)
{
	r->names = names_new();
	r->set = check_set_new(r->names);
	r->problems = problems_new();
	r->vocab = NULL;
	if (events) {
		struct tree *t =
		    tree_parse("events.yml", slice_of(events), r->problems);

		r->vocab = vocab_new(t, r->problems);
		assert_non_null(r->vocab);
		tree_free(t);
	}
	r->tree = tree_parse("checks.yml", slice_of(yaml), r->problems);
	assert_non_null(r->tree);
	assert_int_equal(
	    check_set_add(r->set, r->tree, r->vocab, r->problems), 0);
}

static void
clear(struct reading *r)
{
	tree_free(r->tree);
	vocab_free(r->vocab);
	check_set_free(r->set);
	names_free(r->names);
	problems_free(r->problems);
}

static void
each_kind_of_check_is_read_with_its_defaults(void **state)
{
	static const char yaml[] =
	    "framework: iso27001-2022\n"
	    "checks:\n"
	    "- {id: d, control: A.8.8, share: {of: {event: patch.run}, good: "
	    "{outcome: success}, at_least: 0.95, period: week}, watch: "
	    "[package], default: rate}\n"
	    "- {id: a, control: A.8.13, every: {event: backup.run, period: "
	    "day, starts: \"12:00\", grace: 2h, unit: job}, watch: [backup], "
	    "trust: root, default: rate}\n"
	    "- {id: c, control: A.8.2, never: {event: auth.login, outcome: "
	    "[success, none], where: {user: root}}, watch: [auth, syslog], "
	    "default: show, fatal: true}\n"
	    "- {id: b, control: A.8.5, each: {event: auth.login, needs: {any: "
	    "[{event: auth.mfa}, {event: auth.key}]}, by: [host, user], "
	    "within: [-120s, 10s], unit: {register: people, key: [user]}}, "
	    "watch: [auth], default: show, key: true}\n";
	struct reading r;
	const struct check *c;

	(void)state;
	read_yaml(&r, yaml, NULL);
	assert_int_equal(problems_errors(r.problems), 0);
	c = check_set_at(r.set, 0);
	assert_string_equal(c->id, "a");
	assert_int_equal(c->kind, CHECK_EVERY);
	assert_int_equal(c->unit, CHECK_JOB);
	assert_int_equal(c->calendar.period, CALENDAR_DAY);
	assert_int_equal(c->calendar.starts_min, 720);
	assert_int_equal(c->grace_us, 2 * HOUR_US);
	assert_int_equal(c->trust, ENTRY_ROOT);
	assert_false(c->shown);
	c = check_set_at(r.set, 1);
	assert_int_equal(c->kind, CHECK_EACH);
	assert_int_equal(c->unit, CHECK_ROW);
	assert_string_equal(c->register_name, "people");
	assert_int_equal(c->need_count, 2);
	assert_int_equal(c->within_lo_us, -120 * INT64_C(1000000));
	assert_true(c->key_check && c->shown && !c->fatal);
	c = check_set_at(r.set, 2);
	assert_int_equal(c->kind, CHECK_NEVER);
	assert_int_equal(c->unit, CHECK_HOST);
	assert_int_equal(c->grace_us, HOUR_US);
	assert_int_equal(c->trust, ENTRY_LOCAL);
	assert_int_equal(
	    c->of.outcomes, 1u << VOCAB_SUCCESS | 1u << VOCAB_NONE);
	assert_true(c->fatal);
	c = check_set_at(r.set, 3);
	assert_int_equal(c->kind, CHECK_SHARE);
	assert_int_equal(c->at_least, 950000);
	assert_string_equal(c->at_least_text, "0.95");
	assert_null(check_set_at(r.set, 4));
	clear(&r);
}

static void
a_bad_check_is_left_out_and_named_and_the_others_stand(void **state)
{
	static const struct {
		const char *check; /* without id */
		const char *says;
	} cases[] = {
	    {"control: A.8.2, watch: [auth], default: rate",
		"one of every, each, never, share"},
	    {"control: A.8.2, never: {event: a.b}, each: {event: a.b}, watch: "
	     "[auth], default: rate",
		"has 'each' already"},
	    {"control: A.8.2, never: {event: a.b}, watch: [auth]", "'default'"},
	    {"control: A.8.2, never: {event: a.b}, default: rate", "'watch'"},
	    {"control: A.8.2, never: {event: a.b}, watch: [], default: rate",
		"the list is empty"},
	    {"control: A.8.2, never: {event: a.b, outcom: success}, watch: "
	     "[auth], default: rate",
		"did you mean 'outcome'"},
	    {"control: A.8.2, never: {event: a.b, outcome: sucess}, watch: "
	     "[auth], default: rate",
		"'sucess' is no outcome"},
	    {"control: A.8.2, every: {event: a.b}, watch: [auth], default: "
	     "rate",
		"'period'"},
	    {"control: A.8.2, every: {event: a.b, period: dya}, watch: [auth], "
	     "default: rate",
		"did you mean 'day'"},
	    {"control: A.8.2, every: {event: a.b, period: day, grace: -1h}, "
	     "watch: [auth], default: rate",
		"grace is between"},
	    {"control: A.8.2, every: {event: a.b, period: day, starts: "
	     "\"25:00\"}, watch: [auth], default: rate",
		"a time of day"},
	    {"control: A.8.2, every: {event: a.b, period: day, unit: server}, "
	     "watch: [auth], default: rate",
		"'server' is not known here"},
	    {"control: A.8.2, each: {event: a.b, needs: {any: [{event: c.d}]}, "
	     "within: [10s, -10s]}, watch: [auth], default: rate",
		"the earliest comes first"},
	    {"control: A.8.2, share: {of: {event: a.b}, good: {}, at_least: "
	     "0.5, period: day}, watch: [auth], default: rate",
		"everything would be good"},
	    {"control: A.8.2, share: {of: {event: a.b}, good: {outcome: "
	     "success}, at_least: 1.5, period: day}, watch: [auth], default: "
	     "rate",
		"a number from 0 to 1"},
	    {"control: A.8.2, never: {event: a.b}, watch: [auth], trust: rot, "
	     "default: rate",
		"did you mean 'root'"},
	    {"control: eight, never: {event: a.b}, watch: [auth], default: "
	     "rate",
		"A.8.13"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct reading r;
		struct buf yaml = {0}, out = {0};

		buf_printf(&yaml,
		    "framework: f\nchecks:\n- {id: bad, %s}\n- {id: good, "
		    "control: A.8.2, never: {event: a.b}, watch: [auth], "
		    "default: rate}\n",
		    cases[i].check);
		buf_putc(&yaml, 0);
		read_yaml(&r, yaml.ptr, NULL);
		problems_print(r.problems, &out);
		buf_putc(&out, 0);
		if (!strstr(out.ptr, cases[i].says) ||
		    !strstr(out.ptr, "checks.yml:3:"))
			fail_msg("%s\n%s", cases[i].check, out.ptr);
		assert_string_equal(check_set_at(r.set, 0)->id, "good");
		assert_null(check_set_at(r.set, 1));
		buf_clear(&out);
		buf_clear(&yaml);
		clear(&r);
	}
}

static void
the_vocabulary_knows_kinds_and_their_fields(void **state)
{
	static const char events[] = "events:\n"
				     "- event: auth.login\n"
				     "  about: Somebody logged in.\n"
				     "  outcomes: [success]\n"
				     "  fields: {user: string}\n";
	static const char yaml[] =
	    "framework: f\n"
	    "checks:\n"
	    "- {id: a, control: A.8.2, never: {event: auth.login, where: "
	    "{user: root, host: web01, job: x}}, watch: [auth], default: "
	    "rate}\n"
	    "- {id: b, control: A.8.2, never: {event: auth.logon}, watch: "
	    "[auth], default: rate}\n"
	    "- {id: c, control: A.8.2, never: {event: auth.login, where: "
	    "{usr: root}}, watch: [auth], default: rate}\n";
	struct reading r;
	struct buf out = {0};

	(void)state;
	read_yaml(&r, yaml, events);
	assert_string_equal(check_set_at(r.set, 0)->id, "a");
	assert_null(check_set_at(r.set, 1));
	problems_print(r.problems, &out);
	buf_putc(&out, 0);
	assert_non_null(strstr(out.ptr, "did you mean 'auth.login'"));
	assert_non_null(strstr(out.ptr, "auth.login has no field 'usr'"));
	assert_int_equal(problems_errors(r.problems), 2);
	buf_clear(&out);
	clear(&r);
}

static void
of_two_checks_with_one_id_the_first_stands(void **state)
{
	static const char yaml[] =
	    "framework: f\n"
	    "checks:\n"
	    "- {id: a, control: A.8.2, never: {event: a.b}, watch: [auth], "
	    "default: rate}\n"
	    "- {id: a, control: A.8.3, never: {event: a.b}, watch: [auth], "
	    "default: rate}\n";
	struct reading r;

	(void)state;
	read_yaml(&r, yaml, NULL);
	assert_string_equal(check_set_at(r.set, 0)->control, "A.8.2");
	assert_null(check_set_at(r.set, 1));
	assert_int_equal(problems_errors(r.problems), 1);
	clear(&r);
}

static void
every_check_that_is_shipped_is_well_formed(void **state)
{
	static const char *const files[] = {"authentication", "backup",
	    "configuration", "cryptography", "deletion", "equipment",
	    "identity", "logging", "malware", "monitoring", "network",
	    "patching", "privilege"};
	struct buf events = test_read(SOURCE_DIR "/rules/events.yml");

	(void)state;
	buf_putc(&events, 0);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		char path[512];
		struct reading r;
		struct buf text, out = {0};

		snprintf(path, sizeof path, "%s/rules/checks/%s.yml",
		    SOURCE_DIR, files[i]);
		text = test_read(path);
		buf_putc(&text, 0);
		read_yaml(&r, text.ptr, events.ptr);
		problems_print(r.problems, &out);
		buf_putc(&out, 0);
		assert_string_equal(out.ptr, "");
		assert_non_null(check_set_at(r.set, 0));
		buf_clear(&text);
		buf_clear(&out);
		clear(&r);
	}
	buf_clear(&events);
}

static void
shares_are_whole_millionths_or_refused(void **state)
{
	int64_t value = -1;

	(void)state;
	assert_true(check_share(SLICE("0"), &value));
	assert_int_equal(value, 0);
	assert_true(check_share(SLICE("1"), &value));
	assert_int_equal(value, 1000000);
	assert_true(check_share(SLICE("0.95"), &value));
	assert_int_equal(value, 950000);
	assert_true(check_share(SLICE("0.000001"), &value));
	assert_int_equal(value, 1);
	assert_false(check_share(SLICE("1.000001"), &value));
	assert_false(check_share(SLICE("0."), &value));
	assert_false(check_share(SLICE(""), &value));
	assert_false(check_share(SLICE("0.0000001"), &value));
	assert_false(check_share(SLICE("0,5"), &value));
	assert_int_equal(value, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_kind_of_check_is_read_with_its_defaults),
	    cmocka_unit_test(
		a_bad_check_is_left_out_and_named_and_the_others_stand),
	    cmocka_unit_test(the_vocabulary_knows_kinds_and_their_fields),
	    cmocka_unit_test(of_two_checks_with_one_id_the_first_stands),
	    cmocka_unit_test(every_check_that_is_shipped_is_well_formed),
	    cmocka_unit_test(shares_are_whole_millionths_or_refused),
	};

	return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
