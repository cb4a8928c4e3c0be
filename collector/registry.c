/* SPDX-License-Identifier: Apache-2.0 */
#include "registry.h"

#include <stdlib.h>
#include <string.h>

#include "assay/arena.h"
#include "column.h"
#include "registry_named.h"

/* Rows of one kind, each of the size its table says. */
struct rows {
	char *row;
	size_t count;
};

struct registry {
	struct arena arena;
	struct tree **trees; /* in the order of their paths */
	size_t tree_count;
	struct registry_scope scope;
	struct rows hosts;
	struct rows jobs;
	struct rows adopts;
	struct rows soa;
	struct rows exceptions;
	struct rows relays;
	struct registry_named *named;
};

static const char *const trusts[] = {
    "kernel", "root", "local", "tls", "net", NULL};
static const char *const statuses[] = {"implemented", "planned", "none", NULL};

static const struct column scope_columns[] = {
    COLUMN("organisation", COLUMN_TEXT, 0, struct registry_scope, organisation),
    COLUMN("scope", COLUMN_TEXT, 0, struct registry_scope, scope),
    COLUMN("zone", COLUMN_ZONE, 0, struct registry_scope, zone),
    COLUMN_END,
};

static const struct column host_columns[] = {
    COLUMN("name", COLUMN_HOST, COLUMN_NEED, struct registry_host, name),
    COLUMN("id", COLUMN_UUID, 0, struct registry_host, id),
    COLUMN("from", COLUMN_DATE, 0, struct registry_host, from),
    COLUMN("to", COLUMN_DATE, 0, struct registry_host, to),
    COLUMN("owner", COLUMN_TEXT, 0, struct registry_host, owner),
    COLUMN_END,
};

static const struct column match_columns[] = {
    COLUMN("program", COLUMN_TEXT, 0, struct registry_job, match_program),
    COLUMN("host", COLUMN_HOST, 0, struct registry_job, match_host),
    COLUMN("fields", COLUMN_WHERE, 0, struct registry_job, match_fields),
    COLUMN_END,
};

static const struct column job_columns[] = {
    COLUMN("id", COLUMN_NAME, COLUMN_NEED, struct registry_job, id),
    COLUMN("name", COLUMN_TEXT, 0, struct registry_job, name),
    COLUMN("was", COLUMN_TEXT, 0, struct registry_job, was),
    COLUMN("event", COLUMN_EVENT, 0, struct registry_job, event),
    COLUMN("host", COLUMN_HOST, 0, struct registry_job, host),
    COLUMN_OF("match", COLUMN_ROW, 0, struct registry_job, match, NULL,
	match_columns),
    COLUMN("starts", COLUMN_CLOCK, 0, struct registry_job, starts),
    COLUMN("from", COLUMN_DATE, 0, struct registry_job, from),
    COLUMN("to", COLUMN_DATE, 0, struct registry_job, to),
    COLUMN("owner", COLUMN_TEXT, 0, struct registry_job, owner),
    COLUMN_END,
};

struct adopt_row {
	struct registry_adopt adopt;
	struct column_list at;
};

static const struct column set_columns[] = {
    COLUMN("grace", COLUMN_DURATION, 0, struct adopt_row, adopt.grace_us),
    COLUMN("starts", COLUMN_CLOCK, 0, struct adopt_row, adopt.starts),
    COLUMN("at_least", COLUMN_SHARE, 0, struct adopt_row, adopt.at_least),
    COLUMN_OF(
	"trust", COLUMN_WORD, 0, struct adopt_row, adopt.trust, trusts, NULL),
    COLUMN_END,
};

static const struct column adopt_columns[] = {
    COLUMN("check", COLUMN_NAME, COLUMN_NEED, struct adopt_row, adopt.check),
    COLUMN("criterion", COLUMN_TEXT, 0, struct adopt_row, adopt.criterion),
    COLUMN("by", COLUMN_TEXT, 0, struct adopt_row, adopt.by),
    COLUMN("on", COLUMN_DATE, 0, struct adopt_row, adopt.on),
    COLUMN_OF("set", COLUMN_ROW, 0, struct adopt_row, adopt, NULL, set_columns),
    COLUMN("where", COLUMN_WHERE, 0, struct adopt_row, adopt.where),
    COLUMN("at", COLUMN_HOST, COLUMN_LIST, struct adopt_row, at),
    COLUMN_END,
};

