/* SPDX-License-Identifier: Apache-2.0 */
#include "assay/options.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "options_parts.h"

#define LEVEL_MAX 64 /* keys of one map */

static size_t
count_entries(const struct options_entry *table)
{
	size_t count = 0;

	while (table[count].name)
		count++;
	return count;
}

static size_t
index_of(const struct options *o, const char *name)
{
	for (size_t i = 0; o->table[i].name; i++)
		if (!strcmp(o->table[i].name, name))
			return i;
	assert(!"a setting that is not in the table");
	abort();
}

/* ---- one value ---- */

static void
clear_texts(struct options_value *v)
{
	for (size_t i = 0; i < v->count; i++)
		free(v->texts[i]);
	free(v->texts);
	v->texts = NULL;
	v->count = 0;
}

static int
add_text(struct options_value *v, struct slice text)
{
	char **more = reallocarray(v->texts, v->count + 2, sizeof *more);

	if (!more)
		return -1;
	v->texts = more;
	more[v->count] = slice_strdup(text);
	more[v->count + 1] = NULL;
	if (!more[v->count])
		return -1;
	v->count++;
	return 0;
}

static bool
parse_bytes(struct slice text, int64_t *value)
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
	unsigned long long number;
	unsigned shift = 0;

	for (unsigned i = 0; i < 4; i++) {
		struct slice unit = slice_of(units[i]);

		if (text.len > 3 &&
		    slice_eq(slice_from(text, text.len - 3), unit))
			shift = 10 * (i + 1);
	}
	if (shift > 0)
		text.len -= 3;
	if (!slice_uint(text, (unsigned long long)INT64_MAX >> shift, &number))
		return false;
	*value = (int64_t)(number << shift);
	return true;
}

static const char *
wanted(enum options_type type)
{
	switch (type) {
	case OPTIONS_NUMBER:
		return "an integer";
	case OPTIONS_BYTES:
		return "a size such as 512MiB or 1GiB";
	case OPTIONS_DURATION:
		return "a duration such as 30s, 10m or 14d";
	case OPTIONS_BOOL:
		return "true or false";
	default:
		return "a text";
	}
}

/* Text as the value of a setting that is not a list. */
static bool
parse_number(enum options_type type, struct slice text, int64_t *number)
{
	unsigned long long plain;

	switch (type) {
	case OPTIONS_NUMBER:
		if (!slice_uint(text, INT64_MAX, &plain))
			return false;
		*number = (int64_t)plain;
		return true;
	case OPTIONS_BYTES:
		return parse_bytes(text, number);
	case OPTIONS_DURATION:
		return tree_parse_duration(text, number);
	case OPTIONS_BOOL:
		*number = slice_eq_str(text, "true");
		return *number || slice_eq_str(text, "false");
	default:
		return false;
	}
}

static bool
in_range(const struct options_entry *e, int64_t number)
{
	if (e->min == 0 && e->max == 0)
		return number >= 0;
	return number >= e->min && number <= e->max;
}

bool
options_is_node(enum options_type type)
{
	return type == OPTIONS_NODE || type == OPTIONS_MAP;
}

static bool
is_number(enum options_type type)
{
	return type != OPTIONS_TEXT && type != OPTIONS_TEXTS &&
	       !options_is_node(type);
}

/* ---- files ---- */

static int
set_origin(struct options_value *v, const struct tree_node *n)
{
	free(v->origin);
	if (asprintf(
		&v->origin, "%s:%zu", tree_name(tree_of(n)), tree_line(n)) < 0)
		v->origin = NULL;
	return v->origin ? 0 : -1;
}

static int
each_text(void *arg, const struct tree_node *n, struct slice text)
{
	(void)n;
	return add_text(arg, text);
}

static int
out_of_range(const struct options_entry *e, const struct tree_node *n,
    struct problems *p)
{
	struct buf least = {0}, most = {0};

