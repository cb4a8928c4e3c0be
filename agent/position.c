/* SPDX-License-Identifier: Apache-2.0 */
#include "position.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "assay/encode.h"
#include "assay/jsonin.h"
#include "assay/jsonout.h"

void
position_init(struct position *p)
{
	memset(p, 0, sizeof *p);
	p->proved = true;
}

void
position_clear(struct position *p)
{
	free(p->head);
	free(p->marker);
	position_init(p);
}

void
position_move(struct position *to, struct position *from)
{
	position_clear(to);
	*to = *from;
	position_init(from);
}

size_t
position_head_len(uint64_t offset)
{
	return offset < POSITION_HEAD ? (size_t)offset : POSITION_HEAD;
}

size_t
position_marker_len(uint64_t offset)
{
	return offset < POSITION_MARKER ? (size_t)offset : POSITION_MARKER;
}

/* Append to the last POSITION_MARKER bytes. */
static void
shift_in(struct position *p, struct slice bytes)
{
	size_t keep;

	if (bytes.len > POSITION_MARKER)
		bytes = slice_from(bytes, bytes.len - POSITION_MARKER);
	keep = POSITION_MARKER - bytes.len;
	if (keep > p->marker_len)
		keep = p->marker_len;
	if (keep > 0)
		memmove(p->marker, p->marker + p->marker_len - keep, keep);
	if (bytes.len > 0)
		memcpy(p->marker + keep, bytes.ptr, bytes.len);
	p->marker_len = keep + bytes.len;
}

int
position_reserve(struct position *p)
{
	if (!p->marker)
		p->marker = malloc(POSITION_MARKER);
	if (!p->head && p->head_len < POSITION_HEAD)
		p->head = malloc(POSITION_HEAD);
	return p->marker && (p->head || p->head_len == POSITION_HEAD) ? 0 : -1;
}

/* Only a head that is not full yet needs its bytes. */
static void
fill_head(struct position *p, struct crypto *c, struct slice bytes)
{
	size_t room = POSITION_HEAD - p->head_len;
	struct slice whole;

	if (room > bytes.len)
		room = bytes.len;
	if (room == 0)
		return;
	assert(p->head);
	memcpy(p->head + p->head_len, bytes.ptr, room);
	p->head_len += room;
	if (p->head_len < POSITION_HEAD)
		return;
	whole = (struct slice){p->head, p->head_len};
	crypto_sha256(c, &whole, 1, p->head_hash);
	free(p->head);
	p->head = NULL;
}

static void
short_hash(struct crypto *c, const struct position *p, uint8_t out[8])
{
	struct slice marker = {p->marker ? p->marker : "", p->marker_len};
	uint8_t hash[CRYPTO_HASH_LEN];

	crypto_sha256(c, &marker, 1, hash);
	memcpy(out, hash, 8);
}

/* Remember this place. Of the older half every second is forgotten then. */
static void
leave_mark(struct position *p, struct crypto *c)
{
	if (p->trail_len == POSITION_TRAIL) {
		size_t kept = 0;

		for (size_t i = 0; i < POSITION_TRAIL; i++)
			if (i >= POSITION_TRAIL / 2 || i % 2 == 0)
				p->trail[kept++] = p->trail[i];
		p->trail_len = kept;
	}
	p->trail[p->trail_len].offset = p->offset;
	short_hash(c, p, p->trail[p->trail_len++].hash);
}

void
position_pass(struct position *p, struct crypto *c, struct slice bytes)
{
	position_jump(p, c, bytes, bytes, bytes.len);
}

void
position_jump(struct position *p, struct crypto *c, struct slice start,
    struct slice tail, uint64_t n)
{
	fill_head(p, c, start);
	shift_in(p, tail);
	p->offset += n;
	leave_mark(p, c);
}

int
position_set(struct position *p, struct crypto *c, uint64_t offset,
    const char *head, const char *marker)
{
	size_t head_len = position_head_len(offset);
	size_t marker_len = position_marker_len(offset);

	position_clear(p);
	if (position_reserve(p) != 0)
		return -1;
	fill_head(p, c, (struct slice){head, head_len});
	if (marker_len > 0)
		memcpy(p->marker, marker, marker_len);
	p->marker_len = marker_len;
	p->offset = offset;
	return 0;
}

enum position_begins
position_begins(const struct position *p, const struct position *found,
    const struct position_past **past)
{
	uint64_t end = found->offset;

	*past = NULL;
	if (end == 0 || end >= p->offset)
		return POSITION_NO;
	if (end <= POSITION_HEAD && p->head && p->head_len >= found->head_len)
		return memcmp(p->head, found->head, found->head_len) == 0
			   ? POSITION_SURELY
			   : POSITION_NO;
	if (found->head_len == POSITION_HEAD &&
	    memcmp(p->head_hash, found->head_hash, CRYPTO_HASH_LEN) != 0)
		return POSITION_NO;
	for (size_t i = 0; i < p->trail_len; i++)
		if (p->trail[i].offset <= end)
			*past = &p->trail[i];
	if (!*past || (*past)->offset < end - (*past)->offset ||
	    (end > POSITION_HEAD && (*past)->offset <= POSITION_HEAD))
		return POSITION_PERHAPS;
	return POSITION_IF_PAST;
}

