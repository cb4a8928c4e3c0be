/* SPDX-License-Identifier: Apache-2.0 */
/* watch: what must have been read for a slot to say that nothing happened:
 * which classes of which hosts, or which program's own file; and whether it
 * was. */
#ifndef COLLECTOR_LEDGER_WATCH_H
#define COLLECTOR_LEDGER_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "assay/buf.h"
#include "scene.h"
#include "unit.h"

struct watch {
	const char **hosts; /* unit names, by name */
	size_t host_count;
	const struct coverage *coverage;
	const struct coverage_source *source; /* instead of classes, or NULL */
	const struct check *check;	      /* names the classes */
};

/* By host, what a check's units on all of them ever saw. */
struct watch_seen {
	struct list hosts;   /* const char, by first occurrence */
	struct table events; /* host -> struct list of occurrences in order */
};

int watch_see(struct watch_seen *seen, struct scene *s, const struct list *all);

/* What a slot of a unit needs. -1 when memory is short. */
int watch_of(struct watch *w, struct scene *s, const struct unit *u,
    const struct unit_slot *slot, const struct watch_seen *seen);

/* One host, by a check's classes. host must outlive w. */
void watch_host(struct watch *w, const struct scene *s, const char **host,
    const struct check *c);

/* How much of [from, to) was not watched; -1 when memory is short. */
int64_t watch_missing(
    const struct watch *w, struct arena *a, int64_t from_us, int64_t to_us);

/* Append what was not watched first in [from, to), and when; nothing when all
 * was. */
void watch_explain(
    const struct watch *w, int64_t from_us, int64_t to_us, struct buf *out);

/* When the needed hosts first listed a source of a needed class;
 * STRETCH_FOREVER: never. */
int64_t watch_first(const struct watch *w);

/* The first host, and its first stretch, forked within [from, to). False when
 * none was. */
bool watch_forked(const struct watch *w, int64_t from_us, int64_t to_us,
    const char **host, struct stretch *when);

/* The earliest lines of programs that should be wholly understood and were not,
 * within [from, to) and in the needed classes; NULL when there are none. */
const struct entry_unknown *watch_closed(
    const struct watch *w, int64_t from_us, int64_t to_us);

/* A number for what is needed, and whether anything of it changed within
 * [from, to) since the coverage before. */
uint64_t watch_key(const struct watch *w, uint64_t hash);
bool watch_changed(const struct watch *w, int64_t from_us, int64_t to_us);

#endif
