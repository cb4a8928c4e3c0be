/* SPDX-License-Identifier: Apache-2.0 */
#include "stream_spool.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assay/ack.h"
#include "assay/encode.h"
#include "assay/spoolread.h"

#define READER_NAME "collector" /* as in the agent's spool.readers */

struct spool {
	char *dir;
	char *lane;
	stream_position_fn *position;
	void *arg;
	struct spoolread *read;
	char trouble[256]; /* why the last call could not read; "" */
};

static void
format_position(
    char text[STREAM_POSITION_MAX], const uint8_t epoch[16], uint64_t sequence)
{
	encode_hex(text, epoch, 16);
	snprintf(text + 32, STREAM_POSITION_MAX - 32, ":%020" PRIu64, sequence);
}

static bool
parse_position(struct slice text, uint8_t epoch[16], uint64_t *sequence)
{
	unsigned long long number;

	if (text.len != 53 || text.ptr[32] != ':' ||
	    !encode_unhex((struct slice){text.ptr, 32}, epoch, 16) ||
	    !slice_uint(slice_from(text, 33), UINT64_MAX, &number))
		return false;
	*sequence = number;
	return true;
}

static enum stream_got
next(void *impl, struct stream_item *item, struct err *err)
{
	struct spool *spool = impl;
	struct spoolread_record record = {0};
	enum spoolread_got got = spoolread_next(spool->read, &record, err);

	item->lane = spool->lane;
	spool->trouble[0] = '\0';
	switch (got) {
	case SPOOLREAD_RECORD:
		item->bytes = record.bytes;
		item->has_agent = true;
		memcpy(item->agent, record.agent, 16);
		format_position(item->next, record.epoch, record.sequence);
		break;
	case SPOOLREAD_DAMAGE:
		break;
	case SPOOLREAD_NOTHING:
		return STREAM_NOTHING;
	case SPOOLREAD_ERROR:
		snprintf(spool->trouble, sizeof spool->trouble, "%.255s",
		    err ? err->text : "it cannot be read");
		return STREAM_ERROR;
	}
	snprintf(item->at, sizeof item->at, "%s:%" PRIu64, record.segment,
	    record.offset);
	return got == SPOOLREAD_DAMAGE ? STREAM_DAMAGE : STREAM_RECORD;
}

static bool
has(const void *impl, const char *lane)
{
	const struct spool *spool = impl;

	return strcmp(spool->lane, lane) == 0;
}

static int
stored(void *impl, const char *lane, const char *position, struct err *err)
{
	struct spool *spool = impl;
	struct ack ack;

	(void)lane;
	if (!parse_position(slice_of(position), ack.epoch, &ack.sequence))
		return err_set(err, "'%s' is no position of a spool", position);
	return ack_write(spool->dir, READER_NAME, &ack, err);
}

/* What is there is there to read at once. */
static bool
done(const void *impl)
{
	(void)impl;
	return true;
}

static void
look(const void *impl, struct stream_state *state)
{
	const struct spool *spool = impl;
	uint64_t read, total;

	snprintf(state->name, sizeof state->name, "%s", spool->lane);
	state->lanes = 1;
	state->trouble = spool->trouble[0] != '\0';
	spoolread_progress(spool->read, &read, &total);
	if (state->trouble)
		snprintf(state->words, sizeof state->words,
		    "cannot be read, trying again: %s", spool->trouble);
	else
		snprintf(state->words, sizeof state->words,
		    "%" PRIu64 " of %" PRIu64 " bytes read", read, total);
}

static void
progress(const void *impl, uint64_t *done, uint64_t *total)
{
	const struct spool *spool = impl;

	spoolread_progress(spool->read, done, total);
}

static void
close_spool(void *impl)
{
	struct spool *spool = impl;

	spoolread_close(spool->read);
	free(spool->lane);
	free(spool->dir);
	free(spool);
}

/* One name for one directory, however it is spelt. */
static char *
make_lane(const char *dir)
{
	char *real = realpath(dir, NULL);
	char *lane = NULL;

	if (asprintf(&lane, "spool:%s", real ? real : dir) < 0)
		lane = NULL;
	free(real);
	return lane;
}

/* On failure it reads on as before. */
static int
open_at_position(struct spool *spool, struct err *err)
{
	struct spoolread_position after;
	struct spoolread *read;
	struct buf text = {0};
	int got = spool->position(spool->arg, spool->lane, &text, err);

	if (got == 1 &&
	    !parse_position(buf_slice(&text), after.epoch, &after.sequence))
		got = err_set(err,
		    "the store says that lane '%s' stands at '%.*s', which is "
		    "no position of a spool",
		    spool->lane, SLICE_FMT(buf_slice(&text)));
	buf_clear(&text);
	if (got < 0)
		return -1;
	read = spoolread_open(spool->dir, got ? &after : NULL, err);
	if (!read)
		return -1;
	spoolread_close(spool->read);
	spool->read = read;
	return 0;
}

static int
rewind_spool(void *impl, struct err *err)
{
	return open_at_position(impl, err);
}

static const struct stream_ops ops = {
    .next = next,
    .has = has,
    .stored = stored,
    .rewind = rewind_spool,
    .done = done,
    .look = look,
    .progress = progress,
    .close = close_spool,
};

struct stream *
stream_spool_open(
    const char *dir, stream_position_fn *position, void *arg, struct err *err)
{
	struct spool *spool = calloc(1, sizeof *spool);

	if (!spool || !(spool->dir = strdup(dir)) ||
	    !(spool->lane = make_lane(dir))) {
		err_set(err, "no memory to read the spool '%s'", dir);
		goto fail;
	}
	spool->position = position;
	spool->arg = arg;
	if (open_at_position(spool, err))
		goto fail;
	return stream_new(&ops, spool, err);
fail:
	if (spool)
		close_spool(spool);
	return NULL;
}
