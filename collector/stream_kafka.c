/* SPDX-License-Identifier: Apache-2.0 */
#include "stream_kafka.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assay/crc32c.h"
#include "assay/encode.h"
#include "assay/log.h"
#include "assay/stamp.h"
#include "kafkalane.h"
#include "stream_kafka_client.h"
#include "stream_kafka_dead.h"

#define LOOK_US (60 * STAMP_US_PER_S) /* between lookups when all is well */
#define RETRY_US STAMP_US_PER_S	      /* after one that failed; doubles */
#define RETRY_MAX_US (10 * STAMP_US_PER_S)
#define ANEW_US (600 * STAMP_US_PER_S) /* of trouble: another client */
#define END_MS 3000
#define CARE_CALLS 256 /* messages between looks at all the rest */

enum lane_state {
	LANE_WAITS,  /* the next lookup decides where to read */
	LANE_PROVES, /* reads from the mark: the first that comes decides */
	LANE_READS,
	LANE_DONE, /* it has given what was there at the first look */
};

struct lane {
	char *name;
	int32_t partition;
	enum lane_state state;
	uint64_t after; /* the last lookup that is too old to decide by */
	bool has_position;
	bool denied; /* the mark of the position is another message */
	struct kafkalane_position at;
	bool has_newest; /* the last message read: the next mark, */
	struct kafkalane_mark newest; /* once the one that is was proved */
	int64_t high;	/* the end at the last lookup, -1 none yet */
	int64_t end;	/* the end at the first, -1 none yet */
	int64_t broken; /* the last offset told as damaged, -1 none */
	char trouble[256];
};

struct kafka {
	struct stream_kafka_options o;
	const char *topic, *brokers;
	struct stream_kafka_client *client;
	struct stream_kafka_dead *dead;
	struct lane **lanes; /* each stays where it is until the close */
	size_t lane_count;
	char cluster[KAFKALANE_CLUSTER_MAX + 1]; /* "" not known */
	rd_kafka_message_t *message; /* the last item's bytes are its */
	unsigned calls;
	uint64_t begun;			 /* lookups */
	struct stream_kafka_found found; /* by the last that found something */
	uint64_t found_serial;
	bool looked; /* one has found the partitions */
	bool wants_look;
	int64_t client_mono_us; /* when it was made */
	int64_t look_mono_us, retry_us;
	int64_t trouble_mono_us; /* since when; -1 none */
	char said[512];		 /* what librdkafka said last of a broker */
	char trouble[900];	 /* why nothing can be read now; "" */
};

static const struct kafka_property defaults[] = {
    {"client.id", "assay-collector", ""},
    {"enable.auto.commit", "false", ""},
    {"enable.auto.offset.store", "false", ""},
    {"auto.offset.reset", "error", ""},
    {"check.crcs", "true", ""},
    {"enable.partition.eof", "true", ""},
    {"queued.max.messages.kbytes", "4096", ""},
    {"queued.min.messages", "2000", ""},
    {"fetch.message.max.bytes", "1048576", ""},
    {"fetch.max.bytes", "4194304", ""},
    {"fetch.error.backoff.ms", "500", ""},
    {"topic.metadata.refresh.interval.ms", "60000", ""},
};

#define DEFAULT_COUNT (sizeof defaults / sizeof *defaults)

int
stream_kafka_check(const struct kafka_properties *k, struct problems *p)
{
	return kafka_properties_check(k, defaults, DEFAULT_COUNT, p);
}

/* ---- trouble ---- */

static int64_t
now(const struct kafka *k)
{
	return clock_mono_us(k->o.clock);
}

static void
set_trouble(struct kafka *k, const char *why)
{
	snprintf(k->trouble, sizeof k->trouble, "%s", why);
	if (k->trouble_mono_us < 0)
		k->trouble_mono_us = now(k);
	k->retry_us = k->retry_us ? k->retry_us * 2 : RETRY_US;
	if (k->retry_us > RETRY_MAX_US)
		k->retry_us = RETRY_MAX_US;
	k->look_mono_us = now(k) + k->retry_us;
	k->wants_look = true;
}

static void
clear_trouble(struct kafka *k)
{
	if (k->trouble[0])
		log_info("kafka", "%s at %s can be read again", k->topic,
		    k->brokers);
	k->trouble[0] = k->said[0] = '\0';
	k->trouble_mono_us = -1;
	k->retry_us = 0;
	k->look_mono_us = now(k) + LOOK_US;
}

static void
look_soon(struct kafka *k)
{
	int64_t at = now(k) + k->retry_us;

	if (at < k->look_mono_us)
		k->look_mono_us = at;
	k->wants_look = true;
}

