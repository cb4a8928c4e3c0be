/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>

#include "registry.h"

#define EXAMPLE SOURCE_DIR "/tests/collector/isms/"

static struct registry *
parse(const char *path, const char *text, struct problems *p)
{
	struct registry_file file = {path, slice_of(text)};
	struct err err = {""};
	struct registry *r = registry_parse(&file, 1, p, &err);

	if (!r)
		fail_msg("%s", err.text);
	return r;
}

static int
load(void **state)
{
	static const char *const names[] = {"soa.yml", "inventory.yml",
	    "people.yml", "exceptions.yml", "scope.yml", "policy.yml"};
	struct registry_file files[6];
	struct buf texts[6], out = {0};
	struct problems *p = problems_new();
	struct err err = {""};

	for (size_t i = 0; i < 6; i++) {
		char path[512];

		snprintf(path, sizeof path, EXAMPLE "%s", names[i]);
		texts[i] = test_read(path);
		files[i] =
		    (struct registry_file){names[i], buf_slice(&texts[i])};
	}
	*state = registry_parse(files, 6, p, &err);
	problems_print(p, &out);
	if (!*state || out.len)
		fail_msg("%s%.*s", err.text, SLICE_FMT(buf_slice(&out)));
	for (size_t i = 0; i < 6; i++)
		buf_clear(&texts[i]);
	problems_free(p);
	return 0;
}

static int
unload(void **state)
{
	registry_free(*state);
	return 0;
}

static void
scope_is_read(void **state)
{
	const struct registry_scope *s = registry_scope(*state);

	assert_string_equal(s->organisation, "Example Ltd");
	assert_string_equal(s->zone, "Europe/Berlin");
	assert_non_null(strstr(s->scope, "web shop"));
	assert_int_equal(s->tzif.len, 0);
}

static void
hosts_have_ids_and_dates_when_they_say_so(void **state)
{
	const struct registry_host *h = registry_host(*state, 0);

	assert_string_equal(h->name, "web01");
	assert_string_equal(h->id, "6f3a4c1e-92d0-4a57-8a3f-0d1b2c3d4e5f");
	assert_string_equal(h->from, "2026-05-01");
	assert_null(h->to);
	assert_string_equal(registry_host(*state, 2)->to, "2026-06-30");
	assert_null(registry_host(*state, 1)->id);
	assert_null(registry_host(*state, 3));
}

static void
jobs_take_their_defaults(void **state)
{
	const struct registry_job *j = registry_job(*state, 0);

	assert_string_equal(j->id, "nightly");
	assert_string_equal(j->name, "restic-etc");
	assert_string_equal(j->was, "restic-backup");
	assert_string_equal(j->event, "backup.run");
	assert_string_equal(j->starts, "02:00");
	assert_false(j->match);
	j = registry_job(*state, 1);
	assert_string_equal(j->name, "db-dump");
	assert_true(j->match);
	assert_string_equal(j->match_program, "borg");
	assert_string_equal(j->match_host, "db01");
	assert_slice(
	    tree_text(tree_get(j->match_fields, "repo")), SLICE("/srv/borg"));
	assert_string_equal(registry_job(*state, 2)->event, "backup.verify");
	assert_null(registry_job(*state, 3));
}

static void
a_policy_row_says_what_it_changes_and_nothing_else(void **state)
{
	const struct registry_adopt *a =
	    registry_adopted(*state, "backup-daily");

	assert_string_equal(a->by, "Carol");
	assert_string_equal(a->on, "2026-05-06");
	assert_true(a->has_grace);
	assert_int_equal(a->grace_us, INT64_C(4) * 3600 * 1000000);
	assert_string_equal(a->starts, "18:00");
	assert_string_equal(a->trust, "root");
	assert_null(a->at_least);
	assert_null(a->where);
	assert_int_equal(a->at_count, 0);
	a = registry_adopted(*state, "login-has-second-factor");
	assert_false(a->has_grace);
	assert_int_equal(
	    tree_count(tree_get(tree_get(a->where, "user"), "not")), 2);
	a = registry_adopted(*state, "patch-runs-succeed");
	assert_string_equal(a->at_least, "0.9");
	a = registry_adopted(*state, "access-review-quarterly");
	assert_int_equal(a->at_count, 2);
	assert_string_equal(a->at[1], "db01");
	assert_null(registry_adopted(*state, "unheard-of"));
	assert_string_equal(registry_relay(*state, 0), "loghost");
	assert_null(registry_relay(*state, 1));
}

static void
a_control_nobody_decided_counts_as_applicable(void **state)
{
	const struct registry_soa *s = registry_decided(*state, "A.8.5");

	assert_false(s->decided);
	assert_true(s->applicable);
	s = registry_decided(*state, "A.7.4");
	assert_true(s->decided);
	assert_false(s->applicable);
	assert_non_null(strstr(s->reason, "premises"));
	assert_null(registry_decided(*state, "A.5.1"));
}

