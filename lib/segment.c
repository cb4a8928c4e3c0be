/* SPDX-License-Identifier: Apache-2.0 */
#include "assay/segment.h"

#include <assert.h>
#include <endian.h>
#include <inttypes.h>
#include <stdio.h>

#include "assay/crc32c.h"
#include "assay/encode.h"

#define VERSION 1
#define CRC_AT 116

static const uint8_t magic[8] = {'A', 'S', 'S', 'A', 'Y', 'S', 'E', 'G'};

static void
put16(uint8_t *p, uint16_t v)
{
	v = htole16(v);
	memcpy(p, &v, sizeof v);
}

static void
put32(uint8_t *p, uint32_t v)
{
	v = htole32(v);
	memcpy(p, &v, sizeof v);
}

static void
put64(uint8_t *p, uint64_t v)
{
	v = htole64(v);
	memcpy(p, &v, sizeof v);
}

static uint16_t
get16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof v);
	return le16toh(v);
}

static uint32_t
get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof v);
	return le32toh(v);
}

static uint64_t
get64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof v);
	return le64toh(v);
}

static const uint8_t *
bytes_at(struct slice bytes, size_t at)
{
	return (const uint8_t *)bytes.ptr + at;
}

void
segment_header_encode(
    uint8_t bytes[SEGMENT_HEADER_LEN], const struct segment_header *header)
{
	memset(bytes, 0, SEGMENT_HEADER_LEN);
	memcpy(bytes, magic, sizeof magic);
	put16(bytes + 8, VERSION);
	put16(bytes + 10, SEGMENT_HEADER_LEN);
	memcpy(bytes + 16, header->agent, 16);
	memcpy(bytes + 32, header->epoch, 16);
	put64(bytes + 48, header->first_sequence);
	memcpy(bytes + 56, header->prev_head, 32);
	put64(bytes + 88, (uint64_t)header->created_us);
	put32(bytes + CRC_AT, crc32c(0, bytes, CRC_AT));
	put64(bytes + SEGMENT_SYNCED_AT, header->synced);
}

int
segment_header_decode(
    struct slice bytes, struct segment_header *header, struct err *err)
{
	const uint8_t *p = bytes_at(bytes, 0);

	if (bytes.len < SEGMENT_HEADER_LEN)
		return err_set(err,
		    "a segment header has %d bytes, here are %zu",
		    SEGMENT_HEADER_LEN, bytes.len);
	if (memcmp(p, magic, sizeof magic) != 0)
		return err_set(err, "byte 0: no segment starts like this");
	if (get16(p + 8) != VERSION || get16(p + 10) != SEGMENT_HEADER_LEN)
		return err_set(err,
		    "byte 8: segment version %u is not known to this program",
		    get16(p + 8));
	if (get32(p + CRC_AT) != crc32c(0, p, CRC_AT))
		return err_set(err, "byte 0: the header fails its checksum");
	memcpy(header->agent, p + 16, 16);
	memcpy(header->epoch, p + 32, 16);
	header->first_sequence = get64(p + 48);
	memcpy(header->prev_head, p + 56, 32);
	header->created_us = (int64_t)get64(p + 88);
	header->synced = get64(p + SEGMENT_SYNCED_AT);
	return 0;
}

void
segment_synced_encode(uint8_t bytes[8], uint64_t synced)
{
	put64(bytes, synced);
}

uint64_t
segment_synced_decode(const uint8_t bytes[8])
{
	return get64(bytes);
}

size_t
segment_frame_size(size_t len)
{
	return SEGMENT_FRAME_LEN + ((len + 7) & ~(size_t)7);
}

static uint32_t
frame_crc(const uint8_t *frame, size_t size)
{
	return crc32c(crc32c(0, frame, 4), frame + 8, size - 8);
}

