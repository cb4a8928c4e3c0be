/* SPDX-License-Identifier: Apache-2.0 */
/* The readers of tree.h: what a node means, and what is wrong with it. */
#include "assay/tree.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "assay/command.h"
#include "assay/printable.h"
#include "assay/stamp.h"

static bool
is_one_of(struct slice text, const char *const *words)
{
	for (; *words; words++)
		if (slice_eq_str(text, *words))
			return true;
	return false;
}

static size_t
digits(struct slice text)
{
	size_t n = 0;

	while (n < text.len && text.ptr[n] >= '0' && text.ptr[n] <= '9')
		n++;
	return n;
}

static bool
starts_with_one_of(struct slice text, const char *set)
{
	return text.len && *text.ptr && strchr(set, *text.ptr);
}

static bool
is_based(struct slice text)
{
	size_t n = 2;
	const char *set = NULL;

	if (slice_starts(text, SLICE("0o")))
		set = "01234567";
	else if (slice_starts(text, SLICE("0x")))
		set = "0123456789abcdefABCDEF";
	while (set && n < text.len && text.ptr[n] && strchr(set, text.ptr[n]))
		n++;
	return set && n > 2 && n == text.len;
}

static bool
is_number(struct slice text)
{
	static const char *const special[] = {".inf", ".Inf", ".INF", ".nan",
	    ".NaN", ".NAN", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf",
	    "-.INF", NULL};
	size_t whole, part = 0;

	if (is_based(text) || is_one_of(text, special))
		return true;
	if (starts_with_one_of(text, "+-"))
		text = slice_from(text, 1);
	whole = digits(text);
	text = slice_from(text, whole);
	if (starts_with_one_of(text, ".")) {
		part = digits(slice_from(text, 1));
		text = slice_from(text, 1 + part);
	}
	if (whole + part == 0)
		return false;
	if (starts_with_one_of(text, "eE")) {
		text = slice_from(text, 1);
		if (starts_with_one_of(text, "+-"))
			text = slice_from(text, 1);
		return text.len && digits(text) == text.len;
	}
	return text.len == 0;
}

enum tree_meaning
tree_meaning(const struct tree_node *n)
{
	static const char *const nulls[] = {
	    "", "~", "null", "Null", "NULL", NULL};
	static const char *const bools[] = {
	    "true", "True", "TRUE", "false", "False", "FALSE", NULL};
	struct slice text = tree_text(n);

	if (tree_kind(n) != TREE_SCALAR)
		return TREE_IS_NOT_SCALAR;
	if (tree_quoted(n))
		return TREE_IS_STRING;
	if (is_one_of(text, nulls))
		return TREE_IS_NULL;
	if (is_one_of(text, bools))
		return TREE_IS_BOOL;
	return is_number(text) ? TREE_IS_NUMBER : TREE_IS_STRING;
}

bool
tree_is_null(const struct tree_node *n)
{
	return tree_meaning(n) == TREE_IS_NULL;
}

/* Plain strings that tools of YAML 1.1 read as a boolean or a number. */
static bool
differs_in_1_1(struct slice text)
{
	static const char *const bools[] = {"y", "Y", "yes", "Yes", "YES", "n",
	    "N", "no", "No", "NO", "on", "On", "ON", "off", "Off", "OFF", NULL};
	size_t n = digits(text);
	bool colon = false;

	if (is_one_of(text, bools))
		return true;
	while (n && n < text.len && text.ptr[n] == ':') {
		size_t more = digits(slice_from(text, n + 1));

		if (more < 1 || more > 2)
			return false;
		n += 1 + more;
		colon = true;
	}
	return colon && n == text.len;
}

static struct problems_place
place_of(const struct tree_node *n)
{
	const struct tree *t = tree_of(n);

	return (struct problems_place){
	    tree_name(t), tree_source(t), tree_line(n), tree_column(n)};
}

int
tree_problem(
    struct problems *p, const struct tree_node *n, const char *format, ...)
{
	struct problems_place at = place_of(n);
	va_list args;

	va_start(args, format);
	problems_addv(p, PROBLEMS_ERROR, &at, format, args);
	va_end(args);
	return -1;
}

void
tree_warning(
    struct problems *p, const struct tree_node *n, const char *format, ...)
{
	struct problems_place at = place_of(n);
	va_list args;

	va_start(args, format);
	problems_addv(p, PROBLEMS_WARNING, &at, format, args);
	va_end(args);
}

/* The characters of the source from a node on, on its line. */
static struct slice
rest_of_line(const struct tree_node *n)
{
	struct slice text = tree_source(tree_of(n));
	unsigned code;

	for (size_t line = tree_line(n); line > 1; line--)
		text = slice_from(text, slice_find(text, '\n') + 1);
	text.len = slice_find(text, '\n');
	for (size_t c = tree_column(n); c > 1 && text.len; c--) {
		size_t len = printable_decode(text, &code);

		text = slice_from(text, len ? len : 1);
	}
	return text;
}

