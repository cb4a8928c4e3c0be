/* SPDX-License-Identifier: Apache-2.0 */
#include "occurrence.h"

#include <stdlib.h>
#include <string.h>

#include "assay/stamp.h"
#include "mix.h"
#include "review.h"
#include "run.h"

int
occurrence_order(const void *a, const void *b)
{
	const struct occurrence *oa = a, *ob = b;
	const struct entry *ea = oa->entry, *eb = ob->entry;
	int order;

	if (oa->time_us != ob->time_us)
		return oa->time_us < ob->time_us ? -1 : 1;
	order = ea->agent == eb->agent ? 0 : strcmp(ea->agent, eb->agent);
	if (order == 0 && ea->epoch != eb->epoch)
		order = strcmp(ea->epoch, eb->epoch);
	if (order == 0 && ea->sequence != eb->sequence)
		order = ea->sequence < eb->sequence ? -1 : 1;
	return order;
}

static const char *
outcome_text(enum vocab_outcome outcome)
{
	return vocab_outcome_name(outcome);
}

const char *
occurrence_value(const void *occurrence, const char *field)
{
	const struct occurrence *o = occurrence;

	for (size_t i = 0; i < o->field_count; i++)
		if (o->fields[i].name == field)
			return o->fields[i].value;
	if (strcmp(field, "host") == 0)
		return o->host;
	if (strcmp(field, "program") == 0)
		return o->program;
	if (strcmp(field, "rule") == 0)
		return o->rule;
	if (strcmp(field, "job") == 0)
		return o->job;
	if (strcmp(field, "outcome") == 0)
		return outcome_text(o->outcome);
	return NULL;
}

static const char *
own_field(const struct occurrence *o, const char *name)
{
	for (size_t i = 0; i < o->field_count; i++)
		if (strcmp(o->fields[i].name, name) == 0)
			return o->fields[i].value;
	return NULL;
}

/* Trust of an event; a relay the organisation trusts is as good as TLS. */
static enum entry_trust
trust_of(const struct occurrence_world *w, const struct entry_event *e)
{
	const char *relay;

	if (e->trust != ENTRY_NET || !e->observer || !w->registry)
		return e->trust;
	for (size_t i = 0; (relay = registry_relay(w->registry, i)); i++)
		if (strcmp(relay, e->observer) == 0)
			return ENTRY_TLS;
	return e->trust;
}

static void
judge_trust(const struct occurrence_world *w, struct occurrence *o,
    const struct entry_event *e)
{
	enum entry_trust trust = trust_of(w, e);

	if (trust > o->trust)
		o->trust = trust;
	if (e->ambiguous || e->doubtful || trust == ENTRY_NET)
		o->usable = false;
}

struct occurrence *
occurrence_new(const struct occurrence_world *w, const struct entry *e)
{
	struct occurrence *o = arena_alloc(w->arena, sizeof *o);

	if (!o)
		return NULL;
	o->entry = e;
	o->host = host_of(w->hosts, e);
	o->time_us = o->start_us = o->end_us = o->to_us = e->time_us;
	o->program = o->rule = "";
	o->usable = true;
	o->trust = ENTRY_ROOT;
	if (e->type != RECORD_EVENT)
		return o;
	o->kind = e->event->kind;
	o->program = e->event->program;
	o->rule = e->event->rule;
	o->outcome = e->event->outcome;
	o->fields = e->event->fields;
	o->field_count = e->event->field_count;
	if (e->from_collector)
		return o; /* what it says of the log itself */
	o->trust = ENTRY_KERNEL;
	judge_trust(w, o, e->event);
	return o;
}

int
occurrence_join(const struct occurrence_world *w, struct occurrence *o,
    const struct entry *e)
{
	const struct entry_event *event = e->event;
	struct entry_field *fields;

	judge_trust(w, o, event);
	if (event->outcome > o->outcome)
		o->outcome = event->outcome;
	if (event->field_count == 0)
		return 0;
	fields = arena_array(
	    w->arena, o->field_count + event->field_count, sizeof *fields);
	if (!fields)
		return -1;
	if (o->field_count)
		memcpy(fields, o->fields, o->field_count * sizeof *fields);
	o->fields = fields;
	for (size_t i = 0; i < event->field_count; i++) {
		bool known = false;

		for (size_t k = 0; k < o->field_count && !known; k++)
			known = fields[k].name == event->fields[i].name;
		if (!known)
			fields[o->field_count++] = event->fields[i];
	}
	return 0;
}

/* The base name of a program's own file, up to its first dot. */
static const char *
stem_of(const struct occurrence_world *w, const char *path)
{
	const char *base = strrchr(path, '/');
	struct slice stem;

	base = base ? base + 1 : path;
	stem = (struct slice){base, strcspn(base, ".")};
	return stem.len ? names_get(w->names, stem) : NULL;
}

static void
find_job(const struct occurrence_world *w, struct occurrence *o)
{
	const struct entry_event *e = o->entry->event;
	const struct coverage_host *h;
	const struct coverage_source *s;

	o->job = own_field(o, "job");
	if (!o->job)
		o->job = e->unit;
	if (o->job || !e->path)
		return;
	h = coverage_host(w->coverage, o->host);
	s = h ? coverage_source(h, o->entry->agent, e->source) : NULL;
	if (s && s->last->program)
		o->job = stem_of(w, e->path);
}

