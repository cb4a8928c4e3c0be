/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "follow.h"

/* ---- single decisions ---- */

static struct follow_known
known(uint8_t key, uint8_t gen, uint64_t offset)
{
	return (struct follow_known){.key = {key},
	    .gen = {gen},
	    .stamped = true,
	    .offset = offset,
	    .at_stem = true};
}

static struct follow_seen
seen(uint8_t key, uint8_t gen, uint64_t size)
{
	return (struct follow_seen){.key = {key},
	    .gen = {gen},
	    .stamped = true,
	    .size = size,
	    .of = FOLLOW_NONE,
	    .unchanged = FOLLOW_NONE};
}

/* All answers are the same. Returns how many were asked for. */
static int
decide(struct follow *f, const struct follow_known *k, size_t kn,
    const struct follow_seen *s, size_t sn, enum follow_answer answer)
{
	size_t ki, si;
	int asked = 0;

	assert_int_equal(follow_init(f, k, kn, s, sn), 0);
	while (follow_asks(f, &ki, &si)) {
		assert_true(ki < kn && si < sn);
		follow_tell(f, ki, si, answer);
		asked++;
	}
	return asked;
}

static void
an_open_file_goes_on_whatever_became_of_its_name(void **state)
{
	struct follow_known k = known(1, 1, 100);
	struct follow_seen s = seen(2, 2, 50);
	struct follow f;

	(void)state;
	k.open = k.intact = true;
	s.at_stem = true;
	assert_int_equal(decide(&f, &k, 1, &s, 1, FOLLOW_NO), 0);
	assert_int_equal(f.knowns[0].is, FOLLOW_KEEPS);
	assert_int_equal(f.knowns[0].at, FOLLOW_NONE);
	assert_int_equal(f.seens[0].is, FOLLOW_NEW);
	follow_clear(&f);
}

static void
what_was_cut_is_read_on_in_its_copy(void **state)
{
	struct follow_known k = known(1, 1, 100);
	struct follow_seen s[2] = {seen(1, 2, 300), seen(2, 1, 120)};
	struct follow f;

	(void)state;
	k.open = true;
	s[0].at_stem = true;
	assert_int_equal(decide(&f, &k, 1, s, 2, FOLLOW_YES), 1);
	assert_int_equal(f.knowns[0].is, FOLLOW_RECOVERS);
	assert_int_equal(f.knowns[0].at, 1);
	assert_int_equal(f.seens[0].is, FOLLOW_NEW);
	assert_int_equal(f.seens[1].is, FOLLOW_OURS);
	follow_clear(&f);
	/* The copy ends before what was read. */
	decide(&f, &k, 1, s, 2, FOLLOW_PART);
	assert_int_equal(f.knowns[0].is, FOLLOW_COPIED);
	assert_int_equal(f.seens[1].is, FOLLOW_COPY);
	follow_clear(&f);
}

static void
while_something_cannot_be_judged_a_short_copy_waits(void **state)
{
	struct follow_known k = known(1, 1, 100);
	struct follow_seen s[2] = {seen(2, 1, 60), seen(3, 0, 50)};
	struct follow f;

	(void)state;
	k.open = true;
	s[1].pending = s[1].compressed = true;
	decide(&f, &k, 1, s, 2, FOLLOW_PART);
	assert_int_equal(f.knowns[0].is, FOLLOW_WAITS);
	assert_int_equal(f.seens[0].is, FOLLOW_PENDING);
	follow_clear(&f);
}

static void
what_only_begins_alike_is_no_copy_of_a_log_without_stamps(void **state)
{
	struct follow_known k = known(1, 1, 100);
	struct follow_seen s = seen(2, 1, 60);
	struct follow f;

	(void)state;
	k.open = true;
	/* It may still be copied to. */
	s.young = true;
	decide(&f, &k, 1, &s, 1, FOLLOW_PERHAPS);
	assert_int_equal(f.knowns[0].is, FOLLOW_WAITS);
	assert_int_equal(f.seens[0].is, FOLLOW_PENDING);
	follow_clear(&f);
	s.young = false;
	k.stamped = s.stamped = false;
	decide(&f, &k, 1, &s, 1, FOLLOW_PERHAPS);
	assert_int_equal(f.knowns[0].is, FOLLOW_LOST);
	assert_int_equal(f.seens[0].is, FOLLOW_NEW);
	follow_clear(&f);
	/* The same first stamped line says more. */
	k.stamped = s.stamped = true;
	decide(&f, &k, 1, &s, 1, FOLLOW_PERHAPS);
	assert_int_equal(f.knowns[0].is, FOLLOW_COPIED);
	assert_int_equal(f.seens[0].is, FOLLOW_COPY);
	follow_clear(&f);
}