/* An error of a broker's is nothing yet: others may serve. But a lookup says
 * less of why it failed. */
static void
on_error(void *arg, rd_kafka_resp_err_t code, const char *said)
{
	struct kafka *k = arg;
	struct err err = {0};

	if (code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
		kafka_explain(&err, code, said);
		snprintf(k->said, sizeof k->said, "%.511s", err.text);
	}
	look_soon(k);
}

static void
on_log(void *arg, int level, const char *facility, const char *text)
{
	(void)arg;
	(void)level;
	log_debug("kafka", "%s: %s", facility, text);
}

static const struct stream_kafka_events events = {on_error, on_log};

/* ---- lanes ---- */

static struct lane *
find_lane(const struct kafka *k, int32_t partition)
{
	return partition >= 0 && (size_t)partition < k->lane_count
		   ? k->lanes[partition]
		   : NULL;
}

/* Where the store says that it stands. */
static int
load_position(struct kafka *k, struct lane *lane, struct err *err)
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

static int
add_lane(struct kafka *k, struct err *err)
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
	if (load_position(k, lane, err)) {
		free(lane->name);
		free(lane);
		return -1;
	}
	k->lanes[k->lane_count++] = lane;
	return 0;
}

/* Read no more of it until a lookup that begins from now on has decided. */
static void
halt(struct kafka *k, struct lane *lane)
{
	if (lane->state == LANE_READS || lane->state == LANE_PROVES)
		stream_kafka_client_stop(k->client, lane->partition);
	lane->state = LANE_WAITS;
	lane->after = k->begun;
	look_soon(k);
}

static void
finish(struct kafka *k, struct lane *lane)
{
	if (lane->state == LANE_READS || lane->state == LANE_PROVES)
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
		halt(k, lane);
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

/* Begin to read a lane that waits. DAMAGE when its position is not one of this
 * partition, NOTHING otherwise. */
static enum stream_got
begin(struct kafka *k, struct lane *lane, const struct stream_kafka_marks *m,
    struct stream_item *item, struct err *err)
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
		halt(k, lane);
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
		halt(k, lane);
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
		halt(k, lane); /* it got shorter */
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
		halt(k, lane);
		return STREAM_NOTHING;
	default:
		kafka_explain(&why, m->err, rd_kafka_message_errstr(m));
		snprintf(
		    lane->trouble, sizeof lane->trouble, "%.255s", why.text);
		set_trouble(k, lane->trouble);
		halt(k, lane);
		return STREAM_NOTHING;
	}
}

/* ---- lookups ---- */

static void
note_cluster(struct kafka *k, const char *id)
{
	struct kafkalane_position p = {0};

	if (!id[0])
		return;
	kafkalane_set_cluster(&p, id);
	memcpy(k->cluster, p.cluster, sizeof k->cluster);
}

static void
note_lane(struct kafka *k, struct lane *lane)
{
	bool reads = lane->state == LANE_READS || lane->state == LANE_PROVES;
	const struct stream_kafka_found *f = &k->found;

	if (lane->partition >= f->count) {
		snprintf(lane->trouble, sizeof lane->trouble,
		    "partition %" PRId32 " is no longer there",
		    lane->partition);
		if (reads)
			halt(k, lane);
	} else if (reads && !f->marks[lane->partition].code) {
		prove_again(k, lane, &f->marks[lane->partition]);
	}
}

/* Why nothing was found: what a broker said tells more than that none answered
 * in time. */
static void
note_failure(struct kafka *k, const struct stream_kafka_found *f)
{
	struct err why = {0};

	if (k->said[0] && (f->code == RD_KAFKA_RESP_ERR__TIMED_OUT ||
			      f->code == RD_KAFKA_RESP_ERR__TRANSPORT)) {
		set_trouble(k, k->said);
		return;
	}
	kafka_explain(&why, f->code, f->said);
	err_prefix(&why, "topic %s", k->topic);
	set_trouble(k, why.text);
}

static int
take_found(struct kafka *k, struct err *err)
{
	struct stream_kafka_found f;

	if (!stream_kafka_client_found(k->client, &f))
		return 0;
	if (f.code) {
		free(f.marks);
		note_failure(k, &f);
		return 0;
	}
	free(k->found.marks);
	k->found = f;
	k->found_serial = k->begun;
	clear_trouble(k);
	note_cluster(k, f.cluster);
	while (k->lane_count < (size_t)f.count)
		if (add_lane(k, err)) {
			look_soon(k);
			return -1;
		}
	for (size_t i = 0; i < k->lane_count; i++)
		note_lane(k, k->lanes[i]);
	k->looked = true;
	return 0;
}

/* Whose turn it is, as the last lookup has it; one that it is too old for asks
 * for another one. */
