/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "assay/leaves.h"

#define LAST 400

/* Leaf of a number, the k-th of it. */
static void
make_leaf(uint8_t leaf[CHAIN_LEN], uint64_t n, uint8_t k)
{
	memset(leaf, 0, CHAIN_LEN);
	leaf[0] = k;
	memcpy(leaf + 1, &n, sizeof n);
}

static void
add(struct leaves *l, uint64_t n, uint8_t k)
{
	uint8_t leaf[CHAIN_LEN];

	make_leaf(leaf, n, k);
	assert_int_equal(leaves_add(l, n, leaf), 0);
}

/* The chain value after first..last from zeros, with the k-th leaf of each. */
static void
chain_of(struct crypto *c, uint64_t first, uint64_t last, uint8_t k,
    uint8_t head[CHAIN_LEN])
{
	uint8_t leaf[CHAIN_LEN];

	memset(head, 0, CHAIN_LEN);
	for (uint64_t n = first; n <= last; n++) {
		make_leaf(leaf, n, k);
		chain_next(c, head, leaf);
	}
}

static void
stretches_are_those_of_a_plain_list(void **state)
{
	static const uint8_t zeros[CHAIN_LEN];
	struct crypto *c = crypto_new(NULL);

	(void)state;
	srand(3);
	for (int round = 0; round < 200; round++) {
		bool held[LAST + 2] = {false}, sealed[LAST + 2] = {false};
		struct leaves l = {0};
		uint64_t from = 1 + (uint64_t)rand() % LAST;
		uint64_t to = from + (uint64_t)rand() % 70, count = 0;
		uint8_t head[CHAIN_LEN];

		for (int i = rand() % 900; i > 0; i--) {
			uint64_t n = 1 + (uint64_t)rand() % LAST;

			count += !held[n];
			if (!held[n])
				add(&l, n, 0);
			held[n] = true;
		}
		for (uint64_t n = from; n <= to && to <= LAST; n++) {
			count += !held[n];
			if (!held[n])
				add(&l, n, 0);
			held[n] = sealed[n] = true;
		}
		if (to <= LAST) {
			chain_of(c, from, to, 0, head);
			assert_true(leaves_seal(&l, c, from, to, zeros, head));
		}
		assert_int_equal(l.count, count);
		for (uint64_t n = 1; n <= LAST; n++) {
			uint64_t last = n + (uint64_t)rand() % (LAST - n + 1);
			uint64_t end, wanted = n;
			bool h, s;

			while (wanted < last && held[wanted + 1] == held[n] &&
			       sealed[wanted + 1] == sealed[n])
				wanted++;
			leaves_stretch(&l, n, last, &h, &s, &end);
			assert_int_equal(h, held[n]);
			assert_int_equal(s, sealed[n]);
			assert_int_equal(end, wanted);
			for (wanted = n; wanted <= last && held[wanted];)
				wanted++;
			assert_int_equal(
			    leaves_all_held(&l, n, last), wanted > last);
			for (wanted = n; wanted <= last && sealed[wanted];)
				wanted++;
			assert_int_equal(
			    leaves_all_sealed(&l, n, last), wanted > last);
		}
		leaves_clear(&l);
	}
	crypto_free(c);
}

static void
the_leaves_that_fit_are_found_among_others(void **state)
{
	static const uint8_t zeros[CHAIN_LEN];
	struct crypto *c = crypto_new(NULL);
	struct leaves_leaf got[LEAVES_VARIANTS];
	struct leaves l = {0};
	uint8_t head[CHAIN_LEN], other[CHAIN_LEN];

	(void)state;
	/* Two leaves each; those that fit come second at even numbers. */
	for (uint64_t n = 1; n <= 12; n++) {
		add(&l, n, n % 2 ? 1 : 2);
		add(&l, n, n % 2 ? 2 : 1);
	}
	chain_of(c, 1, 12, 1, head);
	chain_of(c, 1, 12, 3, other);
	assert_false(leaves_seal(&l, c, 1, 12, zeros, other));
	assert_false(leaves_all_sealed(&l, 1, 1));
	assert_true(leaves_seal(&l, c, 1, 12, zeros, head));
	for (uint64_t n = 1; n <= 12; n++) {
		assert_int_equal(leaves_get(&l, n, got), 2);
		assert_int_equal(got[0].leaf[0], 1);
		assert_true(got[0].sealed);
		assert_false(got[1].sealed);
		assert_int_equal(leaves_next_contested(&l, n), n);
	}
	assert_int_equal(leaves_next_contested(&l, 13), 0);
	leaves_unseal(&l);
	assert_false(leaves_all_sealed(&l, 1, 1));
	leaves_clear(&l);
	crypto_free(c);
}

/* So many numbers of two leaves each leave more choices open than anybody could
 * try: it must be given up soon. */
static void
too_many_choices_are_given_up_and_not_tried_for_ever(void **state)
{
	static const uint8_t zeros[CHAIN_LEN];
	struct crypto *c = crypto_new(NULL);
	struct leaves l = {0};
	uint8_t head[CHAIN_LEN];

	(void)state;
	for (uint64_t n = 1; n <= 30; n++) {
		add(&l, n, 1);
		add(&l, n, 2);
	}
	chain_of(c, 1, 30, 3, head);
	assert_false(leaves_seal(&l, c, 1, 30, zeros, head));
	for (uint64_t n = 31; n <= 40; n++) {
		add(&l, n, 1);
		add(&l, n, 2);
	}
	chain_of(c, 1, 40, 1, head);
	assert_false(leaves_seal(&l, c, 1, 40, zeros, head));
	leaves_clear(&l);
	crypto_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(stretches_are_those_of_a_plain_list),
	    cmocka_unit_test(the_leaves_that_fit_are_found_among_others),
	    cmocka_unit_test(
		too_many_choices_are_given_up_and_not_tried_for_ever),
	};

	return cmocka_run_group_tests_name("leaves", tests, NULL, NULL);
}
