/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "match.h"

/* A world of rules in a directory of its own. */
static const char events[] =
    "events:\n"
    "- {event: auth.login, about: A login., outcomes: [success, failure],\n"
    "   fields: {user: string, src_ip: ip, port: int, remote: bool,\n"
    "            service: string, type: string, note: string}}\n"
    "- {event: session.open, about: A session., outcomes: [success, none],\n"
    "   fields: {user: string, service: string}}\n"
    "- {event: backup.run, about: A backup., outcomes: [success, failure],\n"
    "   fields: {job: string}, run: {limit: 1h, outcome: worst}}\n";

static const char pieces[] =
    "pieces:\n"
    "  ip: {pattern: '[0-9a-f.:]{2,45}', check: ip, about: x}\n"
    "  port: {pattern: '[0-9]{1,5}', check: port, about: x}\n"
    "  user: {pattern: '.{1,400}', check: none, about: x}\n";

static void
put_file(const char *dir, const char *name, const char *text)
{
	char path[256];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	test_write(path, slice_of(text));
}

static const char *
world(const char *name, const char *rules)
{
	const char *dir = strdup(test_dir());
	char path[256];

	put_file(dir, "events.yml", events);
	put_file(dir, "pieces.yml", pieces);
	snprintf(path, sizeof path, "%s/auth", dir);
	mkdir(path, 0700);
	put_file(dir, name, rules);
	return dir;
}

static struct ruleset *
load_dirs(const char *const *dirs)
{
	struct problems *p = problems_new();
	struct ruleset_options o = {.dirs = dirs};
	struct err err;
	struct ruleset *s = ruleset_load(&o, p, &err);
	struct buf b = {0};

	if (!s) {
		problems_print(p, &b);
		fail_msg("%s%.*s", err.text, (int)b.len, b.ptr);
	}
	problems_free(p);
	return s;
}

static struct ruleset *
load(const char *rules)
{
	const char *dirs[] = {world("auth/x.yml", rules), NULL};
	struct ruleset *s = load_dirs(dirs);

	free((void *)(uintptr_t)dirs[0]);
	return s;
}

/* A rule with an example made for it. */
#define HEAD "framework: f\nprogram: [prog, prog-two]\nclass: auth\n"
#define RULE(id, event, outcome, match, more, example)                      \
	"- id: " id "\n  title: t\n  event: " event "\n  outcome: " outcome \
	"\n  controls: [A.8.5]\n  match: '" match "'\n" more                \
	"  examples:\n  - {line: '" example "'}\n  near_misses:\n  - '-'\n"

static struct match_result
match_text(struct ruleset *s, const char *program, const char *message)
{
	struct match *m = match_new(s);
	struct match_result out;
	struct header h;

	assert_non_null(m);
	header_message(slice_of(program), slice_of(message), &h);
	match_line(m, &h, &out);
	match_free(m);
	return out;
}

/* The event's fields as "name=text" joined by blanks. */
static void
assert_fields(const struct match_event *e, const char *wanted)
{
	struct buf b = {0};

	for (size_t i = 0; i < e->field_count; i++)
		buf_printf(&b, "%s%s=%.*s", i ? " " : "",
		    e->fields[i].field->name,
		    SLICE_FMT(e->fields[i].value.text));
	assert_slice(buf_slice(&b), slice_of(wanted));
	buf_clear(&b);
}

static void
a_line_becomes_an_event_with_typed_fields(void **state)
{
	struct ruleset *s =
	    load(HEAD "rules:\n" RULE("a.b", "auth.login", "success",
		"from (?<src_ip>{ip}) by (?<user>{user}) port "
		"(?<port>{port})(?: note (?<note>[a-z]{1,9}))?",
		"  set: {remote: true}\n", "from 192.0.2.1 by a port 7"));
	struct match_result r =
	    match_text(s, "prog-two", "from ::1 by bob port 22 note x");

	(void)state;
	assert_int_equal(r.kind, MATCH_EVENT);
	assert_int_equal(r.count, 1);
	assert_string_equal(r.events[0].rule->id, "a.b");
	assert_string_equal(r.events[0].rule->controls[0], "f:A.8.5");
	assert_false(r.events[0].ambiguous);
	/* In the order of the vocabulary, not of the pattern. */
	assert_fields(
	    &r.events[0], "user=bob src_ip=::1 port=22 remote=true note=x");
	assert_int_equal(r.events[0].fields[2].value.number, 22);
	assert_int_equal(r.events[0].fields[3].value.number, 1);
	/* A group that took no part gives no field. */
	r = match_text(s, "prog", "from ::1 by bob port 22");
	assert_fields(&r.events[0], "user=bob src_ip=::1 port=22 remote=true");
	/* A value that is not of its type is no reading. */
	r = match_text(s, "prog", "from ::1::2 by bob port 22");
	assert_int_equal(r.kind, MATCH_UNKNOWN);
	r = match_text(s, "prog", "from ::1 by bob port 65536");
	assert_int_equal(r.kind, MATCH_UNKNOWN);
	ruleset_free(s);
}

