/* SPDX-License-Identifier: Apache-2.0 */
#include "column.h"

#include <string.h>

#include "assay/encode.h"
#include "assay/slice.h"
#include "assay/stamp.h"
#include "condition.h"

#define COUNT_MAX (INT64_C(1) << 53)

static const char LETTERS_DIGITS[] = "abcdefghijklmnopqrstuvwxyz"
				     "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/* Bytes that text begins with and that are letters, digits or one of more. */
static size_t
span(struct slice text, const char *more)
{
	size_t n = 0;

	while (
	    n < text.len && text.ptr[n] &&
	    (strchr(LETTERS_DIGITS, text.ptr[n]) || strchr(more, text.ptr[n])))
		n++;
	return n;
}

static size_t
digits(struct slice text)
{
	size_t n = 0;

	while (n < text.len && text.ptr[n] >= '0' && text.ptr[n] <= '9')
		n++;
	return n;
}

/* A number that is written by exactly these bytes. */
static bool
number_at(struct slice text, size_t at, size_t len, int max, int *value)
{
	unsigned long long n;

	if (text.len < at + len ||
	    !slice_uint((struct slice){text.ptr + at, len},
		(unsigned long long)max, &n))
		return false;
	*value = (int)n;
	return true;
}

bool
column_date(struct slice text, int64_t *year, int *month, int *day)
{
	int y, m, d, back_m, back_d;
	int64_t back_y;

	if (text.len != 10 || text.ptr[4] != '-' || text.ptr[7] != '-' ||
	    !number_at(text, 0, 4, 9999, &y) ||
	    !number_at(text, 5, 2, 12, &m) || !number_at(text, 8, 2, 31, &d) ||
	    y < 1970 || m < 1 || d < 1)
		return false;
	stamp_date(stamp_days(y, m, d), &back_y, &back_m, &back_d);
	if (back_m != m || back_d != d)
		return false;
	*year = y;
	*month = m;
	*day = d;
	return true;
}

static bool
is_clock(struct slice text)
{
	int n;

	return text.len == 5 && text.ptr[2] == ':' &&
	       number_at(text, 0, 2, 23, &n) && number_at(text, 3, 2, 59, &n);
}

/* Numbers from 1 joined by dots: so many at least and at most. */
static bool
is_dotted(struct slice text, size_t least, size_t most)
{
	size_t parts = 0;

	for (;;) {
		size_t n = digits(text);

		if (n == 0 || n > 3 || *text.ptr == '0' || ++parts > most)
			return false;
		if (n == text.len)
			return parts >= least;
		if (text.ptr[n] != '.')
			return false;
		text = slice_from(text, n + 1);
	}
}

static bool
is_control(struct slice text)
{
	return slice_starts(text, SLICE("A.")) &&
	       is_dotted(slice_from(text, 2), 2, 3);
}

static bool
is_ref(struct slice text)
{
	return is_control(text) || is_dotted(text, 2, 3);
}

static bool
is_event(struct slice text)
{
	size_t dot = slice_find(text, '.');

	return dot > 0 && dot + 1 < text.len &&
	       span((struct slice){text.ptr, dot}, "_") == dot &&
	       span(slice_from(text, dot + 1), "_") == text.len - dot - 1;
}

static bool
is_name(struct slice text)
{
	return text.len > 0 && text.len <= 64 && span(text, "._-") == text.len;
}

static bool
is_host(struct slice text)
{
	return text.len > 0 && text.len <= 253 && span(text, "._-") == text.len;
}

static bool
is_uuid(struct slice text)
{
	uint8_t uuid[16];

	return encode_unuuid(text, uuid);
}

static bool
is_date(struct slice text)
{
	int64_t year;
	int month, day;

	return column_date(text, &year, &month, &day);
}

static bool
is_share(struct slice text)
{
	size_t places;

	if (text.len == 0 || (*text.ptr != '0' && *text.ptr != '1'))
		return false;
	if (text.len == 1)
		return true;
	places = digits(slice_from(text, 2));
	if (text.ptr[1] != '.' || places != text.len - 2 || places == 0 ||
	    places > 6)
		return false;
	if (*text.ptr == '1')
		for (size_t i = 2; i < text.len; i++)
			if (text.ptr[i] != '0')
				return false;
	return true;
}

/* Parts of a path below the zone database; none may lead out of it. */
static bool
is_zone(struct slice text)
{
	for (;;) {
		size_t n = span(text, "_+-");

		if (n == 0)
			return false;
		if (n == text.len)
			return true;
		if (text.ptr[n] != '/')
			return false;
		text = slice_from(text, n + 1);
	}
}

