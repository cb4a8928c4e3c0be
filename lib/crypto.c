/* SPDX-License-Identifier: Apache-2.0 */
#include "assay/crypto.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "assay/buf.h"
#include "assay/encode.h"

#define BLOCK_LEN 64 /* of SHA-256 */
#define SHA1_LEN 20
#define DER_LEN (sizeof der_prefix + 32)

struct crypto {
	EVP_MD *sha256;
	EVP_MD *sha1;
	/* Contexts that have hashed once never allocate again. */
	EVP_MD_CTX *ctx256;
	EVP_MD_CTX *ctx1;
};

struct crypto_hash {
	EVP_MD_CTX *ctx;
};

struct crypto_key {
	EVP_PKEY *pkey;
	struct crypto_public public;
};

/* SubjectPublicKeyInfo of Ed25519 up to the 32 key bytes (RFC 8410). */
static const uint8_t der_prefix[] = {
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};

static int
err_openssl(struct err *err, const char *what)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	ERR_clear_error();
	return err_set(
	    err, "%s: %s", what, reason ? reason : "OpenSSL gives no reason");
}

static EVP_MD_CTX *
context_new(const EVP_MD *md)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t out[EVP_MAX_MD_SIZE];

	if (ctx && EVP_DigestInit_ex(ctx, md, NULL) &&
	    EVP_DigestFinal_ex(ctx, out, NULL) &&
	    EVP_DigestInit_ex(ctx, md, NULL))
		return ctx;
	EVP_MD_CTX_free(ctx);
	return NULL;
}

struct crypto *
crypto_new(struct err *err)
{
	struct crypto *c = calloc(1, sizeof *c);

	if (!c) {
		err_sys(err, "cryptography");
		return NULL;
	}
	c->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	c->sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
	if (!c->sha256 || !c->sha1)
		goto fail;
	c->ctx256 = context_new(c->sha256);
	c->ctx1 = context_new(c->sha1);
	if (!c->ctx256 || !c->ctx1)
		goto fail;
	return c;
fail:
	err_openssl(err, "SHA-256 or SHA-1 is not available");
	crypto_free(c);
	return NULL;
}

void
crypto_free(struct crypto *c)
{
	if (!c)
		return;
	EVP_MD_CTX_free(c->ctx256);
	EVP_MD_CTX_free(c->ctx1);
	EVP_MD_free(c->sha256);
	EVP_MD_free(c->sha1);
	free(c);
}

/* These fail for want of memory only, and a used context needs none. */
static void
must(int ok)
{
	assert(ok == 1);
	(void)ok;
}

static void
add(EVP_MD_CTX *ctx, const void *bytes, size_t len)
{
	if (len)
		must(EVP_DigestUpdate(ctx, bytes, len));
}

static void
add_parts(EVP_MD_CTX *ctx, const struct slice *parts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		add(ctx, parts[i].ptr, parts[i].len);
}

static void
finish(EVP_MD_CTX *ctx, uint8_t *hash)
{
	must(EVP_DigestFinal_ex(ctx, hash, NULL));
	must(EVP_DigestInit_ex(ctx, NULL, NULL));
}

void
crypto_sha256(struct crypto *c, const struct slice *parts, size_t count,
    uint8_t hash[CRYPTO_HASH_LEN])
{
	add_parts(c->ctx256, parts, count);
	finish(c->ctx256, hash);
}

struct crypto_hash *
crypto_hash_new(struct crypto *c)
{
	struct crypto_hash *h = calloc(1, sizeof *h);

	if (!h)
		return NULL;
	h->ctx = context_new(c->sha256);
	if (!h->ctx) {
		free(h);
		return NULL;
	}
	return h;
}

void
crypto_hash_add(struct crypto_hash *h, struct slice bytes)
{
	add(h->ctx, bytes.ptr, bytes.len);
}

void
crypto_hash_final(struct crypto_hash *h, uint8_t hash[CRYPTO_HASH_LEN])
{
	finish(h->ctx, hash);
}

void
crypto_hash_free(struct crypto_hash *h)
{
	if (!h)
		return;
	EVP_MD_CTX_free(h->ctx);
	free(h);
}

void
crypto_hmac(struct crypto *c, struct slice key, const struct slice *parts,
    size_t count, uint8_t mac[CRYPTO_HASH_LEN])
{
	uint8_t block[BLOCK_LEN] = {0};

	if (key.len > BLOCK_LEN)
		crypto_sha256(c, &key, 1, block);
	else if (key.len)
		memcpy(block, key.ptr, key.len);
	for (size_t i = 0; i < BLOCK_LEN; i++)
		block[i] ^= 0x36;
	add(c->ctx256, block, BLOCK_LEN);
	add_parts(c->ctx256, parts, count);
	finish(c->ctx256, mac);
	for (size_t i = 0; i < BLOCK_LEN; i++)
		block[i] ^= 0x36 ^ 0x5c;
	add(c->ctx256, block, BLOCK_LEN);
	add(c->ctx256, mac, CRYPTO_HASH_LEN);
	finish(c->ctx256, mac);
	OPENSSL_cleanse(block, sizeof block);
}

