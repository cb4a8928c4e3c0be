/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>

#include "framework.h"

static const char *const path =
    SOURCE_DIR "/rules/frameworks/iso27001-2022.yml";

static int
load(void **state)
{
	struct problems *p = problems_new();
	struct tree *t = tree_read(path, "iso27001-2022.yml", p);
	struct buf out = {0};

	assert_non_null(t);
	*state = framework_new(t, p);
	problems_print(p, &out);
	if (!*state)
		fail_msg("%.*s", SLICE_FMT(buf_slice(&out)));
	assert_int_equal(problems_errors(p) + problems_warnings(p), 0);
	buf_clear(&out);
	tree_free(t);
	problems_free(p);
	return 0;
}

static int
unload(void **state)
{
	framework_free(*state);
	return 0;
}

static void
annex_a_has_93_controls_in_themes_of_37_8_14_and_34(void **state)
{
	static const size_t sizes[] = {37, 8, 14, 34};
	const struct framework *f = *state;
	size_t i = 0;

	assert_string_equal(framework_id(f), "iso27001-2022");
	assert_string_equal(framework_edition(f), "2022");
	for (size_t theme = 0; theme < 4; theme++)
		for (size_t n = 1; n <= sizes[theme]; n++, i++) {
			const struct framework_control *c =
			    framework_control(f, i);
			char id[16];

			snprintf(id, sizeof id, "A.%zu.%zu", theme + 5, n);
			assert_non_null(c);
			assert_string_equal(c->id, id);
			assert_string_equal(
			    c->theme, framework_theme(f, theme)->theme);
			assert_ptr_equal(framework_find(f, id), c);
		}
	assert_int_equal(i, 93);
	assert_null(framework_control(f, 93));
	assert_null(framework_theme(f, 4));
	assert_null(framework_find(f, "A.5.38"));
}

static void
eleven_controls_are_new_and_known_by_id(void **state)
{
	static const char *const new[] = {"A.5.7", "A.5.23", "A.5.30", "A.7.4",
	    "A.8.9", "A.8.10", "A.8.11", "A.8.12", "A.8.16", "A.8.23",
	    "A.8.28"};
	const struct framework_control *c;
	size_t found = 0;

	for (size_t i = 0; (c = framework_control(*state, i)); i++) {
		assert_int_equal(c->is_new, c->was.count == 0);
		if (!c->is_new)
			continue;
		assert_true(found < sizeof new / sizeof *new);
		assert_string_equal(c->id, new[found++]);
	}
	assert_int_equal(found, sizeof new / sizeof *new);
}

static void
modes_are_8_direct_14_joined_26_facet_45_attest(void **state)
{
	static const char *const direct[] = {"A.8.5", "A.8.7", "A.8.8", "A.8.9",
	    "A.8.13", "A.8.15", "A.8.16", "A.8.17"};
	const struct framework_control *c;
	size_t count[4] = {0};

	for (size_t i = 0; (c = framework_control(*state, i)); i++)
		count[c->mode]++;
	assert_int_equal(count[FRAMEWORK_DIRECT], 8);
	assert_int_equal(count[FRAMEWORK_JOINED], 14);
	assert_int_equal(count[FRAMEWORK_FACET], 26);
	assert_int_equal(count[FRAMEWORK_ATTEST], 45);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(
		    framework_find(*state, direct[i])->mode, FRAMEWORK_DIRECT);
	assert_int_equal(
	    framework_find(*state, "A.5.15")->mode, FRAMEWORK_FACET);
	assert_int_equal(
	    framework_find(*state, "A.5.18")->mode, FRAMEWORK_JOINED);
	assert_string_equal(framework_mode_name(FRAMEWORK_FACET), "facet");
}

/* The groups of Annex A of 2013 and how many controls each had: 114. */
static const struct {
	const char *group;
	int count;
} old[] = {{"A.5.1", 2}, {"A.6.1", 5}, {"A.6.2", 2}, {"A.7.1", 2}, {"A.7.2", 3},
    {"A.7.3", 1}, {"A.8.1", 4}, {"A.8.2", 3}, {"A.8.3", 3}, {"A.9.1", 2},
    {"A.9.2", 6}, {"A.9.3", 1}, {"A.9.4", 5}, {"A.10.1", 2}, {"A.11.1", 6},
    {"A.11.2", 9}, {"A.12.1", 4}, {"A.12.2", 1}, {"A.12.3", 1}, {"A.12.4", 4},
    {"A.12.5", 1}, {"A.12.6", 2}, {"A.12.7", 1}, {"A.13.1", 3}, {"A.13.2", 4},
    {"A.14.1", 3}, {"A.14.2", 9}, {"A.14.3", 1}, {"A.15.1", 3}, {"A.15.2", 2},
    {"A.16.1", 7}, {"A.17.1", 3}, {"A.17.2", 1}, {"A.18.1", 5}, {"A.18.2", 3}};

