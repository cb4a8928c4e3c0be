/* SPDX-License-Identifier: Apache-2.0 */
/* publish_parts: what a publisher is made of, shared by its files: publish.c
 * has its life and its clients, publish_told.c hears what a client tells and
 * makes words for people of it, publish_feed.c reads the spool, hands records
 * over and acknowledges. */
#ifndef ASSAY_AGENT_PUBLISH_PARTS_H
#define ASSAY_AGENT_PUBLISH_PARTS_H

#include "assay/spoolread.h"

#include "publish.h"
#include "publish_client.h"
#include "publish_window.h"

#define PUBLISH_GRAVES 4
#define PUBLISH_SECOND_US INT64_C(1000000)
#define PUBLISH_BACKOFF_US PUBLISH_SECOND_US	 /* at first */
#define PUBLISH_SLOW_US (60 * PUBLISH_SECOND_US) /* nothing delivered: said */

/* One way through the spool. */
struct publish_reading {
	struct spoolread *read;
	/* Read, and not handed over yet; borrows from read. */
	struct spoolread_record held;
	bool has_held;
	bool at_end;	      /* nothing more at the last look */
	int64_t look_mono_us; /* not before */
};

struct publish {
	char *spool;
	struct kafka_properties kafka;
	int wake[2];

	struct publish_client *client;
	struct publish_grave *graves[PUBLISH_GRAVES];
	int64_t grave_mono_us[PUBLISH_GRAVES]; /* since when */
	unsigned clients, stuck;
	int64_t retry_mono_us, backoff_us;
	uint64_t files; /* publish_files_look of this client; and the last */
	uint64_t files_seen;
	int64_t files_mono_us;

	struct publish_window *window;
	struct publish_reading lanes[PUBLISH_LANES];
	/* How far the first lane has read. */
	struct spoolread_position read_at;

	/* The request that is worked on. */
	struct spoolread_position again_until;
	uint64_t again_sent;
	int64_t again_mono_us;
	struct err again_err;

	int64_t acked_us, acked_mono_us;
	struct err ack_err;
	struct err read_err;

	enum publish_state state;
	int64_t since_us;
	struct err problem;
	struct err reason; /* the last specific word of librdkafka's */
	int64_t reason_mono_us;
	int64_t doubt_mono_us; /* no connection is left since; 0: there is */
	int64_t told_mono_us;
	uint64_t delivered;
	int64_t moved_mono_us; /* something was delivered, or nothing waited */
	uint64_t unread;       /* bytes of the spool, at that look */
	int64_t unread_mono_us;

	bool broken; /* this client is to be replaced */
	bool full;   /* the client's queue took no more */
	bool has_read_at;
	bool again_only; /* nothing else is sent */
	bool again;	 /* a request is worked on .. */
	bool again_read; /* .. and all of it was handed over */
	bool acked_dirty;

	int64_t now_us, mono_us; /* of this tick; 0 before the first */
};

/* Begin to read where the acknowledgements are. -1 and err. */
int publish_feed_start(struct publish *p, struct err *err);

/* Everything that was handed over is to be handed over again. */
void publish_feed_rewind(struct publish *p);

/* Hand records to the client. True when there is more. */
bool publish_feed(struct publish *p);

/* Write down what was delivered, when it is time. */
void publish_feed_ack(struct publish *p, bool now);

/* See whether somebody asks for records again, and whether that is done. */
void publish_feed_requests(struct publish *p);

/* Send what is from here on again. Nothing else is being sent again. */
void publish_feed_again(
    struct publish *p, const struct spoolread_position *from);

void publish_feed_clear(struct publish *p);

/* What a client tells, with the publisher as argument. */
extern const struct publish_client_events publish_events;

const char *publish_brokers(const struct publish *p);

/* Did librdkafka give a reason not long ago? (p->reason) */
bool publish_knows_reason(const struct publish *p);

/* Records wait, and why. */
void publish_waits(struct publish *p, const struct err *why);

#endif
