/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "assay/crypto.h"
#include "assay/encode.h"

static struct crypto *c;

static int
setup(void **state)
{
	(void)state;
	c = crypto_new(NULL);
	return c ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	crypto_free(c);
	return 0;
}

static void
assert_hex(const uint8_t *bytes, size_t len, const char *wanted)
{
	char text[2 * 64 + 1];

	encode_hex(text, bytes, len);
	assert_string_equal(text, wanted);
}

/* The examples of FIPS 180-4 as NIST publishes them. */
static void
sha256_gives_the_published_values(void **state)
{
	static const char *const text[] = {"", "abc",
	    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"};
	static const char *const hash[] = {
	    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"};
	uint8_t out[32];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct slice all = slice_of(text[i]);

		crypto_sha256(c, &all, 1, out);
		assert_hex(out, 32, hash[i]);
	}
}

static void
parts_and_pieces_hash_as_the_whole(void **state)
{
	struct crypto_hash *one = crypto_hash_new(c), *two = crypto_hash_new(c);
	char bytes[1000];
	struct slice all = {bytes, sizeof bytes};
	uint8_t wanted[32], got[32];

	(void)state;
	assert_non_null(one);
	assert_non_null(two);
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (char)(i * 7);
	crypto_sha256(c, &all, 1, wanted);
	for (size_t cut = 0; cut <= sizeof bytes; cut += 37) {
		const struct slice parts[] = {
		    {bytes, cut}, {NULL, 0}, slice_from(all, cut)};

		crypto_sha256(c, parts, 3, got);
		assert_memory_equal(got, wanted, 32);
		crypto_hash_add(one, parts[0]);
		crypto_hash_add(two, SLICE("another one is open"));
		crypto_hash_add(one, parts[2]);
		crypto_hash_final(one, got);
		assert_memory_equal(got, wanted, 32);
	}
	crypto_hash_free(one);
	crypto_hash_free(two);
}

/* RFC 4231, cases 1, 2 and 6 (a key longer than a block). */
static void
hmac_gives_the_values_of_rfc_4231(void **state)
{
	char key[131];
	const struct slice hi = SLICE("Hi There");
	const struct slice what[] = {
	    SLICE("what do ya want "), SLICE("for nothing?")};
	const struct slice large =
	    SLICE("Test Using Larger Than Block-Size Key - Hash Key First");
	uint8_t mac[32];

	(void)state;
	memset(key, 0x0b, 20);
	crypto_hmac(c, (struct slice){key, 20}, &hi, 1, mac);
	assert_hex(mac, 32,
	    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	crypto_hmac(c, SLICE("Jefe"), what, 2, mac);
	assert_hex(mac, 32,
	    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof key);
	crypto_hmac(c, (struct slice){key, sizeof key}, &large, 1, mac);
	assert_hex(mac, 32,
	    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void
a_name_has_the_uuid_of_rfc_9562(void **state)
{
	static const uint8_t dns[16] = {0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad,
	    0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8};
	const struct slice parts[] = {SLICE("www."), SLICE("example.com")};
	char text[ENCODE_UUID_LEN + 1];
	uint8_t uuid[16];

	(void)state;
	crypto_uuid5(c, dns, parts, 2, uuid);
	encode_uuid(text, uuid);
	assert_string_equal(text, "2ed6657d-e927-568b-95e1-2665a8aea6a2");
}

static void
random_uuids_are_marked_and_differ(void **state)
{
	uint8_t one[16], two[16];

	(void)state;
	assert_int_equal(crypto_uuid4(one, NULL), 0);
	assert_int_equal(crypto_uuid4(two, NULL), 0);
	assert_memory_not_equal(one, two, 16);
	assert_int_equal(one[6] >> 4, 4);
	assert_int_equal(one[8] >> 6, 2);
}

/* RFC 8032, 7.1, test 2, as PKCS#8. */
static const char rfc_pem[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIEzNCJso/5banbbDRuwRTg9bijGfNaumJNqM9u1PuKb7\n"
    "-----END PRIVATE KEY-----\n";

static struct crypto_key *
load_text(const char *text, mode_t mode, struct err *err)
{
	char path[128];

	snprintf(path, sizeof path, "%s/key.pem", test_dir());
	test_write(path, slice_of(text));
	assert_int_equal(chmod(path, mode), 0);
	return crypto_key_load(c, path, err);
}

static void
ed25519_gives_the_signature_of_rfc_8032(void **state)
{
	struct crypto_key *key = load_text(rfc_pem, 0600, NULL);
	uint8_t sig[64];
	bool good;

	(void)state;
	assert_non_null(key);
	assert_hex(crypto_key_public(key)->raw, 32,
	    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
	assert_int_equal(crypto_sign(key, SLICE("\x72"), sig, NULL), 0);
	assert_hex(sig, 64,
	    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
	    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
	assert_int_equal(crypto_verify(crypto_key_public(key), SLICE("\x72"),
			     sig, &good, NULL),
	    0);
	assert_true(good);
	crypto_key_free(key);
}

static void
a_signature_with_any_bit_changed_is_not_good(void **state)
{
	struct crypto_key *key = crypto_key_new(c, NULL);
	const struct slice text = SLICE("assay seal v1\n");
	uint8_t sig[64];
	bool good;

	(void)state;
	assert_non_null(key);
	assert_int_equal(crypto_sign(key, text, sig, NULL), 0);
	for (size_t bit = 0; bit < 512; bit++) {
		sig[bit / 8] ^= (uint8_t)(1U << bit % 8);
		assert_int_equal(crypto_verify(crypto_key_public(key), text,
				     sig, &good, NULL),
		    0);
		assert_false(good);
		sig[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	assert_int_equal(crypto_verify(crypto_key_public(key),
			     SLICE("assay seal v2\n"), sig, &good, NULL),
	    0);
	assert_false(good);
	crypto_key_free(key);
}

static void
a_key_that_is_no_point_signs_nothing(void **state)
{
	struct crypto_public public = {{0}, "", ""};
	uint8_t sig[64] = {0};
	bool good = true;

	(void)state;
	memset(public.raw, 0xff, sizeof public.raw);
	assert_int_equal(
	    crypto_verify(&public, SLICE("x"), sig, &good, NULL), 0);
	assert_false(good);
}

static void
a_saved_key_is_private_and_comes_back(void **state)
{
	struct crypto_key *key = crypto_key_new(c, NULL), *again;
	struct crypto_public public;
	char path[128];
	struct stat st;

	(void)state;
	assert_non_null(key);
	snprintf(path, sizeof path, "%s/agent.key", test_dir());
	assert_int_equal(crypto_key_save(key, path, NULL), 0);
	assert_int_equal(crypto_key_save(key, path, NULL), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	again = crypto_key_load(c, path, NULL);
	assert_non_null(again);
	assert_string_equal(
	    crypto_key_public(again)->text, crypto_key_public(key)->text);
	assert_int_equal(
	    crypto_public_parse(
		c, slice_of(crypto_key_public(key)->text), &public, NULL),
	    0);
	assert_memory_equal(&public, crypto_key_public(key), sizeof public);
	crypto_key_free(key);
	crypto_key_free(again);
}

static void
a_key_that_cannot_be_saved_leaves_nothing_behind(void **state)
{
	struct crypto_key *key = crypto_key_new(c, NULL);
	struct err err;

	(void)state;
	assert_non_null(key);
	assert_int_equal(
	    crypto_key_save(key, "/nonexistent/agent.key", &err), -1);
	assert_string_equal(err.text, "key file beside '/nonexistent/agent.key'"
				      ": No such file or directory");
	crypto_key_free(key);
}

static void
a_key_file_that_is_none_is_refused_with_the_reason(void **state)
{
	struct err err;

	(void)state;
	assert_null(load_text(rfc_pem, 0640, &err));
	assert_non_null(strstr(err.text, "has mode 640"));
	assert_null(load_text("hello\n", 0600, &err));
	assert_non_null(strstr(err.text, "not a private key in PEM"));
	assert_null(load_text(/* an X25519 key */
	    "-----BEGIN PRIVATE KEY-----\n"
	    "MC4CAQAwBQYDK2VuBCIEIHgA0Rz8aR6HKiq8oN7u0bMWVSTT0AaGUPvPIKFsTP1B\n"
	    "-----END PRIVATE KEY-----\n",
	    0600, &err));
	assert_non_null(strstr(err.text, "not an Ed25519 key"));
	assert_null(crypto_key_load(c, "/nonexistent", &err));
	assert_string_equal(
	    err.text, "key file '/nonexistent': No such file or directory");
}

static void
a_public_key_has_one_text_only(void **state)
{
	static const char *const bad[] = {"", "MCowBQYDK2VwAyEA",
	    /* X25519, one bit short, padded, a line end */
	    "MCowBQYDK2VuAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=",
	    "MCowBQYDK2VwAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zg==",
	    "MCowBQYDK2VwAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgx=",
	    "MCowBQYDK2VwAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=\n"};
	struct crypto_public public;

	(void)state;
	assert_int_equal(
	    crypto_public_parse(c,
		SLICE("MCowBQYDK2VwAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0"
		      "Zgw="),
		&public, NULL),
	    0);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(
		    crypto_public_parse(c, slice_of(bad[i]), &public, NULL),
		    -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sha256_gives_the_published_values),
	    cmocka_unit_test(parts_and_pieces_hash_as_the_whole),
	    cmocka_unit_test(hmac_gives_the_values_of_rfc_4231),
	    cmocka_unit_test(a_name_has_the_uuid_of_rfc_9562),
	    cmocka_unit_test(random_uuids_are_marked_and_differ),
	    cmocka_unit_test(ed25519_gives_the_signature_of_rfc_8032),
	    cmocka_unit_test(a_signature_with_any_bit_changed_is_not_good),
	    cmocka_unit_test(a_key_that_is_no_point_signs_nothing),
	    cmocka_unit_test(a_saved_key_is_private_and_comes_back),
	    cmocka_unit_test(a_key_that_cannot_be_saved_leaves_nothing_behind),
	    cmocka_unit_test(
		a_key_file_that_is_none_is_refused_with_the_reason),
	    cmocka_unit_test(a_public_key_has_one_text_only),
	};

	return cmocka_run_group_tests_name("crypto", tests, setup, teardown);
}
