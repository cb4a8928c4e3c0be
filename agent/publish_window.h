/* SPDX-License-Identifier: Apache-2.0 */
/* publish_window: records that were handed to the client and not yet all
 * delivered, in the order of the spool, and how far delivery has come without a
 * hole. Delivery reports may come in any order; what counts as acknowledged is
 * only what no undelivered record stands before. Pure.
 *
 * There are two lanes: what is sent for the first time, and what is sent again
 * on request. Each has its own order and its own acknowledged position. */
#ifndef ASSAY_AGENT_PUBLISH_WINDOW_H
#define ASSAY_AGENT_PUBLISH_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assay/spoolread.h"

enum publish_lane { PUBLISH_FIRST, PUBLISH_AGAIN, PUBLISH_LANES };

struct publish_window;

/* A new, empty one; most records may be in it at once. NULL when memory is
 * short. */
struct publish_window *publish_window_new(size_t most);
void publish_window_free(struct publish_window *w);

/* Have room for one more record: false when it is full, or memory is short. */
bool publish_window_has_room(struct publish_window *w);

/* The number by which the next record's delivery will be reported. */
uint64_t publish_window_serial(const struct publish_window *w);

/* The record that was handed over; there is room. */
void publish_window_put(struct publish_window *w, enum publish_lane lane,
    const struct spoolread_position *at, size_t bytes);

/* It was delivered. Numbers that are not (any more) in the window mean
 * nothing. True when an acknowledged position moved. */
bool publish_window_delivered(struct publish_window *w, uint64_t serial);

/* Forget what is in the window: its delivery will not be reported. What was
 * acknowledged stands. */
void publish_window_forget(struct publish_window *w);

/* The last record without a hole before it; NULL before the first. Borrows. */
const struct spoolread_position *publish_window_acked(
    const struct publish_window *w, enum publish_lane lane);

/* Set or (NULL) unset where a lane stands; nothing of the lane is in the
 * window. */
void publish_window_set(struct publish_window *w, enum publish_lane lane,
    const struct spoolread_position *at);

/* How much is in the window: not delivered, or behind what is not. */
size_t publish_window_count(const struct publish_window *w);
size_t publish_window_lane_count(
    const struct publish_window *w, enum publish_lane lane);
uint64_t publish_window_bytes(const struct publish_window *w);

#endif
