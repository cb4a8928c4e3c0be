/* SPDX-License-Identifier: Apache-2.0 */
#include "stream_kafka_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assay/crc32c.h"
#include "assay/encode.h"

/* ---- lanes ---- */

/* Where the store says that it stands. */
int
stream_kafka_lane_load(struct kafka *k, struct lane *lane, struct err *err)
{
	struct buf text = {0};
	int got = k->o.position(k->o.arg, lane->name, &text, err);

	lane->has_position = got == 1;
	lane->denied = lane->has_newest = false;
	lane->at = (struct kafkalane_position){0};
	if (got == 1 && !kafkalane_parse(buf_slice(&text), &lane->at))
		got = err_set(err,
		    "the store says that lane '%s' stands at '%.*s', which is "
		    "no position of a partition",
		    lane->name, SLICE_FMT(buf_slice(&text)));
	buf_clear(&text);
	return got < 0 ? -1 : 0;
}

int
stream_kafka_lane_add(struct kafka *k, struct err *err)
{
	struct lane **lanes =
	    reallocarray(k->lanes, k->lane_count + 1, sizeof(struct lane *));
	struct lane *lane = calloc(1, sizeof *lane);

	if (lanes)
		k->lanes = lanes;
	if (lane) {
		lane->partition = (int32_t)k->lane_count;
		lane->name = kafkalane_name(k->topic, lane->partition);
		lane->high = lane->end = lane->broken = -1;
	}
	if (!lanes || !lane || !lane->name) {
		free(lane);
		return err_set(err, "no memory for one more partition");
	}
	if (stream_kafka_lane_load(k, lane, err)) {
		free(lane->name);
		free(lane);
		return -1;
	}
	k->lanes[k->lane_count++] = lane;
	return 0;
}

bool
stream_kafka_lane_reads(const struct lane *lane)
{
	return lane->state == LANE_READS || lane->state == LANE_PROVES;
}

void
stream_kafka_lane_halt(struct kafka *k, struct lane *lane)
{
	if (stream_kafka_lane_reads(lane))
		stream_kafka_client_stop(k->client, lane->partition);
	lane->state = LANE_WAITS;
	lane->after = k->begun;
	stream_kafka_look_soon(k);
}

static void
finish(struct kafka *k, struct lane *lane)
{
	if (stream_kafka_lane_reads(lane))
		stream_kafka_client_stop(k->client, lane->partition);
	lane->state = LANE_DONE;
}

static void
start(struct kafka *k, struct lane *lane, int64_t offset, bool proves)
{
	struct err err = {0};

	if (stream_kafka_client_start(
		k->client, lane->partition, offset, &err)) {
		snprintf(
		    lane->trouble, sizeof lane->trouble, "%.255s", err.text);
		stream_kafka_lane_halt(k, lane);
		return;
	}
	lane->state = proves ? LANE_PROVES : LANE_READS;
	lane->trouble[0] = '\0';
}

static bool
has_given_all(const struct kafka *k, const struct lane *lane, int64_t next)
{
	return k->o.once && lane->end >= 0 && next >= lane->end;
}

/* ---- the next item ---- */

/* Tell that a lane goes on elsewhere, and why. */
static enum stream_got
tell_break(struct lane *lane, int64_t low, const char *cluster,
    struct stream_item *item)
{
	item->lane = lane->name;
	kafkalane_format(&lane->at, item->at);
	lane->at = (struct kafkalane_position){.next = low};
	kafkalane_set_cluster(&lane->at, cluster);
	lane->denied = lane->has_newest = false;
	kafkalane_format(&lane->at, item->next);
	return STREAM_DAMAGE;
}

enum stream_got
stream_kafka_lane_begin(struct kafka *k, struct lane *lane,
    const struct stream_kafka_marks *m, struct stream_item *item,
    struct err *err)
{
	struct kafkalane_facts facts = {
	    m->low, m->high, k->cluster[0] ? k->cluster : NULL};
	enum stream_got got = STREAM_NOTHING;
	enum kafkalane_verdict verdict;
	int64_t offset;

