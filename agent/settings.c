/* SPDX-License-Identifier: Apache-2.0 */
#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "assay/command.h"
#include "assay/stamp.h"

#include "publish_conf.h"
#include "sourcelist.h"

const struct options_entry settings_table[] = {
    {"state", OPTIONS_TEXT, 0, 0, "/var/lib/assay/agent",
	"directory of the spool, the key and the status"},
    {"rules", OPTIONS_TEXTS, 0, 0, NULL,
	"rule directories, later ones go before earlier ones (default: "
	"/usr/share/assay/rules and /etc/assay/rules, where they exist)"},
    {"zone", OPTIONS_TEXT, 0, 0, NULL,
	"time zone of stamps that name none (default: this machine's)"},
    {"spool.max_bytes", OPTIONS_BYTES, 4 << 20, INT64_MAX, "1GiB",
	"size of the spool; when it is full nothing is read"},
    {"spool.held_max_bytes", OPTIONS_BYTES, 0, INT64_MAX, "1GiB",
	"unread bytes of deleted logs that are held while the spool is full; "
	"beyond it the oldest are let go, as a gap"},
    {"spool.keep_days", OPTIONS_NUMBER, 0, 3650, "14",
	"days that acknowledged segments are kept to be sent again"},
    {"spool.readers", OPTIONS_TEXTS, 0, 0, NULL,
	"who must acknowledge (default: kafka if it is set up, else "
	"collector)"},
    {"sources", OPTIONS_NODE, 0, 0, NULL,
	"what to read instead of what is found: list of {file: GLOB, class: "
	"CLASS} or {stdin: true, class: CLASS}; facility: NAME says what "
	"syslog writes there, with relay: true the hosts in the lines count"},
    {"syslog.socket", OPTIONS_TEXT, 0, 0, "/dev/log",
	"where marks are written, to be read back as proof that logging works"},
    {"kafka", OPTIONS_MAP, 0, 0, NULL,
	"where records are sent: librdkafka's properties (bootstrap.servers, "
	"security.protocol, ssl.ca.location ..), topic (" KAFKA_TOPIC
	"), and insecure: true for a network where others may read along"},
    {0},
};

/* ---- command line ---- */

static bool
takes(const char *flags, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = flags; (p = strstr(p, name)); p += len)
		if ((p == flags || p[-1] == ' ') &&
		    (p[len] == '\0' || p[len] == ' '))
			return true;
	return false;
}

/* --help of a command: the options it takes, from the same words. */
static void
print_help(const char *command, const char *flags)
{
	static const struct {
		const char *name, *argument, *help;
	} all[] = {
	    {"once", "", "read what there is, commit, seal, stop"},
	    {"now", " TIME",
		"with --once: take this for the time (a history that is "
		"played day by day)"},
	    {"logs", " DIR",
		"read the logs of a copied /var/log instead of this "
		"machine's"},
	    {"json", "", "print JSON"},
	    {"from", " SEQ", "number of the first record to send again"},
	    {"epoch", " E",
		"of this epoch (32 hex digits; default: the "
		"newest)"},
	    {"config", " FILE", "instead of " SETTINGS_CONFIG},
	    {"state", " DIR", "instead of the configuration's"},
	    {"rules", " DIR", "a rule directory; can be given again"},
	};

	printf("usage: assay-agent %s [OPTIONS]\n", command);
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (i >= 6 || takes(flags, all[i].name))
			printf("  --%s%s\n      %s\n", all[i].name,
			    all[i].argument, all[i].help);
	printf("\nWhat " SETTINGS_CONFIG " and agent.d/*.yml beside it can "
	       "say, with the defaults:\n");
}

static void
print_settings(void)
{
	struct buf out = {0};

	options_help(settings_table, &out);
	fwrite(out.ptr ? out.ptr : "", 1, out.len, stdout);
	buf_clear(&out);
}

static int
usage(const char *command, const char *what, const char *argument)
{
	fprintf(stderr,
	    "assay-agent %s: %s '%s'\n`assay-agent --help` says what it "
	    "takes.\n",
	    command, what, argument);
	return COMMAND_USAGE;
}

/* What was given, to be set once the file is read. */
struct given {
	const char *config;
	const char *state;
	const char *rules[16];
	size_t rule_count;
};

static int
take_value(struct settings *s, struct given *g, const char *command,
    const char *name, const char *value)
{
	if (!strcmp(name, "config"))
		g->config = value;
	else if (!strcmp(name, "state"))
		g->state = value;
	else if (!strcmp(name, "logs"))
		s->logs = value;
	else if (!strcmp(name, "rules")) {
		if (g->rule_count == 16)
			return usage(command, "more than 16 --rules:", value);
		g->rules[g->rule_count++] = value;
	} else if (!strcmp(name, "now")) {
		char text[STAMP_LEN + 1];

		/* Seconds are enough for a person. */
		if (strlen(value) == 20 && value[19] == 'Z') {
			snprintf(text, sizeof text, "%.19s.000000Z", value);
			value = text;
		}
		s->simulated = stamp_parse(slice_of(value), &s->now_us);
		if (!s->simulated)
			return usage(command,
			    "--now wants a time like 2026-07-03T14:59:17Z, "
			    "not",
			    value);
	}
	return 0;
}

