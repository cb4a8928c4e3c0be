/* SPDX-License-Identifier: Apache-2.0 */
#include "heartbeat.h"

#include <stdlib.h>
#include <sys/timex.h>

#define UNKNOWN_ROWS (UNKNOWN_TOP + RULE_CLASSES)

struct heartbeat {
	struct feeds *feeds;
	struct unknown *unknown;
	struct reader *reader;
	int64_t last_us;
	int64_t complete_us;
	struct reader_refused refused; /* not told yet */
	struct record_source *sources; /* scratch: one for each feed */
	struct slice (*provides)[SOURCE_CLASSES_MAX];
	size_t room; /* of both */
	struct record_unknown rows[UNKNOWN_ROWS];
};

struct heartbeat *
heartbeat_new(
    struct feeds *feeds, struct unknown *unknown, struct reader *reader)
{
	struct heartbeat *h = calloc(1, sizeof *h);

	if (!h)
		return NULL;
	h->feeds = feeds;
	h->unknown = unknown;
	h->reader = reader;
	return h;
}

void
heartbeat_free(struct heartbeat *h)
{
	if (!h)
		return;
	free(h->sources);
	free(h->provides);
	free(h);
}

void
heartbeat_read_clock(struct heartbeat_clock *clock, bool simulated)
{
	struct timex t = {0};
	int state = adjtimex(&t);

	*clock = (struct heartbeat_clock){.synced = true};
	if (simulated)
		return;
	clock->synced = state >= 0 && state != TIME_ERROR;
	clock->offset_us = t.status & STA_NANO ? t.offset / 1000 : t.offset;
	clock->maxerror_us = t.maxerror;
}

int64_t
heartbeat_due_us(const struct heartbeat *h)
{
	return h->last_us + HEARTBEAT_US;
}

bool
heartbeat_is_due(const struct heartbeat *h, int64_t now_us)
{
	return now_us >= heartbeat_due_us(h) || now_us < h->last_us;
}

/* Scratch for as many feeds as there are now. */
static int
make_room(struct heartbeat *h, struct err *err)
{
	size_t count = h->feeds->count + 1;
	struct record_source *sources;
	struct slice(*provides)[SOURCE_CLASSES_MAX];

	if (count <= h->room)
		return 0;
	sources = reallocarray(h->sources, count, sizeof *sources);
	if (sources)
		h->sources = sources;
	provides = reallocarray(h->provides, count, sizeof *provides);
	if (provides)
		h->provides = provides;
	if (!sources || !provides)
		return err_set(err, "no memory for a heartbeat");
	h->room = count;
	return 0;
}

/* True when the feed is to be listed; *out is filled in then. */
static bool
describe(struct heartbeat *h, struct feed *f, size_t place, bool complete,
    int64_t now_us, struct record_source *out)
{
	bool at_now = f->at_end && !f->has_hole &&
		      standing_rest(&f->standing, f->rule, now_us);
	uint64_t offset = 0;
	const uint8_t *gen;

	standing_settle(&f->standing, now_us);

	if (!f->standing.known)
		return false;
	if (at_now && f->lines == 0 && f->listed && !complete)
		return false;
	gen = f->source.ops->position(f->source.impl, &offset);
	*out = (struct record_source){.id = slice_of(f->spec->id),
	    .provides = h->provides[place],
	    .provide_count = f->spec->provide_count,
	    .gen = gen,
	    .offset = gen ? (int64_t)offset : -1,
	    .from_us = f->standing.from_us,
	    .through_us = f->standing.through_us,
	    .lines = f->lines,
	    .known = f->known,
	    .ignored = f->ignored,
	    .unknown = f->unknown,
	    .lag_us = at_now ? 0 : now_us - f->standing.through_us};
	for (size_t i = 0; i < f->spec->provide_count; i++)
		h->provides[place][i] =
		    slice_of(rule_class_name(f->spec->provides[i]));
	if (f->source.ops->cursor)
		out->cursor = f->source.ops->cursor(f->source.impl);
	if (f->spec->own)
		out->program = slice_of(f->spec->own->programs[0]);
	return true;
}

static size_t
list_refused(struct heartbeat *h, struct record_count rows[2])
{
	struct reader_refused now = reader_take_refused(h->reader);
	size_t count = 0;

	h->refused.limit_hits += now.limit_hits;
	h->refused.events_dropped += now.events_dropped;
	if (h->refused.events_dropped > 0)
		rows[count++] = (struct record_count){
		    SLICE("events_dropped"), h->refused.events_dropped};
	if (h->refused.limit_hits > 0)
		rows[count++] = (struct record_count){
		    SLICE("limit_hits"), h->refused.limit_hits};
	return count;
}

static void
begin_anew(struct heartbeat *h, bool complete, int64_t now_us)
{
	h->last_us = now_us;
	if (complete)
		h->complete_us = now_us;
	h->refused = (struct reader_refused){0};
	unknown_reset(h->unknown);
	for (size_t i = 0; i < h->feeds->count; i++) {
		struct feed *f = &h->feeds->list[i];

		f->lines = f->known = f->ignored = f->unknown = 0;
		f->listed |= f->standing.known;
		f->moved = true; /* how far it stands is state */
	}
}

enum spool_put
heartbeat_put(struct heartbeat *h, struct writer *w, const struct spool *spool,
    const struct heartbeat_clock *clock, bool complete, int64_t now_us,
    struct err *err)
{
	struct record_count refused[2];
	struct record_heartbeat beat = {.through_us = now_us,
	    .unknown = h->rows,
	    .clock_synced = clock->synced,
	    .clock_offset_us = clock->offset_us,
	    .clock_maxerror_us = clock->maxerror_us,
	    .spool_bytes = (int64_t)spool_bytes(spool),
	    .spool_unsent = (int64_t)spool_unsent(spool),
	    .refused = refused};
	enum spool_put got;

	if (make_room(h, err) != 0)
		return SPOOL_FAILED;
	beat.sources = h->sources;
	complete |= now_us - h->complete_us >= HEARTBEAT_COMPLETE_US ||
		    now_us < h->complete_us;
	beat.complete = complete;
	for (size_t i = 0; i < h->feeds->count; i++)
		if (describe(h, &h->feeds->list[i], beat.source_count, complete,
			now_us, &h->sources[beat.source_count]))
			beat.source_count++;
	beat.unknown_count = unknown_rows(h->unknown, h->rows, UNKNOWN_ROWS);
	beat.refused_count = list_refused(h, refused);
	got = writer_heartbeat(w, &beat, now_us, err);
	if (got == SPOOL_OK)
		begin_anew(h, complete, now_us);
	return got;
}
