/* SPDX-License-Identifier: Apache-2.0 */
/* publish_wait: waiting for delivery, for commands that end; a daemon has its
 * loop. */
#ifndef ASSAY_AGENT_PUBLISH_WAIT_H
#define ASSAY_AGENT_PUBLISH_WAIT_H

#include <stdbool.h>
#include <stdint.h>

#include "assay/clock.h"

#include "publish.h"

/* Work until all that is committed was delivered: true; or until nothing was
 * delivered for patience_us: false, and what remains waits in the spool. c is
 * the machine's clock. */
bool publish_wait(
    struct publish *p, const struct clock *c, int64_t patience_us);

#endif
