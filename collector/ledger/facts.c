/* SPDX-License-Identifier: Apache-2.0 */
#include "facts.h"

#include <stdlib.h>
#include <string.h>

#include "assay/encode.h"

/* What a build needs beside the facts. */
struct build {
	struct facts *facts;
	struct arena *arena;
	const struct names *names;
	const struct verify *verify;
	struct table epochs; /* lineage -> struct facts_epoch */
};

static int
by_sequence(const void *a, const void *b)
{
	const struct entry *ea = a, *eb = b;

	return ea->sequence < eb->sequence   ? -1
	       : ea->sequence > eb->sequence ? 1
					     : 0;
}

static int
by_order(const void *a, const void *b)
{
	return entry_order(a, b);
}

static struct facts_epoch *
epoch_of(struct build *b, const struct entry *e)
{
	struct facts_epoch *epoch = table_get(&b->epochs, e->lineage);

	if (epoch)
		return epoch;
	epoch = arena_alloc(b->arena, sizeof *epoch);
	if (!epoch || table_put(&b->epochs, b->arena, e->lineage, epoch) ||
	    list_add(&b->facts->epochs, b->arena, epoch))
		return NULL;
	epoch->agent = e->agent;
	epoch->epoch = e->epoch;
	epoch->from_collector = e->from_collector;
	epoch->first_us = INT64_MAX;
	return epoch;
}

static int
gather_epochs(struct build *b, const struct list *entries, size_t count)
{
	struct facts_epoch *epoch = NULL;
	const struct entry *last = NULL;

	for (size_t i = 0; i < count; i++) {
		struct entry *e = entries->at[i];

		if (!last || last->lineage != e->lineage)
			epoch = epoch_of(b, e);
		if (!epoch || list_add(&epoch->entries, b->arena, e))
			return -1;
		if (e->sequence > epoch->highest)
			epoch->highest = e->sequence;
		last = e;
	}
	for (size_t i = 0; i < b->facts->epochs.count; i++) {
		epoch = b->facts->epochs.at[i];
		if (list_sort(&epoch->entries, by_sequence))
			return -1;
	}
	return 0;
}

static bool
is_sealed(const struct build *b, const uint8_t agent[16],
    const uint8_t epoch[16], const struct entry *e)
{
	return e->from_collector ||
	       verify_is_sealed(b->verify, agent, epoch, e->sequence, e->leaf);
}

static void
mark_counting(struct build *b, struct facts_epoch *epoch)
{
	struct facts *f = b->facts;
	uint8_t agent[16] = {0}, id[16] = {0};
	const struct entry *before = NULL;

	encode_unuuid(slice_of(epoch->agent), agent);
	encode_unhex(slice_of(epoch->epoch), id, sizeof id);
	for (size_t i = 0; i < epoch->entries.count; i++) {
		const struct entry *e = epoch->entries.at[i];

		if (!is_sealed(b, agent, id, e)) {
			before = NULL;
			continue;
		}
		f->counts[e->place] = true;
		f->run_from[e->place] =
		    before && before->sequence + 1 == e->sequence
			? f->run_from[before->place]
			: e->sequence;
		before = e;
		if (epoch->first_us == INT64_MAX &&
		    e->time_us != RECORD_NO_TIME)
			epoch->first_us = e->time_us;
		if (e->type == RECORD_START && !epoch->start)
			epoch->start = e;
		if (e->readtime_us > f->latest_us)
			f->latest_us = e->readtime_us;
	}
}

/* The epoch of these ids, NULL when nothing of it is here. */
static struct facts_epoch *
lookup(const struct build *b, const char *agent, const uint8_t epoch[16])
{
	char text[ENCODE_UUID_LEN + 1 + 2 * 16 + 1];
	const char *lineage;

	memcpy(text, agent, ENCODE_UUID_LEN);
	text[ENCODE_UUID_LEN] = '/';
	encode_hex(text + ENCODE_UUID_LEN + 1, epoch, 16);
	lineage = names_find(b->names, slice_of(text));
	return lineage ? table_get(&b->epochs, lineage) : NULL;
}

/* Find the epoch that a start names, and whether this one may go on where that
 * ends; that the heads agree is for verify to say. */
static void
join(const struct build *b, struct facts_epoch *epoch)
{
	const struct record_prev *prev;
	const struct entry *last;

	if (!epoch->start || !epoch->start->start->prev.known)
		return;
	prev = &epoch->start->start->prev;
	epoch->before = lookup(b, epoch->agent, prev->epoch);
	if (!epoch->before || epoch->before == epoch) {
		epoch->before = NULL;
		return;
	}
	last = facts_find(epoch->before, prev->last);
	epoch->joined = last && b->facts->counts[last->place] &&
			epoch->before->highest == prev->last;
}

static bool
verify_joined(void *arg, const struct verify_epoch *v)
{
	const struct build *b = arg;
	char agent[ENCODE_UUID_LEN + 1];
	struct facts_epoch *epoch;

	encode_uuid(agent, v->agent);
	epoch = lookup(b, agent, v->epoch);
	if (epoch && !v->joined)
		epoch->joined = false;
	return true;
}