static void
what_a_line_is_says_how_well_it_is_understood(void **state)
{
	struct ruleset *s =
	    load(HEAD "closed: true\nprefixes: ['E: ']\nrules:\n" RULE("a.b",
		"auth.login", "success", "yes (?<user>[a-z]{1,9})", "",
		"yes bob") "ignore:\n- 'nothing to see {port}'\n- 'E: "
			   ".{0,50}'\n- 'yes ignored'\n");
	struct match_result r;

	(void)state;
	r = match_text(s, "prog", "yes eve");
	assert_int_equal(r.kind, MATCH_EVENT);
	assert_true(r.closed);
	assert_int_equal(
	    match_text(s, "prog", "nothing to see 7").kind, MATCH_IGNORED);
	assert_int_equal(
	    match_text(s, "prog", "nothing to see 70000").kind, MATCH_UNKNOWN);
	assert_int_equal(match_text(s, "prog", "E: x").kind, MATCH_IGNORED);
	/* An event outweighs that the line would be ignored. */
	assert_int_equal(
	    match_text(s, "prog", "yes ignored").kind, MATCH_EVENT);
	assert_int_equal(match_text(s, "prog", "").kind, MATCH_UNKNOWN);
	r = match_text(s, "other", "yes eve");
	assert_int_equal(r.kind, MATCH_NO_PROGRAM);
	assert_false(r.closed);
	assert_int_equal(match_text(s, "", "yes eve").kind, MATCH_NO_PROGRAM);
	ruleset_free(s);
}

static void
a_second_reading_with_other_values_is_ambiguous(void **state)
{
	struct ruleset *s = load(HEAD "rules:\n" RULE("a.b", "auth.login",
	    "failure", "no (?<user>{user}) from (?<src_ip>{ip})(?: x.{0,99})?",
	    "", "no a from ::1"));
	struct match_result r;

	(void)state;
	r = match_text(s, "prog", "no x from ::1 from ::2");
	assert_false(r.events[0].ambiguous);
	assert_fields(&r.events[0], "user=x from ::1 src_ip=::2");
	r = match_text(s, "prog", "no x from ::1 x from ::2");
	assert_true(r.events[0].ambiguous);
	/* The second reading's address is none: no reading. */
	r = match_text(s, "prog", "no x from ::1::3 x from ::2");
	assert_false(r.events[0].ambiguous);
	assert_fields(&r.events[0], "user=x from ::1::3 x src_ip=::2");
	ruleset_free(s);
}

static void
readings_that_differ_in_no_value_are_one(void **state)
{
	struct ruleset *s = load(HEAD "rules:\n" RULE("a.b", "auth.login",
	    "failure", "no (?<user>[a-z]{1,9}) .{0,20}x.{0,20}", "", "no a x"));
	struct match_result r = match_text(s, "prog", "no a xxxxxx");

	(void)state;
	assert_int_equal(r.count, 1);
	assert_false(r.events[0].ambiguous);
	ruleset_free(s);
}

static void
two_rules_that_differ_about_a_kind_make_it_ambiguous(void **state)
{
	static const struct {
		const char *second;
		bool ambiguous;
		size_t count;
	} cases[] = {
	    /* other outcome */
	    {RULE("c.d", "auth.login", "failure", "yes (?<user>[a-z]{1,9})[!]?",
		 "", "yes bob!"),
		true, 1},
	    /* other fields */
	    {RULE("c.d", "auth.login", "success", "yes (?<note>[a-z]{1,9})!?",
		 "", "yes bob!"),
		true, 1},
	    /* the same */
	    {RULE("c.d", "auth.login", "success", "yes (?<user>[a-z]{1,9})!?",
		 "", "yes bob!"),
		false, 1},
	    /* another kind */
	    {RULE("c.d", "session.open", "none", "yes (?<user>[a-z]{1,9})!?",
		 "", "yes bob!"),
		false, 2},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buf b = {0};
		struct ruleset *s;
		struct match_result r;

		buf_puts(
		    &b, HEAD "rules:\n" RULE("a.b", "auth.login", "success",
			    "yes (?<user>[a-z]{1,9})[?]?", "", "yes bob?"));
		buf_puts(&b, cases[i].second);
		buf_putc(&b, '\0');
		s = load(b.ptr);
		r = match_text(s, "prog", "yes bob");
		assert_int_equal(r.count, cases[i].count);
		assert_string_equal(r.events[0].rule->id, "a.b");
		assert_int_equal(r.events[0].ambiguous, cases[i].ambiguous);
		assert_int_equal(match_text(s, "prog", "yes bob?").count, 1);
		ruleset_free(s);
		buf_clear(&b);
	}
}

