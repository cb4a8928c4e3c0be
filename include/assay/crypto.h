/* SPDX-License-Identifier: Apache-2.0 */
/* crypto: hashes, signatures, random bytes and UUIDs; the only module that
 * knows OpenSSL. A struct crypto is what hashes are computed in; it belongs to
 * one thread at a time, and no call writes anything global. Hashing cannot fail
 * once the struct exists. */
#ifndef ASSAY_CRYPTO_H
#define ASSAY_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assay/err.h"
#include "assay/slice.h"

#define CRYPTO_HASH_LEN 32
#define CRYPTO_SIG_LEN 64
#define CRYPTO_UUID_LEN 16
#define CRYPTO_KEY_ID_LEN 32   /* hex digits */
#define CRYPTO_KEY_TEXT_LEN 60 /* base64 of SPKI DER */

struct crypto;
struct crypto_hash;
struct crypto_key;

/* An Ed25519 public key in its three forms. A plain value. */
struct crypto_public {
	uint8_t raw[32];
	char id[CRYPTO_KEY_ID_LEN + 1];	    /* half of SHA-256(DER), hex */
	char text[CRYPTO_KEY_TEXT_LEN + 1]; /* as `start` carries it */
};

/* A new context, or NULL when memory is short. */
struct crypto *crypto_new(struct err *err);
void crypto_free(struct crypto *c);

/* SHA-256 of the parts, one after the other. */
void crypto_sha256(struct crypto *c, const struct slice *parts, size_t count,
    uint8_t hash[CRYPTO_HASH_LEN]);

/* A new running SHA-256 for what comes in pieces; several may be open at once.
 * _final gives the hash of all that was added and begins anew. It does not
 * borrow c. NULL when memory is short. */
struct crypto_hash *crypto_hash_new(struct crypto *c);
void crypto_hash_add(struct crypto_hash *h, struct slice bytes);
void crypto_hash_final(struct crypto_hash *h, uint8_t hash[CRYPTO_HASH_LEN]);
void crypto_hash_free(struct crypto_hash *h);

/* HMAC-SHA256 (RFC 2104) of the parts under a key of any length. */
void crypto_hmac(struct crypto *c, struct slice key, const struct slice *parts,
    size_t count, uint8_t mac[CRYPTO_HASH_LEN]);

/* len random bytes from the kernel. On failure bytes is undefined. */
int crypto_random(void *bytes, size_t len, struct err *err);

/* A random UUID (version 4), and the one of a name: the parts, one after the
 * other, within a namespace (version 5). */
int crypto_uuid4(uint8_t uuid[CRYPTO_UUID_LEN], struct err *err);
void crypto_uuid5(struct crypto *c, const uint8_t space[CRYPTO_UUID_LEN],
    const struct slice *parts, size_t count, uint8_t uuid[CRYPTO_UUID_LEN]);

/* A new random Ed25519 key; one from a PKCS#8 PEM file. NULL on failure. */
struct crypto_key *crypto_key_new(struct crypto *c, struct err *err);
struct crypto_key *crypto_key_load(
    struct crypto *c, const char *path, struct err *err);

/* Write the key as PKCS#8 PEM, mode 0600, under a temporary name beside path,
 * synced and renamed: path holds the whole key or what it held before. */
int crypto_key_save(
    const struct crypto_key *key, const char *path, struct err *err);

/* Wipes the key. */
void crypto_key_free(struct crypto_key *key);

/* Borrows until the key is freed. */
const struct crypto_public *crypto_key_public(const struct crypto_key *key);

/* The public key of base64 SPKI DER text. -1 when it is anything else than an
 * Ed25519 key in its one canonical form; *public is untouched then. */
int crypto_public_parse(struct crypto *c, struct slice text,
    struct crypto_public *public, struct err *err);

/* Ed25519 over text. _verify says in *good whether the signature is the key's;
 * -1 only when it could not be computed (*good is false then). */
int crypto_sign(const struct crypto_key *key, struct slice text,
    uint8_t sig[CRYPTO_SIG_LEN], struct err *err);
int crypto_verify(const struct crypto_public *public, struct slice text,
    const uint8_t sig[CRYPTO_SIG_LEN], bool *good, struct err *err);

#endif