static const struct column soa_columns[] = {
    COLUMN(
	"control", COLUMN_CONTROL, COLUMN_NEED, struct registry_soa, control),
    COLUMN("applicable", COLUMN_BOOL, 0, struct registry_soa, applicable),
    COLUMN("reason", COLUMN_TEXT, 0, struct registry_soa, reason),
    COLUMN_OF(
	"status", COLUMN_WORD, 0, struct registry_soa, status, statuses, NULL),
    COLUMN_END,
};

static const struct column exception_columns[] = {
    COLUMN("check", COLUMN_NAME, COLUMN_NEED, struct registry_exception, check),
    COLUMN("unit", COLUMN_TEXT, 0, struct registry_exception, unit),
    COLUMN("from", COLUMN_DATE, COLUMN_NEED, struct registry_exception, from),
    COLUMN("to", COLUMN_DATE, COLUMN_NEED, struct registry_exception, to),
    COLUMN("by", COLUMN_TEXT, 0, struct registry_exception, by),
    COLUMN("reason", COLUMN_TEXT, 0, struct registry_exception, reason),
    COLUMN_END,
};

/* Before and after a row is filled from its node. */
static void
begin_adopt(void *into)
{
	struct adopt_row *row = into;

	row->adopt.grace_us = -1;
}

static void
end_adopt(void *into, const struct tree_node *node)
{
	struct adopt_row *row = into;

	row->adopt.has_grace = row->adopt.grace_us >= 0;
	if (!row->adopt.has_grace)
		row->adopt.grace_us = 0;
	row->adopt.at = row->at.text;
	row->adopt.at_count = row->at.count;
	row->adopt.node = node;
}

static void
end_host(void *into, const struct tree_node *node)
{
	struct registry_host *row = into;

	row->node = node;
}

static void
end_job(void *into, const struct tree_node *node)
{
	struct registry_job *row = into;

	if (!row->name)
		row->name = row->id;
	if (!row->event)
		row->event = "backup.run";
	row->match = row->match_program || row->match_host || row->match_fields;
	row->node = node;
}

static void
begin_soa(void *into)
{
	struct registry_soa *row = into;

	row->applicable = true;
}

static void
end_soa(void *into, const struct tree_node *node)
{
	const struct tree_node *n = tree_get(node, "applicable");
	struct registry_soa *row = into;

	row->decided = n && !tree_is_null(n);
	row->node = node;
}

static void
end_exception(void *into, const struct tree_node *node)
{
	struct registry_exception *row = into;

	row->node = node;
}

/* The registers that the ledger knows by heart. */
static const struct kind {
	const char *key;
	const char *unique; /* no two rows may share it; NULL: they may */
	const struct column *columns;
	size_t size;
	size_t offset; /* of its struct rows */
	void (*begin)(void *into);
	void (*end)(void *into, const struct tree_node *node);
} kinds[] = {
    {"hosts", "name", host_columns, sizeof(struct registry_host),
	offsetof(struct registry, hosts), NULL, end_host},
    {"jobs", "id", job_columns, sizeof(struct registry_job),
	offsetof(struct registry, jobs), NULL, end_job},
    {"adopts", "check", adopt_columns, sizeof(struct adopt_row),
	offsetof(struct registry, adopts), begin_adopt, end_adopt},
    {"soa", "control", soa_columns, sizeof(struct registry_soa),
	offsetof(struct registry, soa), begin_soa, end_soa},
    {"exceptions", NULL, exception_columns, sizeof(struct registry_exception),
	offsetof(struct registry, exceptions), NULL, end_exception},
};
#define KINDS (sizeof kinds / sizeof *kinds)

/* The first column of every row is a text: the one that must differ. */
static const char *
first_text(const struct rows *rows, const struct kind *k, size_t i)
{
	const char *text;

	memcpy(
	    &text, rows->row + i * k->size + k->columns->offset, sizeof text);
	return text;
}

