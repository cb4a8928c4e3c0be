/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assay/leaves.h"
#include "assay/verify.h"
#include "golden.h"
#include "history.h"

static struct crypto *c;
static struct crypto_key *key, *other_key;

static int
setup(void **state)
{
	(void)state;
	c = crypto_new(NULL);
	/* Fixed keys: every byte is the same in every run. */
	key = golden_key(c, SOURCE_DIR "/tests/lib/golden/key.pem");
	other_key = golden_key(c, SOURCE_DIR "/tests/lib/golden/other-key.pem");
	return key && other_key ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	crypto_key_free(key);
	crypto_key_free(other_key);
	crypto_free(c);
	return 0;
}

/* ---- feeding and printing ---- */

static enum verify_arrival
feed(struct verify *v, const struct buf *bytes)
{
	enum verify_arrival arrival;
	struct record r;
	struct err err;

	if (record_decode(buf_slice(bytes), &r, &err) ||
	    verify_add(v, &r, &arrival, &err))
		fail_msg("%s", err.text);
	record_clear(&r);
	return arrival;
}

static struct verify *
feed_all(const struct history *h)
{
	struct verify *v = verify_new(c, NULL);

	for (size_t i = 0; i < h->count; i++)
		if (h->records[i].bytes.len)
			feed(v, &h->records[i].bytes);
	return v;
}

struct printing {
	struct buf *out;
	const struct history *h;
};

static char
letter(const struct history *h, const uint8_t epoch[16])
{
	for (size_t i = 0; i < h->epoch_count; i++)
		if (!memcmp(h->epochs[i].id, epoch, 16))
			return (char)('A' + i);
	return '?';
}

static bool
print_finding(void *arg, const struct verify_finding *f)
{
	static const char *const names[] = {"hole", "open", "bad", "unsealed",
	    "tampered", "undecided", "seal-bad", "start-bad", "key-wrong",
	    "fork-prev", "fork-beyond", "fork-bytes"};
	const struct printing *p = arg;

	buf_printf(p->out, " %s(%c%" PRIu64, names[f->kind],
	    letter(p->h, f->epoch), f->first);
	if (f->last != f->first)
		buf_printf(p->out, "-%" PRIu64, f->last);
	if (f->has_other)
		buf_printf(p->out, ",%c", letter(p->h, f->other));
	buf_putc(p->out, ')');
	return true;
}

static bool
print_range(void *arg, const struct verify_range *r)
{
	const struct printing *p = arg;

	if (r->state == VERIFY_SEALED)
		buf_printf(p->out, " %c%" PRIu64 "-%" PRIu64,
		    letter(p->h, r->epoch), r->first, r->last);
	return true;
}

/* "findings | sealed ranges" */
static struct buf
describe(const struct verify *v, const struct history *h)
{
	struct buf out = {0};
	struct printing p = {&out, h};

	assert_int_equal(verify_findings(v, print_finding, &p, NULL), 0);
	buf_puts(&out, " |");
	for (size_t i = 0; i < h->epoch_count; i++)
		verify_ranges(v, h->agent, h->epochs[i].id, print_range, &p);
	buf_putc(&out, '\n');
	return out;
}

static void
expect(const struct verify *v, const struct history *h, const char *wanted)
{
	struct buf got = describe(v, h);

	assert_slice(buf_slice(&got), slice_of(wanted));
	buf_clear(&got);
}

/* Three epochs: A is killed with an unsealed tail, B and C stop in order.
 *   A: 1 start, 4 = seal 1-3, 7 = seal 4-6, 8 9
 *   B: 1 start, 3 = seal 1-2, 6 = seal 3-5
 *   C: 1 start, 3 = seal 1-2, 6 = seal 3-5 */
static void
make_small(struct history *h)
{
	size_t e;

	history_init(h, c, key);
	e = history_start(h, -1);
	history_write(h, e);
	history_write(h, e);
	history_seal(h, e);
	history_write(h, e);
	history_write(h, e);
	history_seal(h, e);
	history_write(h, e);
	history_write(h, e);
	for (int i = 0; i < 2; i++) {
		e = history_start(h, (int)e);
		history_write(h, e);
		history_seal(h, e);
		history_write(h, e);
		history_write(h, e);
		history_seal(h, e);
	}
}

static void
an_untouched_history_is_sealed_up_to_its_last_seal(void **state)
{
	struct history h;
	struct verify *v;

	(void)state;
	make_small(&h);
	v = feed_all(&h);
	expect(v, &h, " | A1-9 B1-6 C1-5\n");
	verify_free(v);
	history_clear(&h);
}

/* ---- each record, each thing that can be done to it ---- */

