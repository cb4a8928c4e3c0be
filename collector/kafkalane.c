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
	if (p->has_mark)
		snprintf(text, STREAM_POSITION_MAX,
		    "%020" PRId64 "/%" PRId64 "/%" PRId64 "/%08" PRIx32 "@%s",
		    p->next, p->mark.offset, p->mark.ms, p->mark.crc,
		    p->cluster);
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

/* The part of *text up to a slash, which goes from it too. */
static struct slice
cut(struct slice *text)
{
	size_t end = slice_find(*text, '/');
	struct slice part = {text->ptr, end};

	*text = slice_from(*text, end + 1);
	return part;
}

/* "/<offset>/<ms>/<crc>" */
static bool
read_mark(struct slice text, struct kafkalane_position *p)
{
	struct kafkalane_mark *m = &p->mark;
	struct slice ms;
	uint8_t crc[4];

	p->has_mark = true;
	text = slice_from(text, 1);
	if (!read_number(cut(&text), &m->offset) || m->offset >= p->next)
		return false;
	ms = cut(&text);
	m->ms = -1;
	if (!slice_eq(ms, SLICE("-1")) && !read_number(ms, &m->ms))
		return false;
	if (text.len != 8 || !encode_unhex(text, crc, sizeof crc))
		return false;
	m->crc = (uint32_t)crc[0] << 24 | (uint32_t)crc[1] << 16 |
		 (uint32_t)crc[2] << 8 | crc[3];
	return true;
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
	if (front.len && (*front.ptr != '/' || !read_mark(front, &got)))
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
	    "read up to offset %" PRId64 ", but the message at %" PRId64 " is "
	    "another one now: the topic was deleted and made again; read from "
	    "its beginning, what was lost is missing until the agents send it "
	    "again",
	    stored->next, stored->mark.offset);
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
	if (!stored->has_mark || stored->mark.offset < facts->low)
		return KAFKALANE_GO_ON;
	*start = stored->mark.offset;
	return KAFKALANE_PROVE;
}

enum kafkalane_proof
kafkalane_prove(
    const struct kafkalane_position *p, const struct kafkalane_mark *found)
{
	if (found->offset > p->mark.offset)
		return KAFKALANE_ABSENT;
	return found->offset == p->mark.offset && found->ms == p->mark.ms &&
		       found->crc == p->mark.crc
		   ? KAFKALANE_SAME
		   : KAFKALANE_OTHER;
}

void
kafkalane_pass(struct kafkalane_position *p, const struct kafkalane_mark *read)
{
	p->next = read->offset + 1;
	if (p->has_mark)
		return;
	p->has_mark = true;
	p->mark = *read;
}
