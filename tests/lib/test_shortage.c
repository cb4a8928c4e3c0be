/* SPDX-License-Identifier: Apache-2.0 */
/* Memory runs short at each single allocation in turn, ours or a library's:
 * nothing crashes or leaks, what was there stays, and going on afterwards gives
 * what would have been without. Decoding is left out: all it allocates is
 * jansson's, which does not survive this itself. */
#include "test.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assay/record.h"
#include "assay/verify.h"
#include "assay/zone.h"
#include "golden.h"
#include "history.h"

/* ---- the allocator: the n-th call fails while armed ---- */

static long countdown; /* 0: none fails */
static long failures;

static bool
fails(void)
{
	if (countdown == 0 || --countdown > 0)
		return false;
	failures++;
	errno = ENOMEM;
	return true;
}

#define EXPORT __attribute__((visibility("default")))

static void *
next_of(const char *name)
{
	void *next = dlsym(RTLD_NEXT, name);

	if (!next)
		abort();
	return next;
}

EXPORT void *
malloc(size_t size)
{
	static void *(*next)(size_t);

	if (!next)
		*(void **)&next = next_of("malloc");
	return fails() ? NULL : next(size);
}

EXPORT void *
calloc(size_t count, size_t size)
{
	static void *(*next)(size_t, size_t);

	if (!next)
		*(void **)&next = next_of("calloc");
	return fails() ? NULL : next(count, size);
}

EXPORT void *
realloc(void *old, size_t size)
{
	static void *(*next)(void *, size_t);

	if (!next)
		*(void **)&next = next_of("realloc");
	return fails() ? NULL : next(old, size);
}

EXPORT void *
reallocarray(void *old, size_t count, size_t size)
{
	static void *(*next)(void *, size_t, size_t);

	if (!next)
		*(void **)&next = next_of("reallocarray");
	return fails() ? NULL : next(old, count, size);
}

/* Do it once for each allocation that can fail, until none is left to. The
 * scenario says whether it came through. */
static void
sweep(bool (*scenario)(void))
{
	long n = 0;
	bool came_through = false;

	failures = 0;
	while (!came_through || countdown == 0) {
		countdown = ++n;
		came_through = scenario();
		/* What is left over was never reached: nothing failed. */
		if (countdown > 0)
			break;
		assert_true(n < 100000);
	}
	countdown = 0;
	assert_true(came_through);
	assert_true(failures > 0);
}

/* Scenarios may need calls that must not fail. */
static long paused;

static void
pause_failures(void)
{
	paused = countdown;
	countdown = 0;
}

static void
resume_failures(void)
{
	countdown = paused;
}

static struct crypto *c;
static struct crypto_key *key;
static struct history h;
static struct record records[64];

static int
setup(void **state)
{
	size_t a, b;

	(void)state;
	c = crypto_new(NULL);
	key = golden_key(c, SOURCE_DIR "/tests/lib/golden/key.pem");
	history_init(&h, c, key);
	a = history_start(&h, -1);
	history_write(&h, a);
	history_seal(&h, a);
	history_write(&h, a);
	b = history_start(&h, (int)a);
	history_seal(&h, b);
	history_start(&h, (int)a);
	history_seal(&h, 2);
	for (size_t i = 0; i < h.count; i++)
		assert_int_equal(record_decode(buf_slice(&h.records[i].bytes),
				     &records[i], NULL),
		    0);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < h.count; i++)
		record_clear(&records[i]);
	history_clear(&h);
	crypto_key_free(key);
	crypto_free(c);
	return 0;
}

/* ---- scenarios ---- */

static bool
encode(void)
{
	const struct record_field field = {
	    SLICE("user"), RECORD_TEXT, SLICE("a\xff"), 0};
	const struct record_event event = {.host = {SLICE("h"), {1}},
	    .event = SLICE("auth.login"),
	    .outcome = SLICE("failure"),
	    .rule = SLICE("r"),
	    .program = SLICE("p"),
	    .pid = -1,
	    .fields = &field,
	    .field_count = 1,
	    .count = 1,
	    .origin = {.offset = -1},
	    .raw = RECORD_RAW_TEXT,
	    .line = SLICE("\xff\xfe")};
	const struct record_envelope e = {
	    .sequence = 1, .time_us = 0, .readtime_us = 0};
	struct err err = {""};
	struct buf b = {0};
	int result = record_encode_event(&b, c, &e, &event, &err);

	assert_int_equal(result != 0, b.len == 0);
	assert_int_equal(result != 0, err.text[0] != '\0');
	buf_clear(&b);
	return result == 0;
}