static enum stream_got
begin_waiting(struct kafka *k, struct stream_item *item, struct err *err)
{
	for (size_t i = 0; i < k->lane_count; i++) {
		struct lane *lane = k->lanes[i];
		const struct stream_kafka_marks *m;

		if (lane->state != LANE_WAITS ||
		    lane->partition >= k->found.count)
			continue;
		if (lane->after >= k->found_serial) {
			look_soon(k);
			continue;
		}
		m = &k->found.marks[lane->partition];
		if (m->code) {
			struct err why = {0};

			kafka_explain(&why, m->code, rd_kafka_err2str(m->code));
			err_prefix(&why, "partition %zu of %s", i, k->topic);
			snprintf(lane->trouble, sizeof lane->trouble, "%.255s",
			    why.text);
			lane->after = k->found_serial;
			set_trouble(k, lane->trouble);
		} else if (begin(k, lane, m, item, err) == STREAM_DAMAGE) {
			return STREAM_DAMAGE;
		}
	}
	return STREAM_NOTHING;
}

static void
look_if_due(struct kafka *k)
{
	struct err err = {0};

	/* A simulated clock stands still while a broker answers. */
	if (stream_kafka_client_is_looking(k->client) ||
	    (now(k) < k->look_mono_us &&
		!(k->wants_look && clock_is_simulated(k->o.clock))))
		return;
	k->wants_look = false;
	k->look_mono_us = now(k) + LOOK_US;
	if (stream_kafka_client_look(k->client, &err))
		set_trouble(k, err.text);
	else
		k->begun++;
}

/* ---- the client ---- */

static void
drop_message(struct kafka *k)
{
	if (k->message)
		rd_kafka_message_destroy(k->message);
	k->message = NULL;
}

static void
make_client(struct kafka *k)
{
	struct err err = {0};
	rd_kafka_conf_t *conf;

	if (now(k) < k->look_mono_us &&
	    !(k->wants_look && clock_is_simulated(k->o.clock)))
		return;
	conf = kafka_conf_new(
	    k->o.kafka->list, k->o.kafka->count, defaults, DEFAULT_COUNT, &err);
	if (conf)
		k->client =
		    stream_kafka_client_new(conf, k->topic, k->o.wake_fd, &err);
	if (!k->client) {
		set_trouble(k, err.text);
		return;
	}
	k->client_mono_us = now(k);
	k->look_mono_us = now(k);
}

/* Nothing that a client still has is worth keeping. */
static void
drop_client(struct kafka *k)
{
	drop_message(k);
	stream_kafka_client_free(k->client, 0);
	k->client = NULL;
	for (size_t i = 0; i < k->lane_count; i++)
		if (k->lanes[i]->state != LANE_DONE) {
			k->lanes[i]->state = LANE_WAITS;
			k->lanes[i]->after = k->begun;
		}
}

/* What there is to do beside messages. */
static enum stream_got
care(struct kafka *k, struct stream_item *item, struct err *err)
{
	enum stream_got got;

	if (k->client && k->trouble[0] &&
	    now(k) - k->trouble_mono_us >= ANEW_US &&
	    now(k) - k->client_mono_us >= ANEW_US)
		drop_client(k);
	if (!k->client)
		make_client(k);
	stream_kafka_dead_serve(k->dead);
	if (!k->client)
		return STREAM_NOTHING;
	stream_kafka_client_serve(k->client, &events, k);
	if (take_found(k, err))
		return STREAM_ERROR;
	got = begin_waiting(k, item, err);
	look_if_due(k);
	return got;
}

static bool
done(const void *impl)
{
	const struct kafka *k = impl;

	for (size_t i = 0; i < k->lane_count; i++)
		if (k->lanes[i]->state != LANE_DONE)
			return false;
	return k->looked;
}

/* Takes m. */
static enum stream_got
take(struct kafka *k, rd_kafka_message_t *m, struct stream_item *item,
    struct err *err)
{
	struct lane *lane = find_lane(k, m->partition);
	enum stream_got got = STREAM_NOTHING;

	if (lane && (lane->state == LANE_READS || lane->state == LANE_PROVES)) {
		if (!m->err)
			return take_message(k, lane, m, item);
		got = take_error(k, lane, m, item, err);
	}
	rd_kafka_message_destroy(m);
	return got;
}

