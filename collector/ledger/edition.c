/* SPDX-License-Identifier: Apache-2.0 */
#include "edition.h"

#include <stdlib.h>
#include <string.h>

#include "assay/buf.h"
#include "assay/problems.h"
#include "assay/tree.h"

struct edition_shelf {
	struct arena arena;
	struct names *names;
	struct list texts; /* struct edition_text */
	struct table by_key;
};

/* The parts of one set from one epoch, until all are there. */
struct pending {
	const struct entry_files *first;
	const char *lineage;
	size_t have;
	const struct entry_files **parts;
};

struct finding {
	struct edition_shelf *shelf;
	struct arena *arena;
	const char *set;
	struct table texts;  /* sha256 -> struct entry_file with text */
	struct list pending; /* struct pending */
	struct list found;   /* struct edition */
};

#define PARTS_MAX 1000

struct edition_shelf *
edition_shelf_new(struct names *n)
{
	struct edition_shelf *s = calloc(1, sizeof *s);

	if (s)
		s->names = n;
	return s;
}

void
edition_shelf_free(struct edition_shelf *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->texts.count; i++) {
		struct edition_text *t = s->texts.at[i];

		check_set_free(t->checks);
		vocab_free(t->vocab);
		registry_free(t->registry);
		zone_free(t->zone);
		catalogue_free(t->catalogue);
	}
	arena_clear(&s->arena);
	free(s);
}

/* ---- parsing ---- */

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool
is_yaml(const char *path)
{
	size_t len = strlen(path);

	return len > 4 && strcmp(path + len - 4, ".yml") == 0;
}

static int
add_checks(struct edition_text *t, const struct registry_file *file,
    struct problems *p)
{
	struct tree *tree = tree_parse(file->path, file->bytes, p);
	int result = tree ? check_set_add(t->checks, tree, NULL, p) : 0;

	tree_free(tree);
	return result;
}

static int
parse_checks(struct edition_text *t, struct names *n,
    const struct registry_file *files, size_t count, struct problems *p)
{
	t->checks = check_set_new(n);
	if (!t->checks)
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (!is_yaml(files[i].path))
			continue;
		if (strcmp(base_name(files[i].path), "events.yml") == 0) {
			struct tree *tree =
			    tree_parse(files[i].path, files[i].bytes, p);

			if (tree && !t->vocab)
				t->vocab = vocab_new(tree, p);
			tree_free(tree);
		} else if (add_checks(t, &files[i], p)) {
			return -1;
		}
	}
	return 0;
}

static int
parse_isms(struct edition_text *t, const struct registry_file *files,
    size_t count, struct err *err)
{
	t->registry = registry_parse(files, count, NULL, err);
	if (!t->registry)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (strcmp(files[i].path, "zone") == 0)
			t->zone = zone_new(files[i].bytes, NULL);
	if (!t->zone)
		t->zone = zone_new_utc();
	return t->zone ? 0 : -1;
}

static int
parse_frameworks(struct edition_text *t, const struct registry_file *files,
    size_t count, struct problems *p)
{
	for (size_t i = 0; i < count && !t->catalogue; i++) {
		struct tree *tree;

		if (strcmp(base_name(files[i].path), "iso27001-2022.yml") != 0)
			continue;
		tree = tree_parse(files[i].path, files[i].bytes, p);
		if (!tree)
			continue;
		t->catalogue = catalogue_new(tree);
		tree_free(tree);
		if (!t->catalogue)
			return -1;
	}
	return 0;
}

/* What these files say, parsed now or before. */
static const struct edition_text *
parse(struct edition_shelf *s, const char *set, const char *key,
    const struct registry_file *files, size_t count, struct err *err)
{
	struct edition_text *t = table_get(&s->by_key, key);
	struct problems *p = NULL;
	int result = -1;

	if (t)
		return t;
	t = arena_alloc(&s->arena, sizeof *t);
	if (!t || list_add(&s->texts, &s->arena, t))
		return NULL;
	t->key = key;
	p = problems_new();
	if (!p)
		return NULL;
	if (strcmp(set, "checks") == 0)
		result = parse_checks(t, s->names, files, count, p);
	else if (strcmp(set, "isms") == 0)
		result = parse_isms(t, files, count, err);
	else
		result = parse_frameworks(t, files, count, p);
	problems_free(p);
	if (result || table_put(&s->by_key, &s->arena, key, t))
		return NULL;
	return t;
}

/* ---- which sets there are ---- */

static int
by_path(const void *a, const void *b)
{
	const struct entry_file *fa = a, *fb = b;

	return strcmp(fa->path, fb->path);
}

/* The files of a complete set with their texts, by path, and their content as
 * one name. A file whose text is nowhere is as if it were not there. */