bool
position_stood(struct crypto *c, const struct position_past *past,
    const struct position *found)
{
	uint8_t hash[8];

	short_hash(c, found, hash);
	return found->offset == past->offset && !memcmp(hash, past->hash, 8);
}

static void
hash_of(struct crypto *c, const struct position *p, uint8_t head[32],
    uint8_t marker[32])
{
	struct slice h = {p->head ? p->head : "", p->head_len};
	struct slice m = {p->marker ? p->marker : "", p->marker_len};

	memcpy(head, p->head_hash, CRYPTO_HASH_LEN);
	memcpy(marker, p->marker_hash, CRYPTO_HASH_LEN);
	if (!p->proved)
		return;
	crypto_sha256(c, &m, 1, marker);
	if (p->head_len < POSITION_HEAD)
		crypto_sha256(c, &h, 1, head);
}

void
position_rest(struct position *p, struct crypto *c)
{
	uint8_t head[CRYPTO_HASH_LEN], marker[CRYPTO_HASH_LEN];

	if (!p->proved || p->offset == 0)
		return;
	hash_of(c, p, head, marker);
	memcpy(p->head_hash, head, sizeof head);
	memcpy(p->marker_hash, marker, sizeof marker);
	free(p->head);
	free(p->marker);
	p->head = p->marker = NULL;
	p->head_len = p->marker_len = 0;
	p->proved = false;
}

bool
position_is_shorter(const struct position *p, uint64_t size)
{
	return size < p->offset;
}

bool
position_marker_holds(const struct position *p, const char *bytes)
{
	return p->marker_len == 0 ||
	       memcmp(bytes, p->marker, p->marker_len) == 0;
}

bool
position_marker_still_holds(const struct position *p, const char *bytes)
{
	return p->marker_len == 0 ||
	       memcmp(bytes, p->marker, p->marker_len) == 0;
}

bool
position_proves(struct crypto *c, const struct position *wanted,
    const struct position *found)
{
	uint8_t head[2][32], marker[2][32];

	hash_of(c, wanted, head[0], marker[0]);
	hash_of(c, found, head[1], marker[1]);
	return memcmp(head[0], head[1], 32) == 0 &&
	       memcmp(marker[0], marker[1], 32) == 0;
}

static void
put_hex(struct buf *out, const char *key, const uint8_t hash[32])
{
	char text[2 * CRYPTO_HASH_LEN + 1];

	encode_hex(text, hash, CRYPTO_HASH_LEN);
	jsonout_kstr(out, key, text);
}

void
position_save(const struct position *p, struct crypto *c, struct buf *out)
{
	uint8_t head[32], marker[32];

	hash_of(c, p, head, marker);
	jsonout_kint(out, "offset", (int64_t)p->offset);
	put_hex(out, "head", head);
	put_hex(out, "marker", marker);
}

/* Each place is its offset and its hash, 8 bytes both, in hexadecimal digits.
 */
#define PAST_LEN 16

void
position_save_trail(const struct position *p, struct buf *out)
{
	uint8_t bytes[POSITION_TRAIL * PAST_LEN];
	char text[2 * sizeof bytes + 1];

	for (size_t i = 0; i < p->trail_len; i++) {
		uint8_t *to = bytes + i * PAST_LEN;

		for (int shift = 56; shift >= 0; shift -= 8)
			*to++ = (uint8_t)(p->trail[i].offset >> shift);
		memcpy(to, p->trail[i].hash, sizeof p->trail[i].hash);
	}
	encode_hex(text, bytes, p->trail_len * PAST_LEN);
	jsonout_kstr(out, "trail", text);
}

/* One that cannot be understood is none. */
static void
restore_trail(struct position *p, const json_t *state)
{
	uint8_t bytes[POSITION_TRAIL * PAST_LEN];
	struct slice text;
	size_t count;

	if (!jsonin_string(state, "trail", &text) ||
	    text.len % (2 * PAST_LEN) != 0 || text.len > 2 * sizeof bytes ||
	    !encode_unhex(text, bytes, text.len / 2))
		return;
	count = text.len / (2 * PAST_LEN);
	for (size_t i = 0; i < count; i++) {
		const uint8_t *from = bytes + i * PAST_LEN;
		uint64_t offset = 0;

		for (int n = 0; n < 8; n++)
			offset = offset << 8 | *from++;
		p->trail[i].offset = offset;
		memcpy(p->trail[i].hash, from, sizeof p->trail[i].hash);
	}
	p->trail_len = count;
}

void
position_take_trail(struct position *p, const struct position *from)
{
	memcpy(p->trail, from->trail, sizeof p->trail);
	p->trail_len = from->trail_len;
}

static bool
read_hex(const json_t *state, const char *key, uint8_t hash[32])
{
	struct slice text;

	return jsonin_string(state, key, &text) &&
	       encode_unhex(text, hash, CRYPTO_HASH_LEN);
}

bool
position_restore(struct position *p, const json_t *state)
{
	int64_t offset;

	position_clear(p);
	p->proved = false;
	if (!jsonin_int(state, "offset", &offset) || offset < 0 ||
	    !read_hex(state, "head", p->head_hash) ||
	    !read_hex(state, "marker", p->marker_hash))
		return false;
	p->offset = (uint64_t)offset;
	restore_trail(p, state);
	return true;
}