static struct buf
with_other_salt(const struct buf *bytes)
{
	const char *at = memmem(bytes->ptr, bytes->len, "\"salt\":\"", 8);
	struct buf out = {0};

	buf_put(&out, buf_slice(bytes));
	out.ptr[at - bytes->ptr + 8] ^= 1;
	return out;
}

static struct buf
with_other_signature(const struct buf *bytes)
{
	const char *at = memmem(bytes->ptr, bytes->len, "\"sig\":\"", 7);
	struct buf out = {0};
	char *place;

	buf_put(&out, buf_slice(bytes));
	place = out.ptr + (at - bytes->ptr) + 7;
	*place = *place == 'A' ? 'B' : 'A';
	return out;
}

/* The same seal, signed by another key. */
static struct buf
signed_by_other(const struct buf *bytes)
{
	struct chain_seal seal;
	struct record_envelope e = {0};
	struct record_host host = {SLICE("web01"), {7}};
	struct buf out = {0};
	struct record r;
	struct err err;

	if (record_decode(buf_slice(bytes), &r, &err) ||
	    record_read_seal(&r, &seal, &err) ||
	    chain_seal_sign(&seal, other_key, &err))
		fail_msg("%s", err.text);
	memcpy(e.agent, r.agent, 16);
	memcpy(e.epoch, r.epoch, 16);
	memcpy(e.salt, r.salt, 16);
	e.sequence = r.sequence;
	e.time_us = r.time_us;
	e.readtime_us = r.readtime_us;
	if (record_encode_seal(&out, c, &e, &host, &seal, &err))
		fail_msg("%s", err.text);
	record_clear(&r);
	return out;
}

enum deed {
	REMOVED,
	EDITED,
	EDITED_BESIDE, /* and the true one is there too */
	REPEATED,
	SIGNATURE_EDITED,
	SIGNED_BY_OTHER,
	UNSEALED, /* all seals from this one on removed */
	DEEDS
};

static const char *const deed_names[] = {"removed", "edited",
    "edited beside the true one", "repeated", "its signature edited",
    "signed by another key", "and later seals removed"};

static bool
needs_seal(enum deed deed)
{
	return deed >= SIGNATURE_EDITED;
}

static void
put_edited(struct verify *v, const struct buf *bytes,
    struct buf (*edit)(const struct buf *bytes))
{
	struct buf edited = edit(bytes);

	feed(v, &edited);
	buf_clear(&edited);
}

static struct verify *
feed_with(const struct history *h, size_t which, enum deed deed)
{
	struct verify *v = verify_new(c, NULL);

	for (size_t i = 0; i < h->count; i++) {
		const struct buf *bytes = &h->records[i].bytes;

		if (deed == UNSEALED && i >= which && h->records[i].seal_first)
			continue;
		if (i != which || deed == EDITED_BESIDE || deed == REPEATED ||
		    deed == UNSEALED) {
			feed(v, bytes);
			if (i != which || deed == UNSEALED)
				continue;
		}
		if (deed == EDITED || deed == EDITED_BESIDE)
			put_edited(v, bytes, with_other_salt);
		else if (deed == SIGNATURE_EDITED)
			put_edited(v, bytes, with_other_signature);
		else if (deed == SIGNED_BY_OTHER)
			put_edited(v, bytes, signed_by_other);
		else if (deed == REPEATED)
			assert_int_equal(feed(v, bytes), VERIFY_REPEAT);
	}
	return v;
}

/* Each line of the file was checked by hand: what a seal, or the start after a
 * tail, signed is known; records between two known chain values count when all
 * of them are there. */
static void
each_deed_has_its_exact_consequence(void **state)
{
	const char *path = SOURCE_DIR "/tests/lib/golden/consequences.txt";
	struct buf wanted, got = {0};
	struct history h;

	(void)state;
	make_small(&h);
	for (int deed = 0; deed < DEEDS; deed++)
		for (size_t i = 0; i < h.count; i++) {
			const struct history_record *r = &h.records[i];
			struct verify *v;
			struct buf text;

			if (needs_seal((enum deed)deed) && !r->seal_first)
				continue;
			v = feed_with(&h, i, (enum deed)deed);
			text = describe(v, &h);
			buf_printf(&got,
			    "%c%" PRIu64 " %s:", (char)('A' + r->epoch),
			    r->sequence, deed_names[deed]);
			buf_put(&got, buf_slice(&text));
			buf_clear(&text);
			verify_free(v);
		}
	if (getenv("ASSAY_GOLDEN_WRITE"))
		test_write(path, buf_slice(&got));
	wanted = test_read(path);
	assert_slice(buf_slice(&got), buf_slice(&wanted));
	buf_clear(&got);
	buf_clear(&wanted);
	history_clear(&h);
}

