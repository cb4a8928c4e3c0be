/* SPDX-License-Identifier: Apache-2.0 */
/* writer: makes this agent's records: gives each its envelope (epoch, sequence,
 * read time, salt), puts its final bytes into the spool, and seals them. Knows
 * when a seal is due: after 1,024 records, or 5 s after the first unsealed one,
 * never for a seal alone. What was put is safe after the spool's commit. */
#ifndef ASSAY_AGENT_WRITER_H
#define ASSAY_AGENT_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "assay/crypto.h"
#include "assay/err.h"
#include "assay/machine.h"
#include "assay/record.h"

#include "identity.h"
#include "spool.h"

struct writer;

/* A new writer for a new epoch in the spool, which must be open and not begun.
 * Borrows all but state, which is the spool's. */
struct writer *writer_new(struct spool *spool, struct crypto *c,
    const struct identity *identity, const struct machine *machine,
    int64_t now_us, spool_state_fn *state, void *state_arg, struct err *err);
void writer_free(struct writer *w);

struct record_host writer_host(const struct writer *w);
const uint8_t *writer_epoch(const struct writer *w); /* 16 bytes */

/* Encode and put one record made now; host, key and prev are filled in. Returns
 * what spool_put does; with SPOOL_FULL or SPOOL_FAILED nothing was put. */
enum spool_put writer_start(struct writer *w, struct record_start *start,
    int64_t now_us, struct err *err);
enum spool_put writer_heartbeat(struct writer *w,
    struct record_heartbeat *heartbeat, int64_t now_us, struct err *err);
enum spool_put writer_gap(
    struct writer *w, struct record_gap *gap, int64_t now_us, struct err *err);
enum spool_put writer_files(struct writer *w, struct record_files *files,
    int64_t now_us, struct err *err);

/* An event: time_us is the line's own (or RECORD_NO_TIME), event->host is set
 * by the caller. rest: a further event of a line whose first was put; it may
 * use the reserve, so that a line's events come together. */
enum spool_put writer_event(struct writer *w, const struct record_event *event,
    int64_t time_us, bool rest, int64_t now_us, struct err *err);

/* Put a seal over all records not sealed yet, when it is due (or, with all,
 * when there is anything to seal). */
enum spool_put writer_seal(
    struct writer *w, bool all, int64_t now_us, struct err *err);

/* When the next seal is due, INT64_MAX when nothing is unsealed. */
int64_t writer_seal_due_us(const struct writer *w);

/* A commit is due before more lines are read (spool_wants_commit). */
bool writer_wants_commit(const struct writer *w);

uint64_t writer_records(const struct writer *w); /* put, all types */

#endif
