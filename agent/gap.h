/* SPDX-License-Identifier: Apache-2.0 */
/* gap: a hole in what a feed read, as a record: which time and bytes are
 * missing, for which classes, and why. Three things make one: the source found
 * that bytes are gone; a stretch without a line proves nothing; a line says
 * that its daemon lost lines. The feed remembers the last for people. */
#ifndef ASSAY_AGENT_GAP_H
#define ASSAY_AGENT_GAP_H

#include <stdbool.h>
#include <stdint.h>

#include "assay/err.h"
#include "assay/record.h"

#include "feeds.h"
#include "writer.h"

/* Put a gap of this feed; source and classes are filled in, the rest is the
 * caller's. Returns what spool_put does; nothing changed unless it is SPOOL_OK.
 */
enum spool_put gap_put(struct writer *w, struct feed *f, struct record_gap *gap,
    int64_t now_us, struct err *err);

/* Put the hole that the feed's source found (f->hole). simulated: now is not
 * when files were written. */
enum spool_put gap_put_hole(struct writer *w, struct feed *f, bool simulated,
    int64_t now_us, struct err *err);

/* Put what a line of f tells of lines that its daemon lost: gap holds the
 * line's place and words, and to_us, its time. begins: dropping began with it,
 * its end will be told; before_us is the stamp of the line before, 0 none. A
 * gap of f and, where a syslog daemon writes it, of all that the same daemon
 * writes: what it lost can have been meant for any of them. */
enum spool_put gap_put_loss(struct writer *w, struct feeds *feeds,
    struct feed *f, struct record_gap *gap, bool begins, int64_t before_us,
    int64_t now_us, struct err *err);

#endif
