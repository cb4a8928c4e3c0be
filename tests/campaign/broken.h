/* SPDX-License-Identifier: Apache-2.0 */
/* broken: what the linker puts in the place of the agent's own decisions
 * (--wrap) to make followers that are wrong in one known way. The campaign must
 * catch each of them. */
#ifndef ASSAY_TESTS_CAMPAIGN_BROKEN_H
#define ASSAY_TESTS_CAMPAIGN_BROKEN_H

#include "position.h"

bool __wrap_position_marker_holds(const struct position *p, const char *bytes);
bool __wrap_position_marker_still_holds(
    const struct position *p, const char *bytes);
bool __wrap_position_proves(struct crypto *c, const struct position *wanted,
    const struct position *found);

#endif