/* A single event begins as long before its line as it says it took. */
static void
find_start(struct occurrence *o)
{
	const char *text = own_field(o, "duration");
	long long took_us = text ? strtoll(text, NULL, 10) : 0;

	if (took_us > 0 && took_us < o->time_us)
		o->start_us = o->time_us - took_us;
}

static void
find_hash(struct occurrence *o)
{
	uint64_t h = mix_pointer(1, o->entry);

	h = mix_pointer(mix_pointer(h, o->host), o->job);
	h = mix(mix(h, (uint64_t)o->start_us), (uint64_t)o->end_us);
	h = mix(h, (uint64_t)o->to_us);
	h = mix(h, o->outcome + 8u * o->trust + 64u * o->usable +
		       128u * o->left + 256u * o->closing + 512u * o->runs);
	for (size_t i = 0; i < o->field_count; i++) {
		h = mix_pointer(h, o->fields[i].name);
		h = mix_pointer(h, o->fields[i].value);
	}
	o->hash = h;
}

/* ---- the built-in kinds ---- */

static int
add_field(const struct occurrence_world *w, struct occurrence *o,
    const char *name, const char *value)
{
	struct entry_field *f = &o->fields[o->field_count++];

	f->name = names_of(w->names, name);
	f->value = names_of(w->names, value);
	return f->name && f->value ? 0 : -1;
}

static int
new_built_in(const struct occurrence_world *w, const struct entry *e,
    const char *kind, struct list *into, struct occurrence **o)
{
	*o = occurrence_new(w, e);
	if (!*o)
		return -1;
	(*o)->kind = kind;
	(*o)->fields = arena_array(w->arena, 2, sizeof *(*o)->fields);
	return (*o)->fields ? list_add(into, w->arena, *o) : -1;
}

static bool
is_loss(const char *reason)
{
	static const char *const losses[] = {
	    "silent", "dropped", "truncated", "vacuumed", "deleted"};

	for (size_t i = 0; i < sizeof losses / sizeof *losses; i++)
		if (strcmp(reason, losses[i]) == 0)
			return true;
	return false;
}

static int
list_losses(
    struct list *into, const struct occurrence_world *w, const char *kind)
{
	for (size_t i = 0; i < w->facts->gaps.count; i++) {
		const struct entry *e = w->facts->gaps.at[i];
		const struct entry_gap *g = e->gap;
		struct occurrence *o;

		if (!e->host || !is_loss(g->reason) || g->from_us > w->as_of_us)
			continue;
		if (new_built_in(w, e, kind, into, &o) ||
		    add_field(w, o, "source", g->source) ||
		    add_field(w, o, "reason", g->reason))
			return -1;
		o->time_us = o->start_us = o->end_us = g->from_us;
		o->to_us = g->to_us > g->from_us ? g->to_us : g->from_us + 1;
		o->outcome = g->recovered ? VOCAB_WARNING : VOCAB_FAILURE;
		o->classes = (const char *const *)g->classes;
		o->class_count = g->class_count;
	}
	return list_sort(into, occurrence_order);
}

static int
list_clocks(
    struct list *into, const struct occurrence_world *w, const char *kind)
{
	for (size_t i = 0; i < w->facts->heartbeats.count; i++) {
		const struct entry *e = w->facts->heartbeats.at[i];
		bool synced = e->heartbeat->synced;
		struct occurrence *o;

		if (!e->host || !e->heartbeat->has_clock ||
		    e->time_us > w->as_of_us)
			continue;
		if (new_built_in(w, e, kind, into, &o) ||
		    add_field(w, o, "synced", synced ? "true" : "false"))
			return -1;
		o->outcome = synced ? VOCAB_SUCCESS : VOCAB_FAILURE;
	}
	return 0;
}

/* ---- events ---- */

/* What a collector says of the log is believed, and nobody else who says it. */
static bool
is_of_collector(const char *kind)
{
	return strcmp(kind, "log.tamper") == 0 || strcmp(kind, "log.fork") == 0;
}

static int
list_events(
    struct list *into, const struct occurrence_world *w, const char *kind)
{
	for (size_t i = 0; i < w->facts->events.count; i++) {
		const struct entry *e = w->facts->events.at[i];
		struct occurrence *o;

		if (e->event->kind != kind || e->time_us > w->as_of_us ||
		    !e->host || e->from_collector != is_of_collector(kind))
			continue;
		o = occurrence_new(w, e);
		if (!o || list_add(into, w->arena, o))
			return -1;
		find_start(o);
	}
	return 0;
}

int
occurrence_list(struct list *into, const struct occurrence_world *w,
    const char *kind, struct err *err)
{
	const struct vocab_kind *known =
	    w->vocab ? vocab_find(w->vocab, slice_of(kind)) : NULL;
	int result;

	*into = (struct list){0};
	if (strcmp(kind, "log.loss") == 0)
		result = list_losses(into, w, kind);
	else if (strcmp(kind, "clock.state") == 0)
		result = list_clocks(into, w, kind);
	else if (known && known->run)
		result = run_list(into, w, kind, known->run_limit_us);
	else
		result = list_events(into, w, kind);
	for (size_t i = 0; result == 0 && i < into->count; i++) {
		struct occurrence *o = into->at[i];

		if (o->entry->type == RECORD_EVENT)
			find_job(w, o);
	}
	if (result == 0 && strcmp(kind, "access.review") == 0)
		result = review_close(into, w);
	for (size_t i = 0; result == 0 && i < into->count; i++)
		find_hash(into->at[i]);
	return result
		   ? err_set(err, "no memory for the events of kind %s", kind)
		   : 0;
}