static int
read_arguments(struct settings *s, struct given *g, const char *command,
    const char *flags, int argc, char **argv)
{
	static const char *const values[] = {
	    "config", "state", "rules", "logs", "now", NULL};

	for (int i = 1; i < argc; i++) {
		const char *name = argv[i];
		size_t v = 0;
		int status;

		if (!strcmp(name, "--help")) {
			print_help(command, flags);
			print_settings();
			s->help = true;
			return COMMAND_OK;
		}
		if (strncmp(name, "--", 2) != 0)
			return usage(command, "unexpected argument", name);
		name += 2;
		if (!strcmp(name, "once") && takes(flags, name)) {
			s->once = true;
			continue;
		}
		if (!strcmp(name, "json") && takes(flags, name)) {
			s->json = true;
			continue;
		}
		while (values[v] && strcmp(values[v], name) != 0)
			v++;
		if (!values[v] || (v > 2 && !takes(flags, name)))
			return usage(command, "unknown option", argv[i]);
		if (++i == argc)
			return usage(command, "no value after", argv[i - 1]);
		status = take_value(s, g, command, name, argv[i]);
		if (status != 0)
			return status;
	}
	return 0;
}

/* ---- configuration ---- */

int
settings_derive(struct options *o)
{
	static const char *const usual[] = {
	    "/usr/share/assay/rules", "/etc/assay/rules"};
	bool kafka = options_given(o, "kafka");
	int status = 0;

	for (size_t i = 0; i < 2 && status == 0; i++)
		if (access(usual[i], F_OK) == 0)
			status = options_derive(o, "rules", usual[i],
			    "those of the two usual ones that exist");
	if (status == 0 && !options_texts(o, "rules")[0])
		status = options_derive(o, "rules", NULL,
		    "neither /usr/share/assay/rules nor /etc/assay/rules is "
		    "there");
	if (status == 0)
		status = options_derive(o, "spool.readers",
		    kafka ? "kafka" : "collector",
		    kafka ? "kafka is set up" : "kafka is not set up");
	if (status == 0)
		status = options_derive(o, "zone", NULL, "this machine's");
	if (status == 0)
		status = options_derive(o, "sources", NULL, "what is found");
	return status;
}

static void
copy_texts(const char *to[17], const char *const *from)
{
	for (size_t i = 0; from[i] && i < 16; i++)
		to[i] = from[i];
}

int
settings_read(struct settings *s, const char *command, const char *flags,
    int argc, char **argv, struct problems *p)
{
	struct given g = {0};
	int status;

	*s = (struct settings){0};
	status = read_arguments(s, &g, command, flags, argc, argv);
	if (status != 0 || s->help)
		return status;
	s->options = options_load(settings_table,
	    g.config ? g.config : SETTINGS_CONFIG, g.config != NULL, p);
	if (s->options && g.state)
		(void)options_set(s->options, "state", g.state, p);
	for (size_t i = 0; s->options && i < g.rule_count; i++)
		(void)options_set(s->options, "rules", g.rules[i], p);
	if (s->options)
		(void)publish_conf_read(s->options, &s->kafka, p);
	if (!s->options || problems_errors(p) > 0 ||
	    settings_derive(s->options) != 0) {
		settings_clear(s);
		return COMMAND_USAGE;
	}
	copy_texts(s->rule_dirs, options_texts(s->options, "rules"));
	copy_texts(s->readers, options_texts(s->options, "spool.readers"));
	return COMMAND_OK;
}

void
settings_clear(struct settings *s)
{
	kafka_properties_clear(&s->kafka);
	options_free(s->options);
	s->options = NULL;
}

int
settings_status_path(const struct settings *s, char *path, size_t size)
{
	const char *runtime = getenv("RUNTIME_DIRECTORY");
	const char *dir =
	    runtime && *runtime ? runtime : options_text(s->options, "state");
	int len = snprintf(path, size, "%s/status.json", dir);

	return len > 0 && (size_t)len < size ? 0 : -1;
}

/* ---- sources ---- */

int
settings_sources(const struct settings *s, const struct ruleset *rules,
    struct discover *d, struct problems *p, struct err *err)
{
	const struct tree_node *list = options_node(s->options, "sources", 0);

	*d = (struct discover){0};
	if (s->logs)
		return discover_dir(d, s->logs, rules, s->rule_dirs, p, err);
	if (list)
		return sourcelist_read(d, list, rules, s->rule_dirs, p);
	return discover_host(d, rules, s->rule_dirs, p, err);
}
