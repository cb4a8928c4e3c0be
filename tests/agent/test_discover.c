/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "discover.h"
#include "facility.h"
#include "layout.h"
#include "sourcelist.h"

static const char *const dirs[] = {SOURCE_DIR "/rules", NULL};

/* An empty directory of this test case. */
static void
fresh(char dir[300], const char *name)
{
	snprintf(dir, 300, "%s/%s", test_dir(), name);
	assert_int_equal(mkdir(dir, 0700), 0);
}

static void
put(const char *dir, const char *name)
{
	char path[600];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	test_write(path, SLICE("x\n"));
}

static void
expect_log(const struct source_spec *s, const char *dir, const char *name)
{
	char path[600];

	snprintf(path, sizeof path, "%s/%s", dir, name);
	assert_string_equal(s->id, path);
	assert_string_equal(s->path, path);
}

static int
logs(struct discover *d, const char *dir, const char *glob)
{
	char path[600];

	snprintf(path, sizeof path, "%s/%s", dir, glob);
	return discover_logs(d, path);
}

static void
a_name_with_a_star_is_one_log_there_or_not(void **state)
{
	struct discover d = {0};
	char dir[300];

	(void)state;
	fresh(dir, "one");
	assert_int_equal(logs(&d, dir, "dpkg.log*"), 0);
	assert_int_equal(d.count, 1);
	expect_log(d.specs[0], dir, "dpkg.log");
	assert_int_equal(d.note_count, 1);
	discover_clear(&d);
	put(dir, "dpkg.log");
	put(dir, "dpkg.log.1");
	assert_int_equal(logs(&d, dir, "dpkg.log*"), 0);
	assert_int_equal(logs(&d, dir, "plain.log"), 0);
	assert_int_equal(d.count, 2);
	expect_log(d.specs[1], dir, "plain.log");
	assert_int_equal(d.note_count, 1);
	discover_clear(&d);
}

static void
a_pattern_of_several_logs_is_a_source_for_each(void **state)
{
	struct discover d = {0};
	char dir[300];

	(void)state;
	fresh(dir, "many");
	assert_int_equal(logs(&d, dir, "*.log*"), 0);
	assert_int_equal(d.count, 0);
	assert_int_equal(d.note_count, 1);
	put(dir, "main-backup.log");
	put(dir, "main-backup.log.1");
	put(dir, "main-backup.log.2.gz");
	put(dir, "main-expire.log");
	put(dir, "other.log.1"); /* its log is between two rotations */
	put(dir, "notes.txt");
	assert_int_equal(mkdir(strcat(dir, "/dir.log"), 0700), 0);
	dir[strlen(dir) - strlen("/dir.log")] = '\0';
	assert_int_equal(logs(&d, dir, "*.log*"), 0);
	assert_int_equal(d.count, 3);
	expect_log(d.specs[0], dir, "main-backup.log");
	expect_log(d.specs[1], dir, "main-expire.log");
	expect_log(d.specs[2], dir, "other.log");
	assert_non_null(strstr(d.specs[0]->patterns[1], "backup.log.[0-9]*"));
	assert_null(d.specs[0]->own);
	assert_int_equal(d.specs[0]->facility, -1);
	discover_clear(&d);
}

static void
strange_names_stand_for_themselves(void **state)
{
	struct discover d = {0};
	char dir[300];

	(void)state;
	fresh(dir, "strange");
	put(dir, "a[b]*.log");
	put(dir, "a\nb.log");
	assert_int_equal(logs(&d, dir, "*.log"), 0);
	assert_int_equal(d.count, 2);
	expect_log(d.specs[0], dir, "a\nb.log");
	assert_non_null(strstr(d.specs[1]->patterns[0], "/a\\[b\\]\\*.log"));
	discover_clear(&d);
}

static void
many_logs_of_one_pattern_are_bounded(void **state)
{
	struct discover d = {0};
	char dir[300], name[40];

	(void)state;
	fresh(dir, "flood");
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof name, "u%03d.log", i);
		put(dir, name);
	}
	assert_int_equal(logs(&d, dir, "*.log"), 0);
	assert_int_equal(d.count, 256);
	assert_int_equal(d.note_count, 44);
	discover_clear(&d);
}

struct expected {
	const char *path;
	int facility;
};

static void
expect_layout(const struct expected *e, const char *copy, const char *read)
{
	struct problems *p = problems_new();
	struct tree *tree = layout_read(dirs, p);
	const char *homes[8];
	size_t count = 0;
	struct layout l;

	assert_non_null(tree);
	for (; e[count].path; count++)
		homes[count] = e[count].path;
	l = layout_guess(tree, homes, count);
	for (size_t i = 0; i < count; i++) {
		const struct tree_node *f = layout_file(&l, e[i].path);

		assert_non_null(f);
		assert_int_equal(layout_facility(&l, f), e[i].facility);
	}
	assert_true(layout_is_copy(&l, copy));
	assert_false(layout_is_copy(&l, read));
	tree_free(tree);
	problems_free(p);
}