static void
encoding(void **state)
{
	(void)state;
	sweep(encode);
}

static bool
print_finding(void *arg, const struct verify_finding *f)
{
	verify_explain(arg, f);
	buf_putc(arg, '\n');
	return true;
}

static bool
print_epoch(void *arg, const struct verify_epoch *e)
{
	buf_printf(arg, "%d %d %d %llu\n", e->start_sealed, e->joined,
	    e->forked, (unsigned long long)e->sealed_upto);
	return true;
}

static struct buf
describe(const struct verify *v)
{
	struct buf out = {0};

	assert_int_equal(verify_findings(v, print_finding, &out, NULL), 0);
	assert_int_equal(verify_epochs(v, print_epoch, &out, NULL), 0);
	assert_false(out.failed);
	return out;
}

static struct buf wanted;

/* In the order that makes verify work most: keys and seals come late. */
static bool
verify(void)
{
	struct verify *v = verify_new(c, NULL);
	bool came_through = true;
	struct buf got;

	if (!v)
		return false;
	verify_watch(v);
	for (size_t i = h.count; i-- > 0;) {
		enum verify_arrival arrival;
		struct err err = {""};

		if (!verify_add(v, &records[i], &arrival, &err))
			continue;
		assert_true(err.text[0] != '\0');
		came_through = false;
		pause_failures();
		assert_int_equal(verify_add(v, &records[i], &arrival, &err), 0);
		resume_failures();
	}
	pause_failures();
	got = describe(v);
	if (!wanted.len)
		buf_put(&wanted, buf_slice(&got));
	assert_slice(buf_slice(&got), buf_slice(&wanted));
	buf_clear(&got);
	verify_free(v);
	resume_failures();
	return came_through;
}

static struct verify *whole;

static void
feed_whole(void)
{
	enum verify_arrival arrival;

	whole = verify_new(c, NULL);
	for (size_t i = 0; i < h.count; i++)
		assert_int_equal(
		    verify_add(whole, &records[i], &arrival, NULL), 0);
	wanted = describe(whole);
	assert_true(wanted.len > 0);
}

static bool
ask(void)
{
	struct buf out = {0};
	struct err err = {""};
	int result = verify_findings(whole, print_finding, &out, &err) ||
		     verify_epochs(whole, print_epoch, &out, &err);

	if (result)
		assert_true(err.text[0] != '\0');
	else if (!out.failed)
		assert_slice(buf_slice(&out), buf_slice(&wanted));
	result |= out.failed;
	buf_clear(&out);
	return !result;
}

static void
verifying_and_asking(void **state)
{
	(void)state;
	feed_whole();
	sweep(verify);
	sweep(ask);
	verify_free(whole);
	buf_clear(&wanted);
}

static bool
load_and_sign(void)
{
	struct crypto *own = crypto_new(NULL);
	struct crypto_key *k = NULL;
	struct chain_seal seal = {.first = 1, .last = 1};
	bool good = false;

	if (own)
		k = crypto_key_new(own, NULL);
	if (k && !chain_seal_sign(&seal, k, NULL) &&
	    chain_seal_check(&seal, crypto_key_public(k), &good, NULL))
		good = false;
	crypto_key_free(k);
	crypto_free(own);
	return good;
}

static void
keys_and_signatures(void **state)
{
	(void)state;
	sweep(load_and_sign);
}

static bool
load_zone(void)
{
	struct zone *z = zone_load_file("Europe/Berlin", NULL);
	bool loaded = z != NULL;

	if (z)
		assert_int_equal(zone_offset_s(z, 0), 3600);
	zone_free(z);
	return loaded;
}

static void
zones(void **state)
{
	(void)state;
	sweep(load_zone);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(encoding),
	    cmocka_unit_test(verifying_and_asking),
	    cmocka_unit_test(keys_and_signatures),
	    cmocka_unit_test(zones),
	};

	return cmocka_run_group_tests_name("shortage", tests, setup, teardown);
}
