/* SPDX-License-Identifier: Apache-2.0 */
/* A follower that does not look a second time at what stands before the place
 * where it goes on: what was written while it read goes unseen. */
#include "broken.h"

bool
__wrap_position_marker_still_holds(const struct position *p, const char *bytes)
{
	(void)p;
	(void)bytes;
	return true;
}
