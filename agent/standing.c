/* SPDX-License-Identifier: Apache-2.0 */
#include "standing.h"

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static void
raise_to(struct standing *s, int64_t us, int64_t now_us)
{
	us = earlier(us, now_us);
	if (us > s->through_us)
		s->through_us = us;
}

void
standing_begin(struct standing *s, int64_t from_us)
{
	if (s->known)
		return;
	s->known = true;
	s->from_us = s->through_us = from_us;
}

bool
standing_line(struct standing *s, enum standing_rule rule, int64_t time_us,
    bool boot, int64_t now_us, int64_t *hole_us)
{
	bool counts = rule == STANDING_BACKLOG || rule == STANDING_SYSLOG;
	int64_t seen_us = earlier(time_us, now_us);
	bool quiet = s->last_us != 0 && seen_us > s->through_us &&
		     seen_us - s->last_us > STANDING_QUIET_US;

	standing_begin(s, seen_us);
	*hole_us = s->through_us;
	raise_to(s, seen_us, now_us);
	if (seen_us > s->last_us)
		s->last_us = seen_us;
	return counts && quiet && !boot;
}

bool
standing_rest(struct standing *s, enum standing_rule rule, int64_t now_us)
{
	if (!s->known)
		return false;
	switch (rule) {
	case STANDING_BACKLOG:
		break;
	case STANDING_SYSLOG:
		if (s->last_us != 0)
			raise_to(s, s->last_us + STANDING_SYSLOG_US, now_us);
		break;
	case STANDING_OWN:
	case STANDING_PLAYED:
		raise_to(s, now_us, now_us);
		break;
	}
	return s->through_us >= now_us;
}
