/* SPDX-License-Identifier: Apache-2.0 */
/* settings: what the agent can be told: the table of its configuration file
 * (/etc/assay/agent.yml and agent.d/), its command line, and which sources the
 * two name. */
#ifndef ASSAY_AGENT_SETTINGS_H
#define ASSAY_AGENT_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "assay/err.h"
#include "assay/kafka.h"
#include "assay/options.h"
#include "assay/problems.h"

#include "discover.h"
#include "ruleset.h"

#define SETTINGS_CONFIG "/etc/assay/agent.yml"

extern const struct options_entry settings_table[];

struct settings {
	struct options *options;
	const char *rule_dirs[17];     /* NULL-terminated */
	const char *readers[17];       /* of the spool, NULL-terminated */
	struct kafka_properties kafka; /* empty: nothing is sent */
	const char *logs;	       /* --logs DIR, or NULL */
	bool help; /* --help was printed: nothing else is set */
	bool once;
	bool json;
	bool simulated; /* --now STAMP */
	int64_t now_us;
};

/* Read the command line and the configuration. flags are the words of what this
 * command takes beside --config, --state and --rules: "once logs now json".
 * Returns 0, or an exit code: what is wrong with the command line was told on
 * stderr, what is wrong with the configuration is in p. */
int settings_read(struct settings *s, const char *command, const char *flags,
    int argc, char **argv, struct problems *p);
void settings_clear(struct settings *s);

/* Fill in what defaults come to on this machine (options_derive): the rule
 * directories that exist, who must acknowledge. -1 when memory is short. */
int settings_derive(struct options *o);

/* The sources to read: --logs, else `sources:`, else what discovery finds. -1
 * and err, or problems in p. */
int settings_sources(const struct settings *s, const struct ruleset *rules,
    struct discover *d, struct problems *p, struct err *err);

/* Where the status file is: the runtime directory, else the state directory. */
int settings_status_path(const struct settings *s, char *path, size_t size);

#endif
