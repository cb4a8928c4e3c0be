/* SPDX-License-Identifier: Apache-2.0 */
/* play: the whole agent in a test's own process, on the test's own clock, over
 * one log that the test writes: numbered logins, user u000000 and so on. And
 * what its spool holds afterwards, as a reader sees it. */
#ifndef ASSAY_TEST_PLAY_H
#define ASSAY_TEST_PLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "assay/crypto.h"
#include "assay/err.h"
#include "assay/spoolread.h"
#include "assay/verify.h"

#include "agent.h"

#define PLAY_SECOND INT64_C(1000000)
#define PLAY_PATH 200

struct play {
	const struct ruleset *rules;
	char state[PLAY_PATH];
	char log[PLAY_PATH];
	uint64_t max_bytes;
	int64_t keep_us;
	int64_t now_us;	 /* the wall clock */
	int64_t mono_us; /* the other one: goes on by itself only */
	int next;	 /* line to write */
	struct agent *agent;
	struct err err;
	/* Called with 1 before what the test itself does, with 0 after it; or
	 * NULL. */
	void (*pause)(int paused);
};

/* The rules of sshd, or NULL. */
struct ruleset *play_rules(void);

/* State and log are below dir; the clock is what it really is. */
void play_init(struct play *p, const struct ruleset *rules, const char *dir);

/* Write lines of the time that it is. */
void play_append(struct play *p, int count);
void play_rotate(const struct play *p);

/* Start the agent, once: false and p->err when it does not. */
bool play_start(struct play *p);

/* Let it run, waking it each second; it does all there is to do then. */
void play_run(struct play *p, int seconds);

/* Time passes in which nobody asks it. */
void play_pass(struct play *p, int seconds);

/* Stop it in order: false and p->err when that fails. It is gone in any case.
 */
bool play_stop(struct play *p);

/* It is gone without a word. */
void play_crash(struct play *p);

/* ---- what it wrote ---- */

struct play_found {
	int *seen; /* by line, how often; size of them */
	int size;
	/* By line, the id it came with first, or NULL when nobody asks; a line
	 * that comes again with that id is a repeat, which counts once. */
	uint8_t (*ids)[16];
	int repeats;
	int records, heartbeats, gaps;
	struct spoolread_position last;
	bool back; /* some through was before the one before it */
	int64_t through_us;
	struct err why; /* what is wrong; "" nothing */
};

/* Read on from r and note everything; into verify as well. */
void play_read(struct play_found *f, struct spoolread *r, struct verify *v);

/* What verify has to say at the end goes to f->why. */
void play_verify(struct play_found *f, struct verify *v);

/* Read all there is of a play's spool, and verify it. */
void play_read_all(
    struct play_found *f, const struct play *p, struct crypto *c);

#endif
