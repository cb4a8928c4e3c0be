/* SPDX-License-Identifier: Apache-2.0 */
#include "watch.h"

#include <string.h>

#include "fit.h"
#include "mix.h"
#include "sentence.h"
#include "stretch.h"

static const struct stretches nothing;

int
watch_see(struct watch_seen *seen, struct scene *s, const struct list *all)
{
	*seen = (struct watch_seen){0};
	for (size_t i = 0; i < all->count; i++) {
		struct occurrence *o = all->at[i];
		struct list *l = table_get(&seen->events, o->host);

		if (!l) {
			l = arena_alloc(s->arena, sizeof *l);
			if (!l ||
			    table_put(&seen->events, s->arena, o->host, l) ||
			    list_add(&seen->hosts, s->arena,
				(void *)(uintptr_t)o->host))
				return -1;
		}
		if (list_add(l, s->arena, o))
			return -1;
	}
	return 0;
}

static int
add_host(struct watch *w, struct scene *s, const char *name)
{
	const char **hosts;
	size_t at = 0;

	while (at < w->host_count && strcmp(w->hosts[at], name) < 0)
		at++;
	if (at < w->host_count && w->hosts[at] == name)
		return 0;
	hosts = arena_array(s->arena, w->host_count + 1, sizeof *hosts);
	if (!hosts)
		return -1;
	for (size_t i = 0; i < w->host_count; i++)
		hosts[i + (i >= at)] = w->hosts[i];
	hosts[at] = name;
	w->hosts = hosts;
	w->host_count++;
	return 0;
}

/* A host that files know by name. */
static int
add_named(struct watch *w, struct scene *s, const char *name)
{
	const char *host = names_of(s->names, name);

	return host ? add_host(w, s, host) : -1;
}

/* The last occurrence of a job before the slot's end. */
static const struct occurrence *
last_of_job(struct scene *s, const struct unit *u, const struct unit_slot *slot)
{
	int64_t end_us = slot->slot->end_us;

	for (size_t i = unit_first_time(u, end_us); i > 0; i--) {
		const struct unit_event *event = u->events.at[i - 1];

		if (unit_fits(s, u, slot->definition, slot->job, event, end_us))
			return event->occurrence;
	}
	return NULL;
}

static int
watch_job(struct watch *w, struct scene *s, const struct unit *u,
    const struct unit_slot *slot)
{
	const struct occurrence *o = last_of_job(s, u, slot);
	const struct registry_job *job = slot->job;
	const struct coverage_host *h;
	const struct coverage_source *source;

	if (!o && job && (job->host || job->match_host))
		return add_named(w, s, job->host ? job->host : job->match_host);
	if (!o)
		return u->host ? add_host(w, s, u->host) : 0;
	h = coverage_host(&s->coverage, o->host);
	source =
	    h && o->entry->type == RECORD_EVENT
		? coverage_source(h, o->entry->agent, o->entry->event->source)
		: NULL;
	if (source && source->last->program)
		w->source = source;
	return add_host(w, s, o->host);
}

static bool
saw_before(
    struct scene *s, const struct unit_slot *slot, const struct list *events)
{
	int64_t end_us = slot->slot->end_us;

	for (size_t i = 0; i < events->count; i++) {
		const struct occurrence *o = events->at[i];

		if (o->time_us >= end_us)
			return false;
		if (fit_definition(
			s, slot->definition, o, fit_at_end(s, end_us)))
			return true;
	}
	return false;
}

/* The hosts the policy names, else those where something was seen before the
 * slot's end, else the inventory's. */
static int
watch_many(struct watch *w, struct scene *s, const struct unit_slot *slot,
    const struct watch_seen *seen)
{
	const struct registry_adopt *row = slot->definition->adopt;
	const struct registry *r = scene_registry(s, slot->slot->end_us);
	const struct registry_host *h;

	for (size_t i = 0; row && i < row->at_count; i++)
		if (add_named(w, s, row->at[i]))
			return -1;
	if (row && row->at_count)
		return 0;
	for (size_t i = 0; i < seen->hosts.count; i++) {
		const char *host = seen->hosts.at[i];

		if (saw_before(s, slot, table_get(&seen->events, host)) &&
		    add_host(w, s, host))
			return -1;
	}
	if (w->host_count || !r)
		return 0;
	for (size_t i = 0; (h = registry_host(r, i)); i++)
		if (add_named(w, s, h->name))
			return -1;
	return 0;
}

int
watch_of(struct watch *w, struct scene *s, const struct unit *u,
    const struct unit_slot *slot, const struct watch_seen *seen)
{
	*w = (struct watch){
	    .coverage = &s->coverage, .check = slot->definition->check};
	switch (u->kind) {
	case CHECK_HOST:
	case CHECK_USER:
		return add_host(w, s, u->host);
	case CHECK_JOB:
		return watch_job(w, s, u, slot);
	default:
		return watch_many(w, s, slot, seen);
	}
}

void
watch_host(struct watch *w, const struct scene *s, const char **host,
    const struct check *c)
{
	*w = (struct watch){.hosts = host,
	    .host_count = 1,
	    .coverage = &s->coverage,
	    .check = c};
}

/* What is needed, one after the other: the spans of the i-th and who it is of.
 * False past the last. */
