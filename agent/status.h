/* SPDX-License-Identifier: Apache-2.0 */
/* status: how the agent is, as a file that it replaces while it runs
 * (status.json), and that file as a page for people. */
#ifndef ASSAY_AGENT_STATUS_H
#define ASSAY_AGENT_STATUS_H

#include <stdint.h>

#include "assay/buf.h"
#include "assay/err.h"

#include "agent.h"
#include "discover.h"

/* Append the JSON object. d holds what discovery left out. */
void status_make(struct buf *out, const struct agent *a,
    const struct discover *d, const char *state, int64_t now_us);

/* Replace the file at path by it; kept short of a sync. */
int status_write(const char *path, const struct agent *a,
    const struct discover *d, const char *state, int64_t now_us,
    struct err *err);

/* Append a page for people from the JSON text. -1 when it is not understood. */
int status_show(struct slice json, struct buf *out, struct err *err);

#endif
