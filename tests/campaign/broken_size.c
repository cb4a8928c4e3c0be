/* SPDX-License-Identifier: Apache-2.0 */
/* A follower that knows by its size alone whether a file is the one it read. */
#include "broken.h"

bool
__wrap_position_marker_holds(const struct position *p, const char *bytes)
{
	(void)p;
	(void)bytes;
	return true;
}

bool
__wrap_position_marker_still_holds(const struct position *p, const char *bytes)
{
	(void)p;
	(void)bytes;
	return true;
}

bool
__wrap_position_proves(struct crypto *c, const struct position *wanted,
    const struct position *found)
{
	(void)c;
	(void)wanted;
	(void)found;
	return true;
}
