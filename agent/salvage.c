/* SPDX-License-Identifier: Apache-2.0 */
#include "salvage.h"

#include <stdlib.h>
#include <string.h>

#include "assay/chain.h"

/* While the frames of a segment are gone through. */
struct walk {
	struct salvage *out;
	struct slice bytes;
	struct crypto *crypto;
	uint64_t bound;
	size_t promised; /* nothing from here on had been promised */
	uint64_t next;	 /* the sequence expected */
	uint8_t head[CHAIN_LEN];
	bool head_known;
	bool open;	  /* the last piece goes on */
	bool committed;	  /* and ends with a commit */
	bool record_lost; /* since the last commit */
	/* Checkpoints since the last commit begin here. */
	size_t unsure;
	size_t end; /* of the last commit */
};

static int
add_hole(struct walk *w, uint64_t first, uint64_t last)
{
	struct salvage *out = w->out;
	struct salvage_hole *more =
	    reallocarray(out->holes, out->hole_count + 1, sizeof *more);

	if (!more)
		return -1;
	out->holes = more;
	more[out->hole_count++] = (struct salvage_hole){first, last};
	return 0;
}

static int
open_piece(struct walk *w, uint64_t first)
{
	struct salvage *out = w->out;
	struct salvage_piece *more =
	    reallocarray(out->pieces, out->piece_count + 1, sizeof *more);

	if (!more)
		return -1;
	out->pieces = more;
	more = &more[out->piece_count++];
	*more = (struct salvage_piece){.first = first, .last = first - 1};
	if (w->head_known)
		memcpy(more->prev, w->head, CHAIN_LEN);
	w->open = true;
	w->committed = false;
	return 0;
}

static struct salvage_piece *
current(const struct walk *w)
{
	return &w->out->pieces[w->out->piece_count - 1];
}

/* A piece ends with a commit; where the one it had is lost, or a record before
 * it, it gets one of ours. */
static int
close_piece(struct walk *w)
{
	struct segment_commit commit = {0};
	struct salvage_piece *piece;

	if (!w->open)
		return 0;
	w->open = false;
	piece = current(w);
	if (w->committed)
		return piece->frames.failed ? -1 : 0;
	commit.last = piece->last;
	if (w->head_known)
		memcpy(commit.head, w->head, CHAIN_LEN);
	segment_put_commit(&piece->frames, &commit);
	return piece->frames.failed ? -1 : 0;
}

/* The records up to last, the next expected one first, are lost. */
static int
lose(struct walk *w, uint64_t last)
{
	if (close_piece(w) != 0 || add_hole(w, w->next, last) != 0)
		return -1;
	w->next = last + 1;
	w->head_known = false;
	w->record_lost = true;
	return 0;
}

static int
take_record(struct walk *w, const struct segment_frame *f, struct slice raw)
{
	uint8_t leaf[CHAIN_LEN];

	if (f->sequence < w->next || f->sequence > w->bound)
		return 0;
	if (f->sequence > w->next && lose(w, f->sequence - 1) != 0)
		return -1;
	if (!w->open && open_piece(w, f->sequence) != 0)
		return -1;
	buf_put(&current(w)->frames, raw);
	current(w)->last = f->sequence;
	w->committed = false;
	w->next = f->sequence + 1;
	if (w->head_known) {
		chain_leaf(w->crypto, f->payload, leaf);
		chain_next(w->crypto, w->head, leaf);
	}
	return 0;
}

static int
take_checkpoint(struct walk *w, const struct segment_frame *f)
{
	struct salvage *out = w->out;
	struct slice *more = reallocarray(
	    out->checkpoints, out->checkpoint_count + 1, sizeof *more);

	if (!more)
		return -1;
	out->checkpoints = more;
	more[out->checkpoint_count++] = f->payload;
	return 0;
}

static int
take_commit(
    struct walk *w, const struct segment_frame *f, struct slice raw, size_t end)
{
	struct segment_commit commit;

	if (!segment_commit_decode(f->payload, &commit) ||
	    commit.last > w->bound || commit.last + 1 < w->next)
		return 0;
	if (commit.last >= w->next && lose(w, commit.last) != 0)
		return -1;
	if (w->open) {
		buf_put(&current(w)->frames, raw);
		w->committed = true;
	}
	memcpy(w->head, commit.head, CHAIN_LEN);
	w->head_known = true;
	/* The sources are read again for what was lost of this commit. */
	if (w->record_lost)
		w->out->checkpoint_count = w->unsure;
	w->unsure = w->out->checkpoint_count;
	w->record_lost = false;
	w->end = end;
	return 0;
}

static int
take(struct walk *w, const struct segment_frame *f, size_t at)
{
	struct slice raw = {w->bytes.ptr + at, f->size};

	switch (f->type) {
	case SEGMENT_RECORD:
		return take_record(w, f, raw);
	case SEGMENT_CHECKPOINT:
		if (at == SEGMENT_HEADER_LEN)
			w->out->full = true;
		return take_checkpoint(w, f);
	case SEGMENT_COMMIT:
		return take_commit(w, f, raw, at + f->size);
	}
	return 0;
}

/* Where that which had been promised ends: what `synced` says, or the last
 * commit. */
static size_t
find_promised(struct slice bytes, uint64_t synced, uint64_t bound)
{
	size_t promised = synced < bytes.len ? (size_t)synced : bytes.len;
	size_t at = SEGMENT_HEADER_LEN;
	struct segment_commit commit;

	while (segment_resync(bytes, at, &at, &commit))
		if (at > promised && commit.last <= bound)
			promised = at;
	return promised;
}

static int
finish(struct walk *w, uint64_t synced)
{
	struct salvage *out = w->out;

	out->checkpoint_count = w->unsure;
	out->end_known = w->end >= synced && w->end >= w->promised;
	if (close_piece(w) != 0)
		return -1;
	out->last = w->next - 1;
	if (w->head_known)
		memcpy(out->head, w->head, CHAIN_LEN);
	if (w->bound != UINT64_MAX)
		return w->next <= w->bound ? add_hole(w, w->next, w->bound) : 0;
	/* At least one; how many cannot be known. */
	return out->end_known ? 0 : add_hole(w, w->next, w->next);
}

int
salvage_segment(struct slice bytes, const struct segment_header *header,
    bool prev_known, uint64_t bound, struct crypto *c, struct salvage *out)
{
	struct walk w = {.out = out,
	    .bytes = bytes,
	    .crypto = c,
	    .bound = bound,
	    .promised = find_promised(bytes, header->synced, bound),
	    .next = header->first_sequence,
	    .head_known = prev_known,
	    .end = SEGMENT_HEADER_LEN};
	struct segment_frame f;
	size_t at = SEGMENT_HEADER_LEN;

	*out = (struct salvage){0};
	memcpy(w.head, header->prev_head, CHAIN_LEN);
	for (; segment_seek(bytes, at, &at, &f); at += f.size)
		if (at + f.size <= w.promised && take(&w, &f, at) != 0)
			goto no_memory;
	if (finish(&w, header->synced) == 0)
		return 0;
no_memory:
	salvage_clear(out);
	return -1;
}

void
salvage_clear(struct salvage *s)
{
	for (size_t i = 0; i < s->piece_count; i++)
		buf_clear(&s->pieces[i].frames);
	free(s->pieces);
	free(s->holes);
	free(s->checkpoints);
	*s = (struct salvage){0};
}
