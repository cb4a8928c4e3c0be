/* SPDX-License-Identifier: Apache-2.0 */
#include "generation_parts.h"

#include <string.h>

static bool
stood(const struct generation *g, const struct generation *other,
    const struct position_past *past)
{
	struct position there;
	enum stretch_proof proof;
	struct packed *packed = NULL;
	bool same;

	position_init(&there);
	if (other->id.compressed)
		packed = packed_open(
		    other->fd, past->offset, g->crypto, &there, &proof, NULL);
	else
		proof = plain_locate(
		    other->fd, past->offset, g->crypto, &there, NULL);
	same = proof == STRETCH_SAME && position_stood(g->crypto, past, &there);
	packed_free(packed);
	position_clear(&there);
	return same;
}

/* Is other, all of which is found, the beginning of what was read of g? */
static enum follow_answer
begins(const struct generation *g, const struct generation *other,
    const struct position *found)
{
	const struct position_past *past;

	switch (position_begins(&g->at, found, &past)) {
	case POSITION_SURELY:
		return FOLLOW_PART;
	case POSITION_IF_PAST:
		return stood(g, other, past) ? FOLLOW_PART : FOLLOW_NO;
	case POSITION_PERHAPS:
		return !past || stood(g, other, past) ? FOLLOW_PERHAPS
						      : FOLLOW_NO;
	default:
		return FOLLOW_NO;
	}
}

static enum follow_answer
plain_holds(const struct generation *g, const struct generation *other)
{
	uint64_t size = (uint64_t)other->st.st_size;
	bool part = size < g->at.offset;
	struct position found;
	enum follow_answer answer = FOLLOW_NO;

	position_init(&found);
	if (plain_locate(other->fd, part ? size : g->at.offset, g->crypto,
		&found, NULL) != STRETCH_SAME)
		answer = FOLLOW_NO;
	else if (part)
		answer = begins(g, other, &found);
	else if (position_proves(g->crypto, &g->at, &found))
		answer = size == g->at.offset ? FOLLOW_EXACTLY : FOLLOW_YES;
	position_clear(&found);
	return answer;
}

static enum follow_answer
packed_holds(const struct generation *g, struct generation *other)
{
	enum stretch_proof proof;
	enum follow_answer answer = FOLLOW_NO;

	generation_drop_tried(other);
	other->tried = packed_open(
	    other->fd, g->at.offset, g->crypto, &other->tried_at, &proof, NULL);
	if (other->tried &&
	    position_proves(g->crypto, &g->at, &other->tried_at))
		return packed_at_end(other->tried) ? FOLLOW_EXACTLY
						   : FOLLOW_YES;
	/* What there is of one that is shorter, or damaged, is in tried_at. */
	if (!other->tried)
		answer = begins(g, other, &other->tried_at);
	generation_drop_tried(other);
	return answer;
}

/* Nothing was read of g: it is known by its first line, and by how much there
 * was of it. */
static enum follow_answer
may_begin(const struct generation *g, const struct generation *other)
{
	bool same;

	if (g->id.stamped)
		same = other->id.stamped &&
		       memcmp(g->id.gen, other->id.gen, sizeof g->id.gen) == 0;
	else
		same = other->id.compressed ||
		       (uint64_t)other->st.st_size >= generation_high(g);
	return same ? FOLLOW_YES : FOLLOW_NO;
}

enum follow_answer
generation_holds(const struct generation *g, struct generation *other)
{
	if (g->at.offset == 0)
		return may_begin(g, other);
	return other->id.compressed ? packed_holds(g, other)
				    : plain_holds(g, other);
}

/* All of a compressed file, as far as it can be read. */
static void
pass_all(const struct generation *other, struct position *all)
{
	enum stretch_proof proof;
	struct packed *r =
	    packed_open(other->fd, 0, other->crypto, all, &proof, NULL);
	struct stretch s = {0};

	/* Here every byte counts, also NULs and what has no end. */
	while (r && packed_take(r, &s))
		position_pass(all, other->crypto, s.bytes);
	packed_free(r);
}

int
generation_end_in(
    struct generation *g, const struct generation *copy, struct err *err)
{
	struct position found;
	bool well;