static void
each_file_has_a_facility_that_comes_to_it_alone(void **state)
{
	static const struct expected debian[] = {
	    {"/var/log/auth.log", 10}, {"/var/log/syslog", 3}, {0}};
	static const struct expected redhat[] = {{"/var/log/secure", 10},
	    {"/var/log/messages", 3}, {"/var/log/cron", 9},
	    {"/var/log/maillog", 2}, {0}};
	static const struct expected suse[] = {
	    {"/var/log/messages", 10}, {"/var/log/mail", 2}, {0}};

	(void)state;
	expect_layout(debian, "/var/log/kern.log", "/var/log/syslog");
	expect_layout(redhat, "/var/log/boot.log", "/var/log/secure");
	expect_layout(suse, "/var/log/warn", "/var/log/messages");
}

static void
names_of_facilities_are_known_both_ways(void **state)
{
	(void)state;
	assert_int_equal(facility_find(SLICE("kern")), 0);
	assert_int_equal(facility_find(SLICE("authpriv")), 10);
	assert_int_equal(facility_find(SLICE("local7")), 23);
	assert_int_equal(facility_find(SLICE("security")), -1);
	assert_int_equal(facility_find(SLICE("")), -1);
	assert_string_equal(facility_name(9), "cron");
	assert_null(facility_name(12));
	assert_null(facility_name(-1));
}

/* What is wrong with a sources.yml, as a person sees it. */
static void
expect_bad_layout(const char *text, const char *wanted)
{
	struct problems *p = problems_new();
	struct buf out = {0};
	char dir[300], path[400];
	const char *const bad[] = {dir, NULL};

	snprintf(dir, sizeof dir, "%s/bad", test_dir());
	(void)mkdir(dir, 0700);
	snprintf(path, sizeof path, "%s/sources.yml", dir);
	test_write(path, slice_of(text));
	assert_null(layout_read(bad, p));
	problems_print(p, &out);
	buf_putc(&out, '\0');
	if (!strstr(out.ptr, wanted))
		fail_msg("no '%s' in:\n%s", wanted, out.ptr);
	buf_clear(&out);
	problems_free(p);
}

static void
a_layout_that_is_wrong_is_refused_with_its_place(void **state)
{
	(void)state;
	expect_bad_layout("source: []\n", "sources.yml:1:1: ");
	expect_bad_layout("sources: 5\n", "sources.yml:1:10: ");
	expect_bad_layout("sources:\n- distributions: [x]\n"
			  "  files:\n  - path: var/log/x\n"
			  "    facilities: [kern]\n    provides: [auth]\n",
	    "sources.yml:4:11: a path begins with '/'");
	expect_bad_layout("sources:\n- distributions: [x]\n"
			  "  files:\n  - path: /var/log/x\n"
			  "    facilities: [kernel]\n    provides: [auth]\n",
	    "sources.yml:5:18: there is no facility 'kernel'");
	expect_bad_layout("sources:\n- distributions: [x]\n"
			  "  files:\n  - path: /var/log/x\n"
			  "    facilities: [kern]\n    provides: [auht]\n",
	    "sources.yml:6:16: there is no class 'auht'");
	expect_bad_layout("sources:\n- distributions: [x]\n  copies: [/x]\n",
	    "'files' is missing");
	expect_bad_layout("sources:\n- distributions: [x]\n"
			  "  files: []\n  copys: [/x]\n",
	    "did you mean 'copies'?");
}

static struct ruleset *
no_rules(void)
{
	static const char *const base[] = {
	    SOURCE_DIR "/tests/rules/bad/base", NULL};
	struct ruleset_options o = {.dirs = base};
	struct problems *p = problems_new();
	struct err err = {0};
	struct ruleset *rules = ruleset_load(&o, p, &err);

	assert_non_null(rules);
	problems_free(p);
	return rules;
}

/* `sources:` of a configuration; d when it is right, else what is wrong. */
static void
read_list(struct discover *d, const char *text, const char *wanted)
{
	struct problems *p = problems_new();
	struct tree *t = tree_parse("agent.yml", slice_of(text), p);
	struct ruleset *rules = no_rules();
	struct buf out = {0};
	int status;

	assert_non_null(t);
	status = sourcelist_read(
	    d, tree_get(tree_root(t), "sources"), rules, dirs, p);
	problems_print(p, &out);
	buf_putc(&out, '\0');
	if (status != (wanted ? -1 : 0) || (wanted && !strstr(out.ptr, wanted)))
		fail_msg("no '%s' in:\n%s", wanted, out.ptr);
	buf_clear(&out);
	tree_free(t);
	ruleset_free(rules);
	problems_free(p);
}