static void
swapped_numbers_spoil_the_ranges_of_both_and_order_spoils_nothing(void **state)
{
	struct history h;
	struct verify *v;
	struct buf two, five;

	(void)state;
	make_small(&h);
	/* A2 and A5 under each other's number. */
	two = history_edit(&h.records[1].bytes, "00000000000000000002",
	    "00000000000000000005");
	five = history_edit(&h.records[4].bytes, "00000000000000000005",
	    "00000000000000000002");
	v = verify_new(c, NULL);
	for (size_t i = h.count; i-- > 0;)
		feed(v, i == 1 ? &two : i == 4 ? &five : &h.records[i].bytes);
	expect(v, &h, " bad(A1-3) bad(A4-6) | A7-9 B1-6 C1-5\n");
	/* The true ones come after all. */
	assert_int_equal(feed(v, &h.records[1].bytes), VERIFY_OTHER);
	assert_int_equal(feed(v, &h.records[4].bytes), VERIFY_OTHER);
	expect(v, &h, " tampered(A2) tampered(A5) | A1-9 B1-6 C1-5\n");
	verify_free(v);
	buf_clear(&two);
	buf_clear(&five);
	history_clear(&h);
}

/* ---- random histories against a model ---- */

static unsigned
roll(unsigned sides)
{
	return (unsigned)rand() % sides;
}

static void
make_random(struct history *h)
{
	size_t epochs = 1 + roll(5);

	history_init(h, c, key);
	for (size_t i = 0; i < epochs; i++) {
		/* Sometimes two follow the same one. */
		int before = (int)i - 1 - (int)(roll(6) == 0 && i > 1);
		size_t e = history_start(h, before);

		for (unsigned n = roll(14); n > 0; n--) {
			const struct history_epoch *at = &h->epochs[e];

			if (roll(3) == 0 && at->last > at->sealed + 1)
				history_seal(h, e);
			else
				history_write(h, e);
		}
	}
}

/* What came of a record. */
struct fate {
	bool true_bytes;
	bool edited;
	uint8_t leaf[CHAIN_LEN];
	uint8_t edited_leaf[CHAIN_LEN];
	bool sealed; /* by the model */
};

struct world {
	struct history h;
	struct fate *fates;
	struct buf *deliveries;
	size_t count;
};

static void
deliver(struct world *w, struct buf bytes)
{
	w->deliveries[w->count++] = bytes;
}

static struct buf
copy_of(const struct buf *bytes)
{
	struct buf out = {0};

	buf_put(&out, buf_slice(bytes));
	return out;
}

static void
make_world(struct world *w)
{
	*w = (struct world){0};
	make_random(&w->h);
	w->fates = calloc(w->h.count, sizeof *w->fates);
	w->deliveries = calloc(3 * w->h.count, sizeof *w->deliveries);
	for (size_t i = 0; i < w->h.count; i++) {
		const struct buf *bytes = &w->h.records[i].bytes;
		struct fate *f = &w->fates[i];
		unsigned what = roll(30);
		struct buf edited = with_other_salt(bytes);

		chain_leaf(c, buf_slice(bytes), f->leaf);
		chain_leaf(c, buf_slice(&edited), f->edited_leaf);
		f->true_bytes = what > 2;
		f->edited = what == 2 || what == 3;
		if (f->true_bytes)
			deliver(w, copy_of(bytes));
		if (what == 4)
			deliver(w, copy_of(bytes));
		if (f->edited)
			deliver(w, edited);
		else
			buf_clear(&edited);
	}
}

static void
clear_world(struct world *w)
{
	for (size_t i = 0; i < w->count; i++)
		buf_clear(&w->deliveries[i]);
	free(w->deliveries);
	free(w->fates);
	history_clear(&w->h);
}

static void
shuffle(struct world *w)
{
	for (size_t i = w->count; i > 1; i--) {
		size_t k = roll((unsigned)i);
		struct buf swap = w->deliveries[i - 1];

		w->deliveries[i - 1] = w->deliveries[k];
		w->deliveries[k] = swap;
	}
}

/* Is the chain value after n signed by something that came? */
static bool
model_is_known(const struct world *w, size_t epoch, uint64_t n)
{
	if (n == 0)
		return true;
	for (size_t i = 0; i < w->h.count; i++) {
		const struct history_record *r = &w->h.records[i];
		const struct fate *f = &w->fates[i];
		const struct history_epoch *e = &w->h.epochs[r->epoch];

		/* An edited salt leaves a seal's signature as it is. */
		if (r->seal_first && r->epoch == epoch &&
		    (f->true_bytes || f->edited) &&
		    (r->sequence - 1 == n || r->seal_first - 1 == n))
			return true;
		if (r->sequence == 1 && f->sealed && e->before == (int)epoch &&
		    e->before_last == n)
			return true;
	}
	return false;
}

