/* SPDX-License-Identifier: Apache-2.0 */
/* delivery: the publisher as part of a run: made where `kafka:` is set, driven
 * by the loop, changed by a reload, waited for at the end. Lives on the
 * machine's clock, also when the agent's is simulated. */
#ifndef ASSAY_AGENT_DELIVERY_H
#define ASSAY_AGENT_DELIVERY_H

#include <stdbool.h>

#include "assay/clock.h"
#include "assay/err.h"
#include "assay/loop.h"

#include "publish.h"
#include "settings.h"

struct delivery {
	char *spool;
	struct clock *clock;
	struct publish *publish; /* NULL: nothing is sent */
	struct loop *loop;	 /* while it is watched */
	struct loop_watch *timer, *ready;
};

/* Begin to send what is in the spool, as s says. -1 and err. To be cleared
 * either way. */
int delivery_start(struct delivery *d, const char *spool,
    const struct settings *s, struct err *err);

/* Let the loop drive it, until delivery_unwatch. */
int delivery_watch(struct delivery *d, struct loop *loop);
void delivery_unwatch(struct delivery *d);

/* The same without a loop. */
void delivery_tick(struct delivery *d);

/* Go on by other settings; -1 and err: by those from before. */
int delivery_reload(
    struct delivery *d, const struct settings *s, struct err *err);

/* Give what is committed a moment to be delivered. once: it is waited for as
 * long as it moves, and when it does not, that is said. Returns an exit
 * code. */
int delivery_finish(struct delivery *d, bool once);

/* How it is: NULL when nothing is sent. Borrows *health. */
const struct publish_health *delivery_look(
    const struct delivery *d, struct publish_health *health);

/* False when a new process is needed (publish.h); for a watchdog. */
bool delivery_makes_progress(const struct delivery *d);

void delivery_clear(struct delivery *d);

#endif
