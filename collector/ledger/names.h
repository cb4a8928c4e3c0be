/* SPDX-License-Identifier: Apache-2.0 */
/* names: every text of the ledger once, so that equal texts are equal pointers
 * and may be compared and hashed as such. Texts are NUL-terminated and live
 * until the table goes. */
#ifndef COLLECTOR_LEDGER_NAMES_H
#define COLLECTOR_LEDGER_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "assay/slice.h"

struct names;

struct names *names_new(void);
void names_free(struct names *n);

/* The one copy of the text (up to a NUL in it), or NULL when memory is short.
 */
const char *names_get(struct names *n, struct slice text);
const char *names_of(struct names *n, const char *text);

/* The one copy if there is one already, else NULL. */
const char *names_find(const struct names *n, struct slice text);

#endif