static bool
model_pass(struct world *w)
{
	bool changed = false;

	for (size_t e = 0; e < w->h.epoch_count; e++) {
		uint64_t from = 0;

		for (uint64_t n = 1; n <= w->h.epochs[e].last; n++) {
			bool whole = true;

			if (!model_is_known(w, e, n))
				continue;
			for (uint64_t k = from + 1; k <= n; k++)
				whole &= w->fates[history_find(&w->h, e, k)]
					     .true_bytes;
			for (uint64_t k = from + 1; k <= n && whole; k++) {
				struct fate *f =
				    &w->fates[history_find(&w->h, e, k)];

				changed |= !f->sealed;
				f->sealed = true;
			}
			from = n;
		}
	}
	return changed;
}

static void
model(struct world *w)
{
	bool any_start = false;

	for (size_t i = 0; i < w->h.count; i++)
		if (w->h.records[i].sequence == 1)
			any_start |=
			    w->fates[i].true_bytes || w->fates[i].edited;
	while (any_start && model_pass(w))
		;
}

static struct verify *
feed_world(const struct world *w, bool watch)
{
	struct verify *v = verify_new(c, NULL);

	if (watch)
		verify_watch(v);
	for (size_t i = 0; i < w->count; i++)
		feed(v, &w->deliveries[i]);
	return v;
}

static void
check_against_model(const struct world *w, const struct verify *v)
{
	for (size_t i = 0; i < w->h.count; i++) {
		const struct history_record *r = &w->h.records[i];
		const struct fate *f = &w->fates[i];
		const uint8_t *epoch = w->h.epochs[r->epoch].id;

		if (verify_is_sealed(v, w->h.agent, epoch, r->sequence,
			f->leaf) != f->sealed)
			fail_msg("record %zu/%" PRIu64, r->epoch, r->sequence);
		assert_false(verify_is_sealed(
		    v, w->h.agent, epoch, r->sequence, f->edited_leaf));
	}
}

/* What verify_settled says adds up to what is asked afterwards. */
static void
check_settled(const struct world *w, struct verify *v)
{
	bool sealed[HISTORY_EPOCHS][64] = {{false}};
	struct verify_range range;

	while (verify_settled(v, &range))
		for (uint64_t n = range.first; n <= range.last; n++)
			if (range.state != VERIFY_BAD)
				sealed[letter(&w->h, range.epoch) - 'A'][n] =
				    range.state == VERIFY_SEALED;
	for (size_t i = 0; i < w->h.count; i++) {
		const struct history_record *r = &w->h.records[i];

		assert_int_equal(sealed[r->epoch][r->sequence],
		    verify_is_sealed(v, w->h.agent, w->h.epochs[r->epoch].id,
			r->sequence, NULL));
	}
}

static void
random_histories_agree_with_a_model_in_any_order_of_arrival(void **state)
{
	size_t sealed = 0, unsealed = 0;

	(void)state;
	srand(20260703);
	for (int round = 0; round < 250; round++) {
		struct buf first = {0}, again;
		struct world w;

		make_world(&w);
		model(&w);
		for (size_t i = 0; i < w.h.count; i++) {
			sealed += w.fates[i].sealed;
			unsealed += !w.fates[i].sealed;
		}
		for (int order = 0; order < 4; order++) {
			struct verify *v = feed_world(&w, order % 2);

			check_against_model(&w, v);
			if (order % 2)
				check_settled(&w, v);
			again = describe(v, &w.h);
			if (order == 0)
				buf_put(&first, buf_slice(&again));
			assert_slice(buf_slice(&again), buf_slice(&first));
			buf_clear(&again);
			verify_free(v);
			shuffle(&w);
		}
		buf_clear(&first);
		clear_world(&w);
	}
	/* Both happened often enough to mean something. */
	assert_true(sealed > 2500 && unsealed > 1200);
}

/* Clones in the middle of an epoch, a second key, altered seals: no model, but
 * whatever is said must not depend on the order. */
static void
make_wild(struct world *w)
{
	struct history *h = &w->h;
	int clones = 0;

	*w = (struct world){0};
	history_init(h, c, key);
	history_start(h, -1);
	/* Few clones: where many numbers have many variants, more choices
	 * stand open than verify tries. */
	for (int i = 0; i < 40; i++) {
		size_t e = roll((unsigned)h->epoch_count);
		unsigned what = roll(20);

		if (what == 0 && h->epoch_count < 6)
			history_start(h, (int)e);
		else if (what == 1 && clones < 2 && h->epoch_count < 6)
			clones += history_clone(h, e) > 0;
		else if (what == 2)
			h->key = h->key == key ? other_key : key;
		else if (what < 9 && h->epochs[e].last > h->epochs[e].sealed)
			history_seal(h, e);
		else
			history_write(h, e);
	}
	w->deliveries = calloc(2 * h->count, sizeof *w->deliveries);
	for (size_t i = 0; i < h->count; i++) {
		const struct buf *bytes = &h->records[i].bytes;

		if (roll(12))
			deliver(w, copy_of(bytes));
		if (roll(12) == 0)
			deliver(w, with_other_salt(bytes));
		else if (roll(6) == 0 && h->records[i].seal_first)
			deliver(w, with_other_signature(bytes));
	}
}