static int
fill_row(struct registry *r, const struct kind *k, struct rows *rows,
    const struct tree_node *node, struct problems *p)
{
	char *into = rows->row + rows->count * k->size;
	bool no_memory = false;

	memset(into, 0, k->size);
	if (k->begin)
		k->begin(into);
	if (column_fill(p, &r->arena, k->columns, node, into, &no_memory))
		return no_memory ? -1 : 0;
	for (size_t i = 0; k->unique && i < rows->count; i++)
		if (!strcmp(first_text(rows, k, i),
			first_text(rows, k, rows->count))) {
			tree_problem(p, node,
			    "%s '%s' has a row already: the first one stands",
			    k->unique, first_text(rows, k, i));
			return 0;
		}
	k->end(into, node);
	rows->count++;
	return 0;
}

/* The list under a key of the i-th file; NULL when there is none. */
static const struct tree_node *
list_at(const struct registry *r, size_t i, const char *key, struct problems *p)
{
	const struct tree_node *list = tree_get(tree_root(r->trees[i]), key);

	if (!list || (tree_kind(list) == TREE_SCALAR && tree_is_null(list)))
		return NULL;
	return tree_list(p, list, "a list of rows") ? NULL : list;
}

static int
fill_kind(struct registry *r, const struct kind *k, struct problems *p)
{
	struct rows *rows = (void *)((char *)r + k->offset);

	rows->row = arena_array(&r->arena,
	    registry_named_count(r->trees, r->tree_count, k->key), k->size);
	if (!rows->row)
		return -1;
	for (size_t i = 0; i < r->tree_count; i++) {
		const struct tree_node *list = list_at(r, i, k->key, p);

		for (size_t j = 0; list && j < tree_count(list); j++)
			if (fill_row(r, k, rows, tree_item(list, j), p))
				return -1;
	}
	return 0;
}

static int
fill_relays(struct registry *r, struct problems *p)
{
	static const struct column host = {
	    "relays", COLUMN_HOST, 0, 0, NULL, NULL, NULL, NULL, NULL};
	const char **names = arena_array(&r->arena,
	    registry_named_count(r->trees, r->tree_count, "relays"),
	    sizeof *names);

	if (!names)
		return -1;
	r->relays.row = (char *)names;
	for (size_t i = 0; i < r->tree_count; i++) {
		const struct tree_node *list = list_at(r, i, "relays", p);

		for (size_t j = 0; list && j < tree_count(list); j++) {
			if (column_check(p, &host, tree_item(list, j)))
				continue;
			names[r->relays.count] = arena_copy(
			    &r->arena, tree_text(tree_item(list, j)));
			if (!names[r->relays.count++])
				return -1;
		}
	}
	return 0;
}

/* Each value by itself, so that one that is wrong does not take the others
 * away. */
static int
fill_scope(struct registry *r, struct problems *p)
{
	bool no_memory = false;

	for (size_t i = r->tree_count; i-- > 0;)
		for (const struct column *c = scope_columns; c->name; c++) {
			const struct column one[] = {*c, COLUMN_END};
			const struct tree_node *root = tree_root(r->trees[i]);

			if (column_fill(p, &r->arena, one, root, &r->scope,
				&no_memory) &&
			    no_memory)
				return -1;
		}
	return 0;
}

static bool
ends_in_yml(const char *path)
{
	size_t len = strlen(path);

	return len > 4 && !strcmp(path + len - 4, ".yml");
}

static int
by_path(const void *left, const void *right)
{
	const struct registry_file *a = left, *b = right;

	return strcmp(a->path, b->path);
}

/* Parse one file; what is no map is left out. */
static int
read_file(
    struct registry *r, const struct registry_file *file, struct problems *p)
{
	struct tree *t;

	if (!strcmp(file->path, "zone")) {
		r->scope.tzif = (struct slice){
		    arena_copy(&r->arena, file->bytes), file->bytes.len};
		return r->scope.tzif.ptr ? 0 : -1;
	}
	if (!ends_in_yml(file->path))
		return 0;
	t = tree_parse(file->path, file->bytes, p);
	if (!t)
		return 0;
	if (tree_kind(tree_root(t)) != TREE_MAP) {
		if (!tree_is_null(tree_root(t)))
			tree_map(p, tree_root(t), "a map of registers");
		tree_free(t);
		return 0;
	}
	r->trees[r->tree_count++] = t;
	return 0;
}

