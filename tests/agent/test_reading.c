/* SPDX-License-Identifier: Apache-2.0 */
/* Random patterns against a matcher that is nothing but the definition: it
 * walks through every way in which a pattern can take a text, in the order in
 * which quantifiers are greedy or lazy. The engine must agree about whether
 * there is a reading, which one is first, and whether another one differs. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "match.h"

/* Kernels from 6.3 on; older headers do not name it. */
#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif

#define NAMES 3
#define DEPTH 3
#define PATTERNS 3000
#define TEXTS 25

/* A pattern as it is drawn: a chain of items. */
enum kind { BYTES, ALTERNATIVES, OPTIONAL, NAMED };

struct item {
	enum kind kind;
	const char *set; /* BYTES: which */
	int min, max;
	bool lazy;
	int name;	    /* NAMED */
	struct item *one;   /* what is inside */
	struct item *other; /* ALTERNATIVES */
	struct item *next;
};

struct drawing {
	struct item items[200];
	size_t count;
	bool named[NAMES];
};

static const char *const sets[] = {
    "a", "b", "1", " ", "ab", "a1", "ab1", "ab1 "};
static const char *const spelt[] = {
    "a", "b", "1", " ", "[ab]", "[a1]", "[ab1]", "."};
static const char names[] = "xyz";

static int
draw(int n)
{
	return (int)(random() % n);
}

static struct item *draw_chain(struct drawing *d, int depth);

static struct item *
draw_item(struct drawing *d, int depth)
{
	struct item *i = &d->items[d->count++];
	int name = draw(NAMES);

	*i = (struct item){.kind = (enum kind)draw(depth ? 4 : 1)};
	if (i->kind == NAMED && d->named[name])
		i->kind = BYTES;
	switch (i->kind) {
	case BYTES:
		i->set = sets[draw(8)];
		i->min = draw(3);
		i->max = i->min + draw(4);
		i->lazy = draw(4) == 0;
		break;
	case ALTERNATIVES:
		i->one = draw_chain(d, depth - 1);
		i->other = draw_chain(d, depth - 1);
		break;
	case OPTIONAL:
		i->one = draw_chain(d, depth - 1);
		i->lazy = draw(4) == 0;
		break;
	case NAMED:
		d->named[name] = true;
		i->name = name;
		i->one = draw_chain(d, depth - 1);
		break;
	}
	return i;
}

static struct item *
draw_chain(struct drawing *d, int depth)
{
	struct item *first = NULL, **tail = &first;

	for (int n = draw(depth == DEPTH ? 5 : 3) + (depth == DEPTH); n; n--) {
		*tail = draw_item(d, depth);
		tail = &(*tail)->next;
	}
	return first;
}

static void
spell(struct buf *b, const struct item *i)
{
	for (; i; i = i->next) {
		switch (i->kind) {
		case BYTES:
			for (size_t s = 0; s < 8; s++)
				if (i->set == sets[s])
					buf_puts(b, spelt[s]);
			buf_printf(
			    b, "{%d,%d}%s", i->min, i->max, i->lazy ? "?" : "");
			break;
		case ALTERNATIVES:
			buf_puts(b, "(?:");
			spell(b, i->one);
			buf_puts(b, "|");
			spell(b, i->other);
			buf_puts(b, ")");
			break;
		case OPTIONAL:
			buf_puts(b, "(?:");
			spell(b, i->one);
			buf_puts(b, i->lazy ? ")??" : ")?");
			break;
		case NAMED:
			buf_printf(b, "(?<%c>", names[i->name]);
			spell(b, i->one);
			buf_puts(b, ")");
			break;
		}
	}
}

/* The definition. What was captured, and what is still to come. */
struct span {
	int from, to; /* from < 0: not set */
};

struct walk {
	const char *text;
	int len;
	struct span at[NAMES];
	struct span first[NAMES];
	bool found;
	bool other;
};

struct then {
	const struct item *chain; /* to be taken next */
	int name;		  /* and a group that ends here, or -1 */
	int began;
	const struct then *then;
};

static void walk_chain(
    struct walk *w, const struct item *i, int pos, const struct then *then);

static bool
is_number(const struct walk *w, struct span s)
{
	if (s.from == s.to)
		return false;
	for (int i = s.from; i < s.to; i++)
		if (w->text[i] != '1')
			return false;
	return true;
}

