/* SPDX-License-Identifier: Apache-2.0 */
/* publish_client: one librdkafka producer, from its making to its end. Knows
 * how it is served without waiting (one queue with its events, and a descriptor
 * that wakes), and how it is got rid of when it does not end: destroying one
 * may hang, so it is done in a thread that is left behind when it takes too
 * long. Decides nothing: what happens is told to its owner. */
#ifndef ASSAY_AGENT_PUBLISH_CLIENT_H
#define ASSAY_AGENT_PUBLISH_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assay/err.h"
#include "assay/kafka.h"
#include "assay/slice.h"

struct publish_client;
struct publish_grave;

/* What is told while a client is served. Texts are librdkafka's. */
struct publish_client_events {
	void (*delivered)(void *arg, uint64_t serial);
	/* It will not be delivered by this client. */
	void (*lost)(void *arg, uint64_t serial, rd_kafka_resp_err_t code,
	    const char *said);
	/* fatal: this client sends nothing any more. */
	void (*error)(
	    void *arg, rd_kafka_resp_err_t code, const char *said, bool fatal);
	void (*log)(
	    void *arg, int level, const char *facility, const char *text);
};

/* A new client of conf, which it takes, also on failure. wake_fd is written a
 * byte when there is something to serve; -1: none. NULL and err. */
struct publish_client *publish_client_new(
    rd_kafka_conf_t *conf, int wake_fd, struct err *err);

/* Tell what happened, at most `most` events; how many there were. Never
 * waits. */
size_t publish_client_serve(struct publish_client *c,
    const struct publish_client_events *events, void *arg, size_t most);

enum publish_client_sent {
	PUBLISH_CLIENT_SENT,	/* its delivery will be reported */
	PUBLISH_CLIENT_FULL,	/* its queue is full: later */
	PUBLISH_CLIENT_REFUSED, /* err and code say why */
};

/* Queue a message; key and value are copied. */
enum publish_client_sent publish_client_send(struct publish_client *c,
    const char *topic, struct slice key, struct slice value, uint64_t serial,
    rd_kafka_resp_err_t *code, struct err *err);

/* librdkafka's own handle, for tests. */
rd_kafka_t *publish_client_handle(struct publish_client *c);

/* Begin to end it; takes c. What is queued is given up. NULL when there is
 * nothing to wait for (c was NULL), or no thread could be made: then it is left
 * as it is, and counts as stuck. */
struct publish_grave *publish_client_retire(
    struct publish_client *c, bool *stuck);

/* Has it ended? Frees the grave when it has. */
bool publish_grave_is_closed(struct publish_grave *g);

/* Do not wait for it any longer. */
void publish_grave_leave(struct publish_grave *g);

#endif
