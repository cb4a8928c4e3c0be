/* SPDX-License-Identifier: Apache-2.0 */
/* where: a clause of conditions on the fields of an occurrence, made ready: its
 * texts are names. Values are compared as text. What a field's value is, and
 * what stands in a register, the caller tells. Pure. */
#ifndef COLLECTOR_LEDGER_WHERE_H
#define COLLECTOR_LEDGER_WHERE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assay/arena.h"
#include "assay/tree.h"
#include "names.h"

enum where_kind {
	WHERE_ONE_OF,
	WHERE_RANGE,
	WHERE_CIDR,
	WHERE_EXISTS,
	WHERE_REGISTER,
};

struct where_net {
	int family;
	unsigned char address[16];
	unsigned bits;
};

struct where_test {
	const char *field;
	enum where_kind kind;
	bool negated;
	bool exists;
	int64_t lo, hi;
	const char **values;
	size_t value_count;
	struct where_net *nets;
	size_t net_count;
	const char *register_name;
};

struct where {
	struct where_test *tests;
	size_t count;
};

/* A new clause of a node that condition_check took; NULL (no clause) is a
 * clause that always holds. All in the arena. NULL when memory is short. */
struct where *where_new(
    struct arena *a, struct names *n, const struct tree_node *node);

/* What a clause asks of: the value of a field (a name; NULL: absent), and
 * whether a register holds the value in the column of that name. */
struct where_subject {
	const char *(*value)(const void *occurrence, const char *field);
	const void *occurrence;
	bool (*holds)(void *registers, const char *register_name,
	    const char *column, const char *value);
	void *registers;
};

bool where_holds(const struct where *w, const struct where_subject *s);

/* Does the clause say anything of the field? */
bool where_names(const struct where *w, const char *field);

/* The i-th register that the clause names, NULL past the last. */
const char *where_register(const struct where *w, size_t i);

/* A hash of the whole clause: equal for equal ones. */
uint64_t where_hash(const struct where *w, uint64_t hash);

#endif