int
crypto_random(void *bytes, size_t len, struct err *err)
{
	uint8_t *at = bytes;

	while (len) {
		ssize_t got = getrandom(at, len < 256 ? len : 256, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return err_sys(err, "random bytes from the kernel");
		at += got;
		len -= (size_t)got;
	}
	return 0;
}

static void
mark_uuid(uint8_t *uuid, unsigned version)
{
	uuid[6] = (uint8_t)((uuid[6] & 0x0f) | version << 4);
	uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80);
}

int
crypto_uuid4(uint8_t uuid[CRYPTO_UUID_LEN], struct err *err)
{
	if (crypto_random(uuid, CRYPTO_UUID_LEN, err))
		return -1;
	mark_uuid(uuid, 4);
	return 0;
}

void
crypto_uuid5(struct crypto *c, const uint8_t space[CRYPTO_UUID_LEN],
    const struct slice *parts, size_t count, uint8_t uuid[CRYPTO_UUID_LEN])
{
	uint8_t hash[SHA1_LEN];

	add(c->ctx1, space, CRYPTO_UUID_LEN);
	add_parts(c->ctx1, parts, count);
	finish(c->ctx1, hash);
	memcpy(uuid, hash, CRYPTO_UUID_LEN);
	mark_uuid(uuid, 5);
}

static int
fill_public(struct crypto *c, const uint8_t raw[32],
    struct crypto_public *public, struct err *err)
{
	uint8_t der[DER_LEN], hash[CRYPTO_HASH_LEN];
	struct slice all = {(const char *)der, sizeof der};
	struct buf text = {0};

	memcpy(der, der_prefix, sizeof der_prefix);
	memcpy(der + sizeof der_prefix, raw, 32);
	encode_base64(&text, all);
	if (text.failed) {
		buf_clear(&text);
		return err_set(err, "public key: out of memory");
	}
	assert(text.len == CRYPTO_KEY_TEXT_LEN);
	memcpy(public->text, text.ptr, text.len);
	public->text[text.len] = '\0';
	buf_clear(&text);
	crypto_sha256(c, &all, 1, hash);
	encode_hex(public->id, hash, CRYPTO_KEY_ID_LEN / 2);
	memcpy(public->raw, raw, 32);
	return 0;
}

int
crypto_public_parse(struct crypto *c, struct slice text,
    struct crypto_public *public, struct err *err)
{
	struct buf der = {.max = 256};
	int result = -1;

	if (text.len != CRYPTO_KEY_TEXT_LEN || !encode_unbase64(&der, text) ||
	    der.len != DER_LEN ||
	    memcmp(der.ptr, der_prefix, sizeof der_prefix) != 0)
		err_set(err,
		    "not an Ed25519 public key (base64 of its %zu DER "
		    "bytes)",
		    DER_LEN);
	else
		result = fill_public(c,
		    (const uint8_t *)der.ptr + sizeof der_prefix, public, err);
	buf_clear(&der);
	return result;
}

/* Takes pkey, also on failure. */
static struct crypto_key *
key_from(struct crypto *c, EVP_PKEY *pkey, struct err *err)
{
	struct crypto_key *key = calloc(1, sizeof *key);
	uint8_t raw[32];
	size_t len = sizeof raw;

	if (!key) {
		EVP_PKEY_free(pkey);
		err_sys(err, "key");
		return NULL;
	}
	key->pkey = pkey;
	if (EVP_PKEY_get_id(pkey) != EVP_PKEY_ED25519 ||
	    !EVP_PKEY_get_raw_public_key(pkey, raw, &len)) {
		ERR_clear_error();
		err_set(err, "not an Ed25519 key");
		goto fail;
	}
	if (!fill_public(c, raw, &key->public, err))
		return key;
fail:
	crypto_key_free(key);
	return NULL;
}

struct crypto_key *
crypto_key_new(struct crypto *c, struct err *err)
{
	EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

	if (!pkey) {
		err_openssl(err, "making an Ed25519 key");
		return NULL;
	}
	return key_from(c, pkey, err);
}

