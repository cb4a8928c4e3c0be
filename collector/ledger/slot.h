/* SPDX-License-Identifier: Apache-2.0 */
/* slot: one period of one unit of one check, and what was found about it. A
 * plain value; who fills it in is told in judge.h and unit.h. */
#ifndef COLLECTOR_LEDGER_SLOT_H
#define COLLECTOR_LEDGER_SLOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum slot_state {
	SLOT_OPEN,
	SLOT_PASS,
	SLOT_WARN,
	SLOT_FAIL,
	SLOT_LATE,
	SLOT_MISSED,
	SLOT_UNKNOWN,
	SLOT_NONE,
	SLOT_EXCEPTED,
};
#define SLOT_STATES (SLOT_EXCEPTED + 1)

struct slot {
	int64_t start_us;
	int64_t end_us;
	int64_t due_us;
	enum slot_state state;
	const char *code;   /* of the table of sentences, static text */
	const char *reason; /* for people; may hold text from logs */
	bool retrospective; /* began before its source or check was known */
	bool counted;	    /* in the rating */
	bool below;	    /* passes on evidence below the check's trust */
	size_t seen;	    /* occurrences, hits */
	size_t met;	    /* of them: with their need, good */
	int64_t watched_us; /* of [start, end) */
};

/* "open", "pass" ... static text. */
const char *slot_state_name(enum slot_state state);

/* A deviation: fail, late, missed. */
bool slot_deviates(enum slot_state state);

#endif