void
segment_put(struct buf *out, enum segment_type type, uint64_t sequence,
    struct slice payload)
{
	size_t size = segment_frame_size(payload.len);
	uint8_t *frame = (uint8_t *)buf_reserve(out, size);

	assert(payload.len > 0 && payload.len <= SEGMENT_PAYLOAD_MAX);
	assert((type == SEGMENT_RECORD) == (sequence > 0));
	if (!frame)
		return;
	memset(frame, 0, SEGMENT_FRAME_LEN);
	put32(frame, (uint32_t)payload.len);
	frame[8] = (uint8_t)type;
	put64(frame + 16, sequence);
	memcpy(frame + SEGMENT_FRAME_LEN, payload.ptr, payload.len);
	memset(frame + SEGMENT_FRAME_LEN + payload.len, 0,
	    size - SEGMENT_FRAME_LEN - payload.len);
	put32(frame + 4, frame_crc(frame, size));
	out->len += size;
}

void
segment_put_commit(struct buf *out, const struct segment_commit *commit)
{
	uint8_t payload[40];

	put64(payload, commit->last);
	memcpy(payload + 8, commit->head, 32);
	segment_put(out, SEGMENT_COMMIT, 0,
	    (struct slice){(const char *)payload, sizeof payload});
}

static bool
is_zero(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] != 0)
			return false;
	return true;
}

static bool
is_lawful(const uint8_t *p, size_t len)
{
	uint8_t type = p[8];

	if (type < SEGMENT_RECORD || type > SEGMENT_COMMIT)
		return false;
	if ((type == SEGMENT_RECORD) != (get64(p + 16) > 0))
		return false;
	return is_zero(p + 9, 7) && (type != SEGMENT_COMMIT || len == 40);
}

enum segment_got
segment_get(struct slice bytes, struct segment_frame *frame, struct err *err)
{
	const uint8_t *p = bytes_at(bytes, 0);
	size_t len, size;

	frame->size = SEGMENT_FRAME_LEN;
	if (bytes.len < SEGMENT_FRAME_LEN)
		return is_zero(p, bytes.len) ? SEGMENT_ZERO : SEGMENT_SHORT;
	len = get32(p);
	if (len == 0 && is_zero(p, SEGMENT_FRAME_LEN))
		return SEGMENT_ZERO;
	if (len == 0 || len > SEGMENT_PAYLOAD_MAX) {
		err_set(err, "a frame cannot be %zu bytes long", len);
		return SEGMENT_BAD;
	}
	size = segment_frame_size(len);
	frame->size = size;
	if (bytes.len < size)
		return SEGMENT_SHORT;
	if (get32(p + 4) != frame_crc(p, size) || !is_lawful(p, len)) {
		err_set(err, "a frame of %zu bytes fails its checksum", len);
		return SEGMENT_BAD;
	}
	frame->type = p[8];
	frame->sequence = get64(p + 16);
	frame->payload = (struct slice){bytes.ptr + SEGMENT_FRAME_LEN, len};
	return SEGMENT_FRAME;
}

bool
segment_commit_decode(struct slice payload, struct segment_commit *commit)
{
	if (payload.len != 40)
		return false;
	commit->last = get64(bytes_at(payload, 0));
	memcpy(commit->head, payload.ptr + 8, 32);
	return true;
}

/* Take one frame into the run; *next is the sequence expected. False when it
 * does not follow. */
static bool
follow(struct segment_run *run, const struct segment_frame *frame,
    uint64_t *next, struct err *err)
{
	struct segment_commit commit;

	if (frame->type == SEGMENT_RECORD && frame->sequence != *next) {
		err_set(err,
		    "record %" PRIu64 " stands where %" PRIu64 " belongs",
		    frame->sequence, *next);
		return false;
	}
	if (frame->type == SEGMENT_RECORD)
		++*next;
	if (frame->type != SEGMENT_COMMIT)
		return true;
	if (!segment_commit_decode(frame->payload, &commit) ||
	    commit.last != *next - 1) {
		err_set(err, "a commit does not name the record before it");
		return false;
	}
	run->end = run->stop + frame->size;
	run->last = commit.last;
	memcpy(run->head, commit.head, 32);
	run->commits++;
	return true;
}

