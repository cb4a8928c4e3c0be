/* SPDX-License-Identifier: Apache-2.0 */
#include "observed.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "assay/arena.h"
#include "assay/encode.h"
#include "assay/jsonin.h"
#include "ledger/list.h"
#include "ledger/names.h"

/* A job as its events told of it. stem waits for a heartbeat to say whether the
 * file they are from is the program's own. */
struct sighting {
	struct observed_job job;
	const char *stem;
	const char *source; /* agent and id of the source */
};

struct observed {
	struct arena arena;
	struct names *names;
	const char *const *kinds;
	struct table by_key; /* every thing below, by a key of its kind */
	struct list hosts;
	struct list sightings;
	struct list jobs; /* sightings that stand, when settled */
	struct list zones;
};

struct observed *
observed_new(const char *const *kinds)
{
	struct observed *o = calloc(1, sizeof *o);

	if (!o)
		return NULL;
	o->kinds = kinds;
	o->names = names_new();
	if (o->names)
		return o;
	free(o);
	return NULL;
}

void
observed_free(struct observed *o)
{
	if (!o)
		return;
	names_free(o->names);
	arena_clear(&o->arena);
	free(o);
}

/* A key of several parts, none of which holds a NUL. NULL when memory is
 * short. */
static const char *
key_of(struct observed *o, const char *kind, const char *const *parts)
{
	struct buf text = {0};
	const char *key;

	buf_puts(&text, kind);
	for (; *parts; parts++)
		buf_printf(&text, "\n%zu %s", strlen(*parts), *parts);
	key = text.failed ? NULL : names_get(o->names, buf_slice(&text));
	buf_clear(&text);
	return key;
}

/* The thing under a key; a new one of size bytes in its list when there is
 * none (*is_new then true). NULL when memory is short. */
static void *
thing_of(struct observed *o, const char *key, struct list *list, size_t size,
    bool *is_new)
{
	void *thing = key ? table_get(&o->by_key, key) : NULL;

	*is_new = false;
	if (thing || !key)
		return thing;
	thing = arena_alloc(&o->arena, size);
	*is_new = true;
	if (!thing || table_put(&o->by_key, &o->arena, key, thing) ||
	    list_add(list, &o->arena, thing))
		return NULL;
	return thing;
}

static const char *
text_of(struct observed *o, const json_t *object, const char *key)
{
	struct slice text;

	return jsonin_string(object, key, &text) ? names_get(o->names, text)
						 : "";
}

static void
widen(int64_t *first_us, int64_t *last_us, int64_t time_us)
{
	if (time_us == RECORD_NO_TIME)
		return;
	if (*first_us == 0 || time_us < *first_us)
		*first_us = time_us;
	if (time_us > *last_us)
		*last_us = time_us;
}

static int
add_host(struct observed *o, const struct record *r)
{
	const json_t *host = json_object_get(r->data, "host");
	const char *name = text_of(o, host, "name");
	const char *id = text_of(o, host, "id");
	struct observed_host *h;
	bool is_new;

	if (!name || !id)
		return -1;
	if (!*name)
		return 0;
	h = thing_of(o, key_of(o, "host", (const char *const[]){name, NULL}),
	    &o->hosts, sizeof *h, &is_new);
	if (!h)
		return -1;
	if (is_new) {
		h->name = name;
		h->id = id;
	} else if (h->id != id) {
		const char *key =
		    key_of(o, "host id", (const char *const[]){name, id, NULL});

		if (!key)
			return -1;
		if (!table_get(&o->by_key, key))
			h->other_ids++;
		if (table_put(&o->by_key, &o->arena, key, h))
			return -1;
	}
	h->records++;
	widen(&h->first_us, &h->last_us, r->time_us);
	return 0;
}

static int
add_zone(struct observed *o, const struct record *r)
{
	const char *name = text_of(o, r->data, "zone");
	struct observed_zone *z;
	bool is_new;

	if (!name || !*name)
		return name ? 0 : -1;
	z = thing_of(o, key_of(o, "zone", (const char *const[]){name, NULL}),
	    &o->zones, sizeof *z, &is_new);
	if (!z)
		return -1;
	z->name = name;
	z->starts++;
	return 0;
}

static const char *
source_of(struct observed *o, const struct record *r, const char *id)
{
	char agent[ENCODE_UUID_LEN + 1];

	encode_uuid(agent, r->agent);
	return key_of(o, "source", (const char *const[]){agent, id, NULL});
}

/* Remember which sources are a program's own file. */
static int
add_sources(struct observed *o, const struct record *r)
{
	const json_t *sources = json_object_get(r->data, "sources");

	for (size_t i = 0; i < json_array_size(sources); i++) {
		const json_t *source = json_array_get(sources, i);
		const char *id = text_of(o, source, "id"), *key;

		if (!json_object_get(source, "program"))
			continue;
		key = id ? source_of(o, r, id) : NULL;
		if (!key || table_put(&o->by_key, &o->arena, key, o))
			return -1;
	}
	return 0;
}

/* The base name of a path up to its first dot. */
static const char *
stem_of(struct observed *o, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;

	return names_get(o->names, (struct slice){base, strcspn(base, ".")});
}

static bool
tells_of_jobs(const struct observed *o, const char *event)
{
	for (const char *const *kind = o->kinds; *kind; kind++)
		if (!strcmp(*kind, event))
			return true;
	return false;
}

