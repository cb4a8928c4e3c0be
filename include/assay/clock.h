/* SPDX-License-Identifier: Apache-2.0 */
/* clock: now, handed down from main, so that tests and backtests own time. A
 * simulated clock stands still until it is moved. */
#ifndef ASSAY_CLOCK_H
#define ASSAY_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct clock;

/* The machine's clock, or one that begins at now_us. NULL when memory is
 * short. */
struct clock *clock_new(void);
struct clock *clock_new_simulated(int64_t now_us);
void clock_free(struct clock *c);

/* Microseconds since 1970 UTC. */
int64_t clock_now_us(const struct clock *c);

/* Never goes back, also when the wall clock is set; never leaves the process
 * and means nothing but differences. A simulated clock's starts at 0. */
int64_t clock_mono_us(const struct clock *c);

bool clock_is_simulated(const struct clock *c);

/* Simulated clocks only: let time pass (delta_us >= 0); set the wall clock
 * (either way; monotonic time stands). */
void clock_advance(struct clock *c, int64_t delta_us);
void clock_set(struct clock *c, int64_t now_us);

#endif