static int
by_beginning(const void *a, const void *b)
{
	const struct facts_epoch *ea = a, *eb = b;
	int order = strcmp(ea->agent, eb->agent);

	if (order == 0 && ea->first_us != eb->first_us)
		order = ea->first_us < eb->first_us ? -1 : 1;
	return order ? order : strcmp(ea->epoch, eb->epoch);
}

static int
sort_into_kinds(struct build *b, const struct list *entries, size_t count)
{
	struct facts *f = b->facts;
	struct list *of[] = {[RECORD_EVENT] = &f->events,
	    [RECORD_HEARTBEAT] = &f->heartbeats,
	    [RECORD_GAP] = &f->gaps,
	    [RECORD_START] = &f->starts,
	    [RECORD_FILES] = &f->files,
	    [RECORD_ACT] = &f->acts,
	    [RECORD_RATING] = NULL};

	for (size_t i = 0; i < count; i++) {
		struct entry *e = entries->at[i];
		struct list *l = of[e->type];

		if (!l || !f->counts[e->place] ||
		    (e->time_us == RECORD_NO_TIME && l != &f->events))
			continue;
		if (list_add(l, b->arena, e))
			return -1;
	}
	for (size_t i = 0; i <= RECORD_RATING; i++)
		if (of[i] && list_sort(of[i], by_order))
			return -1;
	return 0;
}

/* The copy of an event that stands: <0 when a does rather than b. */
static int
by_reading(const struct entry *a, const struct entry *b)
{
	int order;

	if (a->readtime_us != b->readtime_us)
		return a->readtime_us < b->readtime_us ? -1 : 1;
	order = a->agent == b->agent ? 0 : strcmp(a->agent, b->agent);
	if (order == 0 && a->epoch != b->epoch)
		order = strcmp(a->epoch, b->epoch);
	if (order)
		return order;
	return a->sequence < b->sequence ? -1 : 1;
}

/* Keep one event of each id, and of those the ones that have a time. */
static int
choose_events(struct build *b)
{
	struct list *l = &b->facts->events;
	size_t room = 16, kept = 0;
	const struct entry **by_id;

	while (room < l->count * 2)
		room *= 2;
	by_id = calloc(room, sizeof(void *));
	if (!by_id)
		return -1;
	for (size_t i = 0; i < l->count; i++) {
		const struct entry *e = l->at[i];
		size_t at;

		memcpy(&at, e->event->id, sizeof at);
		for (at &= room - 1; by_id[at]; at = (at + 1) & (room - 1))
			if (!memcmp(by_id[at]->event->id, e->event->id, 16))
				break;
		if (!by_id[at] || by_reading(e, by_id[at]) < 0)
			by_id[at] = e;
	}
	for (size_t i = 0; i < l->count; i++) {
		const struct entry *e = l->at[i];
		size_t at;

		memcpy(&at, e->event->id, sizeof at);
		at &= room - 1;
		while (memcmp(by_id[at]->event->id, e->event->id, 16) != 0)
			at = (at + 1) & (room - 1);
		if (by_id[at] == e && e->time_us != RECORD_NO_TIME)
			l->at[kept++] = l->at[i];
	}
	l->count = kept;
	free(by_id);
	return 0;
}

int
facts_build(struct facts *f, struct arena *a, const struct names *n,
    const struct list *entries, size_t count, const struct verify *v,
    struct err *err)
{
	struct build b = {f, a, n, v, {0}};

	*f = (struct facts){0};
	f->counts = arena_array(a, entries->count + 1, sizeof *f->counts);
	f->run_from = arena_array(a, entries->count + 1, sizeof *f->run_from);
	if (!f->counts || !f->run_from || gather_epochs(&b, entries, count))
		goto fail;
	for (size_t i = 0; i < f->epochs.count; i++)
		mark_counting(&b, f->epochs.at[i]);
	for (size_t i = 0; i < f->epochs.count; i++)
		join(&b, f->epochs.at[i]);
	if (verify_epochs(v, verify_joined, &b, err))
		return -1;
	if (list_sort(&f->epochs, by_beginning) ||
	    sort_into_kinds(&b, entries, count) || choose_events(&b))
		goto fail;
	return 0;
fail:
	return err_set(err, "no memory to weigh %zu records", count);
}

const struct entry *
facts_find(const struct facts_epoch *epoch, uint64_t sequence)
{
	size_t lo = 0, hi = epoch->entries.count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct entry *e = epoch->entries.at[mid];

		if (e->sequence == sequence)
			return e;
		if (e->sequence < sequence)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

bool
facts_unbroken(const struct facts *f, const struct facts_epoch *epoch,
    uint64_t first, uint64_t last)
{
	const struct entry *e = facts_find(epoch, last);

	return e && f->counts[e->place] && f->run_from[e->place] <= first;
}
