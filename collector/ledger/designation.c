/* SPDX-License-Identifier: Apache-2.0 */
#include "designation.h"

/* Open what a heartbeat lists, and take where its sources stand. */
static void
take_standings(const struct designation_given *b, const struct coverage_host *h,
    const struct entry *e)
{
	const struct entry_heartbeat *beat = e->heartbeat;
	const struct designation_standings *known = table_get(b->standings, e);
	struct coverage_source *s;

	for (size_t i = 0; i < beat->source_count; i++) {
		s = coverage_source(h, e->agent, beat->sources[i].id);
		if (!s->open)
			s->open_from_us = beat->sources[i].from_us;
		s->open = true;
		s->listed = e;
	}
	for (size_t i = 0; known && i < known->count; i++) {
		s = coverage_source(h, e->agent, known->at[i].source);
		if (!s)
			continue;
		s->standing_us = known->at[i].us;
		if (s->standing_us > s->through_us)
			s->through_us = s->standing_us;
	}
}

/* A complete heartbeat ends the open sources of its agent that it does not
 * list. */
static int
end_unlisted(const struct designation_given *b, const struct coverage_host *h,
    const struct entry *e)
{
	for (size_t i = 0; e->heartbeat->complete && i < h->sources.count;
	     i++) {
		struct coverage_source *s = h->sources.at[i];

		if (s->agent != e->agent || !s->open || s->listed == e)
			continue;
		s->open = false;
		if (stretch_add(&s->designated, b->arena, s->open_from_us,
			s->standing_us))
			return -1;
	}
	return 0;
}

static int
designate_by_time(const struct designation_given *b)
{
	const struct list *beats = &b->facts->heartbeats;

	for (size_t i = 0; i < beats->count; i++) {
		const struct entry *e = beats->at[i];
		const struct coverage_host *h;

		if (!e->host || e->from_collector)
			continue;
		h = coverage_host(b->coverage, host_of(b->hosts, e));
		take_standings(b, h, e);
		if (end_unlisted(b, h, e))
			return -1;
	}
	return 0;
}

/* When the agents of a host were heard of first and last. */
struct heard {
	const char *agent;
	int64_t first_us, last_us;
};

/* Another agent of the host began after this one was last heard of. */
static bool
is_succeeded(const struct list *heard, const char *agent)
{
	int64_t last_us = INT64_MAX;

	for (size_t i = 0; i < heard->count; i++) {
		const struct heard *it = heard->at[i];

		if (it->agent == agent)
			last_us = it->last_us;
	}
	for (size_t i = 0; i < heard->count; i++) {
		const struct heard *it = heard->at[i];

		if (it->agent != agent && it->first_us > last_us)
			return true;
	}
	return false;
}

static int
hear(const struct designation_given *b, struct table *by_host)
{
	for (size_t i = 0; i < b->facts->heartbeats.count; i++) {
		const struct entry *e = b->facts->heartbeats.at[i];
		const char *host = e->host ? host_of(b->hosts, e) : NULL;
		struct list *l = host ? table_get(by_host, host) : NULL;
		struct heard *it = NULL;

		if (!host || e->from_collector)
			continue;
		if (!l) {
			l = arena_alloc(b->arena, sizeof *l);
			if (!l || table_put(by_host, b->arena, host, l))
				return -1;
		}
		for (size_t k = 0; k < l->count && !it; k++) {
			it = l->at[k];
			it = it->agent == e->agent ? it : NULL;
		}
		if (!it) {
			it = arena_alloc(b->arena, sizeof *it);
			if (!it || list_add(l, b->arena, it))
				return -1;
			it->agent = e->agent;
			it->first_us = e->time_us;
		}
		it->last_us = e->time_us;
	}
	return 0;
}

int
designation_find(const struct designation_given *b)
{
	struct table by_host = {0};

	if (designate_by_time(b) || hear(b, &by_host))
		return -1;
	for (size_t i = 0; i < b->coverage->hosts.count; i++) {
		struct coverage_host *h = b->coverage->hosts.at[i];
		const struct list *heard = table_get(&by_host, h->name);

		for (size_t k = 0; heard && k < h->sources.count; k++) {
			struct coverage_source *s = h->sources.at[k];

			if (s->open && stretch_add(&s->designated, b->arena,
					   s->open_from_us,
					   is_succeeded(heard, s->agent)
					       ? s->standing_us
					       : STRETCH_FOREVER))
				return -1;
		}
	}
	return 0;
}
