/* SPDX-License-Identifier: Apache-2.0 */
#include "assay/clock.h"

#include <assert.h>
#include <stdlib.h>
#include <time.h>

#include "assay/stamp.h"

struct clock {
	bool simulated;
	int64_t now_us;
	int64_t mono_us;
};

static struct clock *
make(bool simulated, int64_t now_us)
{
	struct clock *c = calloc(1, sizeof *c);

	if (c)
		*c = (struct clock){.simulated = simulated, .now_us = now_us};
	return c;
}

struct clock *
clock_new(void)
{
	return make(false, 0);
}

struct clock *
clock_new_simulated(int64_t now_us)
{
	return make(true, now_us);
}

void
clock_free(struct clock *c)
{
	free(c);
}

static int64_t
read_us(clockid_t which)
{
	struct timespec ts;
	int failed = clock_gettime(which, &ts);

	assert(!failed);
	(void)failed;
	return (int64_t)ts.tv_sec * STAMP_US_PER_S + ts.tv_nsec / 1000;
}

int64_t
clock_now_us(const struct clock *c)
{
	return c->simulated ? c->now_us : read_us(CLOCK_REALTIME);
}

int64_t
clock_mono_us(const struct clock *c)
{
	return c->simulated ? c->mono_us : read_us(CLOCK_MONOTONIC);
}

bool
clock_is_simulated(const struct clock *c)
{
	return c->simulated;
}

void
clock_advance(struct clock *c, int64_t delta_us)
{
	assert(c->simulated && delta_us >= 0);
	c->now_us += delta_us;
	c->mono_us += delta_us;
}

void
clock_set(struct clock *c, int64_t now_us)
{
	assert(c->simulated);
	c->now_us = now_us;
}