static void
each_of_the_114_controls_of_2013_went_somewhere(void **state)
{
	const struct framework_control *c;
	size_t ids = 0, uses = 0;

	for (size_t g = 0; g < sizeof old / sizeof *old; g++)
		for (int n = 1; n <= old[g].count; n++, ids++) {
			char id[16];

			snprintf(id, sizeof id, "%s.%d", old[g].group, n);
			if (!framework_was(*state, id, 0))
				fail_msg("%s went nowhere", id);
			if (framework_was(*state, id, 1))
				assert_string_equal(id, "A.18.2.3");
		}
	assert_int_equal(ids, 114);
	/* Nothing but these: 114 and the one that went into two. */
	for (size_t i = 0; (c = framework_control(*state, i)); i++)
		uses += c->was.count;
	assert_int_equal(uses, 115);
	assert_string_equal(framework_was(*state, "A.18.2.3", 0)->id, "A.5.36");
	assert_string_equal(framework_was(*state, "A.18.2.3", 1)->id, "A.8.8");
	assert_null(framework_was(*state, "A.18.2.3", 2));
}

static void
readiness_has_27_items_in_groups_of_4_4_4_4_4_4_and_3(void **state)
{
	static const char *const groups[] = {
	    "ISP", "AC", "DP", "TP", "ML", "CA", "TA"};
	const struct framework_item *item;
	size_t i = 0;

	for (size_t g = 0; g < 7; g++)
		for (int n = 1; n <= (g == 6 ? 3 : 4); n++, i++) {
			char id[16];

			item = framework_item(*state, i);
			snprintf(id, sizeof id, "%s-%d", groups[g], n);
			assert_non_null(item);
			assert_string_equal(item->id, id);
			assert_true(item->refs.count > 0);
		}
	assert_int_equal(i, 27);
	assert_null(framework_item(*state, 27));
}

static void
the_bands_cover_every_score_that_can_be_reached(void **state)
{
	static const int64_t from[] = {0, 15, 22, 26};
	const struct framework_band *band;
	size_t i = 0;

	for (; (band = framework_band(*state, i)); i++)
		assert_int_equal(band->from, from[i]);
	assert_int_equal(i, 4);
}

static void
the_clauses_run_from_4_1_to_10_2(void **state)
{
	const struct framework_clause *clause;
	int chapter = 4;
	size_t i = 0;

	for (; (clause = framework_clause(*state, i)); i++) {
		int now = atoi(clause->id);

		assert_true(now == chapter || now == chapter + 1);
		chapter = now;
	}
	assert_int_equal(chapter, 10);
	assert_string_equal(framework_clause(*state, 0)->id, "4.1");
	assert_string_equal(framework_clause(*state, i - 1)->id, "10.2");
}

/* The first error message of a text that is no framework. */
static void
refuses(const char *text, const char *message)
{
	struct problems *p = problems_new();
	struct tree *t = tree_parse("f.yml", slice_of(text), p);
	struct buf out = {0};

	assert_non_null(t);
	assert_null(framework_new(t, p));
	assert_true(problems_errors(p) > 0);
	problems_print(p, &out);
	buf_putc(&out, '\0');
	if (!strstr(out.ptr, message))
		fail_msg("\"%s\" is not in:\n%s", message, out.ptr);
	buf_clear(&out);
	tree_free(t);
	problems_free(p);
}

#define HEAD "framework: f\nedition: \"1\"\ntitle: F\n"
#define THEME(n) "themes:\n- {theme: t, title: T, controls: " n "}\n"
#define CONTROL(id, new, was)                                               \
	"- {id: " id                                                        \
	", title: C, theme: t, new: " new ", mode: direct, types: "         \
					  "[preventive], properties: [C], " \
					  "concepts: "                      \
					  "[protect], capabilities: [x], "  \
					  "was_2013: " was "}\n"

static void
a_file_that_contradicts_itself_is_refused(void **state)
{
	(void)state;
	refuses(HEAD THEME("2") "controls:\n" CONTROL("A.5.1", "true", "[]"),
	    "f.yml:5:3: theme 't' says 2 controls and has 1");
	refuses(HEAD THEME("2") "controls:\n" CONTROL("A.5.1", "true", "[]")
		    CONTROL("A.5.1", "true", "[]"),
	    "id 'A.5.1' stands in line 7 already");
	refuses(HEAD THEME("1") "controls:\n" CONTROL("A.5.1", "false", "[]"),
	    "'A.5.1' is not new and has no ancestor");
	refuses(
	    HEAD THEME("1") "controls:\n" CONTROL("A.5.1", "true", "[A.5.1.1]"),
	    "'A.5.1' is new and has ancestors");
	refuses(HEAD THEME("1") "controls:\n" CONTROL("A.5.1", "true",
		    "[]") "readiness:\n- {id: X-1, group: g, title: I, refs: "
			  "[A.5.2], mode: attest}\n",
	    "'A.5.2' is neither a control nor a clause of this file");
	refuses("", "a framework, a map of keys, is expected here");
	refuses(HEAD, "'controls' is missing");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		annex_a_has_93_controls_in_themes_of_37_8_14_and_34),
	    cmocka_unit_test(eleven_controls_are_new_and_known_by_id),
	    cmocka_unit_test(modes_are_8_direct_14_joined_26_facet_45_attest),
	    cmocka_unit_test(each_of_the_114_controls_of_2013_went_somewhere),
	    cmocka_unit_test(
		readiness_has_27_items_in_groups_of_4_4_4_4_4_4_and_3),
	    cmocka_unit_test(the_bands_cover_every_score_that_can_be_reached),
	    cmocka_unit_test(the_clauses_run_from_4_1_to_10_2),
	    cmocka_unit_test(a_file_that_contradicts_itself_is_refused),
	};

	return cmocka_run_group_tests_name("framework", tests, load, unload);
}