	options_put_number(&least, e->type, e->min);
	options_put_number(&most, e->type, e->max);
	if (e->max == INT64_MAX)
		tree_problem(p, n, "%s is out of range; it may be %.*s or more",
		    e->name, SLICE_FMT(buf_slice(&least)));
	else
		tree_problem(p, n, "%s is out of range; it may be %.*s to %.*s",
		    e->name, SLICE_FMT(buf_slice(&least)),
		    SLICE_FMT(buf_slice(&most)));
	buf_clear(&least);
	buf_clear(&most);
	return -1;
}

static int
read_number(struct options_value *v, const struct options_entry *e,
    const struct tree_node *n, struct problems *p)
{
	int64_t number;

	if (tree_kind(n) != TREE_SCALAR ||
	    !parse_number(e->type, tree_text(n), &number))
		return tree_problem(
		    p, n, "%s takes %s", e->name, wanted(e->type));
	if (!in_range(e, number))
		return out_of_range(e, n, p);
	v->number = number;
	return 0;
}

static int
read_node(struct options_value *v, const struct tree_node *n)
{
	const struct tree_node **more;

	if (tree_kind(n) != TREE_MAP)
		v->node_count = 0;
	more = reallocarray(v->nodes, v->node_count + 1, sizeof(void *));
	if (!more)
		return -1;
	v->nodes = more;
	more[v->node_count++] = n;
	return 0;
}

/* A map of scalars, whatever their keys. */
static int
check_map(const struct options_entry *e, const struct tree_node *n,
    struct problems *p)
{
	int status = 0;

	if (tree_is_null(n))
		return 0;
	if (tree_map(p, n, e->name) != 0)
		return -1;
	for (size_t i = 0; i < tree_count(n); i++) {
		const struct tree_node *value = tree_item(n, i);

		if (tree_kind(value) == TREE_SCALAR && !tree_is_null(value))
			continue;
		status = tree_problem(p, value,
		    "%s: %.*s takes one value; where it can be several, write "
		    "them in one text with commas between",
		    e->name, SLICE_FMT(tree_text(tree_key(n, i))));
	}
	return status;
}

static int
read_value(struct options_value *v, const struct options_entry *e,
    const struct tree_node *n, struct problems *p)
{
	struct slice text;

	if (set_origin(v, n) != 0)
		return -1;
	if (e->type == OPTIONS_MAP && check_map(e, n, p) != 0)
		return -1;
	if (options_is_node(e->type))
		return read_node(v, n);
	if (is_number(e->type))
		return read_number(v, e, n, p);
	clear_texts(v);
	if (e->type == OPTIONS_TEXTS)
		return tree_strings(p, n, each_text, v);
	if (tree_string(p, n, &text) != 0)
		return -1;
	return add_text(v, text);
}

/* The keys that may stand below prefix. */
static void
known_keys(const struct options *o, struct slice prefix,
    char keys[LEVEL_MAX][64], const char *list[LEVEL_MAX + 1])
{
	size_t count = 0;

	for (size_t i = 0; o->table[i].name && count < LEVEL_MAX; i++) {
		struct slice name = slice_of(o->table[i].name);
		struct slice rest = slice_from(name, prefix.len);

		if (!slice_starts(name, prefix))
			continue;
		rest.len = slice_find(rest, '.');
		snprintf(
		    keys[count], sizeof keys[count], "%.*s", SLICE_FMT(rest));
		list[count] = keys[count];
		count++;
	}
	list[count] = NULL;
}

static int read_map(struct options *o, const struct tree_node *map,
    struct slice prefix, struct problems *p);

static void
read_key(struct options *o, struct slice prefix, const struct tree_node *key,
    const struct tree_node *n, struct problems *p)
{
	char name[256];
	int len = snprintf(name, sizeof name, "%.*s%.*s", SLICE_FMT(prefix),
	    SLICE_FMT(tree_text(key)));

	if (len < 0 || len >= (int)sizeof name - 1)
		return;
	for (size_t i = 0; o->table[i].name; i++)
		if (!strcmp(o->table[i].name, name)) {
			(void)read_value(&o->values[i], &o->table[i], n, p);
			return;
		}
	name[len] = '.';
	for (size_t i = 0; o->table[i].name; i++)
		if (!strncmp(o->table[i].name, name, (size_t)len + 1)) {
			(void)read_map(
			    o, n, (struct slice){name, (size_t)len + 1}, p);
			return;
		}
}