static void
whatever_comes_its_order_changes_nothing(void **state)
{
	size_t forks = 0, tampered = 0;

	(void)state;
	srand(4711);
	for (int round = 0; round < 150; round++) {
		struct buf first = {0}, again;
		struct world w;

		make_wild(&w);
		for (int order = 0; order < 4; order++) {
			struct verify *v = feed_world(&w, false);

			again = describe(v, &w.h);
			if (order == 0)
				buf_put(&first, buf_slice(&again));
			assert_slice(buf_slice(&again), buf_slice(&first));
			buf_clear(&again);
			verify_free(v);
			shuffle(&w);
		}
		forks += memmem(first.ptr, first.len, "fork-bytes", 10) != NULL;
		tampered += memmem(first.ptr, first.len, "tampered", 8) != NULL;
		buf_clear(&first);
		clear_world(&w);
	}
	assert_true(forks > 10 && tampered > 10);
}

/* ---- clones ---- */

static void
a_clone_that_starts_anew_is_a_fork_and_no_tampering(void **state)
{
	struct history h;
	struct verify *v;
	size_t a, b, d;

	(void)state;
	history_init(&h, c, key);
	a = history_start(&h, -1);
	history_write(&h, a);
	history_seal(&h, a);
	b = history_start(&h, (int)a);
	history_seal(&h, b);
	d = history_start(&h, (int)a);
	v = feed_all(&h);
	/* The start of C is not sealed yet: it says nothing. */
	expect(v, &h, " unsealed(C1) | A1-3 B1-1\n");
	history_seal(&h, d);
	feed(v, &h.records[h.count - 1].bytes);
	expect(v, &h, " fork-prev(C1,B) | A1-3 B1-1 C1-1\n");
	verify_free(v);
	history_clear(&h);
}

static void
two_epochs_that_follow_none_are_a_fork(void **state)
{
	struct history h;
	struct verify *v;

	(void)state;
	history_init(&h, c, key);
	history_start(&h, -1);
	history_seal(&h, 0);
	history_start(&h, -1);
	history_seal(&h, 1);
	v = feed_all(&h);
	expect(v, &h, " fork-prev(B1,A) | A1-1 B1-1\n");
	verify_free(v);
	history_clear(&h);
}

static void
an_original_that_goes_on_after_its_clone_began_is_a_fork(void **state)
{
	struct history h;
	struct verify *v;
	size_t a, b;

	(void)state;
	history_init(&h, c, key);
	a = history_start(&h, -1);
	history_write(&h, a);
	history_seal(&h, a);
	b = history_start(&h, (int)a);
	history_seal(&h, b);
	v = feed_all(&h);
	expect(v, &h, " | A1-3 B1-1\n");
	/* An unsealed record beyond is nobody's word. */
	history_write(&h, a);
	feed(v, &h.records[h.count - 1].bytes);
	expect(v, &h, " unsealed(A4) | A1-3 B1-1\n");
	history_seal(&h, a);
	feed(v, &h.records[h.count - 1].bytes);
	expect(v, &h, " fork-beyond(A4,B) | A1-4 B1-1\n");
	verify_free(v);
	history_clear(&h);
}

/* A machine restored while it ran: both go on in the same epoch. */
static void
two_genuine_records_under_one_number_are_a_fork(void **state)
{
	struct history h;
	struct verify *v;
	size_t a, clone;

	(void)state;
	history_init(&h, c, key);
	a = history_start(&h, -1);
	history_write(&h, a);
	clone = history_clone(&h, a);
	history_write(&h, a);
	history_seal(&h, a);
	history_write(&h, clone);
	history_write(&h, clone);
	history_seal(&h, clone);
	h.epoch_count = 1; /* letters: the clone's epoch is A as well */
	v = feed_all(&h);
	/* The original's seal is 4 (1-3), the clone's is 5 (1-4). */
	expect(v, &h, " fork-bytes(A3-4) | A1-4\n");
	verify_free(v);
	/* Only the clone's seal comes, not what it sealed. */
	v = verify_new(c, NULL);
	for (size_t i = 0; i < h.count; i++)
		if (h.records[i].epoch != clone || h.records[i].seal_first)
			feed(v, &h.records[i].bytes);
	expect(v, &h, " fork-bytes(A1-4) | A1-3\n");
	verify_free(v);
	h.epoch_count = 2;
	history_clear(&h);
}

