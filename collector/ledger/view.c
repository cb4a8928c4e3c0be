/* SPDX-License-Identifier: Apache-2.0 */
#include "view.h"

#include <stdlib.h>

#include "assay/encode.h"
#include "assay/verify.h"
#include "facts.h"

struct view {
	struct view_given given;
	size_t count;
	struct verify *verify;
	struct arena arenas[2];
	unsigned turn; /* of the arena that holds the answer */
	bool answered;
	size_t answered_count; /* how many entries the answer saw */
	struct answer answer;
};

struct view *
view_new(const struct view_given *given, struct err *err)
{
	struct view *v = calloc(1, sizeof *v);

	if (!v) {
		err_set(err, "no memory to look at the log");
		return NULL;
	}
	v->given = *given;
	v->verify = verify_new(given->crypto, err);
	if (!v->verify) {
		view_free(v);
		return NULL;
	}
	return v;
}

void
view_free(struct view *v)
{
	if (!v)
		return;
	verify_free(v->verify);
	arena_clear(&v->arenas[0]);
	arena_clear(&v->arenas[1]);
	free(v);
}

/* Starts and seals are read again; of all others the leaf is enough. */
static int
tell_verify(struct view *v, const struct entry *e, struct err *err)
{
	enum verify_arrival arrival;
	uint8_t agent[16] = {0}, epoch[16] = {0};
	struct record r;
	int result;

	if (e->bytes.len == 0) {
		encode_unuuid(slice_of(e->agent), agent);
		encode_unhex(slice_of(e->epoch), epoch, sizeof epoch);
		return verify_add_leaf(v->verify, agent, epoch, e->sequence,
		    e->leaf, &arrival, err);
	}
	if (record_decode(e->bytes, &r, err))
		return -1;
	result = verify_add(v->verify, &r, &arrival, err);
	record_clear(&r);
	return result;
}

int
view_add(struct view *v, const struct record *r, struct err *err)
{
	enum verify_arrival arrival;
	int result;

	/* What cannot be right as it stands seals nothing, and is kept. */
	if (r)
		result = verify_add(v->verify, r, &arrival, err);
	else
		result = tell_verify(v, v->given.entries->at[v->count], err);
	v->count += result == 0;
	return result;
}

size_t
view_count(const struct view *v)
{
	return v->count;
}

static struct facts *
weigh(struct view *v, struct arena *a, struct err *err)
{
	struct facts *f = arena_alloc(a, sizeof *f);

	if (!f) {
		err_set(err, "no memory to weigh records");
		return NULL;
	}
	return facts_build(f, a, v->given.names, v->given.entries, v->count,
		   v->verify, err)
		   ? NULL
		   : f;
}

const struct answer *
view_answer(struct view *v, int64_t as_of_us, uint64_t known_at,
    uint64_t *judged, struct err *err)
{
	struct arena *arena = &v->arenas[!v->turn];
	const struct answer *before = v->answered ? &v->answer : NULL;
	struct answer answer = {.report = {0}};
	struct scene_given given = {.arena = arena,
	    .names = v->given.names,
	    .shelf = v->given.shelf,
	    .entries = v->given.entries,
	    .entry_count = v->count,
	    .utc = v->given.utc,
	    .as_of_us = as_of_us,
	    .before = before ? &before->scene.coverage : NULL};

	if (before && v->answered_count == v->count &&
	    before->scene.as_of_us == as_of_us)
		return before;
	arena_clear(arena);
	given.facts = weigh(v, arena, err);
	if (!given.facts || scene_set(&answer.scene, &given, err) ||
	    answer_make(&answer, before, known_at, judged, err)) {
		v->answered = false;
		return NULL;
	}
	v->answer = answer;
	v->answered = true;
	v->answered_count = v->count;
	v->turn = !v->turn;
	return &v->answer;
}

int
view_latest(struct view *v, int64_t *us, struct err *err)
{
	struct arena arena = {0};
	const struct facts *f = weigh(v, &arena, err);

	if (f)
		*us = f->latest_us;
	arena_clear(&arena);
	return f ? 0 : -1;
}
