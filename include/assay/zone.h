/* SPDX-License-Identifier: Apache-2.0 */
/* zone: the rules of one time zone, from the bytes of a TZif file (RFC 9636,
 * versions 1 to 4, with the footer's rule for times past its table), without
 * libc's globals. UTC is microseconds since 1970; a local time is what the wall
 * clock shows, counted the same way. Leap seconds do not exist. Immutable. */
#ifndef ASSAY_ZONE_H
#define ASSAY_ZONE_H

#include <stdint.h>

#include "assay/buf.h"
#include "assay/err.h"
#include "assay/slice.h"

struct zone;

/* A new zone from TZif bytes (not borrowed), or NULL and what is wrong. */
struct zone *zone_new(struct slice tzif, struct err *err);

/* A new zone that is UTC. NULL when memory is short. */
struct zone *zone_new_utc(void);
void zone_free(struct zone *z);

/* Read the TZif bytes of a zone by name ("Europe/Berlin") from
 * /usr/share/zoneinfo, or from an absolute path; append them to out. */
int zone_read(const char *name, struct buf *out, struct err *err);

/* A new zone by name. */
struct zone *zone_load_file(const char *name, struct err *err);

/* Seconds east of UTC at an instant. */
int32_t zone_offset_s(const struct zone *z, int64_t utc_us);

/* What the wall clock shows at an instant. */
int64_t zone_local_us(const struct zone *z, int64_t utc_us);

enum zone_fit {
	ZONE_ONCE,
	ZONE_TWICE,  /* clocks were set back: the local time occurs twice */
	ZONE_SKIPPED /* clocks were set forward over it */
};

/* The instant of a local time: the first when it occurs twice; one that was
 * skipped is moved forward by what the clocks were (02:30 becomes 03:30).
 * fit may be NULL. */
int64_t zone_utc_us(const struct zone *z, int64_t local_us, enum zone_fit *fit);

/* The same, but of two the one nearest to near_us (the first when even). */
int64_t zone_utc_near_us(const struct zone *z, int64_t local_us,
    int64_t near_us, enum zone_fit *fit);

#endif
