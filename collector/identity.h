/* SPDX-License-Identifier: Apache-2.0 */
/* identity: who this collector is: its id and its Ed25519 key, made at the
 * first start and kept in the state directory (`collector.id`, `collector.key`,
 * mode 0600), and the host it runs on. A lost key means a new identity: no one
 * else can speak for the old one. */
#ifndef COLLECTOR_IDENTITY_H
#define COLLECTOR_IDENTITY_H

#include <stdint.h>

#include "assay/crypto.h"
#include "assay/err.h"
#include "assay/machine.h"
#include "assay/record.h"

struct identity {
	uint8_t id[16];
	struct crypto_key *key;
	struct machine machine;
};

/* Read it from the state directory, or make it there. On failure i is as
 * before. */
int identity_load(
    struct identity *i, struct crypto *c, const char *state, struct err *err);
void identity_clear(struct identity *i);

/* The host as records carry it. Borrows i. */
struct record_host identity_host(const struct identity *i);

#endif
