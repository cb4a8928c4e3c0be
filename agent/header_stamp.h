/* SPDX-License-Identifier: Apache-2.0 */
/* header_stamp: the stamp that a rule file declares for its program's own log
 * (`stamp:`), compiled, and taken from the beginning of a line. Pure. */
#ifndef ASSAY_AGENT_HEADER_STAMP_H
#define ASSAY_AGENT_HEADER_STAMP_H

#include <stdbool.h>

#include "assay/err.h"
#include "assay/slice.h"

#include "instant.h"

/* A declared stamp, compiled: %Y %m %d %H %M %S %b %e %f (1 to 9 digits) %z and
 * literal bytes; %% is %. With %w, words before the stamp, it is part of the
 * message, which is then the whole line, and nothing follows the stamp:
 * `%w: %Y-%m-%d  %H:%M:%S` reads `Start-Date: 2026-11-24  12:00:00`. */
struct header_stamp;

/* A new compiled stamp, or NULL with what is wrong (it needs a day and a time,
 * and ends with a literal byte unless it is part of the message). */
struct header_stamp *header_stamp_new(struct slice format, struct err *err);
void header_stamp_free(struct header_stamp *s);

/* What a line begins with; the slices borrow from it. */
struct header_stamped {
	struct instant instant;
	struct slice stamp;   /* without the literal bytes at its end */
	struct slice message; /* what follows, or all where the stamp is part */
};

/* False when text does not begin with such a stamp, or with no real time. */
bool header_stamp_take(const struct header_stamp *s, struct slice text,
    struct header_stamped *out);

#endif
