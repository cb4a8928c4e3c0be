/* SPDX-License-Identifier: Apache-2.0 */
/* jsonin: JSON from outside, through jansson, with the limits that jansson
 * lacks: 1 MiB, depth 32, duplicate keys refused, only integers (reals are
 * refused; larger integers travel as text). */
#ifndef ASSAY_JSONIN_H
#define ASSAY_JSONIN_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "assay/err.h"
#include "assay/slice.h"

#define JSONIN_MAX ((size_t)1 << 20)

/* A new value (json_decref it), or NULL with what and where (byte offset). */
json_t *jsonin_parse(struct slice text, struct err *err);

/* Members of an object by key. False (and *value untouched) when obj is not an
 * object, the key is absent or of another type. A slice borrows from obj. */
bool jsonin_string(const json_t *obj, const char *key, struct slice *value);
bool jsonin_int(const json_t *obj, const char *key, int64_t *value);
bool jsonin_bool(const json_t *obj, const char *key, bool *value);
bool jsonin_stamp(const json_t *obj, const char *key, int64_t *us);

#endif
