/* SPDX-License-Identifier: Apache-2.0 */
/* view: the log up to a point, and the last answer to it. What an answer found
 * stays for the next one, which keeps the verdicts that nothing touched; so two
 * arenas take turns. */
#ifndef COLLECTOR_LEDGER_VIEW_H
#define COLLECTOR_LEDGER_VIEW_H

#include <stdint.h>

#include "answer.h"
#include "assay/crypto.h"
#include "assay/err.h"
#include "assay/record.h"
#include "edition.h"
#include "list.h"
#include "names.h"

struct view;

/* What a view borrows from the ledger, for as long as it lives. */
struct view_given {
	struct names *names;
	struct crypto *crypto;
	struct edition_shelf *shelf;
	const struct zone *utc;
	const struct list *entries; /* struct entry, in the order of the log */
};

/* A view without records, or NULL. */
struct view *view_new(const struct view_given *given, struct err *err);
void view_free(struct view *v);

/* The next entry of the ledger, which was made from this record (NULL: the view
 * finds out what it needs by itself). -1 when memory is short. */
int view_add(struct view *v, const struct record *r, struct err *err);

/* How many entries the view has. */
size_t view_count(const struct view *v);

/* Answer, counting the slots that had to be judged. Borrows until the next
 * call. NULL when memory is short; what was answered before is gone then. */
const struct answer *view_answer(struct view *v, int64_t as_of_us,
    uint64_t known_at, uint64_t *judged, struct err *err);

/* The greatest readtime of the records that count; 0: none does. */
int view_latest(struct view *v, int64_t *us, struct err *err);

#endif
