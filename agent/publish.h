/* SPDX-License-Identifier: Apache-2.0 */
/* publish: the agent's Kafka producer: a reader of the spool named `kafka`.
 * Takes committed records in the order of the spool, sends each as one message
 * (key: the agent's id as text; value: the record's own bytes), and
 * acknowledges in `ack/kafka` what was delivered without a hole before it.
 *
 * The spool is the queue: the client's own queues are small and nothing in them
 * is worth keeping. Whatever goes wrong with a client (a fatal error, a record
 * it gives up, nothing delivered for ten minutes, the clock set, a certificate
 * renewed, other settings) ends in the same way: it is ended in a thread of its
 * own, a new one is made, and everything after the acknowledged record is sent
 * again. So a record may arrive twice, and never not.
 *
 * Records of a request (publish_again.h) are sent beside the others and change
 * no acknowledgement. */
#ifndef ASSAY_AGENT_PUBLISH_H
#define ASSAY_AGENT_PUBLISH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assay/err.h"
#include "assay/kafka.h"
#include "assay/spoolread.h"

#define PUBLISH_READER "kafka" /* as in spool.readers */

struct publish;

struct publish_options {
	const char *spool; /* directory; need not be there yet */
	const struct kafka_properties *kafka;
	/* Not NULL: send what is from there on again, and nothing else. */
	const struct spoolread_position *again;
};

/* A new publisher; copies o. That no client can be made (now) is no failure: it
 * is tried again. NULL and err when memory, descriptors or the settings do not
 * allow it. */
struct publish *publish_new(const struct publish_options *o, struct err *err);

/* End it, waiting for the client at most wait_us; NULL is harmless. */
void publish_free(struct publish *p, int64_t wait_us);

/* Readable when there is something to do before publish_tick asked for it. */
int publish_fd(const struct publish *p);

/* Do what there is to do, without waiting. Returns after how many microseconds
 * to call again: 0 when there is more to do now. */
int64_t publish_tick(struct publish *p, int64_t now_us, int64_t mono_us);

/* Something was committed: look at once. */
void publish_hint(struct publish *p);

/* Go on by other settings: nothing happens when they say the same. -1 and err:
 * no client can be made of them, and it goes on as before. */
int publish_set(
    struct publish *p, const struct kafka_properties *kafka, struct err *err);

/* All that is committed was delivered and acknowledged, nothing is to be sent
 * again. */
bool publish_is_done(const struct publish *p);

/* False when a new process is needed: clients that do not end pile up, or the
 * publisher is not asked to work. A broker that is away is no such reason. */
bool publish_makes_progress(const struct publish *p, int64_t now_us);

/* ---- for people ---- */

enum publish_state {
	PUBLISH_CONNECTING, /* nothing delivered yet, and no reason why */
	PUBLISH_CONNECTED,  /* the last record that was sent arrived */
	PUBLISH_WAITING,    /* records wait in the spool; problem says why */
};

struct publish_health {
	enum publish_state state;
	int64_t since_us;
	const char *problem; /* a sentence, with the broker; NULL */
	const char *brokers; /* as configured */
	const char *topic;
	bool insecure; /* others may read along, because a person said so */
	size_t queued; /* records handed to the client, not yet reported */
	uint64_t unsent_bytes; /* of the spool, not acknowledged */
	uint64_t delivered;    /* since the start */
	unsigned clients;      /* made since the start */
	unsigned stuck;	       /* of them did not end */
	bool has_acked;
	uint8_t acked_epoch[16];
	uint64_t acked_sequence;
	int64_t acked_us; /* when it was written; 0: by a run before */
	bool again;	  /* records are being sent again */
	uint64_t again_sent;
};

/* Borrows until the next call on p. */
void publish_look(struct publish *p, struct publish_health *health);

#endif