static void
a_reason_says_who_was_away(void **state)
{
	struct follow_known k[4] = {known(1, 1, 100), known(2, 2, 100),
	    known(3, 3, 100), known(4, 4, 100)};
	struct follow_seen s[3] = {seen(1, 9, 5), seen(2, 8, 5), seen(4, 7, 5)};
	struct follow f;

	(void)state;
	k[0].open = true;     /* cut while we watched */
	k[1].restored = true; /* cut while we were down */
	k[3].open = k[3].starved = true;
	decide(&f, k, 4, s, 3, FOLLOW_NO);
	for (int i = 0; i < 4; i++)
		assert_int_equal(f.knowns[i].is, FOLLOW_LOST);
	assert_string_equal(f.knowns[0].reason, "truncated");
	assert_string_equal(f.knowns[1].reason, "agent");
	assert_string_equal(f.knowns[2].reason, "deleted");
	assert_string_equal(f.knowns[3].reason, "agent");
	follow_clear(&f);
}

static void
nothing_is_given_up_while_something_cannot_be_judged(void **state)
{
	struct follow_known k[2] = {known(1, 1, 100), known(2, 2, 100)};
	struct follow_seen s = seen(0, 0, 0);
	struct follow f;

	(void)state;
	s.pending = true;
	decide(&f, k, 2, &s, 1, FOLLOW_NO);
	assert_int_equal(f.knowns[0].is, FOLLOW_WAITS);
	assert_int_equal(f.seens[0].is, FOLLOW_PENDING);
	follow_clear(&f);
	k[1].hidden = true;
	decide(&f, k, 2, NULL, 0, FOLLOW_NO);
	assert_int_equal(f.knowns[0].is, FOLLOW_LOST);
	assert_int_equal(f.knowns[1].is, FOLLOW_WAITS);
	follow_clear(&f);
}

static void
a_key_without_the_content_proves_nothing(void **state)
{
	struct follow_known k = known(1, 1, 100);
	struct follow_seen s = seen(1, 1, 500);
	struct follow f;

	(void)state;
	k.ended = true;
	s.at_stem = true;
	assert_int_equal(decide(&f, &k, 1, &s, 1, FOLLOW_NO), 1);
	assert_int_equal(f.knowns[0].is, FOLLOW_FORGET);
	assert_int_equal(f.seens[0].is, FOLLOW_NEW);
	follow_clear(&f);
	/* Another first line need not be compared at all. */
	s.gen[0] = 2;
	assert_int_equal(decide(&f, &k, 1, &s, 1, FOLLOW_NO), 0);
	assert_int_equal(f.seens[0].is, FOLLOW_NEW);
	follow_clear(&f);
}

static void
a_lost_one_takes_no_file_from_the_one_that_was_closed(void **state)
{
	struct follow_known k[2] = {known(1, 1, 100), known(1, 2, 70)};
	struct follow_seen s = seen(1, 2, 70);
	struct follow f;

	(void)state;
	k[0].gone = k[1].ended = true;
	k[0].stamped = s.stamped = k[1].stamped = false;
	s.unchanged = 1;
	decide(&f, k, 2, &s, 1, FOLLOW_NO);
	assert_int_equal(f.knowns[1].is, FOLLOW_HAS);
	assert_int_equal(f.seens[0].at, 1);
	follow_clear(&f);
}

