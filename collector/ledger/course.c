/* SPDX-License-Identifier: Apache-2.0 */
#include "course.h"

#include <string.h>

#include "mix.h"
#include "stretch.h"

struct making {
	struct arena *arena;
	struct names *names;
	const struct editions *checks, *isms;
	int64_t *changes; /* when an edition took force, ascending */
	size_t change_count;
	struct table clauses; /* struct registry_adopt -> struct where */
};

static uint64_t
hash_selector(const struct check_selector *s, uint64_t hash)
{
	return where_hash(
	    s->where, mix(mix_pointer(hash, s->event), s->outcomes));
}

static uint64_t
hash_check(const struct check *c)
{
	uint64_t h = mix_pointer(mix(1, c->kind), c->id);

	h = hash_selector(&c->of, h);
	h = mix_pointer(mix(h, c->unit), c->register_name);
	for (size_t i = 0; i < c->key_count; i++)
		h = mix_pointer(h, c->key[i]);
	for (size_t i = 0; i < c->watch_count; i++)
		h = mix_pointer(h, c->watch[i]);
	for (size_t i = 0; i < c->need_count; i++)
		h = hash_selector(&c->needs[i], h);
	for (size_t i = 0; i < c->by_count; i++)
		h = mix_pointer(h, c->by[i]);
	h = mix(mix(h, (uint64_t)c->within_lo_us), (uint64_t)c->within_hi_us);
	return c->kind == CHECK_SHARE ? hash_selector(&c->good, h) : h;
}

static uint64_t
hash_definition(const struct making *m, const struct definition *d)
{
	uint64_t h = hash_check(d->check);

	h = mix(h, d->calendar.period + 16u * (unsigned)d->calendar.starts_min);
	h = mix(mix(h, (uint64_t)d->grace_us), (uint64_t)d->at_least);
	h = mix(mix_pointer(h, d->at_least_text), d->trust);
	h = d->narrow ? where_hash(d->narrow, h) : mix(h, 7);
	for (size_t i = 0; d->adopt && i < d->adopt->at_count; i++) {
		/* Registries own their texts, so equal texts may differ in
		 * address: hash the name. */
		const char *name = names_of(m->names, d->adopt->at[i]);

		h = mix_pointer(h, name);
	}
	return h;
}

/* The policy's clause, made ready once. */
static int
narrow(struct making *m, struct definition *d)
{
	struct where *w;

	if (!d->adopt->where)
		return 0;
	w = table_get(&m->clauses, d->adopt);
	if (!w) {
		w = where_new(m->arena, m->names, d->adopt->where);
		if (!w || table_put(&m->clauses, m->arena, d->adopt, w))
			return -1;
	}
	d->narrow = w;
	return 0;
}

static int
set(struct making *m, struct definition *d)
{
	const struct registry_adopt *row = d->adopt;

	if (row->has_grace)
		d->grace_us = row->grace_us;
	if (row->starts)
		calendar_clock(slice_of(row->starts), &d->calendar.starts_min);
	if (row->trust)
		entry_trust_parse(slice_of(row->trust), &d->trust);
	if (row->at_least &&
	    check_share(slice_of(row->at_least), &d->at_least)) {
		d->at_least_text = names_of(m->names, row->at_least);
		if (!d->at_least_text)
			return -1;
	}
	return narrow(m, d);
}

/* The definition at a moment, in *into; NULL there when out of force. */
static int
define(struct making *m, const char *id, int64_t us,
    const struct definition **into)
{
	const struct edition *edition =
	    &m->checks->at[edition_at(m->checks, us)];
	const struct check *c = check_set_find(edition->text->checks, id);
	struct definition *d;

	*into = NULL;
	if (!c)
		return 0;
	d = arena_alloc(m->arena, sizeof *d);
	if (!d)
		return -1;
	d->check = c;
	d->calendar = c->calendar;
	d->grace_us = c->grace_us;
	d->at_least = c->at_least;
	d->at_least_text = c->at_least_text;
	d->trust = c->trust;
	if (m->isms->count) {
		edition = &m->isms->at[edition_at(m->isms, us)];
		d->adopt = registry_adopted(edition->text->registry, id);
	}
	if (d->adopt && set(m, d))
		return -1;
	d->hash = hash_definition(m, d);
	*into = d;
	return 0;
}

