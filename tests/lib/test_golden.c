/* SPDX-License-Identifier: Apache-2.0 */
/* The committed bytes of one record of every kind, with their leaves and chain
 * values. 20-golden.sh checks the same files with other tools. To write them
 * anew after a change of the wire that is meant: ASSAY_GOLDEN_WRITE=1. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assay/chain.h"
#include "assay/encode.h"
#include "assay/record.h"
#include "golden.h"

#define DIR SOURCE_DIR "/tests/lib/golden"

static struct crypto *c;
static struct crypto_key *key;
static struct golden golden[GOLDEN_COUNT];

static int
setup(void **state)
{
	(void)state;
	c = crypto_new(NULL);
	key = golden_key(c, DIR "/key.pem");
	golden_make(c, key, golden);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	golden_clear(golden);
	crypto_key_free(key);
	crypto_free(c);
	return 0;
}

static void
check_file(const char *name, struct slice wanted)
{
	char path[256];
	struct buf got;

	snprintf(path, sizeof path, "%s/%s", DIR, name);
	if (getenv("ASSAY_GOLDEN_WRITE"))
		test_write(path, wanted);
	got = test_read(path);
	assert_slice(wanted, buf_slice(&got));
	buf_clear(&got);
}

static void
encoders_reproduce_the_golden_bytes(void **state)
{
	(void)state;
	for (size_t i = 0; i < GOLDEN_COUNT; i++) {
		char name[64];

		snprintf(name, sizeof name, "%s.json", golden[i].name);
		check_file(name, buf_slice(&golden[i].bytes));
	}
}

static void
leaves_and_chain_are_the_committed_ones(void **state)
{
	struct buf list = {0};

	(void)state;
	for (size_t i = 0; i < GOLDEN_COUNT; i++) {
		char leaf[65], head[65];

		encode_hex(leaf, golden[i].leaf, 32);
		encode_hex(head, golden[i].head, 32);
		buf_printf(&list, "%s\t%s\t%s\n", golden[i].name, leaf, head);
	}
	check_file("chain.tsv", buf_slice(&list));
	buf_clear(&list);
}

static void
every_type_is_among_them(void **state)
{
	int seen[RECORD_RATING + 1] = {0};

	(void)state;
	for (size_t i = 0; i < GOLDEN_COUNT; i++) {
		struct record r;
		struct err err = {""};

		if (record_decode(buf_slice(&golden[i].bytes), &r, &err))
			fail_msg("%s: %s", golden[i].name, err.text);
		seen[r.type]++;
		record_clear(&r);
	}
	assert_int_equal(seen[RECORD_OTHER], 0);
	for (int type = RECORD_START; type <= RECORD_RATING; type++)
		assert_true(seen[type] > 0);
}

static void
seals_hold_and_say_what_they_cover(void **state)
{
	size_t seals = 0;

	(void)state;
	for (size_t i = 0; i < GOLDEN_COUNT; i++) {
		struct chain_seal seal;
		struct record r;
		bool good;

		assert_int_equal(
		    record_decode(buf_slice(&golden[i].bytes), &r, NULL), 0);
		if (r.type == RECORD_SEAL) {
			assert_int_equal(record_read_seal(&r, &seal, NULL), 0);
			assert_int_equal(
			    chain_seal_check(
				&seal, crypto_key_public(key), &good, NULL),
			    0);
			assert_true(good);
			assert_int_equal(seal.last, r.sequence - 1);
			assert_memory_equal(
			    seal.head, golden[i - 1].head, CHAIN_LEN);
			seal.time_us++;
			assert_int_equal(
			    chain_seal_check(
				&seal, crypto_key_public(key), &good, NULL),
			    0);
			assert_false(good);
			seals++;
		}
		record_clear(&r);
	}
	assert_int_equal(seals, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(encoders_reproduce_the_golden_bytes),
	    cmocka_unit_test(leaves_and_chain_are_the_committed_ones),
	    cmocka_unit_test(every_type_is_among_them),
	    cmocka_unit_test(seals_hold_and_say_what_they_cover),
	};

	return cmocka_run_group_tests_name("golden", tests, setup, teardown);
}
