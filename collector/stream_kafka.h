/* SPDX-License-Identifier: Apache-2.0 */
/* stream_kafka: a topic of a Kafka cluster as a stream; each partition is a
 * lane "kafka:TOPIC:PARTITION" (kafkalane.h has its positions). Partitions are
 * read by hand, without a group: the store alone knows what was read. A reset
 * is an error, so nothing is jumped over unsaid; partitions are looked up again
 * each minute, and each is then proved to be the one that was read.
 *
 * A key that is no agent's id, or another agent's than the record's, is a
 * fault. Order across lanes means nothing: when the number of partitions
 * changes, one agent's records come by several.
 *
 * That brokers are away is a state, not a failure: it is tried again, after ten
 * minutes with a new client, which also reads renewed certificates. */
#ifndef COLLECTOR_STREAM_KAFKA_H
#define COLLECTOR_STREAM_KAFKA_H

#include <stdbool.h>

#include "assay/clock.h"
#include "assay/err.h"
#include "assay/kafka.h"
#include "assay/problems.h"
#include "stream.h"

struct stream_kafka_options {
	const struct kafka_properties *kafka; /* borrowed until the close */
	const struct clock *clock;	      /* so too */
	stream_position_fn *position;
	void *arg;
	int wake_fd; /* is written a byte when something came; -1: none. Not
		      * blocking */
	bool once;   /* give what is there at the first look, then nothing */
};

/* Would these settings do? -1 with what is wrong in p, at its place. */
int stream_kafka_check(const struct kafka_properties *k, struct problems *p);

/* Open it; nothing is asked of a broker yet. NULL when memory is short. */
struct stream *stream_kafka_open(
    const struct stream_kafka_options *o, struct err *err);

#endif
