/* SPDX-License-Identifier: Apache-2.0 */
/* stream_kafka_dead: copies of dead letters to a topic (assay.dead), for
 * whoever watches Kafka. The store is what counts: a copy is sent without
 * waiting, is tried for half a minute, and is lost when there is no room or no
 * broker; that is counted. One copy is one message: key the lane, value the
 * refused bytes (the first RECORD_MAX), headers assay-lane, assay-position,
 * assay-code, assay-reason. The producer is made when there is something to
 * send. */
#ifndef COLLECTOR_STREAM_KAFKA_DEAD_H
#define COLLECTOR_STREAM_KAFKA_DEAD_H

#include <stdint.h>

#include "assay/kafka.h"
#include "stream.h"

struct stream_kafka_dead;

struct stream_kafka_dead_counts {
	uint64_t sent; /* and arrived */
	uint64_t lost;
};

/* Borrows kafka until freed. NULL when memory is short. */
struct stream_kafka_dead *stream_kafka_dead_new(
    const struct kafka_properties *kafka);

/* Send what is waiting for a moment, then end. NULL is harmless. */
void stream_kafka_dead_free(struct stream_kafka_dead *d);

void stream_kafka_dead_send(
    struct stream_kafka_dead *d, const struct stream_refused *what);

/* Read what became of them; now and then. Never waits. */
void stream_kafka_dead_serve(struct stream_kafka_dead *d);

struct stream_kafka_dead_counts stream_kafka_dead_counts(
    const struct stream_kafka_dead *d);

#endif
