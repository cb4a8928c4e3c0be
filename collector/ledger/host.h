/* SPDX-License-Identifier: Apache-2.0 */
/* host: what the units of hosts are called. Records say a name and an id; a row
 * of the inventory finds them by id or else by name, and gives its own name;
 * where agents used one name with several ids, the id tells them apart. */
#ifndef COLLECTOR_LEDGER_HOST_H
#define COLLECTOR_LEDGER_HOST_H

#include "assay/arena.h"
#include "assay/err.h"
#include "entry.h"
#include "facts.h"
#include "list.h"
#include "names.h"
#include "registry.h"

struct host_names {
	struct table by_name; /* name -> struct list of what it is called */
};

/* Learn the hosts of all counting records. r (NULL: none) is the inventory;
 * it is borrowed until return. */
int host_build(struct host_names *h, struct arena *a, struct names *n,
    const struct facts *f, const struct list *entries, size_t count,
    const struct registry *r, struct err *err);

/* The unit's name of a record's host; NULL when the record has no host. */
const char *host_of(const struct host_names *h, const struct entry *e);

#endif