static bool
same_text(const struct walk *w, struct span a, struct span b)
{
	if (a.from < 0 || b.from < 0)
		return a.from < 0 && b.from < 0;
	return a.to - a.from == b.to - b.from &&
	       !memcmp(
		   w->text + a.from, w->text + b.from, (size_t)(a.to - a.from));
}

/* The end of the pattern at pos: a reading, if y is a number. */
static void
complete(struct walk *w, int pos)
{
	if (pos != w->len || (w->at[1].from >= 0 && !is_number(w, w->at[1])))
		return;
	if (!w->found) {
		memcpy(w->first, w->at, sizeof w->first);
		w->found = true;
		return;
	}
	for (int n = 0; n < NAMES; n++)
		if (!same_text(w, w->at[n], w->first[n]))
			w->other = true;
}

static void
walk_on(struct walk *w, int pos, const struct then *then)
{
	struct span before;

	if (!then) {
		complete(w, pos);
		return;
	}
	if (then->name < 0) {
		walk_chain(w, then->chain, pos, then->then);
		return;
	}
	before = w->at[then->name];
	w->at[then->name] = (struct span){then->began, pos};
	walk_chain(w, then->chain, pos, then->then);
	w->at[then->name] = before;
}

static void
walk_bytes(
    struct walk *w, const struct item *i, int pos, const struct then *then)
{
	int n = 0;

	while (
	    n < i->max && pos + n < w->len && strchr(i->set, w->text[pos + n]))
		n++;
	for (int k = i->min; k <= n; k++)
		walk_chain(
		    w, i->next, pos + (i->lazy ? k : n - (k - i->min)), then);
}

static void
walk_chain(
    struct walk *w, const struct item *i, int pos, const struct then *then)
{
	struct then after = {i ? i->next : NULL, -1, 0, then};

	if (!i) {
		walk_on(w, pos, then);
		return;
	}
	switch (i->kind) {
	case BYTES:
		walk_bytes(w, i, pos, then);
		break;
	case ALTERNATIVES:
		walk_chain(w, i->one, pos, &after);
		walk_chain(w, i->other, pos, &after);
		break;
	case OPTIONAL:
		if (i->lazy)
			walk_chain(w, i->next, pos, then);
		walk_chain(w, i->one, pos, &after);
		if (!i->lazy)
			walk_chain(w, i->next, pos, then);
		break;
	case NAMED:
		after.name = i->name;
		after.began = pos;
		walk_chain(w, i->one, pos, &after);
		break;
	}
}

/* A rule by hand: x and z are strings, y is a number. */
struct subject {
	struct arena arena;
	struct vocab_field fields[NAMES];
	struct vocab_kind kind;
	struct rule rule;
	struct rule_field sources[NAMES];
	struct rule_pattern pattern;
};

static void
make_subject(struct subject *s, struct slice text)
{
	struct pattern_error error;
	struct err err;

	*s = (struct subject){.kind = {.event = "t.t", .fields = s->fields}};
	if (pattern_parse(
		&s->pattern.facts, text, NULL, NULL, &s->arena, &error))
		fail_msg("%.*s: %s", SLICE_FMT(text), error.text);
	s->pattern.code = reading_compile(&s->pattern.facts, &err);
	if (!s->pattern.code)
		fail_msg("%.*s: %s", SLICE_FMT(text), err.text);
	for (size_t n = 0; n < NAMES; n++)
		s->fields[n] = (struct vocab_field){
		    .type = n == 1 ? VOCAB_INT : VOCAB_STRING, .index = n};
	for (unsigned g = 0; g < s->pattern.facts.group_count; g++) {
		const char *name = s->pattern.facts.groups[g].name;

		s->sources[s->rule.field_count++] =
		    (struct rule_field){.field = &s->fields[*name - 'x'],
			.origin = RULE_GROUP,
			.group = g + 1};
	}
	s->rule.kind = &s->kind;
	s->rule.fields = s->sources;
	s->pattern.rule = &s->rule;
}

static void
clear_subject(struct subject *s)
{
	reading_code_free(s->pattern.code);
	arena_clear(&s->arena);
}

static struct slice
value_of(const struct subject *s, const struct match_event *e, size_t name)
{
	for (size_t i = 0; i < e->field_count; i++)
		if (e->fields[i].field == &s->fields[name])
			return e->fields[i].value.text;
	return (struct slice){NULL, 0};
}

