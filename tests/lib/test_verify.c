/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assay/encode.h"
#include "assay/verify.h"
#include "history.h"

static struct crypto *c;
static struct crypto_key *key, *other_key;

static int
setup(void **state)
{
	(void)state;
	c = crypto_new(NULL);
	key = crypto_key_new(c, NULL);
	other_key = crypto_key_new(c, NULL);
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

/* The consequences were written down by hand from DESIGN 3 and 4.4. */
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		an_untouched_history_is_sealed_up_to_its_last_seal),
	    cmocka_unit_test(each_deed_has_its_exact_consequence),
	};

	return cmocka_run_group_tests_name("verify", tests, setup, teardown);
}
