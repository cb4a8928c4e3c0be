/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "assay/arena.h"
#include "list.h"
#include "selector.h"

#define HOUR_US INT64_C(3600000000)
#define DAY_US (24 * HOUR_US)

struct check_set {
	struct arena arena;
	struct names *names;
	struct list checks; /* by id */
	struct list nodes;
};

static const char *const kinds[] = {"every", "each", "never", "share", NULL};
static const char *const units[] = {
    "host", "job", "user", "organisation", NULL};
static const char *const trusts[] = {
    "kernel", "root", "local", "tls", "net", NULL};
static const char *const defaults[] = {"rate", "show", NULL};

const char *
check_kind_name(enum check_kind kind)
{
	return kinds[kind];
}

const char *
check_unit_name(enum check_unit unit)
{
	return unit == CHECK_ROW ? "register" : units[unit];
}

bool
check_share(struct slice text, int64_t *millionths)
{
	int64_t value = 0;

	if (text.len == 0 || text.len > 8 || text.len == 2 ||
	    (text.ptr[0] != '0' && text.ptr[0] != '1') ||
	    (text.len > 1 && text.ptr[1] != '.'))
		return false;
	for (size_t i = 0; i < 8; i++) {
		char c = i < text.len ? text.ptr[i] : '0';

		if (i == 1)
			continue;
		if (c < '0' || c > '9')
			return false;
		value = value * 10 + c - '0';
	}
	if (value > 1000000)
		return false;
	*millionths = value;
	return true;
}

static int
read_unit(struct selector_reader *r, const struct tree_node *n, struct check *c)
{
	static const char *const keys[] = {"register", "key", NULL};
	size_t index = CHECK_HOST;

	if (!n) {
		c->unit = CHECK_HOST;
		return 0;
	}
	if (tree_kind(n) != TREE_MAP) {
		if (tree_word(r->p, n, units, &index))
			return -1;
		c->unit = (enum check_unit)index;
		return 0;
	}
	c->unit = CHECK_ROW;
	if (tree_keys(r->p, n, keys) ||
	    selector_value(r, tree_need(r->p, n, "register"), COLUMN_NAME,
		&c->register_name))
		return -1;
	return selector_names(r, tree_need(r->p, n, "key"),
	    "a list of the register's columns", &c->key, &c->key_count);
}

/* period (where there is a choice), starts, grace, unit. */
static int
read_slots(struct selector_reader *r, const struct tree_node *n, bool period,
    struct check *c)
{
	const struct tree_node *starts = tree_get(n, "starts");
	const struct tree_node *grace = tree_get(n, "grace");
	size_t index = CALENDAR_DAY;
	int result = 0;

	if (period) {
		const struct tree_node *node = tree_need(r->p, n, "period");

		if (!node || tree_word(r->p, node, calendar_periods, &index))
			result = -1;
	}
	c->calendar.period = (enum calendar_period)index;
	if (starts &&
	    !calendar_clock(tree_text(starts), &c->calendar.starts_min))
		result = tree_problem(r->p, starts,
		    "a time of day is expected here, in quotes: \"12:00\"");
	c->grace_us = HOUR_US;
	if (grace && tree_duration(r->p, grace, &c->grace_us))
		result = -1;
	if (c->grace_us < 0 || c->grace_us > 366 * DAY_US) {
		c->grace_us = HOUR_US;
		result =
		    tree_problem(r->p, grace, "grace is between 0 and 366d");
	}
	return read_unit(r, tree_get(n, "unit"), c) ? -1 : result;
}

static int
read_every(
    struct selector_reader *r, const struct tree_node *n, struct check *c)
{
	static const char *const keys[] = {"event", "outcome", "where",
	    "period", "starts", "grace", "unit", NULL};
	int result = tree_keys(r->p, n, keys);

	if (selector_read(r, n, true, &c->of))
		result = -1;
	return read_slots(r, n, true, c) ? -1 : result;
}

static int
read_never(
    struct selector_reader *r, const struct tree_node *n, struct check *c)
{
	static const char *const keys[] = {
	    "event", "outcome", "where", "starts", "grace", "unit", NULL};
	int result = tree_keys(r->p, n, keys);

	if (selector_read(r, n, true, &c->of))
		result = -1;
	return read_slots(r, n, false, c) ? -1 : result;
}

static int
read_needs(
    struct selector_reader *r, const struct tree_node *n, struct check *c)
{
	static const char *const any_keys[] = {"any", NULL};
	static const char *const keys[] = {"event", "outcome", "where", NULL};
	const struct tree_node *list;
	int result = 0;