/* A key that others may read is no key. */
static int
check_private(FILE *f, const char *path, struct err *err)
{
	struct stat st;

	if (fstat(fileno(f), &st))
		return err_sys(err, "key file '%s'", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, "key file '%s' is not a file", path);
	if (st.st_mode & 077)
		return err_set(err,
		    "key file '%s' has mode %03o, so others may use the "
		    "key; make a new one, or `chmod 600` it if nobody "
		    "could read it",
		    path, st.st_mode & 0777U);
	return 0;
}

/* An encrypted PEM file must not make OpenSSL ask on the terminal. */
static int
no_passphrase(char *out, int size, int writing, void *arg)
{
	(void)out;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

struct crypto_key *
crypto_key_load(struct crypto *c, const char *path, struct err *err)
{
	struct crypto_key *key = NULL;
	EVP_PKEY *pkey = NULL;
	FILE *f = fopen(path, "re");

	if (!f) {
		err_sys(err, "key file '%s'", path);
		return NULL;
	}
	if (check_private(f, path, err))
		goto fail;
	pkey = PEM_read_PrivateKey(f, NULL, no_passphrase, NULL);
	if (!pkey) {
		err_openssl(err, "not a private key in PEM");
		err_prefix(err, "key file '%s'", path);
		goto fail;
	}
	key = key_from(c, pkey, err);
	if (!key)
		err_prefix(err, "key file '%s'", path);
fail:
	fclose(f);
	return key;
}

static int
write_pem(int fd, const struct crypto_key *key)
{
	BIO *pem = BIO_new(BIO_s_mem());
	char *bytes = NULL;
	long len;
	int result = -1;

	if (!pem || !PEM_write_bio_PKCS8PrivateKey(
			pem, key->pkey, NULL, NULL, 0, NULL, NULL)) {
		ERR_clear_error();
		errno = ENOMEM;
		goto fail;
	}
	len = BIO_get_mem_data(pem, &bytes);
	errno = EIO; /* what a short write is */
	if (write(fd, bytes, (size_t)len) == len && !fsync(fd))
		result = 0;
	OPENSSL_cleanse(bytes, (size_t)len);
fail:
	BIO_free(pem);
	return result;
}

/* So that the new name itself is on disk. */
static int
sync_directory_of(const char *path)
{
	char *copy = strdup(path);
	int fd = copy ? open(dirname(copy), O_RDONLY | O_CLOEXEC) : -1;
	int result = fd < 0 ? -1 : fsync(fd);

	if (fd >= 0)
		close(fd);
	free(copy);
	return result;
}

int
crypto_key_save(const struct crypto_key *key, const char *path, struct err *err)
{
	struct buf temporary = {0};
	int fd = -1;

	buf_printf(&temporary, "%s.XXXXXX", path);
	if (!temporary.failed)
		fd = mkostemp(temporary.ptr, O_CLOEXEC); /* mode 0600 */
	if (fd < 0) {
		err_sys(err, "key file beside '%s'", path);
		buf_clear(&temporary);
		return -1;
	}
	if (write_pem(fd, key))
		goto fail;
	if (close(fd)) {
		fd = -1;
		goto fail;
	}
	fd = -1;
	if (rename(temporary.ptr, path) || sync_directory_of(path))
		goto fail;
	buf_clear(&temporary);
	return 0;
fail:
	err_sys(err, "key file '%s'", path);
	if (fd >= 0)
		close(fd);
	unlink(temporary.ptr);
	buf_clear(&temporary);
	return -1;
}

void
crypto_key_free(struct crypto_key *key)
{
	if (!key)
		return;
	EVP_PKEY_free(key->pkey); /* cleanses the private bytes */
	free(key);
}

const struct crypto_public *
crypto_key_public(const struct crypto_key *key)
{
	return &key->public;
}

int
crypto_sign(const struct crypto_key *key, struct slice text,
    uint8_t sig[CRYPTO_SIG_LEN], struct err *err)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t len = CRYPTO_SIG_LEN;
	int result = 0;

	if (!ctx || !EVP_DigestSignInit(ctx, NULL, NULL, NULL, key->pkey) ||
	    !EVP_DigestSign(
		ctx, sig, &len, (const uint8_t *)text.ptr, text.len))
		result = err_openssl(err, "signing");
	EVP_MD_CTX_free(ctx);
	return result;
}

int
crypto_verify(const struct crypto_public *public, struct slice text,
    const uint8_t sig[CRYPTO_SIG_LEN], bool *good, struct err *err)
{
	EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key(
	    EVP_PKEY_ED25519, NULL, public->raw, sizeof public->raw);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int result = 0;

	*good = false;
	if (!pkey || !ctx || !EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey))
		result = err_openssl(err, "checking a signature");
	else
		*good = EVP_DigestVerify(ctx, sig, CRYPTO_SIG_LEN,
			    (const uint8_t *)text.ptr, text.len) == 1;
	ERR_clear_error();
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return result;
}
