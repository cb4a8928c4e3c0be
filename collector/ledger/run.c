/* SPDX-License-Identifier: Apache-2.0 */
#include "run.h"

#include <inttypes.h>
#include <stdlib.h>

#include "assay/buf.h"

#define AFTER_END_US INT64_C(60000000) /* a line this late still belongs */

/* The runs of one program on one host, in one file, unit and process. */
struct thread {
	struct occurrence *open;
	struct occurrence *ended;
};

struct folding {
	const struct occurrence_world *world;
	struct list *into;
	int64_t limit_us;
	struct table threads; /* key -> struct thread */
};

static struct thread *
thread_of(struct folding *f, const struct entry *e)
{
	const struct occurrence_world *w = f->world;
	const struct entry_event *event = e->event;
	struct buf text = {0};
	struct thread *t;
	const char *key;

	buf_printf(&text, "%s\n%s\n%s\n%s\n%" PRId64, host_of(w->hosts, e),
	    event->program, event->path ? event->path : "",
	    event->unit ? event->unit : "", event->pid);
	key = text.failed ? NULL : names_get(w->names, buf_slice(&text));
	buf_clear(&text);
	t = key ? table_get(&f->threads, key) : NULL;
	if (t || !key)
		return t;
	t = arena_alloc(w->arena, sizeof *t);
	return t && table_put(&f->threads, w->arena, key, t) == 0 ? t : NULL;
}

/* A new run that begins with this event. */
static struct occurrence *
begin(struct folding *f, const struct entry *e, bool ends)
{
	struct occurrence *o = occurrence_new(f->world, e);

	if (!o || list_add(f->into, f->world->arena, o))
		return NULL;
	o->runs = true;
	o->end_us = ends ? e->time_us : OCCURRENCE_NO_END;
	return o;
}

static bool
is_open_at(const struct folding *f, const struct occurrence *o, int64_t us)
{
	return o && us - o->time_us <= f->limit_us;
}

static bool
ended_just_before(const struct occurrence *o, int64_t us)
{
	return o && us - o->end_us <= AFTER_END_US;
}

static int
fold_start(struct folding *f, struct thread *t, const struct entry *e)
{
	if (t->open)
		t->open->left = true;
	t->open = begin(f, e, false);
	return t->open ? 0 : -1;
}

static int
fold_note(struct folding *f, struct thread *t, const struct entry *e)
{
	if (is_open_at(f, t->open, e->time_us))
		return occurrence_join(f->world, t->open, e);
	if (ended_just_before(t->ended, e->time_us))
		return occurrence_join(f->world, t->ended, e);
	t->open = begin(f, e, false);
	return t->open ? 0 : -1;
}

static int
fold_end(struct folding *f, struct thread *t, const struct entry *e)
{
	if (is_open_at(f, t->open, e->time_us)) {
		t->ended = t->open;
		t->open = NULL;
		t->ended->end_us = e->time_us;
		return occurrence_join(f->world, t->ended, e);
	}
	if (ended_just_before(t->ended, e->time_us))
		return occurrence_join(f->world, t->ended, e);
	t->ended = begin(f, e, true);
	return t->ended ? 0 : -1;
}

/* An event that is a whole run began as long before its line as it took. */
static int
fold_whole(struct folding *f, struct thread *t, const struct entry *e)
{
	const char *name = names_find(f->world->names, SLICE("duration"));
	const char *text = name ? entry_field(e->event, name) : NULL;
	long long took_us = text ? strtoll(text, NULL, 10) : 0;

	t->ended = begin(f, e, true);
	if (!t->ended)
		return -1;
	if (took_us > 0 && took_us < e->time_us)
		t->ended->start_us = e->time_us - took_us;
	return 0;
}

static int
fold(struct folding *f, const struct entry *e)
{
	struct thread *t = thread_of(f, e);

	if (!t)
		return -1;
	switch (e->event->phase) {
	case ENTRY_BEGINS:
		return fold_start(f, t, e);
	case ENTRY_NOTE:
		return fold_note(f, t, e);
	case ENTRY_ENDS:
		return fold_end(f, t, e);
	default:
		return fold_whole(f, t, e);
	}
}

int
run_list(struct list *into, const struct occurrence_world *w, const char *kind,
    int64_t limit_us)
{
	struct folding f = {w, into, limit_us, {0}};

	for (size_t i = 0; i < w->facts->events.count; i++) {
		const struct entry *e = w->facts->events.at[i];

		if (e->event->kind == kind && e->time_us <= w->as_of_us &&
		    e->host && !e->from_collector && fold(&f, e))
			return -1;
	}
	for (size_t i = 0; i < into->count; i++) {
		struct occurrence *o = into->at[i];

		if (o->end_us == OCCURRENCE_NO_END &&
		    (o->left || w->as_of_us - o->time_us >= limit_us))
			o->outcome = VOCAB_FAILURE;
	}
	return 0;
}