/* What is wrong with a text, as the rest of a sentence; NULL when nothing. */
static const char *
text_fault(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7f)
			return "a text of one line without control characters";
	return text.len > 4096 ? "a text of at most 4096 bytes" : NULL;
}

static const struct {
	const char *name;
	bool (*is)(struct slice text); /* NULL: more than a text decides */
	bool number;		       /* plain numbers are fine as well */
	const char *wanted;
} kinds[COLUMN_KINDS] = {
    [COLUMN_TEXT] = {"text", NULL, false, NULL},
    [COLUMN_NAME] = {"name", is_name, false,
	"a name of letters, digits, '.', '_' and '-', at most 64"},
    [COLUMN_HOST] = {"host", is_host, false,
	"the name of a host as its logs write it, letters, digits, '.', '_' "
	"and '-'"},
    [COLUMN_UUID] = {"uuid", is_uuid, true,
	"a UUID in lower case, like 0b9ff1c4-6a3f-4d0e-9d1f-2f6b0c1a7e55"},
    [COLUMN_CONTROL] = {"control", is_control, false,
	"a control of Annex A, like A.8.13"},
    [COLUMN_REF] = {"ref", is_ref, false,
	"a control, like A.8.13, or a clause in quotes, like \"9.2.1\""},
    [COLUMN_EVENT] = {"event", is_event, false,
	"a kind of event, like backup.run"},
    [COLUMN_DATE] = {"date", is_date, false,
	"a date that exists, like 2026-05-06"},
    [COLUMN_CLOCK] = {"clock", is_clock, false,
	"a time of day in quotes, like \"02:30\""},
    [COLUMN_DURATION] = {"duration", NULL, false, NULL},
    [COLUMN_SHARE] = {"share", is_share, true,
	"a share from 0 to 1 with at most six decimals, like 0.95"},
    [COLUMN_COUNT] = {"count", NULL, false, NULL},
    [COLUMN_BOOL] = {"bool", NULL, false, NULL},
    [COLUMN_WORD] = {"word", NULL, false, NULL},
    [COLUMN_ZONE] = {"zone", is_zone, false,
	"the name of a time zone, like Europe/Berlin"},
    [COLUMN_WHERE] = {"where", NULL, false, NULL},
    [COLUMN_ROW] = {"row", NULL, false, NULL},
};

const char *
column_kind_name(enum column_kind kind)
{
	return kinds[kind].name;
}

bool
column_kind_parse(struct slice text, enum column_kind *kind)
{
	for (size_t i = 0; i < COLUMN_KINDS; i++)
		if (slice_eq_str(text, kinds[i].name)) {
			*kind = (enum column_kind)i;
			return true;
		}
	return false;
}

static int
wrong(struct problems *p, const struct column *c, const struct tree_node *n,
    const char *wanted)
{
	return *c->name ? tree_problem(p, n, "'%s' must be %s", c->name, wanted)
			: tree_problem(p, n, "this must be %s", wanted);
}

static int
check_text(
    struct problems *p, const struct column *c, const struct tree_node *n)
{
	struct slice text = tree_text(n);
	const char *fault;

	if (kinds[c->kind].number && tree_kind(n) == TREE_SCALAR && text.len)
		return kinds[c->kind].is(text)
			   ? 0
			   : wrong(p, c, n, kinds[c->kind].wanted);
	if (tree_string(p, n, &text))
		return -1;
	fault = text_fault(text);
	if (!fault && kinds[c->kind].is && !kinds[c->kind].is(text))
		fault = kinds[c->kind].wanted;
	return fault ? wrong(p, c, n, fault) : 0;
}

/* One value, not a list of them. */
static int
check_one(struct problems *p, const struct column *c, const struct tree_node *n)
{
	int64_t number;
	bool truth;
	size_t index;

	switch (c->kind) {
	case COLUMN_BOOL:
		return tree_bool(p, n, &truth);
	case COLUMN_COUNT:
		return tree_int(p, n, 0, COUNT_MAX, &number);
	case COLUMN_DURATION:
		if (tree_duration(p, n, &number))
			return -1;
		return number < 0 ? tree_problem(p, n,
					"'%s' is before its time: "
					"remove the minus",
					c->name)
				  : 0;
	case COLUMN_WORD:
		return tree_word(p, n, c->words, &index);
	case COLUMN_WHERE:
		return condition_check(p, n);
	case COLUMN_ROW:
		return column_check_row(p, c->columns, n);
	default:
		return check_text(p, c, n);
	}
}

