/* SPDX-License-Identifier: Apache-2.0 */
#include "publish_window.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_MIN 64

struct entry {
	struct spoolread_position at;
	size_t bytes;
	enum publish_lane lane;
	bool delivered;
};

/* The entries as a ring: those of serials base .. base + count - 1. */
struct publish_window {
	struct entry *ring;
	size_t cap; /* a power of two */
	size_t most;
	uint64_t base;
	size_t count;
	size_t lane_count[PUBLISH_LANES];
	uint64_t bytes;
	struct spoolread_position acked[PUBLISH_LANES];
	bool has_acked[PUBLISH_LANES];
};

static struct entry *
entry_of(const struct publish_window *w, uint64_t serial)
{
	return &w->ring[serial & (w->cap - 1)];
}

struct publish_window *
publish_window_new(size_t most)
{
	struct publish_window *w = calloc(1, sizeof *w);

	if (w) {
		w->most = most;
		w->base = 1;
	}
	return w;
}

void
publish_window_free(struct publish_window *w)
{
	if (!w)
		return;
	free(w->ring);
	free(w);
}

static bool
grow(struct publish_window *w)
{
	size_t cap = w->cap ? w->cap * 2 : ROOM_MIN;
	struct entry *ring = calloc(cap, sizeof *ring);

	if (!ring)
		return false;
	for (size_t i = 0; i < w->count; i++)
		ring[(w->base + i) & (cap - 1)] = *entry_of(w, w->base + i);
	free(w->ring);
	w->ring = ring;
	w->cap = cap;
	return true;
}

bool
publish_window_has_room(struct publish_window *w)
{
	return w->count < w->most && (w->count < w->cap || grow(w));
}

uint64_t
publish_window_serial(const struct publish_window *w)
{
	return w->base + w->count;
}

void
publish_window_put(struct publish_window *w, enum publish_lane lane,
    const struct spoolread_position *at, size_t bytes)
{
	assert(w->count < w->cap);
	*entry_of(w, w->base + w->count) =
	    (struct entry){.at = *at, .bytes = bytes, .lane = lane};
	w->count++;
	w->lane_count[lane]++;
	w->bytes += bytes;
}

static void
pop(struct publish_window *w)
{
	const struct entry *e = entry_of(w, w->base);

	w->acked[e->lane] = e->at;
	w->has_acked[e->lane] = true;
	w->lane_count[e->lane]--;
	w->bytes -= e->bytes;
	w->base++;
	w->count--;
}

bool
publish_window_delivered(struct publish_window *w, uint64_t serial)
{
	if (serial < w->base || serial >= w->base + w->count)
		return false;
	entry_of(w, serial)->delivered = true;
	if (serial != w->base)
		return false;
	while (w->count > 0 && entry_of(w, w->base)->delivered)
		pop(w);
	return true;
}

void
publish_window_forget(struct publish_window *w)
{
	w->base += w->count;
	w->count = 0;
	w->bytes = 0;
	memset(w->lane_count, 0, sizeof w->lane_count);
}

const struct spoolread_position *
publish_window_acked(const struct publish_window *w, enum publish_lane lane)
{
	return w->has_acked[lane] ? &w->acked[lane] : NULL;
}

void
publish_window_set(struct publish_window *w, enum publish_lane lane,
    const struct spoolread_position *at)
{
	assert(w->lane_count[lane] == 0);
	w->has_acked[lane] = at != NULL;
	if (at)
		w->acked[lane] = *at;
}

size_t
publish_window_count(const struct publish_window *w)
{
	return w->count;
}

size_t
publish_window_lane_count(
    const struct publish_window *w, enum publish_lane lane)
{
	return w->lane_count[lane];
}

uint64_t
publish_window_bytes(const struct publish_window *w)
{
	return w->bytes;
}
