/* SPDX-License-Identifier: Apache-2.0 */
/* publish_again: the request to send records once more that had been delivered
 * before: the file `ack/kafka.again` in the spool directory, one line `<epoch
 * 32 hex> <sequence 20 digits>`, the first record to send. It stays until all
 * is delivered, so a restart in between begins anew; a repeat is harmless. */
#ifndef ASSAY_AGENT_PUBLISH_AGAIN_H
#define ASSAY_AGENT_PUBLISH_AGAIN_H

#include "assay/err.h"
#include "assay/spoolread.h"

/* 1 and *from, 0 when there is none, -1 and why when there is a file that is no
 * request. */
int publish_again_read(
    const char *spool, struct spoolread_position *from, struct err *err);

int publish_again_write(
    const char *spool, const struct spoolread_position *from, struct err *err);

/* It is done. No request is no error. */
int publish_again_remove(const char *spool, struct err *err);

#endif