	verdict = kafkalane_decide(lane->has_position ? &lane->at : NULL,
	    lane->denied, &facts, &offset, err);
	if (verdict == KAFKALANE_GAP || verdict == KAFKALANE_ANEW) {
		got = tell_break(lane, m->low, k->cluster, item);
	} else if (verdict == KAFKALANE_GO_ON) {
		lane->at.has_mark = false; /* gone, if there was one */
	} else if (verdict == KAFKALANE_BEGIN) {
		lane->at = (struct kafkalane_position){.next = m->low};
		lane->has_position = true;
	}
	kafkalane_set_cluster(&lane->at, k->cluster);
	lane->high = m->high;
	if (lane->end < 0 || lane->end > m->high)
		lane->end = m->high;
	if (verdict != KAFKALANE_PROVE && has_given_all(k, lane, offset))
		finish(k, lane);
	else
		start(k, lane, offset, verdict == KAFKALANE_PROVE);
	return got;
}

/* Every minute: is it still the partition that was read? */
static void
prove_again(
    struct kafka *k, struct lane *lane, const struct stream_kafka_marks *m)
{
	if (m->high < lane->high || strcmp(lane->at.cluster, k->cluster) != 0) {
		stream_kafka_lane_halt(k, lane);
		return;
	}
	lane->high = m->high;
	if (lane->at.has_mark && lane->at.mark.offset < m->low)
		lane->at.has_mark = false;
	if (lane->state != LANE_READS || !lane->at.has_mark || k->o.once)
		return;
	stream_kafka_client_stop(k->client, lane->partition);
	start(k, lane, lane->at.mark.offset, true);
}

/* The mark stands, or it cannot be told: read on. What was read before the
 * proof is proved by it. */
static void
go_on(struct kafka *k, struct lane *lane, bool proved)
{
	if (!proved)
		lane->at.has_mark = false;
	else if (lane->has_newest)
		lane->at.mark = lane->newest;
	stream_kafka_client_stop(k->client, lane->partition);
	lane->state = LANE_WAITS;
	if (has_given_all(k, lane, lane->at.next))
		finish(k, lane);
	else
		start(k, lane, lane->at.next, false);
}

static int64_t
message_ms(const rd_kafka_message_t *m)
{
	rd_kafka_timestamp_type_t type;
	int64_t ms = rd_kafka_message_timestamp(m, &type);

	return type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE || ms < 0 ? -1 : ms;
}

/* The key must be an agent's id. */
static void
read_key(const rd_kafka_message_t *m, struct stream_item *item)
{
	struct slice key = {m->key ? m->key : "", m->key ? m->key_len : 0};

	item->has_agent = encode_unuuid(key, item->agent);
	if (!item->has_agent)
		item->fault = "the message's key is no agent's id";
}

static struct kafkalane_mark
mark_of(const rd_kafka_message_t *m)
{
	return (struct kafkalane_mark){
	    .offset = m->offset,
	    .ms = message_ms(m),
	    .crc = crc32c(
		0, m->payload ? m->payload : "", m->payload ? m->len : 0),
	};
}

static enum stream_got
give(struct kafka *k, struct lane *lane, rd_kafka_message_t *m,
    struct stream_item *item)
{
	item->lane = lane->name;
	item->bytes.ptr = m->payload ? m->payload : "";
	item->bytes.len = m->payload ? m->len : 0;
	snprintf(item->at, sizeof item->at, "%020" PRId64 "@%s", m->offset,
	    lane->at.cluster);
	read_key(m, item);
	lane->newest = mark_of(m);
	lane->has_newest = true;
	kafkalane_pass(&lane->at, &lane->newest);
	kafkalane_format(&lane->at, item->next);
	k->message = m;
	if (has_given_all(k, lane, lane->at.next))
		finish(k, lane);
	return STREAM_RECORD;
}

