/* SPDX-License-Identifier: Apache-2.0 */
#include "stream_kafka.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assay/log.h"
#include "assay/stamp.h"
#include "stream_kafka_parts.h"

#define LOOK_US (60 * STAMP_US_PER_S) /* between lookups when all is well */
#define RETRY_US STAMP_US_PER_S	      /* after one that failed; doubles */
#define RETRY_MAX_US (10 * STAMP_US_PER_S)
#define ANEW_US (600 * STAMP_US_PER_S) /* of trouble: another client */
#define END_MS 3000
#define CARE_CALLS 256 /* messages between looks at all the rest */

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

void
stream_kafka_trouble(struct kafka *k, const char *why)
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

void
stream_kafka_look_soon(struct kafka *k)
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
	stream_kafka_look_soon(k);
}

static void
on_log(void *arg, int level, const char *facility, const char *text)
{
	(void)arg;
	(void)level;
	log_debug("kafka", "%s: %s", facility, text);
}

static const struct stream_kafka_events events = {on_error, on_log};

static struct lane *
find_lane(const struct kafka *k, int32_t partition)
{
	return partition >= 0 && (size_t)partition < k->lane_count
		   ? k->lanes[partition]
		   : NULL;
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

/* Why nothing was found: what a broker said tells more than that none answered
 * in time. */
static void
note_failure(struct kafka *k, const struct stream_kafka_found *f)
{
	struct err why = {0};

	if (k->said[0] && (f->code == RD_KAFKA_RESP_ERR__TIMED_OUT ||
			      f->code == RD_KAFKA_RESP_ERR__TRANSPORT)) {
		stream_kafka_trouble(k, k->said);
		return;
	}
	kafka_explain(&why, f->code, f->said);
	err_prefix(&why, "topic %s", k->topic);
	stream_kafka_trouble(k, why.text);
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
		if (stream_kafka_lane_add(k, err)) {
			stream_kafka_look_soon(k);
			return -1;
		}
	for (size_t i = 0; i < k->lane_count; i++)
		stream_kafka_lane_note(k, k->lanes[i]);
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
			stream_kafka_look_soon(k);
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
			stream_kafka_trouble(k, lane->trouble);
		} else if (stream_kafka_lane_begin(k, lane, m, item, err) ==
			   STREAM_DAMAGE) {
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
		stream_kafka_trouble(k, err.text);
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
		stream_kafka_trouble(k, err.text);
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

	if (lane && stream_kafka_lane_reads(lane))
		return stream_kafka_lane_take(k, lane, m, item, err);
	rd_kafka_message_destroy(m);
	return STREAM_NOTHING;
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
			stream_kafka_lane_halt(k, lane);
		lane->broken = -1;
		if (stream_kafka_lane_load(k, lane, err))
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
