/* SPDX-License-Identifier: Apache-2.0 */
/* settings: the collector's configuration as its parts use it: defaults, then
 * /etc/assay/collector.yml with collector.d/ *.yml, then the command line. */
#ifndef COLLECTOR_SETTINGS_H
#define COLLECTOR_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "assay/buf.h"
#include "assay/err.h"
#include "assay/kafka.h"
#include "assay/options.h"
#include "arguments.h"

/* One of `streams`. */
struct settings_stream {
	const char *spool; /* a directory; NULL: Kafka */
	struct kafka_properties kafka;
};

struct settings {
	struct options *options;
	const char *state;
	const char *const *rules; /* NULL-terminated */
	const char *isms;
	struct settings_stream *streams;
	size_t stream_count;
	bool once; /* give what there is at the start, then stop */
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
