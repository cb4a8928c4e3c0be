/* SPDX-License-Identifier: Apache-2.0 */
/* service: what a daemon tells the service manager that started it (systemd's
 * notify protocol, sd_notify(3)): that it is ready, what it is doing, that it
 * is alive. Without a manager that listens each call does nothing. */
#ifndef ASSAY_SERVICE_H
#define ASSAY_SERVICE_H

#include <stdint.h>

#include "assay/slice.h"

/* It does its work: what comes after it may start. Also ends a reload. */
void service_ready(void);
void service_reloading(void);
void service_stopping(void);

/* One line about how it is, for `systemctl status`. Borrows text; what follows
 * its first line, which could be a word of the protocol, is not told. */
void service_status(struct slice text);

/* How often to call service_alive, in us: half of what the manager allows, or
 * 10 s where nobody waits for it. */
int64_t service_watchdog_us(void);

/* The loop goes round and did its work. */
void service_alive(void);

/* What comes now may take as long as us before service_alive is called again;
 * 0: as long as before. */
void service_patience(int64_t us);

#endif
