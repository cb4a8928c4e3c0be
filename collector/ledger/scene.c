/* SPDX-License-Identifier: Apache-2.0 */
#include "scene.h"

#include "fork.h"

static int
find_files(struct scene *s, const struct scene_given *g, struct err *err)
{
	int64_t us = g->as_of_us;

	if (edition_find(
		&s->checks, g->shelf, g->arena, g->facts, "checks", us, err) ||
	    edition_find(
		&s->isms, g->shelf, g->arena, g->facts, "isms", us, err) ||
	    edition_find(&s->frameworks, g->shelf, g->arena, g->facts,
		"frameworks", us, err))
		return -1;
	s->zone = g->utc;
	if (s->isms.count) {
		s->isms_now = s->isms.at[edition_at(&s->isms, us)].text;
		s->zone = s->isms_now->zone;
	}
	return 0;
}

int
scene_set(struct scene *s, const struct scene_given *g, struct err *err)
{
	struct table forked;

	*s = (struct scene){.arena = g->arena,
	    .names = g->names,
	    .as_of_us = g->as_of_us,
	    .facts = g->facts};
	if (find_files(s, g, err) ||
	    host_build(&s->hosts, g->arena, g->names, g->facts, g->entries,
		g->entry_count, s->isms_now ? s->isms_now->registry : NULL,
		err) ||
	    fork_find(
		&forked, g->arena, g->facts, &s->hosts, g->as_of_us, err) ||
	    coverage_build(&s->coverage, g->arena, g->names, g->facts,
		&s->hosts, &forked, g->before, err))
		return -1;
	s->registers.arena = g->arena;
	s->registers.names = g->names;
	s->registers.zone = s->zone;
	return 0;
}

const struct list *
scene_occurrences(struct scene *s, const char *kind, struct err *err)
{
	struct list *l = table_get(&s->occurrences, kind);
	struct occurrence_world w = {s->arena, s->names, s->facts, &s->hosts,
	    &s->coverage, NULL, s->isms_now ? s->isms_now->registry : NULL,
	    s->as_of_us};

	if (l)
		return l;
	if (s->checks.count)
		w.vocab = s->checks.at[edition_at(&s->checks, s->as_of_us)]
			      .text->vocab;
	l = arena_alloc(s->arena, sizeof *l);
	if (!l || occurrence_list(l, &w, kind, err) ||
	    table_put(&s->occurrences, s->arena, kind, l)) {
		if (!err->text[0])
			err_set(err, "no memory for the events of a kind");
		return NULL;
	}
	return l;
}

const struct registry *
scene_registry(const struct scene *s, int64_t us)
{
	return s->isms.count
		   ? s->isms.at[edition_at(&s->isms, us)].text->registry
		   : NULL;
}