static void
exceptions_and_other_registers_are_rows(void **state)
{
	const struct registry_exception *e = registry_exception(*state, 0);
	const struct registry_row *row;

	assert_string_equal(e->check, "backup-daily");
	assert_string_equal(e->unit, "nightly");
	assert_string_equal(e->to, "2026-06-12");
	row = registry_row(*state, "entitlements", 1);
	assert_string_equal(registry_text(row, "user"), "bob");
	assert_string_equal(row->from, "2026-05-01");
	assert_string_equal(row->to, "2026-05-31");
	assert_null(registry_text(row, "nothing"));
	assert_null(registry_row(*state, "entitlements", 2));
	assert_true(registry_has(*state, "leavers"));
	assert_true(registry_has(*state, "hosts"));
	assert_false(registry_has(*state, "vendors"));
	assert_false(registry_has(*state, "zone"));
}

static void
an_empty_register_is_there_and_one_without_value_is_not(void **state)
{
	struct registry *r =
	    parse("a.yml", "leavers: []\nvendors:\nrisks: text\n", NULL);

	(void)state;
	assert_true(registry_has(r, "leavers"));
	assert_null(registry_row(r, "leavers", 0));
	assert_false(registry_has(r, "vendors"));
	assert_false(registry_has(r, "risks"));
	registry_free(r);
}

static void
cells_have_one_form_however_they_were_written(void **state)
{
	static const char *const wanted[][2] = {{"a", "true"}, {"b", "false"},
	    {"c", "7"}, {"d", "7"}, {"e", "0"}, {"f", "-7"}, {"g", "1.50"},
	    {"h", "True"}, {"i", "no"}, {"j", "007"}, {"k", "0"}, {"n", NULL},
	    {"o", NULL}, {"p", NULL}};
	struct registry *r = parse("a.yml",
	    "x:\n- {a: True, b: FALSE, c: 007, d: +7, e: -0, f: -7, g: 1.50, "
	    "h: 'True', i: no, j: '007', k: 000, n: ~, o: [1], p: {q: 1}}\n",
	    NULL);
	const struct registry_row *row = registry_row(r, "x", 0);

	(void)state;
	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
		const char *text = registry_text(row, wanted[i][0]);

		if (!wanted[i][1])
			assert_null(text);
		else
			assert_string_equal(text, wanted[i][1]);
	}
	registry_free(r);
}

/* A text with one bad row between two good ones, and what is said of it. */
static void
leaves_out(const char *row, const char *message)
{
	char text[1024];
	struct problems *p = problems_new();
	struct buf out = {0};
	struct registry *r;

	snprintf(text, sizeof text,
	    "hosts: [{name: a}, {name: b}]\njobs: [{id: first}, %s, {id: "
	    "last}]\nadopts: [{check: first}, %s, {check: last}]\n",
	    row, row);
	r = parse("a.yml", text, p);
	problems_print(p, &out);
	buf_putc(&out, '\0');
	if (!strstr(out.ptr, message))
		fail_msg("\"%s\" is not in:\n%s", message, out.ptr);
	assert_string_equal(registry_host(r, 1)->name, "b");
	assert_string_equal(registry_job(r, 0)->id, "first");
	assert_string_equal(registry_job(r, 1)->id, "last");
	assert_null(registry_job(r, 2));
	assert_string_equal(registry_adopt(r, 1)->check, "last");
	assert_null(registry_adopt(r, 2));
	buf_clear(&out);
	problems_free(p);
	registry_free(r);
}

static void
a_bad_row_is_left_out_and_its_neighbours_stay(void **state)
{
	(void)state;
	leaves_out("text", "a row of 'column: value' is expected here");
	leaves_out("{}", "'id' is missing");
	leaves_out("{id: [x], check: {}}", "a text is expected here");
	leaves_out(
	    "{id: 'a/b', check: 'a b'}", "'id' must be a name of letters");
	leaves_out("{id: x, from: 2026-02-30, check: x, on: 2026-02-30}",
	    "'from' must be a date that exists");
	leaves_out("{id: x, starts: 25:00, check: x, set: {starts: '9:00'}}",
	    "'starts' must be a time of day in quotes");
	leaves_out("{id: first, check: first}", "'first' has a row already");
	leaves_out("{id: x, match: y, check: x, set: z}",
	    "a row of 'column: value' is expected here");
	leaves_out("{id: x, match: {fields: {a: {b: 1}}}, check: x, where: "
		   "{a: ~}}",
	    "unknown key 'b'");
	leaves_out("{id: x, host: 'a b', check: x, at: [{}]}",
	    "'host' must be the name of a host");
	leaves_out("{id: x, was: \"a\\0b\", check: x, criterion: \"a\\0b\"}",
	    "'was' must be a text of one line without control characters");
	leaves_out("{id: x, name: 7, check: x, set: {grace: -2h}}",
	    "YAML reads 7 as a number");
}

