/* SPDX-License-Identifier: Apache-2.0 */
/* stream_spool: an agent's spool directory as a stream of one lane. The lane is
 * named by the directory; its position is the last record that is stored,
 * "<epoch 32 hex>:<sequence 20 digits>". What is stored is acknowledged in
 * ack/collector, so the agent knows what it may let go. */
#ifndef COLLECTOR_STREAM_SPOOL_H
#define COLLECTOR_STREAM_SPOOL_H

#include "assay/err.h"
#include "stream.h"

/* Open the spool directory dir, which need not exist yet. position tells where
 * the lane stands. NULL on failure. */
struct stream *stream_spool_open(
    const char *dir, stream_position_fn *position, void *arg, struct err *err);

#endif