static enum stream_got
next(void *impl, struct stream_item *item, struct err *err)
{
	struct kafka *k = impl;
	enum stream_got got = STREAM_NOTHING;
	rd_kafka_message_t *m = NULL;

	drop_message(k);
	if (done(k))
		return STREAM_NOTHING;
	for (;;) {
		if (k->calls++ % CARE_CALLS == 0 || !k->client) {
			got = care(k, item, err);
			if (got != STREAM_NOTHING)
				return got;
		}
		m = k->client ? stream_kafka_client_next(k->client) : NULL;
		if (!m)
			break;
		got = take(k, m, item, err);
		if (got != STREAM_NOTHING)
			return got;
	}
	k->calls = 1;
	got = care(k, item, err);
	if (got != STREAM_NOTHING || !k->trouble[0])
		return got;
	err_set(err, "%s", k->trouble);
	return STREAM_ERROR;
}

/* ---- the stream ---- */

static bool
has(const void *impl, const char *lane)
{
	const struct kafka *k = impl;

	for (size_t i = 0; i < k->lane_count; i++)
		if (strcmp(k->lanes[i]->name, lane) == 0)
			return true;
	return false;
}

/* Kafka keeps what it keeps, whoever has it. */
static int
stored(void *impl, const char *lane, const char *position, struct err *err)
{
	(void)impl;
	(void)lane;
	(void)position;
	(void)err;
	return 0;
}

static int
rewind_lanes(void *impl, struct err *err)
{
	struct kafka *k = impl;

	drop_message(k);
	for (size_t i = 0; i < k->lane_count; i++) {
		struct lane *lane = k->lanes[i];

		if (k->client)
			halt(k, lane);
		lane->broken = -1;
		if (load_position(k, lane, err))
			return -1;
	}
	return 0;
}

static void
refused(void *impl, const struct stream_refused *what)
{
	struct kafka *k = impl;

	stream_kafka_dead_send(k->dead, what);
}

static uint64_t
count_behind(const struct kafka *k)
{
	uint64_t behind = 0;

	for (size_t i = 0; k->client && i < k->lane_count; i++) {
		const struct lane *lane = k->lanes[i];
		int64_t high =
		    stream_kafka_client_high(k->client, lane->partition);

		if (high < lane->high)
			high = lane->high;
		if (high > lane->at.next)
			behind += (uint64_t)(high - lane->at.next);
	}
	return behind;
}

static void
look(const void *impl, struct stream_state *state)
{
	const struct kafka *k = impl;
	struct stream_kafka_dead_counts dead =
	    stream_kafka_dead_counts(k->dead);
	size_t at;

	snprintf(state->name, sizeof state->name, "kafka:%.60s at %.240s",
	    k->topic, k->brokers);
	state->trouble = k->trouble[0] != '\0';
	state->insecure =
	    kafka_is_insecure(k->o.kafka->list, k->o.kafka->count);
	state->lanes = k->lane_count;
	state->behind = count_behind(k);
	if (state->trouble)
		snprintf(state->words, sizeof state->words,
		    "cannot be read, trying again: %s", k->trouble);
	else if (!k->looked)
		snprintf(state->words, sizeof state->words,
		    "looking for the brokers");
	else
		snprintf(state->words, sizeof state->words,
		    "%zu partitions, %" PRIu64 " messages not read yet",
		    k->lane_count, state->behind);
	at = strlen(state->words);
	if (dead.lost)
		snprintf(state->words + at, sizeof state->words - at,
		    "; %" PRIu64 " dead letters were not copied to Kafka",
		    dead.lost);
}

/* Messages are no bytes. */
static void
progress(const void *impl, uint64_t *read, uint64_t *total)
{
	(void)impl;
	*read = *total = 0;
}

static void
close_kafka(void *impl)
{
	struct kafka *k = impl;

	drop_message(k);
	stream_kafka_client_free(k->client, END_MS);
	stream_kafka_dead_free(k->dead);
	for (size_t i = 0; i < k->lane_count; i++) {
		free(k->lanes[i]->name);
		free(k->lanes[i]);
	}
	free(k->lanes);
	free(k->found.marks);
	free(k);
}

static const struct stream_ops ops = {
    .next = next,
    .has = has,
    .stored = stored,
    .rewind = rewind_lanes,
    .done = done,
    .refused = refused,
    .look = look,
    .progress = progress,
    .close = close_kafka,
};

struct stream *
stream_kafka_open(const struct stream_kafka_options *o, struct err *err)
{
	struct kafka *k = calloc(1, sizeof *k);

	if (!k || !(k->dead = stream_kafka_dead_new(o->kafka))) {
		err_set(err, "no memory to read Kafka");
		free(k);
		return NULL;
	}
	k->o = *o;
	k->topic =
	    kafka_value(o->kafka->list, o->kafka->count, "topic", KAFKA_TOPIC);
	k->brokers = kafka_value(o->kafka->list, o->kafka->count,
	    "bootstrap.servers", "metadata.broker.list");
	k->trouble_mono_us = -1;
	k->look_mono_us = now(k);
	return stream_new(&ops, k, err);
}
