/* SPDX-License-Identifier: Apache-2.0 */
/* registry_named: every list of rows in the files of the organisation, by its
 * top key: rows of cells with nothing known about them. A part of registry. */
#ifndef COLLECTOR_REGISTRY_NAMED_H
#define COLLECTOR_REGISTRY_NAMED_H

#include "assay/arena.h"
#include "registry.h"

struct registry_named;

/* How many items the lists with this key have over all trees. */
size_t registry_named_count(
    struct tree *const *trees, size_t count, const char *key);

/* The lists of all trees, whose roots are maps; lives in the arena and borrows
 * the nodes. NULL when memory is short. */
struct registry_named *registry_named_new(
    struct arena *a, struct tree *const *trees, size_t count);

bool registry_named_has(const struct registry_named *named, const char *name);
const struct registry_row *registry_named_row(
    const struct registry_named *named, const char *name, size_t i);

#endif