static void
without_stamps_new_content_under_the_own_name_is_new(void **state)
{
	struct follow_known k = known(1, 1, 12);
	struct follow_seen s = seen(2, 2, 12);
	struct follow f;

	(void)state;
	/* "backup done", once more, in the file after it. */
	k.stamped = s.stamped = false;
	k.restored = s.at_stem = true;
	decide(&f, &k, 1, &s, 1, FOLLOW_YES);
	assert_int_equal(f.knowns[0].is, FOLLOW_LOST);
	assert_int_equal(f.seens[0].is, FOLLOW_NEW);
	follow_clear(&f);
	/* Compressed it is where old content goes. */
	s.at_stem = false;
	s.compressed = true;
	decide(&f, &k, 1, &s, 1, FOLLOW_YES);
	assert_int_equal(f.knowns[0].is, FOLLOW_HAS);
	follow_clear(&f);
}

static void
its_own_file_is_no_copy_of_what_was_not_read(void **state)
{
	struct follow_known k = known(1, 1, 0);
	struct follow_seen s = seen(1, 1, 12);
	struct follow f;

	(void)state;
	k.restored = s.at_stem = true;
	decide(&f, &k, 1, &s, 1, FOLLOW_YES);
	assert_int_equal(f.knowns[0].is, FOLLOW_HAS);
	follow_clear(&f);
	/* Under another key, and not compressed, it is one. */
	k.offset = 5;
	s.key[0] = 2;
	decide(&f, &k, 1, &s, 1, FOLLOW_YES);
	assert_int_equal(f.knowns[0].is, FOLLOW_RECOVERS);
	follow_clear(&f);
}

static void
a_sibling_is_taken_only_when_it_was_missed(void **state)
{
	struct follow_known k = known(1, 1, 12);
	struct follow_seen s[2] = {seen(1, 1, 12), seen(3, 3, 9)};
	struct follow f;

	(void)state;
	k.restored = s[0].sibling = s[1].sibling = true;
	decide(&f, &k, 1, s, 2, FOLLOW_YES);
	assert_int_equal(f.knowns[0].is, FOLLOW_HAS);
	assert_int_equal(f.seens[1].is, FOLLOW_NOTHING);
	follow_clear(&f);
}

/* ---- a model ---- */

/* A world of contents (lines 0..len of one generation each), files that hold
 * them under keys, and a reader that acts on what follow decides. The model
 * answers from the truth; in the end each line was read exactly once, or a hole
 * says that it was not, or nobody ever looked while its generation was there.
 */

#define CONTENTS 400
#define LINES 64
#define FILES 40

struct content {
	int len;
	bool met;    /* by some look, where it is written */
	int met_len; /* what any look saw of it, copies too */
	bool hole;
	int hole_from;
	int excused_from; /* beyond this nobody could know; 0: nothing is */
	int reads[LINES];
};

struct file {
	bool there; /* some name or descriptor */
	bool named;
	bool compressed;
	bool copy; /* nobody ever wrote to it */
	int key;
	int content;
	int len;    /* what it holds of the content */
	int number; /* in its name; 0: the log's own */
};

struct reading {
	int content;
	int offset;
	int key;
	int number;
	int file; /* FILES: none */
	int high; /* lines it was seen to have */
	bool open, ended, restored, gone;
};

struct world {
	struct content contents[CONTENTS];
	int content_count;
	struct file files[FILES];
	struct reading readings[FILES * 4];
	int reading_count;
	int keys;
	bool stamped;
};

static int
new_file(struct world *w, int content, int len, int number, bool compressed)
{
	for (int i = 0; i < FILES; i++) {
		if (w->files[i].there)
			continue;
		w->files[i] = (struct file){.there = true,
		    .named = true,
		    .compressed = compressed,
		    .key = ++w->keys,
		    .content = content,
		    .len = len,
		    .number = number};
		return i;
	}
	fail_msg("too many files");
	return -1;
}

static int
new_content(struct world *w)
{
	assert_true(w->content_count < CONTENTS);
	return w->content_count++;
}

static int
stem_of(const struct world *w)
{
	for (int i = 0; i < FILES; i++)
		if (w->files[i].named && w->files[i].number == 0)
			return i;
	return -1;
}

static bool
is_held(const struct world *w, int file)
{
	for (int i = 0; i < w->reading_count; i++)
		if (w->readings[i].file == file && w->readings[i].open)
			return true;
	return false;
}

static void
unlink_file(struct world *w, int file)
{
	w->files[file].named = false;
	w->files[file].there = is_held(w, file);
}

