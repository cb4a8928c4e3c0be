/* SPDX-License-Identifier: Apache-2.0 */
/* answer: the whole report at one moment: all checks assessed and graded, put
 * under their controls, and the sources that were read. */
#ifndef COLLECTOR_LEDGER_ANSWER_H
#define COLLECTOR_LEDGER_ANSWER_H

#include <stdint.h>

#include "assay/err.h"
#include "assess.h"
#include "list.h"
#include "report.h"
#include "scene.h"

struct answer {
	struct scene scene;
	struct list assessed; /* struct assess, by id of check */
	struct report report;
};

/* Answer in a scene that is set. before is the answer before it (or NULL), of
 * which verdicts are kept. Everything is in the scene's arena. -1 when memory
 * is short. */
int answer_make(struct answer *a, const struct answer *before,
    uint64_t known_at, uint64_t *judged, struct err *err);

#endif