static void
a_file_that_is_no_map_is_left_out_and_the_others_stay(void **state)
{
	static const struct registry_file files[] = {
	    {"c.yml", {"hosts: [{name: c}]\n", 19}},
	    {"a.yml", {"- hosts\n", 8}},
	    {"b.yml", {"hosts: [{name: b}]\n", 19}},
	    {"d.yml", {"hosts: [{name: d}\n", 18}},
	    {"e.yml", {"# nothing\n", 10}},
	    {"f.txt", {"hosts: [{name: f}]\n", 19}}, {"zone", {"TZif2\0x", 7}}};
	struct problems *p = problems_new();
	struct err err = {""};
	struct registry *r = registry_parse(files, 7, p, &err);

	(void)state;
	assert_non_null(r);
	assert_int_equal(problems_errors(p), 2);
	assert_string_equal(registry_host(r, 0)->name, "b");
	assert_string_equal(registry_host(r, 1)->name, "c");
	assert_null(registry_host(r, 2));
	assert_slice(registry_scope(r)->tzif, ((struct slice){"TZif2\0x", 7}));
	registry_free(r);
	problems_free(p);
}

static void
of_two_files_that_disagree_the_first_by_path_stands(void **state)
{
	static const struct registry_file files[] = {
	    {"b.yml", {"zone: Asia/Tokyo\norganisation: B\n", 32}},
	    {"a.yml", {"zone: ../etc/passwd\norganisation: A\n", 35}}};
	struct registry *r = registry_parse(files, 2, NULL, NULL);

	(void)state;
	/* The first zone is none, so the second stands. */
	assert_string_equal(registry_scope(r)->zone, "Asia/Tokyo");
	assert_string_equal(registry_scope(r)->organisation, "A");
	registry_free(r);
}

static void
nothing_at_all_is_a_registry_without_rows(void **state)
{
	struct registry *r = registry_parse(NULL, 0, NULL, NULL);

	(void)state;
	assert_non_null(r);
	assert_null(registry_scope(r)->organisation);
	assert_null(registry_host(r, 0));
	assert_null(registry_relay(r, 0));
	assert_null(registry_row(r, "hosts", 0));
	registry_free(r);
}

static unsigned
next(unsigned *seed)
{
	*seed = *seed * 1103515245u + 12345u;
	return *seed >> 8;
}

/* Read every row, so that a wild pointer would be found. */
static size_t
read_all(const struct registry *r)
{
	const struct registry_job *j;
	const struct registry_adopt *a;
	size_t n = 0;

	for (size_t i = 0; registry_host(r, i); i++)
		n += strlen(registry_host(r, i)->name);
	for (size_t i = 0; (j = registry_job(r, i)); i++)
		n += strlen(j->name) + strlen(j->event);
	for (size_t i = 0; (a = registry_adopt(r, i)); i++)
		for (size_t k = 0; k < a->at_count; k++)
			n += strlen(a->at[k]);
	for (size_t i = 0; registry_row(r, "entitlements", i); i++)
		n += registry_row(r, "entitlements", i)->cell_count;
	return n;
}

static void
files_with_random_damage_are_read_without_harm(void **state)
{
	static const char *const names[] = {
	    "inventory.yml", "policy.yml", "soa.yml", "people.yml"};
	static const char spice[] = "{}[]:,-#\"'\n \0~&*!|>09az";
	unsigned seed = 20260703;
	size_t rows = 0;

	(void)state;
	for (size_t f = 0; f < 4; f++) {
		char path[512];
		struct buf text;

		snprintf(path, sizeof path, EXAMPLE "%s", names[f]);
		text = test_read(path);
		for (int round = 0; round < 500; round++) {
			struct buf bad = {0};
			struct registry_file file = {names[f], {0}};
			struct registry *r;

			buf_put(&bad, buf_slice(&text));
			for (unsigned k = next(&seed) % 3; k < 3; k++)
				bad.ptr[next(&seed) % bad.len] =
				    spice[next(&seed) % sizeof spice];
			file.bytes = buf_slice(&bad);
			r = registry_parse(&file, 1, NULL, NULL);
			assert_non_null(r);
			rows += read_all(r) > 0;
			registry_free(r);
			buf_clear(&bad);
		}
		buf_clear(&text);
	}
	/* Damage that always took everything away would prove nothing. */
	assert_true(rows > 200);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(scope_is_read),
	    cmocka_unit_test(hosts_have_ids_and_dates_when_they_say_so),
	    cmocka_unit_test(jobs_take_their_defaults),
	    cmocka_unit_test(
		a_policy_row_says_what_it_changes_and_nothing_else),
	    cmocka_unit_test(a_control_nobody_decided_counts_as_applicable),
	    cmocka_unit_test(exceptions_and_other_registers_are_rows),
	    cmocka_unit_test(
		an_empty_register_is_there_and_one_without_value_is_not),
	    cmocka_unit_test(cells_have_one_form_however_they_were_written),
	    cmocka_unit_test(a_bad_row_is_left_out_and_its_neighbours_stay),
	    cmocka_unit_test(
		a_file_that_is_no_map_is_left_out_and_the_others_stay),
	    cmocka_unit_test(
		of_two_files_that_disagree_the_first_by_path_stands),
	    cmocka_unit_test(nothing_at_all_is_a_registry_without_rows),
	    cmocka_unit_test(files_with_random_damage_are_read_without_harm),
	};

	return cmocka_run_group_tests_name("registry", tests, load, unload);
}
