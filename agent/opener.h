/* SPDX-License-Identifier: Apache-2.0 */
/* opener: every open of a log. A log directory may belong to whoever writes the
 * log: a link in it that leads out of where logs were said to be is not
 * followed. Allowed are the directories that the patterns name before their
 * first wildcard, and /var/log; what a path leads to is found first and then
 * opened without following anything. */
#ifndef ASSAY_AGENT_OPENER_H
#define ASSAY_AGENT_OPENER_H

#include "assay/err.h"

enum opener_got {
	OPENER_OK,
	OPENER_GONE,	/* nothing is there (any more) */
	OPENER_REFUSED, /* it may not be read, by permission or by us */
	OPENER_LATER,	/* not now: too many files are open, or no memory */
};

/* Open the regular file that path leads to, for reading: *fd is the caller's.
 * On anything else err says why. */
enum opener_got opener_open(
    char *const *patterns, const char *path, int *fd, struct err *err);

#endif