int
tree_problem_at(struct problems *p, const struct tree_node *n, size_t at,
    const char *format, ...)
{
	struct problems_place place = place_of(n);
	struct slice text = tree_text(n), rest = rest_of_line(n);
	size_t quote = tree_quoted(n) ? 1 : 0;
	va_list args;

	/* A plain or single-quoted text on one line stands in the source byte
	 * for byte but for doubled quotes; others are named as a whole. */
	for (size_t i = 0, r = quote; i < at && i < text.len; i++, r++) {
		unsigned code;

		if (r >= rest.len || rest.ptr[r] != text.ptr[i]) {
			place.column = tree_column(n);
			quote = 0;
			break;
		}
		if (printable_decode(slice_from(text, i), &code) ||
		    (text.ptr[i] & 0xc0) != 0x80)
			place.column++;
		if (quote && text.ptr[i] == '\'' && *rest.ptr == '\'') {
			r++;
			place.column++;
		}
	}
	place.column += quote;
	va_start(args, format);
	problems_addv(p, PROBLEMS_ERROR, &place, format, args);
	va_end(args);
	return -1;
}

static int
not_a(struct problems *p, const struct tree_node *n, const char *wanted)
{
	static const char *const what[] = {
	    "a text", "nothing", "true or false", "a number", "a map"};
	enum tree_meaning m = tree_meaning(n);

	return tree_problem(p, n, "%s is expected here, not %s", wanted,
	    tree_kind(n) == TREE_LIST ? "a list" : what[m]);
}

int
tree_unknown_key(
    struct problems *p, const struct tree_node *key, const char *const *known)
{
	struct slice text = tree_text(key);
	char name[64];
	const char *nearest;

	snprintf(name, sizeof name, "%.*s", SLICE_FMT(text));
	nearest = text.len < sizeof name ? command_nearest(name, known) : NULL;
	if (nearest)
		return tree_problem(p, key,
		    "unknown key '%.*s'; did you mean '%s'?", SLICE_FMT(text),
		    nearest);
	return tree_problem(p, key,
	    "unknown key '%.*s': remove it, or see the keys this file knows",
	    SLICE_FMT(text));
}

int
tree_keys(
    struct problems *p, const struct tree_node *n, const char *const *known)
{
	int result = 0;

	if (tree_map(p, n, "a map of keys"))
		return -1;
	for (size_t i = 0; i < tree_count(n); i++)
		if (!is_one_of(tree_text(tree_key(n, i)), known)) {
			result = tree_unknown_key(p, tree_key(n, i), known);
		}
	return result;
}

const struct tree_node *
tree_need(struct problems *p, const struct tree_node *n, const char *key)
{
	const struct tree_node *value = tree_get(n, key);

	if (!value)
		tree_problem(p, n, "'%s' is missing: add it", key);
	return value;
}

int
tree_map(struct problems *p, const struct tree_node *n, const char *what)
{
	return tree_kind(n) == TREE_MAP ? 0 : not_a(p, n, what);
}

int
tree_list(struct problems *p, const struct tree_node *n, const char *what)
{
	return tree_kind(n) == TREE_LIST ? 0 : not_a(p, n, what);
}

int
tree_string(struct problems *p, const struct tree_node *n, struct slice *value)
{
	struct slice text = tree_text(n);

	switch (tree_meaning(n)) {
	case TREE_IS_STRING:
		break;
	case TREE_IS_BOOL:
	case TREE_IS_NUMBER:
		return tree_problem(p, n,
		    "a text is expected here, and YAML reads %.*s as a %s: "
		    "quote it",
		    SLICE_FMT(text),
		    tree_meaning(n) == TREE_IS_BOOL ? "boolean" : "number");
	default:
		return not_a(p, n, "a text");
	}
	if (text.len == 0)
		return tree_problem(p, n, "the text is empty");
	if (!tree_quoted(n) && differs_in_1_1(text))
		tree_warning(p, n,
		    "tools that read YAML 1.1 take %.*s for something else: "
		    "quote it",
		    SLICE_FMT(text));
	*value = text;
	return 0;
}

int
tree_strings(struct problems *p, const struct tree_node *n,
    int (*each)(void *arg, const struct tree_node *n, struct slice text),
    void *arg)
{
	struct slice text = {0};
	int result = 0;

	if (tree_kind(n) != TREE_LIST)
		return tree_string(p, n, &text) ? -1 : each(arg, n, text);
	if (tree_count(n) == 0)
		return tree_problem(p, n, "the list is empty");
	for (size_t i = 0; i < tree_count(n); i++) {
		const struct tree_node *item = tree_item(n, i);

		if (tree_string(p, item, &text) || each(arg, item, text))
			result = -1;
	}
	return result;
}