/* ---- keys ---- */

static void
a_history_under_another_key_counts_for_nothing_once_the_first_is_known(
    void **state)
{
	struct history h;
	struct verify *v;
	size_t b;

	(void)state;
	history_init(&h, c, key);
	history_start(&h, -1);
	history_write(&h, 0);
	history_seal(&h, 0);
	h.key = other_key;
	b = history_start(&h, 0);
	history_write(&h, b);
	history_seal(&h, b);
	v = feed_all(&h);
	expect(v, &h, " unsealed(B1-3) key-wrong(B1) key-wrong(B3) | A1-2\n");
	verify_free(v);
	/* The forged epoch first: the earlier start wins all the same. */
	v = verify_new(c, NULL);
	verify_watch(v);
	for (size_t i = h.count; i-- > 0;)
		feed(v, &h.records[i].bytes);
	expect(v, &h, " unsealed(B1-3) key-wrong(B1) key-wrong(B3) | A1-2\n");
	verify_free(v);
	history_clear(&h);
}

static void
a_pinned_key_withstands_an_earlier_forged_start(void **state)
{
	struct history forged, h;
	struct verify *v;

	(void)state;
	history_init(&forged, c, other_key);
	forged.now_us -= 1000000000;
	history_start(&forged, -1);
	history_seal(&forged, 0);
	history_init(&h, c, key);
	h.epoch_count = 1; /* B */
	history_start(&h, -1);
	history_write(&h, 1);
	history_seal(&h, 1);
	memcpy(h.epochs[0].id, forged.epochs[0].id, 16);
	v = feed_all(&h);
	expect(v, &h, " | B1-2\n");
	assert_int_equal(
	    verify_pin(v, h.agent, crypto_key_public(key), NULL), 0);
	for (size_t i = 0; i < forged.count; i++)
		feed(v, &forged.records[i].bytes);
	expect(v, &h, " unsealed(A1-2) key-wrong(A1) key-wrong(A2) | B1-2\n");
	/* Pinned to the forger's, as whoever trusts him may. */
	assert_int_equal(
	    verify_pin(v, h.agent, crypto_key_public(other_key), NULL), 0);
	expect(v, &h, " unsealed(B1-3) key-wrong(B1) key-wrong(B3) | A1-1\n");
	verify_free(v);
	history_clear(&h);
	history_clear(&forged);
}

static void
an_altered_key_in_a_start_takes_no_other_epoch_down(void **state)
{
	struct history h;
	struct verify *v;
	struct buf id, altered;

	(void)state;
	make_small(&h);
	id = history_edit(&h.records[0].bytes, crypto_key_public(key)->id,
	    crypto_key_public(other_key)->id);
	altered = history_edit(&id, crypto_key_public(key)->text,
	    crypto_key_public(other_key)->text);
	v = verify_new(c, NULL);
	feed(v, &altered);
	for (size_t i = 1; i < h.count; i++)
		feed(v, &h.records[i].bytes);
	expect(v, &h, " bad(A1-3) key-wrong(A1) | A4-9 B1-6 C1-5\n");
	verify_free(v);
	buf_clear(&id);
	buf_clear(&altered);
	history_clear(&h);
}

static void
seals_that_came_before_their_key_count_once_it_comes(void **state)
{
	struct history h;
	struct verify *v = verify_new(c, NULL);

	(void)state;
	make_small(&h);
	for (size_t i = 1; i < 9; i++)
		feed(v, &h.records[i].bytes);
	expect(v, &h, " hole(A1) unsealed(A2-9) |\n");
	/* The key is pinned from outside: all but what holds the hole. */
	assert_int_equal(
	    verify_pin(v, h.agent, crypto_key_public(key), NULL), 0);
	expect(v, &h, " hole(A1) open(A1-3) unsealed(A7-9) | A4-6\n");
	feed(v, &h.records[0].bytes);
	expect(v, &h, " unsealed(A7-9) | A1-6\n");
	verify_free(v);
	history_clear(&h);
}

/* ---- what cannot be ---- */

static void
a_seal_or_start_that_is_nonsense_is_a_finding_and_a_record(void **state)
{
	struct history h;
	struct verify *v = verify_new(c, NULL);
	struct buf seal, start;

	(void)state;
	make_small(&h);
	seal = history_edit(&h.records[3].bytes,
	    "\"first\":\"00000000000000000001\"",
	    "\"first\":\"00000000000000000009\"");
	start = history_edit(
	    &h.records[9].bytes, "\"public\":\"MCow", "\"public\":\"MCox");
	assert_int_equal(feed(v, &seal), VERIFY_NEW);
	assert_int_equal(feed(v, &start), VERIFY_NEW);
	expect(v, &h,
	    " hole(A1-3) unsealed(A4) seal-bad(A4) unsealed(B1) "
	    "start-bad(B1) |\n");
	verify_free(v);
	buf_clear(&seal);
	buf_clear(&start);
	history_clear(&h);
}