static const struct edition_text *
read_set(struct finding *f, const struct pending *p, struct err *err)
{
	struct list files = {0};
	struct registry_file *given;
	struct buf key = {0};
	const char *name;
	size_t count = 0;

	for (size_t i = 0; i < (size_t)p->first->parts; i++)
		for (size_t k = 0; k < p->parts[i]->file_count; k++)
			if (list_add(&files, f->arena, &p->parts[i]->files[k]))
				return NULL;
	if (list_sort(&files, by_path))
		return NULL;
	given = arena_array(f->arena, files.count + 1, sizeof *given);
	if (!given)
		return NULL;
	buf_puts(&key, f->set);
	for (size_t i = 0; i < files.count; i++) {
		const struct entry_file *file = files.at[i];
		const struct entry_file *text =
		    file->has_text ? file : table_get(&f->texts, file->sha256);

		if (!text)
			continue;
		given[count++] = (struct registry_file){file->path, text->text};
		buf_printf(&key, "\n%s  %s", file->sha256, file->path);
	}
	name = key.failed ? NULL : names_get(f->shelf->names, buf_slice(&key));
	buf_clear(&key);
	return name ? parse(f->shelf, f->set, name, given, count, err) : NULL;
}

static int
gather_texts(struct finding *f, const struct facts *facts)
{
	for (size_t i = 0; i < facts->files.count; i++) {
		const struct entry *e = facts->files.at[i];

		for (size_t k = 0; k < e->files->file_count; k++) {
			struct entry_file *file = &e->files->files[k];

			if (file->has_text &&
			    table_put(&f->texts, f->arena, file->sha256, file))
				return -1;
		}
	}
	return 0;
}

static struct pending *
pending_of(struct finding *f, const struct entry *e)
{
	struct pending *p;

	for (size_t i = 0; i < f->pending.count; i++) {
		p = f->pending.at[i];
		if (p->lineage == e->lineage &&
		    p->first->hash == e->files->hash &&
		    p->first->parts == e->files->parts)
			return p;
	}
	p = arena_alloc(f->arena, sizeof *p);
	if (!p || list_add(&f->pending, f->arena, p))
		return NULL;
	p->first = e->files;
	p->lineage = e->lineage;
	p->parts = arena_array(f->arena, (size_t)e->files->parts + 1,
	    sizeof(const struct entry_files *));
	return p->parts ? p : NULL;
}

/* Take one part; an edition when it was the last that was missing. */
static int
take_part(struct finding *f, const struct entry *e, struct err *err)
{
	struct pending *p;
	struct edition *edition;

	if (e->files->parts < 1 || e->files->parts > PARTS_MAX ||
	    e->files->part < 1 || e->files->part > e->files->parts)
		return 0;
	p = pending_of(f, e);
	if (!p)
		return -1;
	p->have += !p->parts[e->files->part - 1];
	p->parts[e->files->part - 1] = e->files;
	if (p->have < (size_t)e->files->parts)
		return 0;
	edition = arena_alloc(f->arena, sizeof *edition);
	if (!edition)
		return -1;
	edition->time_us = e->time_us;
	edition->text = read_set(f, p, err);
	p->have = 0;
	memset(p->parts, 0,
	    (size_t)e->files->parts * sizeof(const struct entry_files *));
	return edition->text ? list_add(&f->found, f->arena, edition) : -1;
}

int
edition_find(struct editions *e, struct edition_shelf *s, struct arena *a,
    const struct facts *facts, const char *set, int64_t as_of_us,
    struct err *err)
{
	struct finding f = {s, a, set, {0}, {0}, {0}};
	struct edition *at;
	size_t count = 0;

	if (gather_texts(&f, facts))
		goto fail;
	for (size_t i = 0; i < facts->files.count; i++) {
		const struct entry *it = facts->files.at[i];

		if (it->from_collector && strcmp(it->files->set, set) == 0 &&
		    take_part(&f, it, err))
			goto fail;
	}
	at = arena_array(a, f.found.count + 1, sizeof *at);
	if (!at)
		goto fail;
	for (size_t i = 0; i < f.found.count; i++) {
		const struct edition *it = f.found.at[i];

		if (i > 0 && it->time_us > as_of_us &&
		    it->time_us > at[0].time_us)
			break;
		/* Of editions of one moment the last is the one in force. */
		if (count && at[count - 1].time_us == it->time_us)
			count--;
		at[count++] = *it;
	}
	e->at = at;
	e->count = count;
	return 0;
fail:
	if (!err->text[0])
		err_set(err, "no memory for the files in force");
	return -1;
}

size_t
edition_at(const struct editions *e, int64_t us)
{
	size_t i = e->count - 1;

	while (i > 0 && e->at[i].time_us > us)
		i--;
	return i;
}