int
column_check(
    struct problems *p, const struct column *c, const struct tree_node *n)
{
	int result = 0;

	if (!(c->flags & COLUMN_LIST))
		return check_one(p, c, n);
	if (tree_list(p, n, "a list"))
		return -1;
	for (size_t i = 0; i < tree_count(n); i++)
		if (check_one(p, c, tree_item(n, i)))
			result = -1;
	return result;
}

/* The value of a key; NULL when it is absent or empty. */
static const struct tree_node *
value_of(const struct tree_node *row, const char *name)
{
	const struct tree_node *n = tree_get(row, name);

	return n && tree_kind(n) == TREE_SCALAR && tree_is_null(n) ? NULL : n;
}

/* The keys of the row, against the names of the columns. */
static int
check_names(struct problems *p, const struct column *columns,
    const struct tree_node *row)
{
	const char *names[64];
	size_t count = 0;

	for (; columns->name && count + 1 < sizeof names / sizeof *names;
	     columns++)
		names[count++] = columns->name;
	names[count] = NULL;
	return tree_keys(p, row, names);
}

/* -1 when the column is one a row needs. */
static int
missing(struct problems *p, const struct column *c, const struct tree_node *row)
{
	const struct tree_node *n = tree_get(row, c->name);

	if (!(c->flags & COLUMN_NEED))
		return 0;
	if (n)
		return tree_problem(
		    p, n, "'%s' has no value: fill it in", c->name);
	tree_need(p, row, c->name);
	return -1;
}

int
column_check_row(struct problems *p, const struct column *columns,
    const struct tree_node *row)
{
	int result;

	if (tree_map(p, row, "a row of 'column: value'"))
		return -1;
	result = check_names(p, columns, row);
	for (; columns->name; columns++) {
		const struct tree_node *n = value_of(row, columns->name);

		if (n ? column_check(p, columns, n) : missing(p, columns, row))
			result = -1;
	}
	return result;
}

static int
fill_list(struct arena *a, const struct tree_node *n, struct column_list *list)
{
	size_t count = tree_count(n);
	const char **text = arena_array(a, count + 1, sizeof *text);

	if (!text)
		return -1;
	for (size_t i = 0; i < count; i++) {
		text[i] = arena_copy(a, tree_text(tree_item(n, i)));
		if (!text[i])
			return -1;
	}
	*list = (struct column_list){text, count};
	return 0;
}

static int
fill_text(struct arena *a, const struct tree_node *n, const char **text)
{
	*text = arena_copy(a, tree_text(n));
	return *text ? 0 : -1;
}

/* The value was checked before. -1 when memory is short. */
static int
fill_value(struct problems *p, struct arena *a, const struct column *c,
    const struct tree_node *n, void *at)
{
	const struct tree_node **node = at;

	if (c->flags & COLUMN_LIST)
		return fill_list(a, n, at);
	switch (c->kind) {
	case COLUMN_BOOL:
		return tree_bool(p, n, at);
	case COLUMN_COUNT:
		return tree_int(p, n, 0, COUNT_MAX, at);
	case COLUMN_DURATION:
		return tree_duration(p, n, at);
	case COLUMN_WHERE:
		*node = n;
		return 0;
	case COLUMN_WORD:
		if (c->flags & COLUMN_INDEX)
			return tree_word(p, n, c->words, at);
		return fill_text(a, n, at);
	default:
		return fill_text(a, n, at);
	}
}

static int
fill_one(struct problems *p, struct arena *a, const struct column *c,
    const struct tree_node *n, char *into, bool *no_memory)
{
	if (c->kind == COLUMN_ROW)
		return column_fill(p, a, c->columns, n, into, no_memory);
	if (column_check(p, c, n))
		return -1;
	if (fill_value(p, a, c, n, into + c->offset)) {
		*no_memory = true;
		return -1;
	}
	return 0;
}

int
column_fill(struct problems *p, struct arena *a, const struct column *columns,
    const struct tree_node *row, void *into, bool *no_memory)
{
	int result = 0;

	if (tree_map(p, row, "a row of 'column: value'"))
		return -1;
	for (; columns->name; columns++) {
		const struct tree_node *n = value_of(row, columns->name);

		if (n ? fill_one(p, a, columns, n, into, no_memory)
		      : missing(p, columns, row))
			result = -1;
	}
	return result;
}