void
segment_walk(struct slice bytes, size_t at, uint64_t first,
    const uint8_t prev[32], struct segment_run *run, struct err *err)
{
	uint64_t next = first;

	*run = (struct segment_run){.start = at,
	    .end = at,
	    .stop = at,
	    .first = first,
	    .last = first - 1};
	memcpy(run->prev, prev, 32);
	memcpy(run->head, prev, 32);
	err_set(err, "%s", "");
	for (;;) {
		struct segment_frame frame;
		struct slice rest = slice_from(bytes, run->stop);
		enum segment_got got = segment_get(rest, &frame, err);

		if (got == SEGMENT_SHORT)
			err_set(err, "the bytes end within a frame");
		if (got != SEGMENT_FRAME || !follow(run, &frame, &next, err))
			break;
		run->stop += frame.size;
	}
	if (err && err->text[0])
		err_prefix(err, "byte %zu", run->stop);
}

bool
segment_resync(
    struct slice bytes, size_t from, size_t *at, struct segment_commit *commit)
{
	from = (from + 7) & ~(size_t)7;
	for (; from + SEGMENT_COMMIT_LEN <= bytes.len; from += 8) {
		struct slice rest = slice_from(bytes, from);
		struct segment_frame frame;

		if (get32(bytes_at(rest, 0)) != 40 ||
		    *bytes_at(rest, 8) != SEGMENT_COMMIT ||
		    segment_get(rest, &frame, NULL) != SEGMENT_FRAME)
			continue;
		*at = from + frame.size;
		return segment_commit_decode(frame.payload, commit);
	}
	return false;
}

bool
segment_seek(
    struct slice bytes, size_t from, size_t *at, struct segment_frame *frame)
{
	from = (from + 7) & ~(size_t)7;
	for (; from + SEGMENT_FRAME_LEN <= bytes.len; from += 8) {
		struct slice rest = slice_from(bytes, from);

		/* Checksums are for what looks like a frame. */
		if (!is_lawful(bytes_at(rest, 0), get32(bytes_at(rest, 0))) ||
		    segment_get(rest, frame, NULL) != SEGMENT_FRAME)
			continue;
		*at = from;
		return true;
	}
	return false;
}

enum segment_state
segment_judge(
    struct slice bytes, uint64_t synced, const struct segment_run *run)
{
	struct segment_commit commit;
	size_t at = run->end;
	int commits = 0;

	if (synced > run->end)
		return SEGMENT_DAMAGED;
	while (commits < 2 && segment_resync(bytes, at, &at, &commit))
		commits++;
	if (commits > 1)
		return SEGMENT_DAMAGED;
	if (is_zero(bytes_at(bytes, run->end), bytes.len - run->end))
		return SEGMENT_WHOLE;
	return SEGMENT_TORN;
}

void
segment_name(char name[SEGMENT_NAME_LEN + 1], const uint8_t epoch[16],
    uint64_t first_sequence)
{
	encode_hex(name, epoch, 16);
	snprintf(name + 32, SEGMENT_NAME_LEN - 31, "-%020" PRIu64 ".seg",
	    first_sequence);
}

bool
segment_unname(struct slice name, uint8_t epoch[16], uint64_t *first_sequence)
{
	unsigned long long first;

	if (name.len != SEGMENT_NAME_LEN || name.ptr[32] != '-' ||
	    !slice_eq(slice_from(name, 53), SLICE(".seg")) ||
	    !slice_uint(
		(struct slice){name.ptr + 33, 20}, UINT64_MAX, &first) ||
	    !encode_unhex((struct slice){name.ptr, 32}, epoch, 16))
		return false;
	*first_sequence = first;
	return true;
}