static int
make_course(struct making *m, const char *id, struct list *into)
{
	struct course *c = arena_alloc(m->arena, sizeof *c);
	struct course_part *parts =
	    arena_array(m->arena, m->change_count + 1, sizeof *parts);

	if (!c || !parts || list_add(into, m->arena, c))
		return -1;
	c->id = id;
	c->parts = parts;
	for (size_t i = 0; i <= m->change_count; i++) {
		int64_t us = i ? m->changes[i - 1] : INT64_MIN;
		const struct course_part *last =
		    c->count ? &parts[c->count - 1] : NULL;

		if (last && last->from_us == us)
			continue;
		parts[c->count].from_us = us;
		if (define(m, id, us, &parts[c->count++].definition))
			return -1;
	}
	for (size_t i = m->checks->count; i > 0; i--)
		if (check_set_find(m->checks->at[i - 1].text->checks, id))
			c->first_us = m->checks->at[i - 1].time_us;
	return 0;
}

/* When editions take force, but for the first of each, which always held. */
static int
find_changes(struct making *m)
{
	size_t i = 1, k = 1;

	m->changes = arena_array(m->arena,
	    m->checks->count + m->isms->count + 1, sizeof *m->changes);
	if (!m->changes)
		return -1;
	while (i < m->checks->count || k < m->isms->count) {
		int64_t ti = i < m->checks->count ? m->checks->at[i].time_us
						  : STRETCH_FOREVER;
		int64_t tk = k < m->isms->count ? m->isms->at[k].time_us
						: STRETCH_FOREVER;

		m->changes[m->change_count++] = ti < tk ? ti : tk;
		i += ti <= tk;
		k += tk <= ti;
	}
	return 0;
}

static int
by_id(const void *a, const void *b)
{
	const struct course *ca = a, *cb = b;

	return strcmp(ca->id, cb->id);
}

int
course_list(struct list *into, struct arena *a, struct names *n,
    const struct editions *checks, const struct editions *isms, struct err *err)
{
	struct making m = {a, n, checks, isms, NULL, 0, {0}};
	struct table seen = {0};
	const struct check *c;

	*into = (struct list){0};
	if (find_changes(&m))
		goto fail;
	for (size_t i = 0; i < checks->count; i++) {
		const struct check_set *s = checks->at[i].text->checks;

		for (size_t k = 0; (c = check_set_at(s, k)); k++) {
			if (table_get(&seen, c->id))
				continue;
			if (table_put(&seen, a, c->id, &m) ||
			    make_course(&m, c->id, into))
				goto fail;
		}
	}
	if (list_sort(into, by_id) == 0)
		return 0;
fail:
	return err_set(err, "no memory for the definitions of checks");
}

static size_t
part_at(const struct course *c, int64_t us)
{
	size_t lo = 0, hi = c->count;

	while (hi - lo > 1) {
		size_t mid = lo + (hi - lo) / 2;

		if (c->parts[mid].from_us <= us)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

const struct definition *
course_at(const struct course *c, int64_t us)
{
	return c->parts[part_at(c, us)].definition;
}

const struct definition *
course_near(const struct course *c, int64_t us)
{
	size_t at = part_at(c, us), i = at;

	while (i > 0 && !c->parts[i].definition)
		i--;
	if (c->parts[i].definition)
		return c->parts[i].definition;
	for (i = at; !c->parts[i].definition;)
		i++;
	return c->parts[i].definition;
}

const struct definition *
course_judging(const struct course *c, int64_t start_us, int64_t end_us)
{
	size_t i = part_at(c, end_us);

	while (!c->parts[i].definition) {
		/* What was in force up to the slot's start only, was not
		 * within. */
		if (c->parts[i].from_us <= start_us)
			return NULL;
		i--;
	}
	return c->parts[i].definition;
}

int64_t
course_next(const struct course *c, int64_t us)
{
	size_t i = part_at(c, us) + 1;

	return i < c->count ? c->parts[i].from_us : STRETCH_FOREVER;
}
