/* SPDX-License-Identifier: Apache-2.0 */
#include "slot.h"

static const char *const names[SLOT_STATES] = {
    [SLOT_OPEN] = "open",
    [SLOT_PASS] = "pass",
    [SLOT_WARN] = "warn",
    [SLOT_FAIL] = "fail",
    [SLOT_LATE] = "late",
    [SLOT_MISSED] = "missed",
    [SLOT_UNKNOWN] = "unknown",
    [SLOT_NONE] = "none",
    [SLOT_EXCEPTED] = "excepted",
};

const char *
slot_state_name(enum slot_state state)
{
	return names[state];
}

bool
slot_deviates(enum slot_state state)
{
	return state == SLOT_FAIL || state == SLOT_LATE || state == SLOT_MISSED;
}