/* A setting that is known, but not at this place: `spool.max_bytes` in one
 * word, or `max_bytes` alone. */
static const char *
find_elsewhere(const struct options *o, struct slice key)
{
	for (size_t i = 0; o->table[i].name; i++) {
		const char *name = o->table[i].name;
		const char *dot = strchr(name, '.');

		if (dot &&
		    (slice_eq_str(key, name) || slice_eq_str(key, dot + 1)))
			return name;
	}
	return NULL;
}

static void
check_keys(const struct options *o, const struct tree_node *map,
    const char *const *known, struct problems *p)
{
	for (size_t i = 0; i < tree_count(map); i++) {
		const struct tree_node *key = tree_key(map, i);
		const char *name = find_elsewhere(o, tree_text(key));
		bool here = false;

		for (size_t k = 0; known[k]; k++)
			here |= slice_eq_str(tree_text(key), known[k]);
		if (here)
			continue;
		if (!name) {
			(void)tree_unknown_key(p, key, known);
			continue;
		}
		tree_problem(p, key,
		    "unknown key '%.*s' here; did you mean `%.*s: {%s: ..}`?",
		    SLICE_FMT(tree_text(key)), (int)strcspn(name, "."), name,
		    strchr(name, '.') + 1);
	}
}

static int
read_map(struct options *o, const struct tree_node *map, struct slice prefix,
    struct problems *p)
{
	char keys[LEVEL_MAX][64];
	const char *list[LEVEL_MAX + 1];

	if (tree_is_null(map))
		return 0;
	if (tree_map(p, map, "the settings") != 0)
		return -1;
	known_keys(o, prefix, keys, list);
	check_keys(o, map, list, p);
	for (size_t i = 0; i < tree_count(map); i++)
		read_key(o, prefix, tree_key(map, i), tree_item(map, i), p);
	return 0;
}

static int
read_file(struct options *o, const char *path, struct problems *p)
{
	struct tree **more;
	struct tree *t = tree_read(path, path, p);

	if (!t)
		return -1;
	more = reallocarray(o->trees, o->tree_count + 1, sizeof(void *));
	if (!more) {
		tree_free(t);
		return -1;
	}
	o->trees = more;
	more[o->tree_count++] = t;
	return read_map(o, tree_root(t), (struct slice){"", 0}, p);
}

static int
is_yml(const struct dirent *e)
{
	size_t len = strlen(e->d_name);

	return len > 4 && e->d_name[0] != '.' &&
	       !strcmp(e->d_name + len - 4, ".yml");
}

static int
by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* agent.yml -> agent.d/ *.yml */
static void
read_drop_ins(struct options *o, const char *path, struct problems *p)
{
	struct dirent **names;
	size_t len = strlen(path);
	char dir[PATH_MAX], file[PATH_MAX];
	int count;

	if (len > 4 && !strcmp(path + len - 4, ".yml"))
		len -= 4;
	if (snprintf(dir, sizeof dir, "%.*s.d", (int)len, path) >=
	    (int)sizeof dir)
		return;
	count = scandir(dir, &names, is_yml, by_bytes);
	for (int i = 0; i < count; i++) {
		if (snprintf(file, sizeof file, "%s/%s", dir,
			names[i]->d_name) < (int)sizeof file)
			(void)read_file(o, file, p);
		free(names[i]);
	}
	if (count >= 0)
		free(names);
}

