/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of stream_kafka share and nobody else sees: stream_kafka.c has
 * the client, the lookups and the stream, stream_kafka_lane.c the lanes. */
#ifndef COLLECTOR_STREAM_KAFKA_PARTS_H
#define COLLECTOR_STREAM_KAFKA_PARTS_H

#include "kafkalane.h"
#include "stream_kafka.h"
#include "stream_kafka_client.h"
#include "stream_kafka_dead.h"

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

/* ---- stream_kafka.c ---- */

/* Nothing can be read now, and why: try again later. */
void stream_kafka_trouble(struct kafka *k, const char *why);

/* A lane waits for what the next lookup says. */
void stream_kafka_look_soon(struct kafka *k);

/* ---- stream_kafka_lane.c ---- */

/* The next partition as a lane, as the store knows it. */
int stream_kafka_lane_add(struct kafka *k, struct err *err);

/* Go back to where the store says that it stands; it must be halted. */
int stream_kafka_lane_load(struct kafka *k, struct lane *lane, struct err *err);

/* Read no more of it until a lookup that begins from now on has decided. */
void stream_kafka_lane_halt(struct kafka *k, struct lane *lane);

/* Does it take messages? */
bool stream_kafka_lane_reads(const struct lane *lane);

/* Begin to read a lane that waits. DAMAGE when its position is not one of this
 * partition, NOTHING otherwise. */
enum stream_got stream_kafka_lane_begin(struct kafka *k, struct lane *lane,
    const struct stream_kafka_marks *m, struct stream_item *item,
    struct err *err);

/* What a lookup found of a lane that reads: is it still the same? */
void stream_kafka_lane_note(struct kafka *k, struct lane *lane);

/* A message, or an error, of a lane that reads. Takes m. */
enum stream_got stream_kafka_lane_take(struct kafka *k, struct lane *lane,
    rd_kafka_message_t *m, struct stream_item *item, struct err *err);

#endif
