/* SPDX-License-Identifier: Apache-2.0 */
#include "standing.h"

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t
later(int64_t a, int64_t b)
{
	return a > b ? a : b;
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

void
standing_settle(struct standing *s, int64_t now_us)
{
	s->through_us = earlier(s->through_us, now_us);
	s->from_us = earlier(s->from_us, s->through_us);
	s->last_us = earlier(s->last_us, now_us);
	s->asking_us = earlier(s->asking_us, now_us);
}

/* When silence begins to count, INT64_MAX when nobody asked. */
static int64_t
patience_us(const struct standing *s)
{
	if (s->silent_us != 0)
		return s->silent_us;
	if (!s->answers || s->asking_us == 0 || s->last_us == 0)
		return INT64_MAX;
	return later(s->last_us, s->asking_us) + STANDING_SYSLOG_US;
}

enum standing_hole
standing_line(struct standing *s, enum standing_rule rule, int64_t time_us,
    bool boot, int64_t now_us, int64_t *hole_us)
{
	int64_t seen_us = earlier(time_us, now_us);
	bool counts = rule == STANDING_BACKLOG || rule == STANDING_SYSLOG;
	enum standing_hole hole = STANDING_NO_HOLE;

	standing_begin(s, seen_us);
	standing_settle(s, now_us);
	*hole_us = s->through_us;
	if (counts && s->last_us != 0 && seen_us > s->through_us) {
		if (seen_us > patience_us(s))
			hole = STANDING_SILENT;
		else if (seen_us - s->last_us > STANDING_QUIET_US && !boot)
			hole = STANDING_UNWATCHED;
	}
	raise_to(s, seen_us, now_us);
	if (seen_us > s->last_us) {
		s->last_us = seen_us;
		s->silent_us = 0;
	}
	return hole;
}

bool
standing_rest(struct standing *s, enum standing_rule rule, int64_t now_us)
{
	if (!s->known)
		return false;
	standing_settle(s, now_us);
	switch (rule) {
	case STANDING_BACKLOG:
		break;
	case STANDING_SYSLOG:
		if (s->last_us != 0)
			raise_to(s, s->last_us + STANDING_SYSLOG_US, now_us);
		if (s->asking_us == 0)
			s->asking_us = now_us;
		if (now_us > patience_us(s))
			s->silent_us = patience_us(s);
		break;
	case STANDING_OWN:
	case STANDING_PLAYED:
		raise_to(s, now_us, now_us);
		break;
	}
	return s->through_us >= now_us;
}

void
standing_anew(struct standing *s)
{
	s->asking_us = 0;
}