static void
compare(struct kafka *k, struct lane *lane, const rd_kafka_message_t *m)
{
	struct kafkalane_mark found = mark_of(m);
	enum kafkalane_proof proof = kafkalane_prove(&lane->at, &found);

	lane->denied = proof == KAFKALANE_OTHER;
	if (lane->denied)
		stream_kafka_lane_halt(k, lane);
	else
		go_on(k, lane, proof == KAFKALANE_SAME);
}

/* Takes m. */
static enum stream_got
take_message(struct kafka *k, struct lane *lane, rd_kafka_message_t *m,
    struct stream_item *item)
{
	if (lane->state == LANE_PROVES)
		compare(k, lane, m);
	else if (has_given_all(k, lane, m->offset))
		finish(k, lane);
	else if (m->offset >= lane->at.next)
		return give(k, lane, m, item);
	rd_kafka_message_destroy(m);
	return STREAM_NOTHING;
}

static void
take_end(struct kafka *k, struct lane *lane, int64_t offset)
{
	bool proves = lane->state == LANE_PROVES;

	if (offset <= (proves ? lane->at.mark.offset : lane->at.next - 1))
		stream_kafka_lane_halt(k, lane); /* it got shorter */
	else if (proves)
		go_on(k, lane, false);
	else if (has_given_all(k, lane, offset))
		finish(k, lane);
}

/* A batch that the broker has and that is not whole: it is left out by
 * librdkafka, so it is told here. */
static enum stream_got
take_damage(struct lane *lane, const rd_kafka_message_t *m,
    struct stream_item *item, struct err *err)
{
	if (m->offset == lane->broken)
		return STREAM_NOTHING;
	lane->broken = m->offset;
	item->lane = lane->name;
	snprintf(item->at, sizeof item->at, "%020" PRId64 "@%s", m->offset,
	    lane->at.cluster);
	err_set(err,
	    "what the broker keeps from offset %" PRId64 " on is damaged: %s; "
	    "what it held is missing until the agents send it again",
	    m->offset, rd_kafka_message_errstr(m));
	return STREAM_DAMAGE;
}

static enum stream_got
take_error(struct kafka *k, struct lane *lane, const rd_kafka_message_t *m,
    struct stream_item *item, struct err *err)
{
	struct err why = {0};

	switch (m->err) {
	case RD_KAFKA_RESP_ERR__PARTITION_EOF:
		take_end(k, lane, m->offset);
		return STREAM_NOTHING;
	case RD_KAFKA_RESP_ERR__BAD_MSG:
		return take_damage(lane, m, item, err);
	case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
	case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
		stream_kafka_lane_halt(k, lane);
		return STREAM_NOTHING;
	default:
		kafka_explain(&why, m->err, rd_kafka_message_errstr(m));
		snprintf(
		    lane->trouble, sizeof lane->trouble, "%.255s", why.text);
		stream_kafka_trouble(k, lane->trouble);
		stream_kafka_lane_halt(k, lane);
		return STREAM_NOTHING;
	}
}

enum stream_got
stream_kafka_lane_take(struct kafka *k, struct lane *lane,
    rd_kafka_message_t *m, struct stream_item *item, struct err *err)
{
	enum stream_got got;

	if (!m->err)
		return take_message(k, lane, m, item);
	got = take_error(k, lane, m, item, err);
	rd_kafka_message_destroy(m);
	return got;
}

/* ---- what a lookup says ---- */

void
stream_kafka_lane_note(struct kafka *k, struct lane *lane)
{
	bool reads = stream_kafka_lane_reads(lane);
	const struct stream_kafka_found *f = &k->found;

	if (lane->partition >= f->count) {
		snprintf(lane->trouble, sizeof lane->trouble,
		    "partition %" PRId32 " is no longer there",
		    lane->partition);
		if (reads)
			stream_kafka_lane_halt(k, lane);
	} else if (reads && !f->marks[lane->partition].code) {
		prove_again(k, lane, &f->marks[lane->partition]);
	}
}
