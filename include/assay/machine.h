/* SPDX-License-Identifier: Apache-2.0 */
/* machine: the machine we run on, as others may know it. /etc/machine-id is a
 * secret of the host; what leaves it, or is used as a key, is an HMAC of it
 * under a fixed word each, so that nobody can go back. */
#ifndef ASSAY_MACHINE_H
#define ASSAY_MACHINE_H

#include <stdint.h>

#include "assay/crypto.h"
#include "assay/err.h"

struct machine {
	char name[256];	   /* of the host */
	uint8_t host[16];  /* host.id of records, a UUID (version 8) */
	uint8_t space[16]; /* the namespace of event ids; never leaves */
};

/* Fill in m. Where there is no machine id, the content of the file `spare` (32
 * hex digits, made when it is missing) takes its place. */
int machine_read(
    struct machine *m, struct crypto *c, const char *spare, struct err *err);

#endif
