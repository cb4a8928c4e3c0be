/* SPDX-License-Identifier: Apache-2.0 */
#include "kafkalane.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "assay/encode.h"

#define DIGITS 20

char *
kafkalane_name(const char *topic, int32_t partition)
{
	char *name = NULL;

	if (asprintf(&name, "kafka:%s:%" PRId32, topic, partition) < 0)
		return NULL;
	return name;
}

static bool
is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || (c && strchr("-_.+=?", c));
}

void
kafkalane_set_cluster(struct kafkalane_position *p, const char *id)
{
	size_t len = strlen(id);

	if (len > KAFKALANE_CLUSTER_MAX)
		len = KAFKALANE_CLUSTER_MAX;
	for (size_t i = 0; i < len; i++)
		p->cluster[i] = '?';
	for (size_t i = 0; i < len; i++)
		if (is_plain(id[i]))
			p->cluster[i] = id[i];
	p->cluster[len] = '\0';
}

void
kafkalane_format(
    const struct kafkalane_position *p, char text[STREAM_POSITION_MAX])
{
	if (p->has_last)
		snprintf(text, STREAM_POSITION_MAX,
		    "%020" PRId64 "/%" PRId64 "/%08" PRIx32 "@%s", p->next,
		    p->last_ms, p->last_crc, p->cluster);
	else
		snprintf(text, STREAM_POSITION_MAX, "%020" PRId64 "@%s",
		    p->next, p->cluster);
}

/* ---- parsing ---- */

static bool
read_number(struct slice text, int64_t *value)
{
	unsigned long long number;

	if (!slice_uint(text, INT64_MAX, &number))
		return false;
	*value = (int64_t)number;
	return true;
}

/* "/<ms>/<crc>" */
static bool
read_last(struct slice text, struct kafkalane_position *p)
{
	uint8_t crc[4];
	size_t end;

	p->has_last = true;
	text = slice_from(text, 1);
	end = slice_find(text, '/');
	if (slice_eq_str((struct slice){text.ptr, end}, "-1"))
		p->last_ms = -1;
	else if (!read_number((struct slice){text.ptr, end}, &p->last_ms))
		return false;
	text = slice_from(text, end + 1);
	if (text.len != 8 || !encode_unhex(text, crc, sizeof crc))
		return false;
	p->last_crc = (uint32_t)crc[0] << 24 | (uint32_t)crc[1] << 16 |
		      (uint32_t)crc[2] << 8 | crc[3];
	return p->next > 0;
}

static bool
read_cluster(struct slice text, struct kafkalane_position *p)
{
	if (text.len > KAFKALANE_CLUSTER_MAX)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (!is_plain(text.ptr[i]))
			return false;
	memcpy(p->cluster, text.ptr, text.len);
	return true;
}

bool
kafkalane_parse(struct slice text, struct kafkalane_position *p)
{
	struct kafkalane_position got = {0};
	size_t at = slice_find(text, '@');
	struct slice front = {text.ptr, at};
	char same[STREAM_POSITION_MAX];

	if (at == text.len || at < DIGITS ||
	    !read_number((struct slice){text.ptr, DIGITS}, &got.next) ||
	    !read_cluster(slice_from(text, at + 1), &got))
		return false;
	front = slice_from(front, DIGITS);
	if (front.len && (*front.ptr != '/' || !read_last(front, &got)))
		return false;
	kafkalane_format(&got, same);
	if (!slice_eq_str(text, same))
		return false;
	*p = got;
	return true;
}

/* ---- deciding ---- */

/* An id that is not known is no other one. */
static bool
is_other_cluster(
    const struct kafkalane_position *stored, const char *id, char now[])
{
	struct kafkalane_position p = {0};

	if (!id || !stored->cluster[0])
		return false;
	kafkalane_set_cluster(&p, id);
	memcpy(now, p.cluster, sizeof p.cluster);
	return p.cluster[0] && strcmp(p.cluster, stored->cluster) != 0;
}

static enum kafkalane_verdict
find_anew(const struct kafkalane_position *stored, bool denied,
    const struct kafkalane_facts *facts, struct err *err)
{
	char now[KAFKALANE_CLUSTER_MAX + 1];

	if (is_other_cluster(stored, facts->cluster, now)) {
		err_set(err,
		    "read up to offset %" PRId64 " in cluster %s, but this is "
		    "cluster %s: read from its beginning; what the other one "
		    "still had is missing until the agents send it again",
		    stored->next, stored->cluster, now);
		return KAFKALANE_ANEW;
	}
	if (stored->next > facts->high) {
		err_set(err,
		    "read up to offset %" PRId64 ", but the partition ends at "
		    "%" PRId64 ": the topic was deleted and made again, or "
		    "lost its end; read from its beginning, what was lost is "
		    "missing until the agents send it again",
		    stored->next, facts->high);
		return KAFKALANE_ANEW;
	}
	if (!denied)
		return KAFKALANE_GO_ON;
	err_set(err,
	    "read up to offset %" PRId64 ", but the message before it is "
	    "another one now: the topic was deleted and made again; read from "
	    "its beginning, what was lost is missing until the agents send it "
	    "again",
	    stored->next);
	return KAFKALANE_ANEW;
}

enum kafkalane_verdict
kafkalane_decide(const struct kafkalane_position *stored, bool denied,
    const struct kafkalane_facts *facts, int64_t *start, struct err *err)
{
	enum kafkalane_verdict verdict = KAFKALANE_BEGIN;

	*start = facts->low;
	if (!stored)
		return verdict;
	verdict = find_anew(stored, denied, facts, err);
	if (verdict != KAFKALANE_GO_ON)
		return verdict;
	if (stored->next < facts->low) {
		err_set(err,
		    "offsets %" PRId64 " to %" PRId64 " were deleted before "
		    "they were read: what they held is missing until the "
		    "agents send it again; let the topic keep its messages "
		    "longer (retention.ms, retention.bytes)",
		    stored->next, facts->low - 1);
		return KAFKALANE_GAP;
	}
	*start = stored->next;
	if (!stored->has_last || stored->next == facts->low)
		return KAFKALANE_GO_ON;
	*start = stored->next - 1;
	return KAFKALANE_PROVE;
}

enum kafkalane_proof
kafkalane_prove(const struct kafkalane_position *p, int64_t offset, int64_t ms,
    uint32_t crc)
{
	if (offset >= p->next)
		return KAFKALANE_ABSENT;
	return offset == p->next - 1 && ms == p->last_ms && crc == p->last_crc
		   ? KAFKALANE_SAME
		   : KAFKALANE_OTHER;
}

void
kafkalane_pass(
    struct kafkalane_position *p, int64_t offset, int64_t ms, uint32_t crc)
{
	p->next = offset + 1;
	p->has_last = true;
	p->last_ms = ms < 0 ? -1 : ms;
	p->last_crc = crc;
}
