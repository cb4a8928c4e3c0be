/* SPDX-License-Identifier: Apache-2.0 */
/* kafka: a `kafka:` map of a configuration as librdkafka's configuration: any
 * property of librdkafka, and a few keys that are ours (topic, dead_topic,
 * insecure). Knows what assay needs of every client, what a person may not
 * change of it, and when a connection would carry evidence readable by others.
 *
 * Evidence that leaves the machine is encrypted: a broker that is not on
 * loopback takes security.protocol ssl or sasl_ssl, unless `insecure: true`
 * says that somebody decided otherwise; status and doctor then say so.
 * Certificates and host names are always checked.
 *
 * What librdkafka has to say goes to the log queue of the client
 * (rd_kafka_set_log_queue, which the maker of a client must call), never to
 * standard error. */
#ifndef ASSAY_KAFKA_H
#define ASSAY_KAFKA_H

#include <stdbool.h>
#include <stddef.h>

#include <librdkafka/rdkafka.h>

#include "assay/err.h"
#include "assay/problems.h"
#include "assay/tree.h"

#define KAFKA_TOPIC "assay.evidence"
#define KAFKA_DEAD_TOPIC "assay.dead"

/* One property as a person wrote it; at: file:line:col for messages ("" when it
 * is from no file). */
struct kafka_property {
	const char *key, *value, *at;
};

/* Those of a map; owns its texts. {0} is empty. */
struct kafka_properties {
	struct kafka_property *list;
	size_t count;
	const struct tree_node **nodes; /* the values; borrowed from the tree */
};

/* Add the pairs of a map of scalars, in place of those of the same key that are
 * there: so the maps of a file and its drop-ins are put together. -1 with what
 * is wrong in p. */
int kafka_properties_add(struct kafka_properties *k,
    const struct tree_node *map, struct problems *p);
void kafka_properties_clear(struct kafka_properties *k);

/* A copy that borrows nothing. -1: no memory, and *to is empty. */
int kafka_properties_copy(
    struct kafka_properties *to, const struct kafka_properties *from);

/* Would kafka_conf_new take them? -1 with what is wrong in p, at its place. */
int kafka_properties_check(const struct kafka_properties *k,
    const struct kafka_property *defaults, size_t default_count,
    struct problems *p);

/* Do two say the same? Places do not count. */
bool kafka_properties_equal(
    const struct kafka_properties *a, const struct kafka_properties *b);

/* The value of a key, or fallback. Borrows. */
const char *kafka_value(const struct kafka_property *own, size_t own_count,
    const char *key, const char *fallback);

/* Would records cross a network readable, because a person said so? */
bool kafka_is_insecure(const struct kafka_property *own, size_t own_count);

/* A new librdkafka configuration: what every client of ours needs, the caller's
 * defaults, then the person's own. A person may overrule a default, but for
 * those that correctness rests on (`fixed` in kafka.c: enable.idempotence,
 * acks, enable.auto.commit, auto.offset.reset ... where the caller's defaults
 * have them). NULL with err naming the place, the property and what to do. */
rd_kafka_conf_t *kafka_conf_new(const struct kafka_property *own,
    size_t own_count, const struct kafka_property *defaults,
    size_t default_count, struct err *err);

/* What librdkafka reports of a broker or a topic, in words that say what to
 * look at: "kafka1:9092: connection refused: no broker listens there". code is
 * the error's, said its text. */
void kafka_explain(struct err *err, rd_kafka_resp_err_t code, const char *said);

#endif
