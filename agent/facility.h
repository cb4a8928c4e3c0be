/* SPDX-License-Identifier: Apache-2.0 */
/* facility: the names of syslog's facilities (RFC 5424, 6.2.1; syslog.conf). */
#ifndef ASSAY_AGENT_FACILITY_H
#define ASSAY_AGENT_FACILITY_H

#include "assay/slice.h"

#define FACILITY_DAEMON 3
#define FACILITY_AUTHPRIV 10
#define FACILITIES 24

/* The code (0 to 23) of "authpriv"; -1 for no facility's name. */
int facility_find(struct slice name);

/* The name of a code; NULL when none has it. */
const char *facility_name(int code);

#endif