int
tree_int(struct problems *p, const struct tree_node *n, int64_t min,
    int64_t max, int64_t *value)
{
	struct slice text = tree_text(n);
	bool negative = starts_with_one_of(text, "-");
	unsigned long long size = 0;
	int64_t number;

	if (tree_meaning(n) != TREE_IS_NUMBER)
		return not_a(p, n, "a whole number");
	if (starts_with_one_of(text, "+-"))
		text = slice_from(text, 1);
	if (!slice_uint(text, INT64_MAX, &size) ||
	    (text.len > 1 && *text.ptr == '0'))
		return tree_problem(p, n,
		    "a whole number in decimal, without leading zeros, is "
		    "expected here");
	number = negative ? -(int64_t)size : (int64_t)size;
	if (number < min || number > max)
		return tree_problem(p, n,
		    "%" PRId64 " is out of range: %" PRId64 " to %" PRId64
		    " is allowed",
		    number, min, max);
	*value = number;
	return 0;
}

int
tree_bool(struct problems *p, const struct tree_node *n, bool *value)
{
	if (tree_meaning(n) != TREE_IS_BOOL) {
		if (tree_meaning(n) == TREE_IS_STRING &&
		    differs_in_1_1(tree_text(n)))
			return tree_problem(p, n,
			    "write true or false: '%.*s' is a text here",
			    SLICE_FMT(tree_text(n)));
		return not_a(p, n, "true or false");
	}
	*value = starts_with_one_of(tree_text(n), "tT");
	return 0;
}

int
tree_millionths(struct problems *p, const struct tree_node *n, int64_t *value)
{
	struct slice text = tree_text(n);
	size_t whole = digits(text), places;
	int64_t number = 0;

	if (tree_meaning(n) != TREE_IS_NUMBER)
		return not_a(p, n, "a number from 0 to 1");
	places = text.len > whole ? text.len - whole - 1 : 0;
	if (whole != 1 || places > 6 ||
	    (text.len > whole && text.ptr[whole] != '.') ||
	    digits(slice_from(text, whole + 1)) != places)
		return tree_problem(p, n,
		    "a number from 0 to 1 with at most six decimals is "
		    "expected here, like 0.95");
	number = *text.ptr - '0';
	for (size_t i = 0; i < 6; i++)
		number = number * 10 +
			 (i < places ? text.ptr[whole + 1 + i] - '0' : 0);
	if (number > 1000000)
		return tree_problem(p, n, "at most 1 is allowed");
	*value = number;
	return 0;
}

bool
tree_parse_duration(struct slice text, int64_t *us)
{
	static const char units[] = "dhms";
	static const int64_t seconds[] = {86400, 3600, 60, 1};
	bool negative = starts_with_one_of(text, "-");
	size_t next = 0;
	int64_t sum = 0;

	text = slice_from(text, negative ? 1 : 0);
	while (text.len) {
		size_t n = digits(text);
		const char *unit;
		unsigned long long count;

		if (!slice_uint(
			(struct slice){text.ptr, n}, 4000000000, &count) ||
		    n == text.len || !text.ptr[n])
			return false;
		unit = strchr(units + next, text.ptr[n]);
		if (!unit)
			return false;
		next = (size_t)(unit - units);
		sum += (int64_t)count * seconds[next++];
		if (sum > INT64_C(36500) * 86400)
			return false;
		text = slice_from(text, n + 1);
	}
	if (next == 0)
		return false;
	*us = (negative ? -sum : sum) * STAMP_US_PER_S;
	return true;
}

int
tree_duration(struct problems *p, const struct tree_node *n, int64_t *us)
{
	if (tree_kind(n) == TREE_SCALAR && slice_eq_str(tree_text(n), "0")) {
		*us = 0;
		return 0;
	}
	if (tree_kind(n) != TREE_SCALAR ||
	    !tree_parse_duration(tree_text(n), us))
		return tree_problem(p, n,
		    "a duration is expected here: a whole number and a unit, "
		    "d h m or s, like 2h, 90s or 1h30m");
	return 0;
}

int
tree_word(struct problems *p, const struct tree_node *n,
    const char *const *words, size_t *index)
{
	struct slice text = {0};
	char list[256] = "", name[64];
	const char *nearest;

	if (tree_string(p, n, &text))
		return -1;
	for (size_t i = 0; words[i]; i++) {
		size_t used = strlen(list);

		if (slice_eq_str(text, words[i])) {
			*index = i;
			return 0;
		}
		snprintf(list + used, sizeof list - used, "%s%s",
		    used ? ", " : "", words[i]);
	}
	snprintf(name, sizeof name, "%.*s", SLICE_FMT(text));
	nearest = command_nearest(name, words);
	if (nearest)
		return tree_problem(p, n,
		    "'%.*s' is not known here; did you mean '%s'?",
		    SLICE_FMT(text), nearest);
	return tree_problem(p, n,
	    "'%.*s' is not known here: one of %s is "
	    "expected",
	    SLICE_FMT(text), list);
}