struct part {
	const char *host;
	const char *class; /* NULL: the source */
	const struct stretches *covered, *changed;
};

static bool
part_at(const struct watch *w, size_t i, struct part *p)
{
	const struct check *c = w->check;
	size_t per_host = w->source ? 1 : c->watch_count;
	const struct coverage_host *h;
	const struct coverage_class *class;

	if (per_host == 0 || i / per_host >= w->host_count)
		return false;
	p->host = w->hosts[i / per_host];
	p->class = NULL;
	p->covered = p->changed = &nothing;
	if (w->source) {
		p->covered = &w->source->covered;
		p->changed = &w->source->changed;
		return true;
	}
	p->class = c->watch[i % per_host];
	h = coverage_host(w->coverage, p->host);
	class = h ? coverage_class(h, p->class) : NULL;
	if (class) {
		p->covered = &class->covered;
		p->changed = &class->changed;
	}
	return true;
}

int64_t
watch_missing(
    const struct watch *w, struct arena *a, int64_t from_us, int64_t to_us)
{
	struct stretches missing = {0};
	struct part p;

	if (w->host_count == 0)
		return to_us - from_us;
	for (size_t i = 0; part_at(w, i, &p); i++) {
		struct stretch hole = {from_us, from_us};

		while (stretch_hole(p.covered, hole.to_us, to_us, &hole))
			if (stretch_add(&missing, a, hole.from_us, hole.to_us))
				return -1;
	}
	return stretch_measure(&missing, from_us, to_us);
}

void
watch_explain(
    const struct watch *w, int64_t from_us, int64_t to_us, struct buf *out)
{
	struct stretch first = {STRETCH_FOREVER, STRETCH_FOREVER}, hole;
	struct part p, of = {0};

	if (w->host_count == 0) {
		buf_puts(out, "no host to watch");
		return;
	}
	for (size_t i = 0; part_at(w, i, &p); i++)
		if (stretch_hole(p.covered, from_us, to_us, &hole) &&
		    hole.from_us < first.from_us) {
			first = hole;
			of = p;
		}
	if (!of.host)
		return;
	buf_printf(out, "%s %s of %s not covered ",
	    of.class ? "class" : "source", of.class ? of.class : w->source->id,
	    of.host);
	sentence_time(out, first.from_us);
	buf_puts(out, " to ");
	sentence_time(out, first.to_us);
}

int64_t
watch_first(const struct watch *w)
{
	int64_t first_us = STRETCH_FOREVER;

	for (size_t i = 0; i < w->host_count; i++) {
		const struct coverage_host *h =
		    coverage_host(w->coverage, w->hosts[i]);

		for (size_t k = 0; h && k < w->check->watch_count; k++) {
			const struct coverage_class *c =
			    coverage_class(h, w->check->watch[k]);

			if (c && c->first_us < first_us)
				first_us = c->first_us;
		}
	}
	return first_us;
}

bool
watch_forked(const struct watch *w, int64_t from_us, int64_t to_us,
    const char **host, struct stretch *when)
{
	for (size_t i = 0; i < w->host_count; i++) {
		const struct coverage_host *h =
		    coverage_host(w->coverage, w->hosts[i]);

		if (!h || !stretch_overlap(&h->forked, from_us, to_us))
			continue;
		*host = h->name;
		*when = h->forked.at[stretch_find(&h->forked, from_us)];
		return true;
	}
	return false;
}

static bool
is_watched_class(const struct watch *w, const char *class)
{
	for (size_t i = 0; i < w->check->watch_count; i++)
		if (w->check->watch[i] == class)
			return true;
	return false;
}

const struct entry_unknown *
watch_closed(const struct watch *w, int64_t from_us, int64_t to_us)
{
	const struct entry_unknown *first = NULL;

	for (size_t i = 0; i < w->host_count; i++) {
		const struct coverage_host *h =
		    coverage_host(w->coverage, w->hosts[i]);

		for (size_t k = 0; h && k < h->closed.count; k++) {
			const struct entry_unknown *u = h->closed.at[k];

			if (u->from_us >= to_us)
				break;
			if (u->through_us < from_us ||
			    !is_watched_class(w, u->class))
				continue;
			if (!first || u->from_us < first->from_us ||
			    (u->from_us == first->from_us &&
				strcmp(u->program, first->program) < 0))
				first = u;
		}
	}
	return first;
}

uint64_t
watch_key(const struct watch *w, uint64_t hash)
{
	hash = mix(hash, w->host_count);
	for (size_t i = 0; i < w->host_count; i++)
		hash = mix_pointer(hash, w->hosts[i]);
	if (!w->source)
		return mix(hash, 11);
	return mix_pointer(mix_pointer(hash, w->source->id), w->source->agent);
}

bool
watch_changed(const struct watch *w, int64_t from_us, int64_t to_us)
{
	struct part p;

	if (w->coverage->lost_host)
		return true;
	for (size_t i = 0; part_at(w, i, &p); i++)
		if (stretch_overlap(p.changed, from_us, to_us))
			return true;
	for (size_t i = 0; i < w->host_count; i++) {
		const struct coverage_host *h =
		    coverage_host(w->coverage, w->hosts[i]);

		if (h && stretch_overlap(&h->changed, from_us, to_us))
			return true;
	}
	return false;
}