static void
put_away(struct world *w)
{
	for (int i = 0; i < FILES; i++)
		if (w->files[i].named)
			w->files[i].number++;
}

static bool
write_line(struct world *w)
{
	int at = stem_of(w);
	struct file *f;

	if (at < 0)
		at = new_file(w, new_content(w), 0, 0, false);
	f = &w->files[at];
	/* A content goes on only where all of it is. */
	if (w->contents[f->content].len != f->len || f->len >= LINES)
		return false;
	w->contents[f->content].len++;
	f->len++;
	return true;
}

static void
copy_and_cut(struct world *w, int window)
{
	int at = stem_of(w);
	int copy;

	if (at < 0 || w->files[at].len == 0)
		return;
	put_away(w);
	w->files[at].number = 0;
	copy = new_file(w, w->files[at].content, w->files[at].len, 1, false);
	w->files[copy].copy = true;
	for (int i = 0; i < window; i++)
		(void)write_line(w);
	w->files[at].content = new_content(w);
	w->files[at].len = 0;
}

static void
compress_one(struct world *w, int number)
{
	for (int i = 0; i < FILES; i++) {
		struct file *f = &w->files[i];
		int copy;

		if (!f->named || f->number != number || number == 0 ||
		    f->compressed)
			continue;
		copy = new_file(w, f->content, f->len, number, true);
		w->files[copy].copy = f->copy;
		unlink_file(w, i);
		return;
	}
}

static void
name_gen(const struct world *w, int content, int len, int key, uint8_t gen[16],
    bool *stamped)
{
	*stamped = w->stamped && len > 0;
	gen[0] = *stamped ? 1 : 2;
	memcpy(gen + 1, *stamped ? &content : &key, sizeof key);
}

static bool
is_intact(const struct world *w, const struct reading *r)
{
	return w->files[r->file].content == r->content;
}

static enum follow_answer
answer_truly(const struct world *w, const struct reading *r, bool has,
    const struct file *s)
{
	if (has) {
		const struct file *own =
		    r->file < FILES ? &w->files[r->file] : NULL;
		int len = own ? own->len : r->offset;

		return s->content == r->content && s->len > 0 && s->len <= len
			   ? FOLLOW_YES
			   : FOLLOW_NO;
	}
	if (r->offset == 0 && w->stamped && r->high > 0)
		return s->content == r->content && s->len > 0 ? FOLLOW_YES
							      : FOLLOW_NO;
	if (r->offset == 0)
		return s->len >= r->high ? FOLLOW_YES : FOLLOW_NO;
	if (s->content != r->content || s->len == 0)
		return FOLLOW_NO;
	return s->len < r->offset    ? FOLLOW_PART
	       : s->len == r->offset ? FOLLOW_EXACTLY
				     : FOLLOW_YES;
}

static void
hole(struct world *w, const struct reading *r)
{
	struct content *c = &w->contents[r->content];

	if (!c->hole || r->offset < c->hole_from)
		c->hole_from = r->offset;
	c->hole = true;
}

static void
have(struct world *w, struct reading *r, int file)
{
	r->file = file;
	r->key = w->files[file].key;
	r->number = w->files[file].number;
	r->open = true;
	r->restored = r->gone = false;
	if (r->ended && w->files[file].len == r->offset)
		r->open = false;
	else
		r->ended = false;
	/* That it was copied before it was compressed nobody can tell, nor what
	 * was written between the copy and the cut. */
	if (w->files[file].compressed && w->files[file].copy)
		w->contents[r->content].excused_from = w->files[file].len;
	/* Of one of which nothing was read, and that has no stamp, its file is
	 * all there is to know: another content passes unseen. */
	if (r->content != w->files[file].content) {
		assert_int_equal(r->offset, 0);
		if (!w->stamped || r->high == 0) {
			w->contents[r->content].met = false;
			w->contents[r->content].met_len = 0;
		}
		r->content = w->files[file].content;
		w->contents[r->content].met |= !w->files[file].copy;
	}
}

