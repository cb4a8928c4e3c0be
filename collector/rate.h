/* SPDX-License-Identifier: Apache-2.0 */
/* rate: ratings as records: what the ledger answers at a moment, given once and
 * never rewritten. */
#ifndef COLLECTOR_RATE_H
#define COLLECTOR_RATE_H

#include <stdint.h>

#include "assay/err.h"
#include "author.h"
#include "ledger/ledger.h"

/* Give the ratings as of as_of_us, knowing all of l: one record for each
 * control that has a check, and one for each of its checks. Within a
 * transaction. */
int rate_give(
    struct ledger *l, struct author *a, int64_t as_of_us, struct err *err);

#endif
