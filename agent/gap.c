/* SPDX-License-Identifier: Apache-2.0 */
#include "gap.h"

#include <stdio.h>
#include <string.h>

#define HOLE_AHEAD_US (INT64_C(60) * 1000000)
/* File systems stamp with the time of the last tick of the kernel's clock. */
#define FILE_TICK_US INT64_C(10000)
/* A beginning of dropping that nobody ended says nothing after this. */
#define LOSS_REACH_US (INT64_C(3600) * 1000000)

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

enum spool_put
gap_put(struct writer *w, struct feed *f, struct record_gap *gap,
    int64_t now_us, struct err *err)
{
	struct slice classes[SOURCE_CLASSES_MAX];
	enum spool_put got;

	for (size_t i = 0; i < f->spec->provide_count; i++)
		classes[i] = slice_of(rule_class_name(f->spec->provides[i]));
	gap->source = slice_of(f->spec->id);
	gap->classes = classes;
	gap->class_count = f->spec->provide_count;
	got = writer_gap(w, gap, now_us, err);
	gap->classes = NULL;
	if (got != SPOOL_OK)
		return got;
	f->total_gaps++;
	f->gap_from_us = gap->from_us;
	f->gap_to_us = gap->to_us;
	snprintf(f->gap_reason, sizeof f->gap_reason, "%.*s",
	    SLICE_FMT(gap->reason));
	return SPOOL_OK;
}

/* ---- what the source found ---- */

static bool
is_known_gen(const uint8_t gen[16])
{
	static const uint8_t none[16];

	return memcmp(gen, none, sizeof none) != 0;
}

/* When the hole ends: what was lost may have been written after this tick was
 * told its time, but not by much. */
static int64_t
hole_end(const struct source_gap *hole, bool simulated, int64_t now_us)
{
	if (hole->until_next)
		return earlier(hole->to_us, now_us);
	if (simulated || hole->to_us == SOURCE_NO_TIME ||
	    hole->to_us > now_us + HOLE_AHEAD_US ||
	    hole->to_us + FILE_TICK_US < now_us)
		return now_us;
	return hole->to_us + FILE_TICK_US;
}

enum spool_put
gap_put_hole(struct writer *w, struct feed *f, bool simulated, int64_t now_us,
    struct err *err)
{
	const struct source_gap *hole = &f->hole;
	struct record_gap gap = {
	    .from_us = f->standing.known ? f->standing.through_us : now_us,
	    .to_us = hole_end(hole, simulated, now_us),
	    .gen = is_known_gen(hole->gen) ? hole->gen : NULL,
	    .from_offset = hole->from_offset,
	    .to_offset = hole->to_offset,
	    .reason = slice_of(hole->reason),
	    .recovered = hole->recovered,
	    .lines = -1};

	if (hole->from_us != SOURCE_NO_TIME && hole->from_us < gap.from_us)
		gap.from_us = hole->from_us;
	gap.from_us = earlier(gap.from_us, now_us);
	return gap_put(w, f, &gap, now_us, err);
}

/* ---- what a daemon lost ---- */

/* Where the loss that this line tells of begins, and what the feed remembers
 * of it for the lines that follow. */
static int64_t
loss_begins(struct feed *f, bool begins, int64_t before_us, int64_t to_us)
{
	int64_t from_us = before_us != 0 ? earlier(before_us, to_us) : to_us;

	if (f->dropping > 0 && to_us - f->dropping_us > LOSS_REACH_US)
		f->dropping = 0;
	if (begins) {
		if (f->dropping++ == 0)
			f->dropping_us = to_us;
		return from_us;
	}
	if (f->dropping == 0)
		return from_us;
	f->dropping--;
	return earlier(from_us, f->dropping_us);
}

enum spool_put
gap_put_loss(struct writer *w, struct feeds *feeds, struct feed *f,
    struct record_gap *gap, bool begins, int64_t before_us, int64_t now_us,
    struct err *err)
{
	unsigned dropping = f->dropping;
	int64_t dropping_us = f->dropping_us;
	enum spool_put got;

	gap->from_us = loss_begins(f, begins, before_us, gap->to_us);
	got = gap_put(w, f, gap, now_us, err);
	for (size_t i = 0; i < feeds->count && feed_is_fed(f); i++) {
		struct feed *other = &feeds->list[i];

		if (got == SPOOL_OK && other != f && feed_is_fed(other))
			got = gap_put(w, other, gap, now_us, err);
	}
	if (got != SPOOL_OK) { /* the line comes again */
		f->dropping = dropping;
		f->dropping_us = dropping_us;
	}
	return got;
}
