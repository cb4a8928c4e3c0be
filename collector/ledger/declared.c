/* SPDX-License-Identifier: Apache-2.0 */
#include "declared.h"

#include <string.h>

#include "assay/buf.h"
#include "calendar.h"
#include "mix.h"
#include "stretch.h"

struct listing {
	struct scene *scene;
	struct list *into;
	struct table by_id;
};

static struct declared_row *
row_of(struct listing *l, const char *id, size_t edition)
{
	struct arena *a = l->scene->arena;
	struct declared *d = table_get(&l->by_id, id);

	if (!d) {
		d = arena_alloc(a, sizeof *d);
		if (!d || table_put(&l->by_id, a, id, d) ||
		    list_add(l->into, a, d))
			return NULL;
		d->id = id;
		d->rows = arena_array(a, l->scene->isms.count, sizeof *d->rows);
		if (!d->rows)
			return NULL;
	}
	return (struct declared_row *)(uintptr_t)&d->rows[edition];
}

/* The first row of an id stands. */
static int
add(struct listing *l, const char *id, size_t edition,
    const struct declared_row *row)
{
	const char *name = id ? names_of(l->scene->names, id) : NULL;
	struct declared_row *into = name ? row_of(l, name, edition) : NULL;

	if (!into)
		return id ? -1 : 0;
	if (!into->row)
		*into = *row;
	return 0;
}

static int
add_hosts(struct listing *l, const struct registry *r, size_t edition)
{
	const struct registry_host *h;

	for (size_t i = 0; (h = registry_host(r, i)); i++) {
		struct declared_row row = {h, h->from, h->to, NULL};

		if (add(l, h->name, edition, &row))
			return -1;
	}
	return 0;
}

static int
add_jobs(struct listing *l, const struct registry *r, size_t edition,
    const char *event)
{
	const struct registry_job *j;

	for (size_t i = 0; (j = registry_job(r, i)); i++) {
		struct declared_row row = {j, j->from, j->to, j};

		if (strcmp(j->event, event) == 0 &&
		    add(l, j->id, edition, &row))
			return -1;
	}
	return 0;
}

static const char *
cell(const void *arg, const char *column)
{
	return registry_text(arg, column);
}

static int
add_rows(struct listing *l, const struct registry *r, size_t edition,
    const struct check *c)
{
	const struct registry_row *r_row;

	for (size_t i = 0; (r_row = registry_row(r, c->register_name, i));
	     i++) {
		struct declared_row row = {r_row, r_row->from, r_row->to, NULL};
		const char *id = declared_row_id(l->scene, c, cell, r_row);

		if (add(l, id, edition, &row))
			return -1;
	}
	return 0;
}

const char *
declared_row_id(struct scene *s, const struct check *c,
    const char *(*value)(const void *arg, const char *column), const void *arg)
{
	struct buf id = {0};
	const char *name = NULL;

	for (size_t i = 0; i < c->key_count; i++) {
		const char *text = value(arg, c->key[i]);

		if (!text)
			goto done;
		if (i)
			buf_putc(&id, '/');
		buf_puts(&id, text);
	}
	name = id.failed ? NULL : names_get(s->names, buf_slice(&id));
done:
	buf_clear(&id);
	return name;
}

/* Find the runs of editions that hold a unit. */
static int
find_runs(struct scene *s, struct declared *d)
{
	struct declared_run *runs =
	    arena_array(s->arena, s->isms.count, sizeof *runs);

	if (!runs)
		return -1;
	for (size_t i = 0; i < s->isms.count; i++) {
		struct declared_run *run = &runs[d->run_count];
		size_t first = i;
		int64_t us;

		if (!d->rows[i].row)
			continue;
		while (i + 1 < s->isms.count && d->rows[i + 1].row)
			i++;
		d->run_count++;
		run->origin_us = s->isms.at[first].time_us;
		if (calendar_date(d->rows[i].from, s->zone, &us))
			run->origin_us = us;
		run->ended = i + 1 < s->isms.count;
		run->ended_us = run->limit_us =
		    run->ended ? s->isms.at[i + 1].time_us : STRETCH_FOREVER;
		if (calendar_date(d->rows[i].to, s->zone, &us) &&
		    us < run->limit_us)
			run->limit_us = us;
	}
	d->runs = runs;
	return 0;
}

int
declared_list(struct list *into, struct scene *s, const struct check *c)
{
	struct listing l = {s, into, {0}};
	int result = 0;

	for (size_t i = 0; i < s->isms.count && result == 0; i++) {
		const struct registry *r = s->isms.at[i].text->registry;

		if (c->unit == CHECK_HOST)
			result = add_hosts(&l, r, i);
		else if (c->unit == CHECK_JOB)
			result = add_jobs(&l, r, i, c->of.event);
		else if (c->unit == CHECK_ROW)
			result = add_rows(&l, r, i, c);
	}
	for (size_t i = 0; i < into->count && result == 0; i++)
		result = find_runs(s, into->at[i]);
	return result;
}

const struct registry_job *
declared_job(const struct scene *s, const struct declared *d, int64_t us)
{
	for (size_t i = edition_at(&s->isms, us); i < s->isms.count; i++)
		if (d->rows[i].job)
			return d->rows[i].job;
	return NULL;
}

static bool
same(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

/* The scalars of a map of fields are equal to the occurrence's. */
static bool
fields_match(
    struct scene *s, const struct tree_node *fields, const struct occurrence *o)
{
	for (size_t i = 0; i < tree_count(fields); i++) {
		const char *field =
		    names_find(s->names, tree_text(tree_key(fields, i)));
		const char *value = field ? occurrence_value(o, field) : NULL;

		if (!value ||
		    !slice_eq_str(tree_text(tree_item(fields, i)), value))
			return false;
	}
	return true;
}

bool
declared_matches(
    struct scene *s, const struct registry_job *job, const struct occurrence *o)
{
	if (strcmp(job->event, o->kind) != 0)
		return false;
	if (!job->match)
		return (same(job->name, o->job) || same(job->was, o->job)) &&
		       (!job->host || same(job->host, o->host));
	return (!job->match_program || same(job->match_program, o->program)) &&
	       (!job->match_host || same(job->match_host, o->host)) &&
	       (!job->match_fields || fields_match(s, job->match_fields, o));
}

static uint64_t
mix_text(uint64_t hash, const char *text)
{
	for (; text && *text; text++)
		hash = mix(hash, (unsigned char)*text);
	return mix(hash, text ? 256 : 257);
}

uint64_t
declared_hash(const struct registry_job *job, uint64_t hash)
{
	const struct tree_node *fields;

	if (!job)
		return mix(hash, 5);
	fields = job->match_fields;
	hash = mix_text(mix_text(hash, job->id), job->name);
	hash = mix_text(mix_text(hash, job->was), job->event);
	hash = mix_text(mix(hash, job->match), job->host);
	hash = mix_text(mix_text(hash, job->match_program), job->match_host);
	for (size_t i = 0; fields && i < tree_count(fields); i++) {
		struct slice key = tree_text(tree_key(fields, i));
		struct slice value = tree_text(tree_item(fields, i));

		for (size_t k = 0; k < key.len; k++)
			hash = mix(hash, (unsigned char)key.ptr[k]);
		hash = mix(hash, 256);
		for (size_t k = 0; k < value.len; k++)
			hash = mix(hash, (unsigned char)value.ptr[k]);
		hash = mix(hash, 257);
	}
	return hash;
}
