/* SPDX-License-Identifier: Apache-2.0 */
/* settings: the collector's configuration as its parts use it: defaults, then
 * /etc/assay/collector.yml with collector.d/ *.yml, then the command line. */
#ifndef COLLECTOR_SETTINGS_H
#define COLLECTOR_SETTINGS_H

#include <stddef.h>

#include "assay/buf.h"
#include "assay/err.h"
#include "assay/options.h"
#include "arguments.h"

struct settings {
	struct options *options;
	const char *state;
	const char *const *rules; /* NULL-terminated */
	const char *isms;
	const char **spools; /* directories of the streams {spool: DIR} */
	size_t spool_count;
};

/* The table, for --help and `check --show`. */
extern const struct options_entry settings_table[];

/* Read the configuration with what the command line (ARGUMENTS_COMMON, and
 * --isms, --spool where the command has them) says on top. -1 with everything
 * that is wrong appended to out, for people. */
int settings_load(
    struct settings *s, const struct arguments *a, struct buf *out);
void settings_clear(struct settings *s);

/* The path of the store in the state directory; the caller frees it. NULL when
 * memory is short. */
char *settings_store(const struct settings *s);

#endif
