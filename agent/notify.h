/* SPDX-License-Identifier: Apache-2.0 */
/* notify: the kernel's hint that files came, went or were renamed where logs
 * lie, so that a rotation is seen at once and not at the next look. Only
 * directories are watched, by one inotify instance. A hint is all it is: the
 * look each second finds everything without it, so a limit that is reached, a
 * queue that ran over or a file system without notification cost nothing but
 * time. Never waits. */
#ifndef ASSAY_AGENT_NOTIFY_H
#define ASSAY_AGENT_NOTIFY_H

#include <stdbool.h>
#include <stddef.h>

#include "assay/err.h"

#include "source.h"

struct notify;

/* A new one that watches nothing; NULL and err when the kernel gives none. */
struct notify *notify_new(struct err *err);
void notify_free(struct notify *n);

/* Readable when there is something to take. */
int notify_fd(const struct notify *n);

/* Watch the directories of these patterns (as in source_spec; the nearest one
 * that exists, where the directory itself does not or has a wildcard), and none
 * that was watched for others before. To be called again when sources change
 * and when notify_take says so. */
void notify_begin(struct notify *n);
void notify_add(struct notify *n, const struct source_spec *spec);
void notify_end(struct notify *n);

enum notify_got {
	NOTIFY_NOTHING,
	NOTIFY_LOOK,  /* something changed */
	NOTIFY_WATCH, /* and directories came or went: watch anew */
};

/* Take all there is. An overrun queue means look as well. */
enum notify_got notify_take(struct notify *n);

/* Directories that are watched, and why not all are; NULL when all are. */
size_t notify_count(const struct notify *n);
const char *notify_problem(const struct notify *n);

#endif