static void
more_variants_of_a_number_than_are_kept_are_refused(void **state)
{
	struct history h;
	struct verify *v = verify_new(c, NULL);
	uint8_t leaf[CHAIN_LEN] = {0};
	enum verify_arrival arrival;

	(void)state;
	make_small(&h);
	for (size_t i = 0; i < h.count; i++)
		if (i != 1)
			feed(v, &h.records[i].bytes);
	for (uint8_t n = 0; n < LEAVES_VARIANTS + 2; n++) {
		leaf[0] = n;
		assert_int_equal(verify_add_leaf(v, h.agent, h.epochs[0].id, 2,
				     leaf, &arrival, NULL),
		    0);
		assert_int_equal(arrival, n == 0 ? VERIFY_NEW
					  : n < LEAVES_VARIANTS
					      ? VERIFY_OTHER
					      : VERIFY_REFUSED);
	}
	expect(v, &h, " bad(A1-3) undecided(A2) | A4-9 B1-6 C1-5\n");
	verify_free(v);
	history_clear(&h);
}

static void
an_erased_record_still_holds_its_place_in_the_chain(void **state)
{
	struct history h;
	struct verify *v = verify_new(c, NULL);
	uint8_t leaf[CHAIN_LEN];
	enum verify_arrival arrival;

	(void)state;
	make_small(&h);
	chain_leaf(c, buf_slice(&h.records[1].bytes), leaf);
	for (size_t i = 0; i < h.count; i++)
		if (i == 1)
			assert_int_equal(
			    verify_add_leaf(v, h.agent, h.epochs[0].id, 2, leaf,
				&arrival, NULL),
			    0);
		else
			feed(v, &h.records[i].bytes);
	expect(v, &h, " | A1-9 B1-6 C1-5\n");
	verify_free(v);
	history_clear(&h);
}

static void
a_number_far_away_costs_little_and_is_a_hole(void **state)
{
	struct verify *v = verify_new(c, NULL);
	const uint8_t leaf[CHAIN_LEN] = {1};
	enum verify_arrival arrival;
	struct history h;

	(void)state;
	history_init(&h, c, key);
	history_start(&h, -1);
	assert_int_equal(verify_add_leaf(v, h.agent, h.epochs[0].id,
			     RECORD_SEQUENCE_MAX, leaf, &arrival, NULL),
	    0);
	assert_int_equal(verify_add_leaf(v, h.agent, h.epochs[0].id, 64, leaf,
			     &arrival, NULL),
	    0);
	expect(v, &h,
	    " hole(A1-63) unsealed(A64) hole(A65-9223372036854775806) "
	    "unsealed(A9223372036854775807) |\n");
	verify_free(v);
	history_clear(&h);
}

/* ---- epochs ---- */

static bool
print_epoch(void *arg, const struct verify_epoch *e)
{
	const struct printing *p = arg;

	buf_printf(p->out, " %c%s%s%s:%" PRIu64 "/%" PRIu64,
	    letter(p->h, e->epoch), e->start_sealed ? "s" : "",
	    e->joined ? "j" : "", e->forked ? "f" : "", e->sealed_upto,
	    e->highest);
	return true;
}

static void
expect_epochs(
    const struct verify *v, const struct history *h, const char *wanted)
{
	struct buf out = {0};
	struct printing p = {&out, h};

	assert_int_equal(verify_epochs(v, print_epoch, &p, NULL), 0);
	assert_slice(buf_slice(&out), slice_of(wanted));
	buf_clear(&out);
}

static void
epochs_are_visited_in_the_order_they_followed_each_other(void **state)
{
	struct history h;
	struct verify *v;
	size_t d;

	(void)state;
	make_small(&h);
	v = verify_new(c, NULL);
	for (size_t i = h.count; i-- > 0;)
		feed(v, &h.records[i].bytes);
	expect_epochs(v, &h, " As:9/9 Bsj:6/6 Csj:5/6");
	/* D follows A too. */
	h.epochs[0].last = 9;
	d = history_start(&h, 0);
	history_seal(&h, d);
	feed(v, &h.records[h.count - 2].bytes);
	feed(v, &h.records[h.count - 1].bytes);
	expect_epochs(v, &h, " As:9/9 Bsjf:6/6 Csj:5/6 Dsjf:1/2");
	verify_free(v);
	history_clear(&h);
}

