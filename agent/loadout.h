/* SPDX-License-Identifier: Apache-2.0 */
/* loadout: what a run works with, read together: settings, rules, and the
 * sources they name. A second one can be read while the first is in use, and
 * takes its place only when it is whole. */
#ifndef ASSAY_AGENT_LOADOUT_H
#define ASSAY_AGENT_LOADOUT_H

#include "assay/buf.h"
#include "assay/err.h"
#include "assay/problems.h"

#include "discover.h"
#include "ruleset.h"
#include "settings.h"

struct loadout {
	struct settings settings;
	struct problems *problems; /* warnings, or why it is not whole */
	struct ruleset *rules;
	struct discover found;
};

/* Read it. Returns an exit code; when it is not 0, the problems and err say
 * what is wrong (err may be empty; the command line's own mistakes were told).
 * To be cleared either way. */
int loadout_read(struct loadout *l, int argc, char **argv, struct err *err);
void loadout_clear(struct loadout *l);

/* Look for sources once more, by the same settings and rules: into d, to be
 * cleared. -1 when that is not possible now; err says why. */
int loadout_look(const struct loadout *l, struct discover *d, struct err *err);

#endif