static int
set_fallback(struct options *o, size_t i)
{
	const struct options_entry *e = &o->table[i];
	struct slice rest =
	    e->fallback ? slice_of(e->fallback) : (struct slice){"", 0};

	if (rest.len == 0 || options_is_node(e->type))
		return 0;
	if (is_number(e->type)) {
		if (!parse_number(e->type, rest, &o->values[i].number))
			assert(!"a default that its own type refuses");
		return 0;
	}
	while (rest.len > 0) {
		struct slice word = rest;

		if (e->type == OPTIONS_TEXTS)
			word.len = slice_find(rest, ' ');
		if (add_text(&o->values[i], word) != 0)
			return -1;
		rest = slice_from(rest, word.len + 1);
	}
	return 0;
}

struct options *
options_load(const struct options_entry *table, const char *path,
    bool must_exist, struct problems *p)
{
	struct options *o = calloc(1, sizeof *o);

	if (!o)
		return NULL;
	o->table = table;
	o->values = calloc(count_entries(table) + 1, sizeof *o->values);
	if (!o->values)
		goto fail;
	for (size_t i = 0; table[i].name; i++)
		if (set_fallback(o, i) != 0)
			goto fail;
	if (path && (must_exist || access(path, F_OK) == 0))
		(void)read_file(o, path, p);
	if (path)
		read_drop_ins(o, path, p);
	if (problems_errors(p) > 0)
		goto fail;
	return o;
fail:
	options_free(o);
	return NULL;
}

void
options_free(struct options *o)
{
	if (!o)
		return;
	for (size_t i = 0; o->values && o->table[i].name; i++) {
		clear_texts(&o->values[i]);
		free(o->values[i].nodes);
		free(o->values[i].origin);
		free(o->values[i].note);
	}
	for (size_t i = 0; i < o->tree_count; i++)
		tree_free(o->trees[i]);
	free(o->trees);
	free(o->values);
	free(o);
}

int
options_set(
    struct options *o, const char *name, const char *text, struct problems *p)
{
	size_t i = index_of(o, name);
	const struct options_entry *e = &o->table[i];
	struct options_value *v = &o->values[i];
	struct problems_place at = {.file = "command line"};
	int64_t number;

	assert(!options_is_node(e->type));
	if (is_number(e->type)) {
		if (!parse_number(e->type, slice_of(text), &number) ||
		    !in_range(e, number)) {
			problems_add(p, PROBLEMS_ERROR, &at,
			    "'%s' is no value of %s, which takes %s", text,
			    name, wanted(e->type));
			return -1;
		}
		v->number = number;
	} else {
		if (e->type == OPTIONS_TEXT || !v->from_command)
			clear_texts(v);
		if (add_text(v, slice_of(text)) != 0)
			return -1;
	}
	free(v->origin);
	if (asprintf(&v->origin, "option --%s", name) < 0)
		v->origin = NULL;
	v->from_command = true;
	return v->origin ? 0 : -1;
}

int
options_derive(
    struct options *o, const char *name, const char *text, const char *note)
{
	struct options_value *v = &o->values[index_of(o, name)];

	if (v->origin)
		return 0;
	free(v->note);
	v->note = strdup(note);
	if (!v->note)
		return -1;
	return text ? add_text(v, slice_of(text)) : 0;
}

const char *
options_text(const struct options *o, const char *name)
{
	const struct options_value *v = &o->values[index_of(o, name)];

	return v->count > 0 ? v->texts[0] : NULL;
}

const char *const *
options_texts(const struct options *o, const char *name)
{
	static const char *const none[] = {NULL};
	const struct options_value *v = &o->values[index_of(o, name)];

	return v->count > 0 ? (const char *const *)v->texts : none;
}

int64_t
options_number(const struct options *o, const char *name)
{
	return o->values[index_of(o, name)].number;
}

bool
options_bool(const struct options *o, const char *name)
{
	return o->values[index_of(o, name)].number != 0;
}

bool
options_given(const struct options *o, const char *name)
{
	return o->values[index_of(o, name)].origin != NULL;
}

const struct tree_node *
options_node(const struct options *o, const char *name, size_t i)
{
	const struct options_value *v = &o->values[index_of(o, name)];

	return i < v->node_count ? v->nodes[i] : NULL;
}
