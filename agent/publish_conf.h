/* SPDX-License-Identifier: Apache-2.0 */
/* publish_conf: the agent's `kafka:` setting as a producer's configuration.
 * Knows with what defaults evidence is sent: nothing is dropped by the client
 * (the spool keeps it), queues are small (the spool is the queue), and a record
 * counts as sent when every replica has it. */
#ifndef ASSAY_AGENT_PUBLISH_CONF_H
#define ASSAY_AGENT_PUBLISH_CONF_H

#include "assay/err.h"
#include "assay/kafka.h"
#include "assay/options.h"
#include "assay/problems.h"

/* Put together what the files say under `kafka:` and check it. k is empty when
 * there is nothing. -1 with what is wrong in p; k is to be cleared either way.
 * Borrows o's trees for messages only. */
int publish_conf_read(
    const struct options *o, struct kafka_properties *k, struct problems *p);

/* A new configuration for a producer, or NULL and err. */
rd_kafka_conf_t *publish_conf_new(
    const struct kafka_properties *k, struct err *err);

#endif
