/* SPDX-License-Identifier: Apache-2.0 */
/* shape: which keys the data of each record type must have, and of what kind
 * they are: the table of RECORDS.md as data. Keys beyond it are nobody's
 * business: a newer writer may add some. Pure. */
#ifndef ASSAY_SHAPE_H
#define ASSAY_SHAPE_H

#include <jansson.h>

#include "assay/err.h"
#include "assay/record.h"

/* 0 when data fits the type (any data fits RECORD_OTHER); else -1, and err
 * names the key as a path ("data.origin.class") and what it must be. */
int shape_check(enum record_type type, const json_t *data, struct err *err);

/* 0 when every integer below value is within 2^53. */
int shape_check_integers(const json_t *value, struct err *err);

#endif
