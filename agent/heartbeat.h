/* SPDX-License-Identifier: Apache-2.0 */
/* heartbeat: the record that proves coverage: how far each source stands, what
 * its lines were, which programs nobody understands, how the clock and the
 * spool are. Each minute; complete at the start, each hour and at the stop. A
 * source that is at its end, stands at now and had no line is left out of one
 * that is not complete: it stands where the heartbeat does. */
#ifndef ASSAY_AGENT_HEARTBEAT_H
#define ASSAY_AGENT_HEARTBEAT_H

#include <stdbool.h>
#include <stdint.h>

#include "assay/err.h"

#include "feeds.h"
#include "reader.h"
#include "unknown.h"
#include "writer.h"

#define HEARTBEAT_US (INT64_C(60) * 1000000)
#define HEARTBEAT_COMPLETE_US (INT64_C(3600) * 1000000)

struct heartbeat;

/* The state of the machine's clock, as its kernel sees it. */
struct heartbeat_clock {
	bool synced;
	int64_t offset_us;
	int64_t maxerror_us;
};

/* A new one; borrows feeds, unknown, reader. NULL when memory is short. */
struct heartbeat *heartbeat_new(
    struct feeds *feeds, struct unknown *unknown, struct reader *reader);
void heartbeat_free(struct heartbeat *h);

/* Ask the kernel; a simulated clock is right by definition. */
void heartbeat_read_clock(struct heartbeat_clock *clock, bool simulated);

/* When the next is due; also when the clock went back behind the last. */
int64_t heartbeat_due_us(const struct heartbeat *h);
bool heartbeat_is_due(const struct heartbeat *h, int64_t now_us);

/* Put one now, complete when asked to or due. Counts begin anew when it was
 * put. */
enum spool_put heartbeat_put(struct heartbeat *h, struct writer *w,
    const struct spool *spool, const struct heartbeat_clock *clock,
    bool complete, int64_t now_us, struct err *err);

#endif
