/* SPDX-License-Identifier: Apache-2.0 */
/* row: one record becomes one row of the log, with the facts of it that the
 * projections keep. The collector's own records and those of the agents come
 * through here, so the log and what is derived from it cannot differ. */
#ifndef COLLECTOR_ROW_H
#define COLLECTOR_ROW_H

#include "assay/crypto.h"
#include "assay/err.h"
#include "assay/record.h"
#include "store.h"

/* The key of a record's row. */
struct store_key row_key(const struct record *r);

/* Append a decoded record, within a transaction. *index is its place. */
int row_append(struct store *s, struct crypto *c, const struct record *r,
    uint64_t *index, struct err *err);

/* Make the projections again from the log, in a transaction of their own, if
 * the store needs it. */
int row_project(struct store *s, struct err *err);

#endif