static void
act(struct world *w, const struct follow *f, const int *files)
{
	for (size_t k = 0; k < f->known_count; k++) {
		struct reading *r = &w->readings[k];
		int at = f->knowns[k].at == FOLLOW_NONE
			     ? FILES
			     : files[f->knowns[k].at];

		switch (f->knowns[k].is) {
		case FOLLOW_KEEPS:
			if (at < FILES)
				r->number = w->files[at].number;
			break;
		case FOLLOW_RECOVERS:
			hole(w, r);
			have(w, r, at);
			break;
		case FOLLOW_HAS:
			have(w, r, at);
			break;
		case FOLLOW_WAITS:
			if (r->open) {
				r->open = false;
				r->file = FILES;
			}
			break;
		case FOLLOW_COPIED:
		case FOLLOW_LOST:
			hole(w, r);
			r->gone = true;
			r->open = false;
			r->file = FILES;
			break;
		default:
			r->gone = r->ended = true;
			r->offset = 0;
			r->file = FILES;
		}
	}
	for (size_t s = 0; s < f->seen_count; s++)
		if (f->seens[s].is == FOLLOW_NEW) {
			const struct file *file = &w->files[files[s]];

			w->contents[file->content].met |= !file->copy;
			w->readings[w->reading_count++] =
			    (struct reading){.content = file->content,
				.key = file->key,
				.number = file->number,
				.file = files[s],
				.high = file->len,
				.open = true};
		}
}

/* Forgotten ones go, and lost ones that nothing could tell from others. */
static void
sweep(struct world *w)
{
	int kept = 0;

	for (int i = 0; i < w->reading_count; i++) {
		const struct reading *r = &w->readings[i];

		if (!r->gone || (w->stamped && r->offset > 0))
			w->readings[kept++] = *r;
	}
	w->reading_count = kept;
	for (int i = 0; i < FILES; i++)
		w->files[i].there = w->files[i].named || is_held(w, i);
}

static void
look(struct world *w, bool pending)
{
	struct follow_known k[FILES * 4] = {0};
	struct follow_seen s[FILES] = {0};
	int files[FILES], count = 0;
	struct follow f;
	size_t ki, si;

	for (int i = 0; i < w->reading_count; i++) {
		const struct reading *r = &w->readings[i];

		if (r->open && is_intact(w, r))
			w->readings[i].high = w->files[r->file].len;
		k[i] = (struct follow_known){.offset = (uint64_t)r->offset,
		    .at_stem = r->number == 0,
		    .open = r->open,
		    .intact = r->open && is_intact(w, r),
		    .ended = r->ended,
		    .restored = r->restored,
		    .gone = r->gone};
		memcpy(k[i].key, &r->key, sizeof r->key);
		name_gen(
		    w, r->content, r->high, r->key, k[i].gen, &k[i].stamped);
	}
	for (int i = 0; i < FILES; i++) {
		const struct file *file = &w->files[i];
		struct follow_seen *n = &s[count];

		if (!file->named)
			continue;
		*n = (struct follow_seen){.at_stem = file->number == 0,
		    .compressed = file->compressed,
		    .size = (uint64_t)file->len,
		    .of = FOLLOW_NONE,
		    .unchanged = FOLLOW_NONE};
		memcpy(n->key, &file->key, sizeof file->key);
		name_gen(w, file->content, file->len, file->key, n->gen,
		    &n->stamped);
		n->pending = pending && file->compressed && rand() % 2;
		for (int j = 0; j < w->reading_count; j++)
			if (w->readings[j].file == i && w->readings[j].open &&
			    is_intact(w, &w->readings[j])) {
				n->of = (size_t)j;
				n->pending = false;
			}
		if (!n->pending &&
		    file->len > w->contents[file->content].met_len)
			w->contents[file->content].met_len = file->len;
		files[count++] = i;
	}
	assert_int_equal(
	    follow_init(&f, k, (size_t)w->reading_count, s, (size_t)count), 0);
	while (follow_asks(&f, &ki, &si)) {
		struct reading r = w->readings[ki];
		int fate = f.knowns[ki].is;
		bool has = fate == FOLLOW_KEEPS || fate == FOLLOW_HAS;

		if (fate == FOLLOW_HAS && f.knowns[ki].at != FOLLOW_NONE)
			r.file = files[f.knowns[ki].at];
		follow_tell(
		    &f, ki, si, answer_truly(w, &r, has, &w->files[files[si]]));
	}
	act(w, &f, files);
	follow_clear(&f);
	sweep(w);
}

