/* SPDX-License-Identifier: Apache-2.0 */
/* The quick header and the quick match against the plain ones, with the rules
 * that ship: on the lines of real programs, on each of them cut and changed in
 * many ways, and on lines put together at random from what rules look for. */
#include "test.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "twin.h"

struct world {
	struct ruleset *rules;
	struct match *match;
	char *lines[4096];
	size_t count;
};

static void
agree(const struct world *w, const char *bytes, size_t len)
{
	char *copy = malloc(len ? len : 1);
	struct slice line = {copy, len};
	bool same;

	if (len)
		memcpy(copy, bytes, len);
	same = twin_agrees(w->match, line);
	free(copy);
	if (!same)
		fail_msg("they differ on: %.*s", (int)len, bytes);
}

static void
read_lines(struct world *w, const char *path)
{
	FILE *f = fopen(path, "r");
	char *line = NULL;
	size_t room = 0;
	ssize_t len;

	assert_non_null(f);
	while ((len = getline(&line, &room, f)) > 0 && w->count < 4096) {
		line[len - 1] = '\0';
		if (len > 1)
			w->lines[w->count++] = strdup(line);
	}
	free(line);
	fclose(f);
}

static int
make_world(void **state)
{
	static const char *const dirs[] = {SOURCE_DIR "/rules", NULL};
	static const char where[] = SOURCE_DIR "/tests/rules/lines";
	struct ruleset_options o = {.dirs = dirs};
	struct world *w = calloc(1, sizeof *w);
	struct problems *p = problems_new();
	struct err err = {0};
	DIR *d = opendir(where);
	struct dirent *e;
	char path[4096];

	w->rules = ruleset_load(&o, p, &err);
	problems_free(p);
	if (!w->rules || !d)
		return -1;
	w->match = match_new(w->rules);
	while ((e = readdir(d))) {
		size_t len = strlen(e->d_name);

		snprintf(path, sizeof path, "%s/%s", where, e->d_name);
		if (len > 4 && !strcmp(e->d_name + len - 4, ".log"))
			read_lines(w, path);
	}
	closedir(d);
	*state = w;
	return w->count > 0 ? 0 : -1;
}

static int
end_world(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < w->count; i++)
		free(w->lines[i]);
	match_free(w->match);
	ruleset_free(w->rules);
	free(w);
	return 0;
}

static void
they_agree_on_lines_of_real_programs(void **state)
{
	const struct world *w = *state;

	for (size_t i = 0; i < w->count; i++)
		agree(w, w->lines[i], strlen(w->lines[i]));
}

static void
interpreted_patterns_say_the_same(void **state)
{
	const struct world *w = *state;
	struct match *m = match_new_plain(w->rules);
	struct header_context c = {.reference_us = INT64_C(1795521600000000)};
	struct match_result made, interpreted;
	struct header h;

	assert_non_null(m);
	for (size_t i = 0; i < w->count; i++) {
		header_parse(&c, slice_of(w->lines[i]), &h);
		match_line(w->match, &h, &made);
		match_line(m, &h, &interpreted);
		if (!twin_same_result(&made, &interpreted))
			fail_msg("they differ on: %s", w->lines[i]);
	}
	match_free(m);
}

static void
they_agree_on_lines_cut_anywhere(void **state)
{
	const struct world *w = *state;

	for (size_t i = 0; i < w->count; i += 5) {
		size_t len = strlen(w->lines[i]);

		for (size_t n = 0; n < len; n += n < 90 ? 1 : 7)
			agree(w, w->lines[i], n);
	}
}

static size_t
draw(size_t n)
{
	return (size_t)random() % n;
}

/* Bytes that mean something to a header or a pattern, more often than others.
 */
static char
draw_byte(void)
{
	static const char telling[] = "  ::[]()-<>.,0123456789=\"\r\n\\";

	return draw(3) ? telling[draw(sizeof telling)] : (char)random();
}

static void
they_agree_on_lines_with_bytes_changed(void **state)
{
	const struct world *w = *state;
	char line[2048];

	srandom(11);
	for (int round = 0; round < 30000; round++) {
		const char *from = w->lines[draw(w->count)];
		size_t len = strlen(from);

		if (len == 0)
			continue;
		if (len > sizeof line)
			len = sizeof line;
		memcpy(line, from, len);
		for (size_t k = 1 + draw(4); k > 0; k--)
			line[draw(len)] = draw_byte();
		agree(w, line, len);
	}
}

/* A stamp, a tag, and a message made of prefix and literals of some pattern of
 * the program with anything between. */
static void
draw_line(const struct world *w, struct buf *b)
{
	const struct rule_pattern *p =
	    ruleset_pattern(w->rules, draw(ruleset_patterns(w->rules)));
	const struct rule_pattern *q =
	    ruleset_pattern(w->rules, draw(ruleset_patterns(w->rules)));
	const struct rule_file *f;
	size_t i = 0, between;

	/* The file that holds the pattern knows the program. */
	while ((f = ruleset_rule_file(w->rules, i)) &&
	       (p < f->patterns || p >= f->patterns + f->pattern_count))
		i++;
	buf_printf(b, "%s web01 %s%s: ",
	    draw(2) ? "Nov 24 12:00:00" : "2026-11-24T12:00:00.5+01:00",
	    f->programs[0], draw(2) ? "[77]" : "");
	buf_put(b, p->facts.prefix);
	for (i = 0; i < p->facts.literal_count; i++) {
		for (between = draw(12); between > 0; between--)
			buf_putc(
			    b, draw(4) ? (char)('0' + draw(10)) : draw_byte());
		buf_put(b, draw(9) || !q->facts.literal_count
			       ? p->facts.literals[i]
			       : q->facts.literals[0]);
	}
	for (between = draw(9); between > 0; between--)
		buf_putc(b, draw_byte());
}

static void
they_agree_on_lines_made_of_what_rules_look_for(void **state)
{
	const struct world *w = *state;
	struct buf b = {0};

	srandom(13);
	for (int round = 0; round < 30000; round++) {
		buf_reset(&b);
		draw_line(w, &b);
		agree(w, b.ptr, b.len);
	}
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(they_agree_on_lines_of_real_programs),
	    cmocka_unit_test(interpreted_patterns_say_the_same),
	    cmocka_unit_test(they_agree_on_lines_cut_anywhere),
	    cmocka_unit_test(they_agree_on_lines_with_bytes_changed),
	    cmocka_unit_test(they_agree_on_lines_made_of_what_rules_look_for),
	};

	return cmocka_run_group_tests_name(
	    "twin", tests, make_world, end_world);
}
