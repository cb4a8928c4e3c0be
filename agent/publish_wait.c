/* SPDX-License-Identifier: Apache-2.0 */
#include "publish_wait.h"

#include <poll.h>

#define NAP_US 50000

bool
publish_wait(struct publish *p, const struct clock *c, int64_t patience_us)
{
	int64_t moved_us = clock_mono_us(c);
	uint64_t delivered = 0;

	publish_hint(p);
	for (;;) {
		struct pollfd fd = {.fd = publish_fd(p), .events = POLLIN};
		struct publish_health h;
		int64_t wait_us =
		    publish_tick(p, clock_now_us(c), clock_mono_us(c));

		if (publish_is_done(p))
			return true;
		publish_look(p, &h);
		if (h.delivered != delivered)
			moved_us = clock_mono_us(c);
		delivered = h.delivered;
		if (clock_mono_us(c) - moved_us >= patience_us)
			return false;
		if (wait_us > NAP_US)
			wait_us = NAP_US;
		(void)poll(&fd, 1, (int)(wait_us / 1000));
	}
}
