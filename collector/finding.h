/* SPDX-License-Identifier: Apache-2.0 */
/* finding: what was found about the records and is told as an event of the
 * collector's: log.tamper when somebody changed, forged or re-signed something,
 * log.fork when two copies of a machine spoke with one voice. Each is told
 * once, remembered under a name in the store; what stands in a row is told
 * together. Forks that the starts of the epochs show by themselves are only
 * logged. */
#ifndef COLLECTOR_FINDING_H
#define COLLECTOR_FINDING_H

#include <stdbool.h>
#include <stdint.h>

#include "assay/err.h"
#include "assay/record.h"
#include "assay/verify.h"
#include "author.h"
#include "store.h"

struct finding_teller {
	struct store *store;
	struct author *author;
	/* The host of an agent as its start told; false when none did. */
	bool (*host_of)(
	    void *arg, const uint8_t agent[16], struct record_host *host);
	void *arg;
	uint64_t told; /* events written */
};

/* What an event says; lane, position and hash may be NULL. */
struct finding {
	const char *event;
	const char *outcome;
	const uint8_t *agent;
	const uint8_t *epoch;
	uint64_t sequence;
	const char *lane;
	const char *position;
	const uint8_t *hash;
	const char *reason;
};

/* Tell once under this name: 1 when it was told now, 0 before, -1. */
int finding_tell_once(struct finding_teller *teller, const char *name,
    const struct finding *t, int64_t now_us, struct err *err);

/* Tell what verify found and is older than grace_us: 1 when something is too
 * young to be told yet, 0, -1. */
int finding_judge(struct finding_teller *teller, const struct verify *verify,
    int64_t now_us, int64_t grace_us, struct err *err);

#endif