static void
an_entry_says_class_facility_relay_and_id(void **state)
{
	struct discover d;

	(void)state;
	read_list(&d,
	    "sources:\n"
	    "- {file: /srv/a.log*, class: [auth, app], relay: true}\n"
	    "- {file: /srv/b.log, class: app, facility: local3, id: bees}\n"
	    "- {file: /srv/c.log, class: app}\n"
	    "- {stdin: true, class: backup}\n",
	    NULL);
	assert_int_equal(d.count, 4);
	assert_int_equal(d.specs[0]->provide_count, 2);
	assert_true(d.specs[0]->relay);
	assert_int_equal(d.specs[0]->facility, -1);
	assert_false(d.specs[0]->syslog);
	assert_string_equal(d.specs[1]->id, "bees");
	assert_string_equal(d.specs[1]->path, "/srv/b.log");
	assert_int_equal(d.specs[1]->facility, 19);
	assert_true(d.specs[1]->syslog);
	assert_int_equal(d.specs[2]->facility, -1);
	assert_null(d.specs[3]->path);
	assert_int_equal(d.specs[3]->facility, -1);
	discover_clear(&d);
}

static void
an_entry_that_is_wrong_is_refused_with_its_place(void **state)
{
	static const struct {
		const char *text, *wanted;
	} cases[] = {
	    {"sources: [{file: /a}]\n", "agent.yml:1:11: this source needs a "
					"class"},
	    {"sources: [{file: /a, class: aut}]\n",
		"agent.yml:1:29: there is no class 'aut'"},
	    {"sources: [{file: a.log, class: app}]\n",
		"agent.yml:1:18: the path of a log begins with '/'"},
	    {"sources: [{class: app}]\n", "one of `file: GLOB`"},
	    {"sources: [{file: /a, clas: app}]\n",
		"agent.yml:1:22: unknown key 'clas'; did you mean 'class'?"},
	    {"sources: [{file: /a, class: app, facility: loca1}]\n",
		"agent.yml:1:44: there is no facility 'loca1'"},
	    {"sources: [{stdin: true, class: app, facility: cron}]\n",
		"agent.yml:1:47: syslog does not write this source"},
	    {"sources:\n- {file: /a, class: app}\n- {file: /a*, class: app}\n",
		"agent.yml:3:3: there is a source '/a' already"},
	    {"sources: {file: /a}\n", "agent.yml:1:10: "},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct discover d;

		read_list(&d, cases[i].text, cases[i].wanted);
		assert_int_equal(d.count, 0);
	}
}

/* Whatever there is, a complete heartbeat can name it. */
static void
no_more_logs_are_read_than_a_heartbeat_can_tell_of(void **state)
{
	struct discover d = {0};
	char name[200];
	size_t size = 0;

	(void)state;
	for (int i = 0; i < 4000; i++) {
		snprintf(name, sizeof name, "/var/log/app/\x01\"\xff%0*d.log",
		    i % 150, i);
		assert_int_equal(
		    discover_add(&d, source_spec_new(name, name)), 0);
	}
	assert_true(d.count > 800 && d.count < 2000);
	assert_int_equal(d.count + d.note_count, 4000);
	for (size_t i = 0; i < d.count; i++)
		size += strlen(d.specs[i]->id);
	assert_true(size + d.count * 512 < (size_t)900 << 10);
	assert_non_null(strstr(d.notes[0].why, "heartbeat"));
	discover_clear(&d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_name_with_a_star_is_one_log_there_or_not),
	    cmocka_unit_test(a_pattern_of_several_logs_is_a_source_for_each),
	    cmocka_unit_test(strange_names_stand_for_themselves),
	    cmocka_unit_test(many_logs_of_one_pattern_are_bounded),
	    cmocka_unit_test(
		no_more_logs_are_read_than_a_heartbeat_can_tell_of),
	    cmocka_unit_test(each_file_has_a_facility_that_comes_to_it_alone),
	    cmocka_unit_test(names_of_facilities_are_known_both_ways),
	    cmocka_unit_test(a_layout_that_is_wrong_is_refused_with_its_place),
	    cmocka_unit_test(an_entry_says_class_facility_relay_and_id),
	    cmocka_unit_test(an_entry_that_is_wrong_is_refused_with_its_place)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