	position_init(&found);
	if (copy->id.compressed) {
		well = position_reserve(&found) == 0;
		if (well)
			pass_all(copy, &found);
	} else {
		well = plain_locate(copy->fd, (uint64_t)copy->st.st_size,
			   g->crypto, &found, err) == STRETCH_SAME;
	}
	if (!well || found.offset == 0) {
		position_clear(&found);
		return -1;
	}
	generation_close(g);
	position_take_trail(&found, &g->at);
	position_move(&g->at, &found);
	position_rest(&g->at, g->crypto);
	generation_adopt(g, copy);
	g->ended = true;
	return 0;
}

static bool
raw_prefix(const struct generation *g, const struct generation *other)
{
	uint64_t n = (uint64_t)other->st.st_size;
	struct position a, b;
	bool same;

	if (n == 0 || (uint64_t)g->st.st_size < n)
		return false;
	position_init(&a);
	position_init(&b);
	same =
	    plain_locate(g->fd, n, g->crypto, &a, NULL) == STRETCH_SAME &&
	    plain_locate(other->fd, n, g->crypto, &b, NULL) == STRETCH_SAME &&
	    position_proves(g->crypto, &a, &b);
	position_clear(&a);
	position_clear(&b);
	return same;
}

static bool
packs(const struct generation *g, struct generation *other)
{
	struct position all, here;
	bool same = false;

	position_init(&all);
	position_init(&here);
	if (position_reserve(&all) == 0)
		pass_all(other, &all);
	if (all.offset > 0 && plain_locate(g->fd, all.offset, g->crypto, &here,
				  NULL) == STRETCH_SAME)
		same = position_proves(g->crypto, &here, &all);
	position_clear(&all);
	position_clear(&here);
	return same;
}

enum follow_answer
generation_copies(const struct generation *g, struct generation *other)
{
	bool same;

	/* Of a closed one only the end that was read is known. */
	if (g->fd < 0)
		return g->at.offset > 0 &&
			       generation_holds(g, other) == FOLLOW_EXACTLY
			   ? FOLLOW_YES
			   : FOLLOW_NO;
	if (g->id.compressed == other->id.compressed)
		same = raw_prefix(g, other);
	else if (other->id.compressed)
		same = packs(g, other);
	else
		same = g->at.offset > 0 &&
		       generation_holds(g, other) >= FOLLOW_PART;
	return same ? FOLLOW_YES : FOLLOW_NO;
}

/* Stand in from's file where g stands. */
static enum stretch_proof
locate(const struct generation *g, struct generation *from,
    struct position *found, struct packed **packed, struct err *err)
{
	enum stretch_proof proof;

	*packed = NULL;
	if (!from->id.compressed) {
		proof =
		    plain_locate(from->fd, g->at.offset, g->crypto, found, err);
	} else if (from->tried && from->tried_at.offset == g->at.offset) {
		*packed = from->tried;
		from->tried = NULL;
		position_move(found, &from->tried_at);
		proof = STRETCH_SAME;
	} else {
		*packed = packed_open(
		    from->fd, g->at.offset, g->crypto, found, &proof, err);
	}
	if (proof == STRETCH_SAME && !position_proves(g->crypto, &g->at, found))
		proof = STRETCH_OTHER;
	if (proof == STRETCH_OTHER)
		err_set(err, "it does not hold what had been read");
	return proof;
}

int
generation_attach(
    struct generation *g, struct generation *from, struct err *err)
{
	struct position found;
	struct packed *packed;

	position_init(&found);
	generation_close(g);
	if (locate(g, from, &found, &packed, err) != STRETCH_SAME) {
		packed_free(packed);
		position_clear(&found);
		return err_prefix(err, "'%s'", from->path);
	}
	position_take_trail(&found, &g->at);
	position_move(&g->at, &found);
	g->packed = packed;
	generation_adopt(g, from);
	g->fd = from->fd;
	from->fd = -1;
	if (g->ended)
		g->ended = packed ? packed_at_end(packed)
				  : (uint64_t)g->st.st_size == g->at.offset;
	if (g->ended)
		generation_close(g);
	return 0;
}