/* What the test saw, so that it can prove that it looked at all cases. */
struct tally {
	size_t none, one, ambiguous, limited, compiled;
};

static void
compare(struct match *m, const struct subject *s, const struct item *chain,
    struct slice pattern, const char *text, struct tally *tally)
{
	struct walk w = {.text = text,
	    .len = (int)strlen(text),
	    .at = {{-1, 0}, {-1, 0}, {-1, 0}}};
	struct match_event e;
	struct header h;
	bool limited, found;

	walk_chain(&w, chain, 0, NULL);
	header_message(SLICE("p"), slice_of(text), &h);
	found = match_pattern(m, &s->pattern, &h, &e, &limited);
	if (limited) {
		/* It may not know, but then it must say so. */
		assert_true(!found || e.ambiguous);
		tally->limited++;
		return;
	}
	if (found != w.found)
		fail_msg("'%.*s' on '%s': %s", SLICE_FMT(pattern), text,
		    found ? "found" : "not found");
	tally->none += !found;
	if (!found)
		return;
	for (size_t n = 0; n < NAMES; n++) {
		struct slice got = value_of(s, &e, n);
		struct span at = w.first[n];

		if ((got.ptr != NULL) != (at.from >= 0) ||
		    (got.ptr && !slice_eq(got, (struct slice){text + at.from,
						   (size_t)(at.to - at.from)})))
			fail_msg("'%.*s' on '%s': %c is '%.*s'",
			    SLICE_FMT(pattern), text, names[n], SLICE_FMT(got));
	}
	if (e.ambiguous != w.other)
		fail_msg("'%.*s' on '%s': %s", SLICE_FMT(pattern), text,
		    e.ambiguous ? "ambiguous" : "not ambiguous");
	tally->one += !w.other;
	tally->ambiguous += w.other;
}

static struct tally
compare_many(int patterns)
{
	struct problems *p = problems_new();
	struct ruleset *none = ruleset_new();
	struct tally tally = {0};
	struct match *m;

	assert_int_equal(ruleset_seal(none, p), 0);
	m = match_new(none);
	srandom(20261124);
	for (int i = 0; i < patterns; i++) {
		struct drawing d = {0};
		struct item *chain = draw_chain(&d, DEPTH);
		struct buf b = {0};
		struct subject *s = malloc(sizeof *s);

		spell(&b, chain);
		make_subject(s, buf_slice(&b));
		tally.compiled += reading_is_jit(s->pattern.code);
		for (int t = 0; t < TEXTS; t++) {
			char text[16];
			int len = draw(t % 12 + 1);

			for (int c = 0; c < len; c++)
				text[c] = "aab1 "[draw(5)];
			text[len] = '\0';
			compare(m, s, chain, buf_slice(&b), text, &tally);
		}
		clear_subject(s);
		free(s);
		buf_clear(&b);
	}
	match_free(m);
	ruleset_free(none);
	problems_free(p);
	return tally;
}

static void
the_engine_agrees_with_the_definition_about_every_reading(void **state)
{
	struct tally tally = compare_many(PATTERNS);

	(void)state;
	print_message("# %zu without a reading, %zu with one, %zu ambiguous, "
		      "%zu at a limit\n",
	    tally.none, tally.one, tally.ambiguous, tally.limited);
	assert_int_equal(tally.compiled, PATTERNS);
	assert_true(tally.none > 1000);
	assert_true(tally.one > 1000);
	assert_true(tally.ambiguous > 1000);
	assert_true(tally.limited < 100);
}

/* A service that may not make memory executable interprets its patterns. In a
 * process of its own, for that cannot be undone. */
static void
it_agrees_as_well_where_machine_code_is_forbidden(void **state)
{
	struct tally tally;
	int status = 0;
	pid_t child = fork();

	(void)state;
	assert_true(child >= 0);
	if (child == 0) {
		if (prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0))
			_exit(77);
		tally = compare_many(PATTERNS / 3);
		assert_int_equal(tally.compiled, 0);
		assert_true(tally.ambiguous > 300);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(status, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(it_agrees_as_well_where_machine_code_is_forbidden),
	    cmocka_unit_test(
		the_engine_agrees_with_the_definition_about_every_reading),
	};

	return cmocka_run_group_tests_name("reading", tests, NULL, NULL);
}
