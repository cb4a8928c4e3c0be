/* SPDX-License-Identifier: Apache-2.0 */
#include "assay/service.h"

#include <inttypes.h>
#include <time.h>

#include <systemd/sd-daemon.h>

void
service_ready(void)
{
	(void)sd_notify(0, "READY=1");
}

void
service_reloading(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	(void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
	    now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000);
}

void
service_stopping(void)
{
	(void)sd_notify(0, "STOPPING=1");
}

void
service_status(struct slice text)
{
	text.len = slice_find(text, '\n');
	(void)sd_notifyf(0, "STATUS=%.*s", SLICE_FMT(text));
}

int64_t
service_watchdog_us(void)
{
	uint64_t us = 0;

	return sd_watchdog_enabled(0, &us) > 0 ? (int64_t)(us / 2)
					       : INT64_C(10000000);
}

void
service_alive(void)
{
	(void)sd_notify(0, "WATCHDOG=1");
}

void
service_patience(int64_t us)
{
	uint64_t usual_us = 0;

	if (sd_watchdog_enabled(0, &usual_us) > 0)
		(void)sd_notifyf(0, "WATCHDOG=1\nWATCHDOG_USEC=%" PRIu64,
		    us > 0 ? (uint64_t)us : usual_us);
}
