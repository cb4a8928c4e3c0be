/* SPDX-License-Identifier: Apache-2.0 */
/* occurrence: what happened once, as checks see it: an event, a run of several
 * events, lines that were lost, a clock that was asked. Knows how records
 * become occurrences; which of them a check wants is not decided here. */
#ifndef COLLECTOR_LEDGER_OCCURRENCE_H
#define COLLECTOR_LEDGER_OCCURRENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "assay/arena.h"
#include "assay/err.h"
#include "assay/vocab.h"
#include "coverage.h"
#include "facts.h"
#include "host.h"
#include "list.h"
#include "names.h"
#include "registry.h"

#define OCCURRENCE_NO_END INT64_MAX

struct occurrence {
	const struct entry *entry; /* its first record: its identity */
	const char *kind;
	const char *host; /* unit's name, never NULL */
	const char *program, *rule;
	const char *job; /* NULL: none */
	int64_t time_us;
	int64_t start_us;
	int64_t end_us; /* OCCURRENCE_NO_END; meant only when it runs */
	int64_t to_us;	/* lost lines: the end of the loss */
	bool runs;	/* of a kind that has ends */
	bool left;	/* another run began before this one ended */
	bool closing;	/* closes a review */
	bool usable;
	enum vocab_outcome outcome;
	enum entry_trust trust;
	const char *const *classes; /* lost lines: of these classes */
	size_t class_count;
	struct entry_field *fields;
	size_t field_count;
	uint64_t hash; /* of all a check may see */
};

/* What occurrences are made from. */
struct occurrence_world {
	struct arena *arena;
	struct names *names;
	const struct facts *facts;
	const struct host_names *hosts;
	const struct coverage *coverage;
	const struct vocab *vocab;	 /* NULL: no kind has runs */
	const struct registry *registry; /* at as_of, NULL: none */
	int64_t as_of_us;
};

/* Make the occurrences of a kind (a name) that exist at as_of, in order. */
int occurrence_list(struct list *into, const struct occurrence_world *w,
    const char *kind, struct err *err);

/* By (time, agent, epoch, sequence). */
int occurrence_order(const void *a, const void *b);

/* A field's value: of its own fields, else host, program, rule, job, outcome.
 * NULL when it has none. field is a name. */
const char *occurrence_value(const void *occurrence, const char *field);

/* Memory for it is in the arena; NULL when short. */
struct occurrence *occurrence_new(
    const struct occurrence_world *w, const struct entry *e);

/* Count an event into a run: its outcome, trust, fields. */
int occurrence_join(const struct occurrence_world *w, struct occurrence *o,
    const struct entry *e);

#endif