static int
read_files(struct registry *r, const struct registry_file *files, size_t count,
    struct problems *p)
{
	struct registry_file *sorted = calloc(count + 1, sizeof *sorted);
	int result = 0;

	r->trees = calloc(count + 1, sizeof(struct tree *));
	if (!sorted || !r->trees) {
		free(sorted);
		return -1;
	}
	for (size_t i = 0; i < count; i++)
		sorted[i] = files[i];
	qsort(sorted, count, sizeof *sorted, by_path);
	for (size_t i = 0; i < count && !result; i++)
		result = read_file(r, &sorted[i], p);
	free(sorted);
	return result;
}

static int
fill(struct registry *r, struct problems *p)
{
	for (size_t i = 0; i < KINDS; i++)
		if (fill_kind(r, &kinds[i], p))
			return -1;
	r->named = registry_named_new(&r->arena, r->trees, r->tree_count);
	return fill_relays(r, p) || fill_scope(r, p) || !r->named ? -1 : 0;
}

struct registry *
registry_parse(const struct registry_file *files, size_t count,
    struct problems *p, struct err *err)
{
	struct registry *r = calloc(1, sizeof *r);
	struct problems *own = p ? NULL : problems_new();

	if (!p)
		p = own;
	if (!r || !p || read_files(r, files, count, p) || fill(r, p)) {
		err_set(err, "memory is too short for the files of the "
			     "organisation");
		registry_free(r);
		r = NULL;
	}
	problems_free(own);
	return r;
}

void
registry_free(struct registry *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->tree_count; i++)
		tree_free(r->trees[i]);
	free(r->trees);
	arena_clear(&r->arena);
	free(r);
}

static const void *
row_at(const struct rows *rows, size_t size, size_t i)
{
	return i < rows->count ? rows->row + i * size : NULL;
}

const struct registry_scope *
registry_scope(const struct registry *r)
{
	return &r->scope;
}

const struct registry_host *
registry_host(const struct registry *r, size_t i)
{
	return row_at(&r->hosts, sizeof(struct registry_host), i);
}

const struct registry_job *
registry_job(const struct registry *r, size_t i)
{
	return row_at(&r->jobs, sizeof(struct registry_job), i);
}

const struct registry_adopt *
registry_adopt(const struct registry *r, size_t i)
{
	const struct adopt_row *row = row_at(&r->adopts, sizeof *row, i);

	return row ? &row->adopt : NULL;
}

const struct registry_soa *
registry_soa(const struct registry *r, size_t i)
{
	return row_at(&r->soa, sizeof(struct registry_soa), i);
}

const struct registry_exception *
registry_exception(const struct registry *r, size_t i)
{
	return row_at(&r->exceptions, sizeof(struct registry_exception), i);
}

const char *
registry_relay(const struct registry *r, size_t i)
{
	const char *const *name = row_at(&r->relays, sizeof(const char *), i);

	return name ? *name : NULL;
}

const struct registry_adopt *
registry_adopted(const struct registry *r, const char *check)
{
	const struct registry_adopt *row;

	for (size_t i = 0; (row = registry_adopt(r, i)); i++)
		if (!strcmp(row->check, check))
			return row;
	return NULL;
}

const struct registry_soa *
registry_decided(const struct registry *r, const char *control)
{
	const struct registry_soa *row;

	for (size_t i = 0; (row = registry_soa(r, i)); i++)
		if (!strcmp(row->control, control))
			return row;
	return NULL;
}

bool
registry_has(const struct registry *r, const char *name)
{
	return registry_named_has(r->named, name);
}

const struct registry_row *
registry_row(const struct registry *r, const char *name, size_t i)
{
	return registry_named_row(r->named, name, i);
}

bool
registry_date(const char *text, int64_t *year, int *month, int *day)
{
	return column_date(slice_of(text), year, month, day);
}