	if (!n || tree_keys(r->p, n, any_keys))
		return -1;
	list = tree_need(r->p, n, "any");
	if (!list || tree_list(r->p, list, "a list of what may serve"))
		return -1;
	c->needs =
	    arena_array(r->arena, tree_count(list) + 1, sizeof *c->needs);
	if (!c->needs) {
		r->failed = true;
		return -1;
	}
	for (size_t i = 0; i < tree_count(list); i++) {
		const struct tree_node *item = tree_item(list, i);

		if (tree_keys(r->p, item, keys) ||
		    selector_read(r, item, true, &c->needs[c->need_count++]))
			result = -1;
	}
	if (tree_count(list) == 0)
		return tree_problem(
		    r->p, list, "name at least one event that serves");
	return result;
}

static int
read_within(
    struct selector_reader *r, const struct tree_node *n, struct check *c)
{
	if (!n || tree_list(r->p, n, "two durations"))
		return -1;
	if (tree_count(n) != 2)
		return tree_problem(r->p, n,
		    "two durations are expected here, the earliest and the "
		    "latest: [-120s, 10s]");
	if (tree_duration(r->p, tree_item(n, 0), &c->within_lo_us) ||
	    tree_duration(r->p, tree_item(n, 1), &c->within_hi_us))
		return -1;
	if (c->within_lo_us > c->within_hi_us ||
	    c->within_lo_us < -7 * DAY_US || c->within_hi_us > 7 * DAY_US)
		return tree_problem(r->p, n,
		    "the earliest comes first, and neither is more than 7d "
		    "away");
	return 0;
}

static int
read_each(struct selector_reader *r, const struct tree_node *n, struct check *c)
{
	static const char *const keys[] = {"event", "outcome", "where", "needs",
	    "by", "within", "starts", "grace", "unit", NULL};
	const struct tree_node *by = tree_get(n, "by");
	int result = tree_keys(r->p, n, keys);

	if (selector_read(r, n, true, &c->of) ||
	    read_needs(r, tree_need(r->p, n, "needs"), c) ||
	    read_within(r, tree_need(r->p, n, "within"), c) ||
	    (by && selector_names(
		       r, by, "a list of fields", &c->by, &c->by_count)))
		result = -1;
	return read_slots(r, n, false, c) ? -1 : result;
}

static int
read_good(struct selector_reader *r, const struct tree_node *n, struct check *c)
{
	static const char *const keys[] = {"outcome", "where", NULL};

	if (!n || tree_keys(r->p, n, keys))
		return -1;
	c->good.event = c->of.event; /* whose fields the clause is about */
	if (selector_read(r, n, false, &c->good))
		return -1;
	if (!c->good.outcomes && c->good.where->count == 0)
		return tree_problem(r->p, n,
		    "everything would be good: name an outcome, or where");
	return 0;
}

static int
read_share(
    struct selector_reader *r, const struct tree_node *n, struct check *c)
{
	static const char *const keys[] = {"of", "good", "at_least", "period",
	    "starts", "grace", "unit", NULL};
	static const char *const of_keys[] = {
	    "event", "outcome", "where", NULL};
	const struct tree_node *of = tree_need(r->p, n, "of");
	const struct tree_node *least = tree_need(r->p, n, "at_least");
	int result = tree_keys(r->p, n, keys);

	if (!of || tree_keys(r->p, of, of_keys) ||
	    selector_read(r, of, true, &c->of) ||
	    read_good(r, tree_need(r->p, n, "good"), c))
		result = -1;
	if (least && !check_share(tree_text(least), &c->at_least))
		result = tree_problem(r->p, least,
		    "a number from 0 to 1 with at most six decimals is "
		    "expected here, like 0.95");
	if (!least)
		return -1;
	c->at_least_text = names_get(r->names, tree_text(least));
	if (!c->at_least_text)
		r->failed = true;
	return read_slots(r, n, true, c) ? -1 : result;
}

/* The one key that says which kind of check it is. */
static int
read_kind_of_check(
    struct selector_reader *r, const struct tree_node *n, struct check *c)
{
	static int (*const readers[])(struct selector_reader * r,
	    const struct tree_node *n,
	    struct check *c) = {read_every, read_each, read_never, read_share};
	const struct tree_node *node = NULL;

	for (size_t i = 0; kinds[i]; i++) {
		const struct tree_node *it = tree_get(n, kinds[i]);

		if (it && node)
			return tree_problem(r->p, it,
			    "a check is of one kind, and this one has '%s' "
			    "already: make it two checks",
			    kinds[c->kind]);
		if (it) {
			node = it;
			c->kind = (enum check_kind)i;
		}
	}
	if (!node)
		return tree_problem(r->p, n,
		    "a check says what must be true: one of every, each, "
		    "never, share");
	return readers[c->kind](r, node, c);
}

