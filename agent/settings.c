/* SPDX-License-Identifier: Apache-2.0 */
#include "settings.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "assay/command.h"
#include "assay/stamp.h"

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
	"what to read: list of {file: GLOB, class: CLASS} or {stdin: true, "
	"class: CLASS}; with relay: true the hosts in the lines count "
	"(default: what is found)"},
    {"syslog.socket", OPTIONS_TEXT, 0, 0, "/dev/log",
	"where marks are written, to be read back as proof that logging works"},
    {"kafka", OPTIONS_NODE, 0, 0, NULL, "librdkafka's properties"},
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
	    {"config", " FILE", "instead of " SETTINGS_CONFIG},
	    {"state", " DIR", "instead of the configuration's"},
	    {"rules", " DIR", "a rule directory; can be given again"},
	};

	printf("usage: assay-agent %s [OPTIONS]\n", command);
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (i >= 4 || takes(flags, all[i].name))
			printf("  --%s%s\n      %s\n", all[i].name,
			    all[i].argument, all[i].help);
	printf("\nThe configuration, as it is without a file:\n");
}

static void
print_settings(void)
{
	struct problems *p = problems_new();
	struct options *o =
	    p ? options_load(settings_table, NULL, false, p) : NULL;
	struct buf out = {0};

	if (o)
		options_show(o, &out);
	fwrite(out.ptr ? out.ptr : "", 1, out.len, stdout);
	buf_clear(&out);
	options_free(o);
	problems_free(p);
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

static int
tell_problems(struct problems *p, int status)
{
	struct buf out = {0};

	problems_print(p, &out);
	fwrite(out.ptr ? out.ptr : "", 1, out.len, stderr);
	buf_clear(&out);
	return status;
}

static void
set_rule_dirs(struct settings *s)
{
	static const char *const usual[] = {
	    "/usr/share/assay/rules", "/etc/assay/rules"};
	const char *const *given = options_texts(s->options, "rules");
	size_t count = 0;

	for (; given[count] && count < 16; count++)
		s->rule_dirs[count] = given[count];
	if (count > 0)
		return;
	for (size_t i = 0; i < 2; i++)
		if (access(usual[i], F_OK) == 0)
			s->rule_dirs[count++] = usual[i];
}

static void
set_readers(struct settings *s)
{
	const char *const *given = options_texts(s->options, "spool.readers");
	size_t count = 0;

	for (; given[count] && count < 16; count++)
		s->readers[count] = given[count];
	if (count == 0)
		s->readers[0] =
		    options_given(s->options, "kafka") ? "kafka" : "collector";
}

int
settings_read(struct settings *s, const char *command, const char *flags,
    int argc, char **argv)
{
	struct given g = {0};
	struct problems *p = problems_new();
	int status;

	*s = (struct settings){0};
	if (!p)
		return COMMAND_NO;
	status = read_arguments(s, &g, command, flags, argc, argv);
	if (status != 0 || s->help)
		goto out;
	s->options = options_load(settings_table,
	    g.config ? g.config : SETTINGS_CONFIG, g.config != NULL, p);
	if (s->options && g.state)
		(void)options_set(s->options, "state", g.state, p);
	for (size_t i = 0; s->options && i < g.rule_count; i++)
		(void)options_set(s->options, "rules", g.rules[i], p);
	status = tell_problems(p, 0);
	if (!s->options || problems_errors(p) > 0) {
		settings_clear(s);
		status = COMMAND_USAGE;
		goto out;
	}
	set_rule_dirs(s);
	set_readers(s);
out:
	problems_free(p);
	return status;
}

void
settings_clear(struct settings *s)
{
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

static const char *const source_keys[] = {
    "file", "stdin", "journal", "class", "relay", "id", NULL};

struct class_list {
	struct source_spec *spec;
	struct problems *problems;
};

static int
each_class(void *arg, const struct tree_node *n, struct slice text)
{
	struct class_list *list = arg;

	for (int i = 0; i < RULE_CLASSES; i++)
		if (slice_eq_str(text, rule_class_name((enum rule_class)i))) {
			source_spec_add_class(list->spec, (enum rule_class)i);
			return 0;
		}
	return tree_problem(list->problems, n,
	    "there is no class '%.*s'; the classes are auth, syslog, audit, "
	    "backup, package, app",
	    SLICE_FMT(text));
}

/* The rule file that names this glob, or a file of it, as its own. */
static const struct rule_file *
find_owner(const struct ruleset *rules, const char *glob)
{
	const struct rule_file *f;

	for (size_t i = 0; (f = ruleset_rule_file(rules, i)); i++)
		for (rule_texts own = f->files; own && *own; own++)
			if (!strcmp(*own, glob) || fnmatch(*own, glob, 0) == 0)
				return f;
	return NULL;
}

static struct source_spec *
make_file(
    const struct ruleset *rules, const struct tree_node *n, struct slice text)
{
	char *glob = slice_strdup(text);
	char *stem = glob ? strndup(glob, strcspn(glob, "*?[")) : NULL;
	const struct tree_node *id = tree_get(n, "id");
	char *name = id ? slice_strdup(tree_text(id)) : NULL;
	struct source_spec *spec = NULL;

	if (stem)
		spec = source_spec_new(name ? name : stem, stem);
	if (spec && source_spec_add_pattern(spec, glob) != 0) {
		source_spec_free(spec);
		spec = NULL;
	}
	if (spec) {
		spec->own = find_owner(rules, glob);
		spec->syslog = !spec->own;
		spec->live = true;
	}
	free(name);
	free(stem);
	free(glob);
	return spec;
}

static struct source_spec *
make_journal(struct slice text)
{
	struct source_spec *spec = source_spec_new("journal", NULL);

	if (!spec)
		return NULL;
	spec->journal = slice_strdup(text);
	spec->syslog = spec->live = true;
	for (int i = 0; i < RULE_AGENT; i++)
		if (i != RULE_AUDIT)
			source_spec_add_class(spec, (enum rule_class)i);
	if (spec->journal)
		return spec;
	source_spec_free(spec);
	return NULL;
}

/* Finish a spec with the keys that all sources have. */
static int
set_common(
    struct source_spec *spec, const struct tree_node *n, struct problems *p)
{
	const struct tree_node *class = tree_get(n, "class");
	const struct tree_node *relay = tree_get(n, "relay");
	struct class_list list = {spec, p};

	spec->chosen = "the configuration names it";
	if (relay && tree_bool(p, relay, &spec->relay) != 0)
		return -1;
	if (class)
		return tree_strings(p, class, each_class, &list);
	if (spec->journal)
		return 0;
	if (!spec->own)
		return tree_problem(p, n,
		    "this source needs a class; add `class: auth` (or syslog, "
		    "audit, backup, package, app)");
	source_spec_add_class(spec, spec->own->class);
	return 0;
}

static int
add_source(struct discover *d, const struct ruleset *rules,
    const struct tree_node *n, struct problems *p)
{
	const struct tree_node *file = tree_get(n, "file");
	const struct tree_node *input = tree_get(n, "stdin");
	const struct tree_node *journal = tree_get(n, "journal");
	struct source_spec *spec = NULL;
	struct slice text;

	if (tree_map(p, n, "a source") != 0 ||
	    tree_keys(p, n, source_keys) != 0)
		return -1;
	if (!!file + !!input + !!journal != 1)
		return tree_problem(p, n,
		    "a source is one of `file: GLOB`, `journal: default` (or "
		    "a directory) and `stdin: true`");
	if ((file && tree_string(p, file, &text) != 0) ||
	    (journal && tree_string(p, journal, &text) != 0))
		return -1;
	spec = file	 ? make_file(rules, n, text)
	       : journal ? make_journal(text)
			 : source_spec_new("stdin", NULL);
	if (!spec)
		return tree_problem(p, n, "no memory for this source");
	if (set_common(spec, n, p) != 0) {
		source_spec_free(spec);
		return -1;
	}
	return discover_add(d, spec);
}

int
settings_sources(const struct settings *s, const struct ruleset *rules,
    struct discover *d, struct problems *p, struct err *err)
{
	const struct tree_node *list = options_node(s->options, "sources", 0);

	*d = (struct discover){0};
	if (s->logs)
		return discover_dir(d, s->logs, rules, s->rule_dirs, p, err);
	if (!list)
		return discover_host(d, rules, s->rule_dirs, p, err);
	if (tree_list(p, list, "sources") != 0)
		return -1;
	for (size_t i = 0; i < tree_count(list); i++)
		(void)add_source(d, rules, tree_item(list, i), p);
	if (problems_errors(p) == 0)
		return 0;
	discover_clear(d);
	return -1;
}