static void
a_limit_is_counted_and_casts_doubt_on_what_was_found(void **state)
{
	struct ruleset *s = load(HEAD "rules:\n" RULE("a.b", "auth.login",
	    "success", "yes .{0,400}.{0,400}.{0,400}(?<note>[!?])", "", "yes !")
		RULE("c.d", "auth.login", "success", "yes (?<user>a{1,500})",
		    "", "yes a") RULE("e.f", "session.open", "none",
		    "hm .{0,400}.{0,400}.{0,400}!(?<user>a{1,400})", "",
		    "hm !a"));
	struct match *m = match_new(s);
	struct match_result r;
	struct header h;
	char line[420];

	(void)state;
	/* The first rule gives up, the second matches: it may be wrong. */
	memset(line, 'a', sizeof line);
	memcpy(line, "yes ", 4);
	line[300] = '\0';
	header_message(SLICE("prog"), slice_of(line), &h);
	match_line(m, &h, &r);
	assert_int_equal(r.kind, MATCH_EVENT);
	assert_int_equal(r.limit_hits, 1);
	assert_string_equal(r.events[0].rule->id, "c.d");
	assert_true(r.events[0].ambiguous);
	line[200] = '!';
	header_message(SLICE("prog"), slice_of(line), &h);
	match_line(m, &h, &r);
	assert_int_equal(r.kind, MATCH_UNKNOWN);
	assert_int_equal(r.limit_hits, 1);
	assert_int_equal(match_counts(m, 0).limit_hits, 2);
	/* Found, but the search for a second reading did not end. */
	memcpy(line, "hm ", 3);
	line[3] = 'a';
	line[250] = '!';
	header_message(SLICE("prog"), slice_of(line), &h);
	match_line(m, &h, &r);
	assert_int_equal(r.count, 1);
	assert_int_equal(r.limit_hits, 1);
	assert_true(r.events[0].ambiguous);
	match_free(m);
	ruleset_free(s);
}

static void
a_message_longer_than_the_window_is_ambiguous(void **state)
{
	struct ruleset *s = load(HEAD "rules:\n" RULE("a.b", "auth.login",
	    "success", "yes (?<user>a)(?:b{0,8000}){2}", "", "yes ab"));
	struct match_result r;
	struct buf b = {0};

	(void)state;
	buf_puts(&b, "yes a");
	while (b.len < MATCH_WINDOW)
		buf_putc(&b, 'b');
	buf_putc(&b, '\0');
	r = match_text(s, "prog", b.ptr);
	assert_false(r.cut);
	assert_int_equal(r.count, 1);
	b.len--;
	buf_puts(&b, "forged");
	buf_putc(&b, '\0');
	r = match_text(s, "prog", b.ptr);
	assert_true(r.cut);
	assert_int_equal(r.count, 1);
	assert_true(r.events[0].ambiguous);
	buf_clear(&b);
	ruleset_free(s);
}

static void
lines_of_a_pam_module_bring_service_and_type(void **state)
{
	struct ruleset *s = load(
	    "framework: f\nprogram: pam_unix\nclass: auth\nrules:\n" RULE("a.b",
		"auth.login", "failure", "bad (?<user>[a-z]{1,9})", "",
		"pam_unix(su:auth): bad bob")
		RULE("c.d", "session.open", "none", "open (?<user>[a-z]{1,9})",
		    "  set: {service: fixed}\n", "open bob"));
	struct match_result r;

	(void)state;
	r = match_text(s, "sshd", "pam_unix(sshd:auth): bad eve");
	assert_fields(&r.events[0], "user=eve service=sshd type=auth");
	r = match_text(s, "login(pam_unix)", "bad eve");
	assert_fields(&r.events[0], "user=eve service=login");
	r = match_text(s, "pam_unix", "bad eve");
	assert_fields(&r.events[0], "user=eve");
	r = match_text(s, "sshd", "pam_unix(sshd:session): open eve");
	assert_fields(&r.events[0], "user=eve service=fixed");
	ruleset_free(s);
}