static void
an_epoch_that_a_start_names_and_nobody_saw_is_a_hole(void **state)
{
	struct history h;
	struct verify *v = verify_new(c, NULL);

	(void)state;
	make_small(&h);
	for (size_t i = 15; i < h.count; i++)
		feed(v, &h.records[i].bytes);
	expect(v, &h, " hole(B1-6) | C1-5\n");
	expect_epochs(v, &h, " B:0/6 Cs:5/6");
	verify_free(v);
	history_clear(&h);
}

static void
a_step_is_sealed_only_when_every_record_of_it_is(void **state)
{
	struct history h;
	struct verify *v = verify_new(c, NULL);
	const uint8_t *b;

	(void)state;
	make_small(&h);
	b = h.epochs[1].id;
	for (size_t i = 0; i < h.count; i++)
		if (i != history_find(&h, 1, 4))
			feed(v, &h.records[i].bytes);
	assert_true(verify_all_sealed(v, h.agent, b, 1, 2));
	assert_true(verify_all_sealed(v, h.agent, b, 6, 6));
	assert_false(verify_all_sealed(v, h.agent, b, 1, 3));
	assert_false(verify_all_sealed(v, h.agent, b, 2, 6));
	assert_false(verify_all_sealed(v, h.agent, b, 6, 7));
	assert_false(verify_all_sealed(v, b, b, 1, 1));
	feed(v, &h.records[history_find(&h, 1, 4)].bytes);
	assert_true(verify_all_sealed(v, h.agent, b, 1, 6));
	verify_free(v);
	history_clear(&h);
}

static void
a_finding_is_a_sentence(void **state)
{
	struct verify_finding f = {
	    .kind = VERIFY_TAMPERED, .first = 5, .last = 5, .has_leaf = true};
	struct buf out = {0};

	(void)state;
	verify_explain(&out, &f);
	assert_slice(buf_slice(&out),
	    SLICE("agent 00000000-0000-0000-0000-000000000000, epoch "
		  "00000000000000000000000000000000, record 5 (leaf "
		  "000000000000000000000000000000000000000000000000000000000"
		  "0000000): these bytes are not what the agent sealed under "
		  "this number"));
	buf_reset(&out);
	f = (struct verify_finding){.kind = VERIFY_FORK_BEYOND,
	    .first = 5,
	    .last = 9,
	    .has_other = true};
	verify_explain(&out, &f);
	assert_slice(buf_slice(&out),
	    SLICE("agent 00000000-0000-0000-0000-000000000000, epoch "
		  "00000000000000000000000000000000, records 5 to 9: written "
		  "after another epoch named an earlier record as the last: a "
		  "machine was cloned or restored; the other epoch is "
		  "00000000000000000000000000000000"));
	buf_clear(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		an_untouched_history_is_sealed_up_to_its_last_seal),
	    cmocka_unit_test(each_deed_has_its_exact_consequence),
	    cmocka_unit_test(
		swapped_numbers_spoil_the_ranges_of_both_and_order_spoils_nothing),
	    cmocka_unit_test(
		random_histories_agree_with_a_model_in_any_order_of_arrival),
	    cmocka_unit_test(whatever_comes_its_order_changes_nothing),
	    cmocka_unit_test(
		a_clone_that_starts_anew_is_a_fork_and_no_tampering),
	    cmocka_unit_test(two_epochs_that_follow_none_are_a_fork),
	    cmocka_unit_test(
		an_original_that_goes_on_after_its_clone_began_is_a_fork),
	    cmocka_unit_test(two_genuine_records_under_one_number_are_a_fork),
	    cmocka_unit_test(
		a_history_under_another_key_counts_for_nothing_once_the_first_is_known),
	    cmocka_unit_test(a_pinned_key_withstands_an_earlier_forged_start),
	    cmocka_unit_test(
		an_altered_key_in_a_start_takes_no_other_epoch_down),
	    cmocka_unit_test(
		seals_that_came_before_their_key_count_once_it_comes),
	    cmocka_unit_test(
		a_seal_or_start_that_is_nonsense_is_a_finding_and_a_record),
	    cmocka_unit_test(
		more_variants_of_a_number_than_are_kept_are_refused),
	    cmocka_unit_test(
		an_erased_record_still_holds_its_place_in_the_chain),
	    cmocka_unit_test(a_number_far_away_costs_little_and_is_a_hole),
	    cmocka_unit_test(
		epochs_are_visited_in_the_order_they_followed_each_other),
	    cmocka_unit_test(
		an_epoch_that_a_start_names_and_nobody_saw_is_a_hole),
	    cmocka_unit_test(a_step_is_sealed_only_when_every_record_of_it_is),
	    cmocka_unit_test(a_finding_is_a_sentence),
	};

	return cmocka_run_group_tests_name("verify", tests, setup, teardown);
}
