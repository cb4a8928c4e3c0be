/* SPDX-License-Identifier: Apache-2.0 */
/* stream_kafka_client: one librdkafka consumer of one topic, from its making to
 * its end. Knows how it is served without waiting: messages, errors and log
 * lines come through queues that wake a descriptor; what librdkafka can only
 * ask for and wait (which partitions there are, where they begin and end) is
 * asked in a short-lived thread, a *lookup*. Partitions are started and stopped
 * by hand; there is no group. Decides nothing. */
#ifndef COLLECTOR_STREAM_KAFKA_CLIENT_H
#define COLLECTOR_STREAM_KAFKA_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "assay/err.h"
#include "assay/kafka.h"

struct stream_kafka_client;

/* What a lookup found. */
struct stream_kafka_found {
	rd_kafka_resp_err_t code; /* not 0: nothing was found, said has why */
	char said[512];
	char cluster[128]; /* id; "" not known */
	int32_t count;	   /* partitions */
	struct stream_kafka_marks {
		rd_kafka_resp_err_t code; /* not 0: low, high not known */
		int64_t low, high;
	} * marks; /* one each */
};

struct stream_kafka_events {
	void (*error)(void *arg, rd_kafka_resp_err_t code, const char *said);
	void (*log)(
	    void *arg, int level, const char *facility, const char *text);
};

/* A new client of conf, which it takes, also on failure. wake_fd is written a
 * byte when there is something to serve; -1: none. NULL and err. */
struct stream_kafka_client *stream_kafka_client_new(
    rd_kafka_conf_t *conf, const char *topic, int wake_fd, struct err *err);

/* Tell errors and log lines. Never waits. */
void stream_kafka_client_serve(struct stream_kafka_client *c,
    const struct stream_kafka_events *events, void *arg);

/* Begin a lookup, unless one is under way. -1 when no thread can be made. */
int stream_kafka_client_look(struct stream_kafka_client *c, struct err *err);
bool stream_kafka_client_is_looking(const struct stream_kafka_client *c);

/* What the lookup found, once: true and *found, whose marks the caller frees.
 */
bool stream_kafka_client_found(
    struct stream_kafka_client *c, struct stream_kafka_found *found);

/* Read a partition from offset on; stop reading it: nothing of it comes after
 * that. */
int stream_kafka_client_start(struct stream_kafka_client *c, int32_t partition,
    int64_t offset, struct err *err);
void stream_kafka_client_stop(struct stream_kafka_client *c, int32_t partition);

/* The next message or error of a partition; rd_kafka_message_destroy it. NULL:
 * none now. */
rd_kafka_message_t *stream_kafka_client_next(struct stream_kafka_client *c);

/* The end of a partition as the last answer had it; -1 not known. */
int64_t stream_kafka_client_high(
    const struct stream_kafka_client *c, int32_t partition);

/* End it in a thread of its own, which may hang, and wait for it at most
 * wait_ms; then it is left behind. NULL is harmless. */
void stream_kafka_client_free(struct stream_kafka_client *c, int wait_ms);

/* End any client so: flush_ms for what a producer still has to send. Takes rk.
 */
void stream_kafka_client_end(rd_kafka_t *rk, int flush_ms, int wait_ms);

#endif