static void
counters_tell_how_often_a_pattern_was_tried(void **state)
{
	struct ruleset *s = load(HEAD "rules:\n" RULE("a.b", "auth.login",
	    "success", "yes (?<user>[a-z]{1,9}) really", "", "yes bob really"));
	struct match *m = match_new(s);
	struct match_result r;
	struct header h;
	static const char *const lines[] = {"no", "yes", "yes bob",
	    "yes BOB really", "yes bob really", "yes eve really"};

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		header_message(SLICE("prog"), slice_of(lines[i]), &h);
		match_line(m, &h, &r);
	}
	/* Prefix and literal keep the first three away. */
	assert_int_equal(match_counts(m, 0).candidates, 3);
	assert_int_equal(match_counts(m, 0).matches, 2);
	match_free(m);
	ruleset_free(s);
}

static void
a_later_directory_replaces_and_turns_off_files(void **state)
{
	const char *first = world("auth/x.yml", HEAD
	    "rules:\n" RULE("a.b", "auth.login", "success", "yes", "", "yes"));
	const char *second = strdup(test_dir());
	const char *dirs[] = {first, second, NULL};
	struct ruleset *s;
	char path[256];

	(void)state;
	snprintf(path, sizeof path, "%s/auth", second);
	mkdir(path, 0700);
	s = load_dirs(dirs);
	assert_int_equal(ruleset_rules(s), 1);
	ruleset_free(s);
	put_file(second, "auth/x.yml",
	    HEAD
	    "rules:\n" RULE("c.d", "auth.login", "failure", "yes", "", "yes"));
	put_file(second, "auth/y.yml",
	    HEAD
	    "rules:\n" RULE("e.f", "session.open", "none", "open", "", "open"));
	s = load_dirs(dirs);
	assert_null(ruleset_find(s, "a.b"));
	assert_non_null(ruleset_find(s, "c.d"));
	assert_non_null(ruleset_find(s, "e.f"));
	assert_string_equal(ruleset_file(s, 0)->path, "auth/x.yml");
	assert_string_equal(ruleset_file(s, 1)->path, "auth/y.yml");
	assert_string_equal(ruleset_file(s, 2)->path, "events.yml");
	assert_string_equal(ruleset_file(s, 3)->path, "pieces.yml");
	assert_null(ruleset_file(s, 4));
	assert_slice(ruleset_file(s, 2)->text, slice_of(events));
	/* Two files about one program share its bucket. */
	assert_int_equal(match_text(s, "prog", "yes").count, 1);
	assert_int_equal(match_text(s, "prog", "open").count, 1);
	ruleset_free(s);
	put_file(second, "auth/x.yml", "# nothing here\n");
	s = load_dirs(dirs);
	assert_int_equal(ruleset_rules(s), 1);
	assert_int_equal(match_text(s, "prog", "yes").kind, MATCH_UNKNOWN);
	ruleset_free(s);
	free((void *)(uintptr_t)first);
	free((void *)(uintptr_t)second);
}

static void
a_missing_directory_or_vocabulary_is_named(void **state)
{
	struct problems *p = problems_new();
	const char *empty = test_dir();
	const char *dirs[] = {"/nonexistent/rules", NULL};
	struct ruleset_options o = {.dirs = dirs};
	struct err err;

	(void)state;
	assert_null(ruleset_load(&o, p, &err));
	assert_non_null(strstr(err.text, "/nonexistent/rules"));
	dirs[0] = empty;
	assert_null(ruleset_load(&o, p, &err));
	assert_non_null(strstr(err.text, "events.yml"));
	assert_int_equal(problems_errors(p), 0);
	problems_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_line_becomes_an_event_with_typed_fields),
	    cmocka_unit_test(what_a_line_is_says_how_well_it_is_understood),
	    cmocka_unit_test(a_second_reading_with_other_values_is_ambiguous),
	    cmocka_unit_test(readings_that_differ_in_no_value_are_one),
	    cmocka_unit_test(
		two_rules_that_differ_about_a_kind_make_it_ambiguous),
	    cmocka_unit_test(
		a_limit_is_counted_and_casts_doubt_on_what_was_found),
	    cmocka_unit_test(a_message_longer_than_the_window_is_ambiguous),
	    cmocka_unit_test(lines_of_a_pam_module_bring_service_and_type),
	    cmocka_unit_test(counters_tell_how_often_a_pattern_was_tried),
	    cmocka_unit_test(a_later_directory_replaces_and_turns_off_files),
	    cmocka_unit_test(a_missing_directory_or_vocabulary_is_named),
	};

	return cmocka_run_group_tests_name("match", tests, NULL, NULL);
}