static int
read_flags(
    struct selector_reader *r, const struct tree_node *n, struct check *c)
{
	const struct tree_node *trust = tree_get(n, "trust");
	const struct tree_node *key = tree_get(n, "key");
	const struct tree_node *fatal = tree_get(n, "fatal");
	const struct tree_node *node = tree_need(r->p, n, "default");
	size_t index = ENTRY_LOCAL;
	int result = 0;

	if (trust && tree_word(r->p, trust, trusts, &index))
		result = -1;
	c->trust = (enum entry_trust)index;
	index = 0;
	if (!node || tree_word(r->p, node, defaults, &index))
		result = -1;
	c->shown = index == 1;
	if ((key && tree_bool(r->p, key, &c->key_check)) ||
	    (fatal && tree_bool(r->p, fatal, &c->fatal)))
		result = -1;
	return result;
}

static int
read_check(
    struct selector_reader *r, const struct tree_node *n, struct check *c)
{
	static const char *const keys[] = {"id", "control", "why", "every",
	    "each", "never", "share", "watch", "trust", "default", "key",
	    "fatal", NULL};
	const struct tree_node *why = tree_get(n, "why");
	int result = tree_keys(r->p, n, keys);

	if (selector_value(r, tree_need(r->p, n, "id"), COLUMN_NAME, &c->id) ||
	    selector_value(
		r, tree_need(r->p, n, "control"), COLUMN_CONTROL, &c->control))
		result = -1;
	if (why && selector_name(r, why, &c->why))
		result = -1;
	if (read_kind_of_check(r, n, c))
		result = -1;
	if (selector_names(r, tree_need(r->p, n, "watch"), "a list of classes",
		&c->watch, &c->watch_count))
		result = -1;
	return read_flags(r, n, c) ? -1 : result;
}

/* Put a check where its id belongs. 1 when the id is taken. */
static int
insert(struct check_set *s, struct check *c, const struct tree_node *n)
{
	size_t at = 0;

	while (at < s->checks.count) {
		const struct check *other = s->checks.at[at];
		int order = strcmp(other->id, c->id);

		if (order == 0)
			return 1;
		if (order > 0)
			break;
		at++;
	}
	if (list_add(&s->checks, &s->arena, c) ||
	    list_add(&s->nodes, &s->arena, (void *)(uintptr_t)n))
		return -1;
	for (size_t i = s->checks.count - 1; i > at; i--) {
		s->checks.at[i] = s->checks.at[i - 1];
		s->nodes.at[i] = s->nodes.at[i - 1];
	}
	s->checks.at[at] = c;
	s->nodes.at[at] = (void *)(uintptr_t)n;
	return 0;
}

int
check_set_add(struct check_set *s, const struct tree *t, const struct vocab *v,
    struct problems *p)
{
	static const char *const keys[] = {"framework", "checks", NULL};
	struct selector_reader r = {&s->arena, s->names, p, v, false};
	const struct tree_node *root = tree_root(t), *list;

	if (tree_map(p, root, "a map with framework and checks"))
		return 0;
	tree_keys(p, root, keys);
	tree_need(p, root, "framework");
	list = tree_need(p, root, "checks");
	if (!list || tree_list(p, list, "a list of checks"))
		return 0;
	for (size_t i = 0; i < tree_count(list) && !r.failed; i++) {
		const struct tree_node *n = tree_item(list, i);
		struct check *c = arena_alloc(&s->arena, sizeof *c);
		int taken;

		if (!c)
			return -1;
		if (tree_map(p, n, "a check") || read_check(&r, n, c))
			continue;
		taken = insert(s, c, n);
		if (taken < 0)
			return -1;
		if (taken)
			tree_problem(p, tree_get(n, "id"),
			    "there is a check '%s' already: ids are unique",
			    c->id);
	}
	return r.failed ? -1 : 0;
}

struct check_set *
check_set_new(struct names *n)
{
	struct check_set *s = calloc(1, sizeof *s);

	if (s)
		s->names = n;
	return s;
}

void
check_set_free(struct check_set *s)
{
	if (!s)
		return;
	arena_clear(&s->arena);
	free(s);
}

const struct check *
check_set_at(const struct check_set *s, size_t i)
{
	return i < s->checks.count ? s->checks.at[i] : NULL;
}

const struct tree_node *
check_set_node(const struct check_set *s, size_t i)
{
	return i < s->nodes.count ? s->nodes.at[i] : NULL;
}

const struct check *
check_set_find(const struct check_set *s, const char *id)
{
	for (size_t i = 0; i < s->checks.count; i++) {
		const struct check *c = s->checks.at[i];

		if (strcmp(c->id, id) == 0)
			return c;
	}
	return NULL;
}
