/* SPDX-License-Identifier: Apache-2.0 */
/* post: sends lines to the local syslog socket, in the form that syslog(3)
 * writes, one datagram each. Never waits: a daemon that does not read makes a
 * send fail. Opens its own socket for each line, so that a daemon that was
 * restarted is found again. */
#ifndef ASSAY_AGENT_POST_H
#define ASSAY_AGENT_POST_H

#include <stdint.h>

#include "assay/err.h"
#include "assay/slice.h"

struct zone;

struct post_line {
	int facility; /* 0 to 23 */
	const char *program;
	struct slice message;
	const struct zone *zone; /* of the stamp: syslog writes local times */
	int64_t now_us;
};

/* Send one line to the socket at path; says in err why not. */
int post_send(const char *path, const struct post_line *line, struct err *err);

/* The datagram that post_send sends, for tests. */
struct buf;
void post_write(struct buf *out, const struct post_line *line);

#endif