static int
fill_sighting(struct observed *o, const struct record *r, struct sighting *s)
{
	const json_t *origin = json_object_get(r->data, "origin");
	const char *path = text_of(o, origin, "path");
	const char *id = text_of(o, origin, "id");
	const char *unit = text_of(o, r->data, "systemd_unit");

	s->job.event = text_of(o, r->data, "event");
	s->job.host = text_of(o, json_object_get(r->data, "host"), "name");
	s->job.program = text_of(o, r->data, "program");
	s->job.job = text_of(o, json_object_get(r->data, "fields"), "job");
	if (!path || !id || !unit || !s->job.event || !s->job.host ||
	    !s->job.program || !s->job.job)
		return -1;
	if (!*s->job.job)
		s->job.job = unit;
	s->stem = *s->job.job ? "" : stem_of(o, path);
	s->source = *s->job.job ? "" : source_of(o, r, id);
	return s->stem && s->source ? 0 : -1;
}

static int
add_event(struct observed *o, const struct record *r)
{
	struct sighting seen = {0}, *s;
	bool is_new;

	if (fill_sighting(o, r, &seen))
		return -1;
	if (!tells_of_jobs(o, seen.job.event))
		return 0;
	s = thing_of(o,
	    key_of(o, "job",
		(const char *const[]){seen.job.event, seen.job.host,
		    seen.job.program, seen.job.job, seen.stem, seen.source,
		    NULL}),
	    &o->sightings, sizeof *s, &is_new);
	if (!s)
		return -1;
	if (is_new)
		*s = seen;
	s->job.events++;
	widen(&s->job.first_us, &s->job.last_us, r->time_us);
	return 0;
}

int
observed_add(struct observed *o, const struct record *r, struct err *err)
{
	int result;

	if (r->from_collector)
		return 0;
	result = add_host(o, r);
	if (!result && r->type == RECORD_START)
		result = add_zone(o, r);
	else if (!result && r->type == RECORD_HEARTBEAT)
		result = add_sources(o, r);
	else if (!result && r->type == RECORD_EVENT)
		result = add_event(o, r);
	return result ? err_set(err, "memory is too short for what was seen")
		      : 0;
}

/* ---- order ---- */

static int
by_host(const void *a, const void *b)
{
	const struct observed_host *left = a, *right = b;

	return strcmp(left->name, right->name);
}

static int
by_starts(const void *a, const void *b)
{
	const struct observed_zone *left = a, *right = b;

	if (left->starts != right->starts)
		return left->starts > right->starts ? -1 : 1;
	return strcmp(left->name, right->name);
}

static int
by_job(const void *a, const void *b)
{
	const struct observed_job *left = a, *right = b;
	int order = strcmp(left->event, right->event);

	if (!order)
		order = strcmp(left->host, right->host);
	if (!order)
		order = strcmp(
		    left->job ? left->job : "", right->job ? right->job : "");
	return order ? order : strcmp(left->program, right->program);
}

/* Add to the job it is the same as, or as one more. */
static int
merge(struct observed *o, const struct observed_job *seen)
{
	struct observed_job *job;
	bool is_new;

	job = thing_of(o,
	    key_of(o, "settled",
		(const char *const[]){seen->event, seen->host, seen->program,
		    seen->job ? "named" : "", seen->job ? seen->job : "",
		    NULL}),
	    &o->jobs, sizeof *job, &is_new);
	if (!job)
		return -1;
	if (is_new) {
		*job = *seen;
		return 0;
	}
	job->events += seen->events;
	widen(&job->first_us, &job->last_us, seen->first_us);
	widen(&job->first_us, &job->last_us, seen->last_us);
	return 0;
}

/* Lines of a run may lack what others of it say: a program without job on a
 * host and event that has jobs of the program is none. */
static bool
has_named(const struct observed *o, const struct observed_job *job)
{
	for (size_t i = 0; i < o->jobs.count; i++) {
		const struct observed_job *other = o->jobs.at[i];

		if (other->job && other->event == job->event &&
		    other->host == job->host && other->program == job->program)
			return true;
	}
	return false;
}

static void
drop_nameless(struct observed *o)
{
	size_t kept = 0;

	for (size_t i = 0; i < o->jobs.count; i++) {
		const struct observed_job *job = o->jobs.at[i];

		if (job->job || !has_named(o, job))
			o->jobs.at[kept++] = o->jobs.at[i];
	}
	o->jobs.count = kept;
}

int
observed_settle(struct observed *o, struct err *err)
{
	for (size_t i = 0; i < o->sightings.count; i++) {
		const struct sighting *s = o->sightings.at[i];
		struct observed_job job = s->job;

		if (!*job.job)
			job.job = *s->stem && table_get(&o->by_key, s->source)
				      ? s->stem
				      : NULL;
		if (merge(o, &job))
			return err_set(
			    err, "memory is too short for what was seen");
	}
	drop_nameless(o);
	if (list_sort(&o->hosts, by_host) || list_sort(&o->jobs, by_job) ||
	    list_sort(&o->zones, by_starts))
		return err_set(err, "memory is too short for what was seen");
	return 0;
}

static const void *
item_at(const struct list *list, size_t i)
{
	return i < list->count ? list->at[i] : NULL;
}

const struct observed_host *
observed_host(const struct observed *o, size_t i)
{
	return item_at(&o->hosts, i);
}

const struct observed_job *
observed_job(const struct observed *o, size_t i)
{
	return item_at(&o->jobs, i);
}

const struct observed_zone *
observed_zone(const struct observed *o, size_t i)
{
	return item_at(&o->zones, i);
}