static void
read_some(struct world *w, int most)
{
	for (int i = 0; i < w->reading_count; i++) {
		struct reading *r = &w->readings[i];
		const struct file *file;

		if (!r->open || r->gone || !is_intact(w, r))
			continue;
		file = &w->files[r->file];
		for (; r->offset < file->len && most > 0; most--)
			w->contents[r->content].reads[r->offset++]++;
		/* What is put away and read is closed. */
		if (r->offset == file->len && (r->number > 0 || !file->named)) {
			r->ended = true;
			r->open = false;
			r->file = FILES;
		}
	}
	sweep(w);
}

static void
restart(struct world *w)
{
	for (int i = 0; i < w->reading_count; i++) {
		w->readings[i].open = false;
		w->readings[i].restored = true;
		w->readings[i].file = FILES;
	}
	sweep(w);
}

static void
step(struct world *w)
{
	int what = rand() % 24;

	if (what < 8) {
		(void)write_line(w);
	} else if (what < 10) {
		put_away(w);
	} else if (what < 12) {
		copy_and_cut(w, rand() % 3);
	} else if (what < 14) {
		compress_one(w, 1 + rand() % 3);
	} else if (what < 15) {
		for (int i = 0; i < FILES; i++)
			if (w->files[i].named && w->files[i].number > 4)
				unlink_file(w, i);
	} else if (what < 16) {
		int at = stem_of(w);

		if (at >= 0 && rand() % 2)
			unlink_file(w, at);
	} else if (what < 18) {
		restart(w);
	} else {
		look(w, true);
		read_some(w, rand() % 2 ? 1000 : rand() % 4);
	}
}

static void
expect_all(const struct world *w, unsigned seed)
{
	for (int c = 0; c < w->content_count; c++)
		for (int i = 0; i < w->contents[c].len; i++) {
			const struct content *it = &w->contents[c];

			if (it->reads[i] > 1)
				fail_msg("seed %u: line %d of content %d was "
					 "read %d times",
				    seed, i, c, it->reads[i]);
			if (it->excused_from && i >= it->excused_from)
				continue;
			if (it->reads[i] == 0 && (it->met || i < it->met_len) &&
			    !(it->hole && i >= it->hole_from))
				fail_msg("seed %u: line %d of content %d is "
					 "missing without a hole",
				    seed, i, c);
		}
}

static void
random_histories_lose_and_repeat_nothing_unsaid(void **state)
{
	static struct world w;

	(void)state;
	for (unsigned seed = 1; seed <= 4000; seed++) {
		srand(seed);
		memset(&w, 0, sizeof w);
		w.stamped = seed % 2;
		for (int i = 0; i < 150; i++)
			step(&w);
		look(&w, false);
		read_some(&w, 1 << 20);
		look(&w, false);
		read_some(&w, 1 << 20);
		expect_all(&w, seed);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_open_file_goes_on_whatever_became_of_its_name),
	    cmocka_unit_test(what_was_cut_is_read_on_in_its_copy),
	    cmocka_unit_test(
		while_something_cannot_be_judged_a_short_copy_waits),
	    cmocka_unit_test(
		what_only_begins_alike_is_no_copy_of_a_log_without_stamps),
	    cmocka_unit_test(a_reason_says_who_was_away),
	    cmocka_unit_test(
		nothing_is_given_up_while_something_cannot_be_judged),
	    cmocka_unit_test(a_key_without_the_content_proves_nothing),
	    cmocka_unit_test(
		a_lost_one_takes_no_file_from_the_one_that_was_closed),
	    cmocka_unit_test(
		without_stamps_new_content_under_the_own_name_is_new),
	    cmocka_unit_test(its_own_file_is_no_copy_of_what_was_not_read),
	    cmocka_unit_test(a_sibling_is_taken_only_when_it_was_missed),
	    cmocka_unit_test(random_histories_lose_and_repeat_nothing_unsaid),
	};

	return cmocka_run_group_tests_name("follow", tests, NULL, NULL);
}
