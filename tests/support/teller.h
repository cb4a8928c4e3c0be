/* SPDX-License-Identifier: Apache-2.0 */
/* teller: an agent for tests, by hand: it makes the records an agent would
 * make, signed and chained, keeps them all, and can write them as a spool. What
 * it tells may then be changed, left out, repeated or told by a copy of it.
 * Every failure fails the test. */
#ifndef ASSAY_TESTS_TELLER_H
#define ASSAY_TESTS_TELLER_H

#include <stddef.h>
#include <stdint.h>

#include "assay/buf.h"
#include "assay/chain.h"
#include "assay/crypto.h"
#include "assay/record.h"
#include "assay/slice.h"

#define TELLER_DAY INT64_C(86400000000)

struct teller_record {
	uint8_t epoch[16];
	uint64_t sequence;
	char *bytes;
	size_t len;
};

struct teller {
	struct crypto *crypto;
	struct crypto_key *key;
	uint8_t agent[16];
	uint8_t host_id[16];
	const char *host;
	uint8_t epoch[16];
	uint64_t last;
	uint8_t head[CHAIN_LEN];
	uint64_t sealed;
	uint8_t sealed_head[CHAIN_LEN];
	struct record_prev prev;
	int64_t now_us; /* of the next record; moves on by itself */
	struct teller_record *records;
	size_t count;
	unsigned serial;
};

/* An agent with a key and an id of its own, on host, at now_us. */
void teller_init(struct teller *t, const char *host, int64_t now_us);
void teller_clear(struct teller *t);

/* A copy of the machine as it is now: same key, id, epoch and chain; no
 * records of its own yet. */
void teller_clone(struct teller *copy, const struct teller *t);

/* Give it another key, as a forger would have. */
void teller_forge(struct teller *t);

/* Each appends one record. teller_start begins an epoch that names the one
 * before (none: null). The heartbeat covers classes auth and syslog up to now.
 */
void teller_start(struct teller *t);
void teller_login(struct teller *t, const char *user);
void teller_event(struct teller *t, const char *event, const char *outcome,
    const char *program, const char *class, const char *unit);
void teller_heartbeat(struct teller *t, int64_t from_us);
void teller_seal(struct teller *t);

/* n logins, then a seal. */
void teller_logins(struct teller *t, size_t n);

struct slice teller_bytes(const struct teller *t, size_t i);

/* Other bytes for record i; they are copied. */
void teller_replace(struct teller *t, size_t i, struct slice bytes);

/* Leave record i out; put a copy of record i at place to. */
void teller_drop(struct teller *t, size_t i);
void teller_repeat(struct teller *t, size_t i, size_t to);

/* Write the records as segments of a spool directory, one for each unbroken
 * series; one commit for each per records. */
void teller_spool(const struct teller *t, const char *dir, size_t per);

#endif
