/* SPDX-License-Identifier: Apache-2.0 */
/* identity: who this agent is: its id and its Ed25519 key, kept in the state
 * directory (`identity.json`, `agent.key`, mode 0600), and how its new epoch is
 * joined to the one before. A new identity is taken when there is none yet,
 * when the state is another machine's (a cloned disk), and when the last epoch
 * cannot be named (the spool is lost or its end is damaged): to go on under the
 * old name would be a fork. */
#ifndef ASSAY_AGENT_IDENTITY_H
#define ASSAY_AGENT_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

#include "assay/crypto.h"
#include "assay/err.h"
#include "assay/machine.h"
#include "assay/record.h"

#include "recover.h"

struct identity {
	uint8_t agent[16];
	struct crypto_key *key;
	bool is_new;
	struct record_prev prev;
	const char *reason; /* why prev is not known; constant text, or NULL */
};

/* Read it from the state directory, or make it there. found is what the spool
 * held. On failure i holds nothing. */
int identity_load(struct identity *i, struct crypto *c,
    const struct machine *machine, const char *state,
    const struct recover *found, struct err *err);
void identity_clear(struct identity *i);

#endif
