/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd_options.h"

#include <stdio.h>
#include <string.h>

#include "assay/command.h"
#include "assay/printable.h"

#include "publish_conf.h"
#include "settings.h"

static const char *const names[] = {
    "rules", "config", "program", "json", "strict", "why", "show", NULL};

static int
usage_error(const struct cmd_options *o, const char *what, const char *which)
{
	struct buf shown = {0};

	printable_put(&shown, slice_of(which));
	buf_putc(&shown, '\0');
	fprintf(stderr, "assay-agent %s: %s '%s'\n", o->command, what,
	    shown.failed ? "?" : shown.ptr);
	buf_clear(&shown);
	return -1;
}

/* Whether word stands in a list of words separated by blanks. */
static bool
is_listed(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (; *list; list += strcspn(list, " "), list += *list == ' ')
		if (strcspn(list, " ") == len && strncmp(list, word, len) == 0)
			return true;
	return false;
}

static int
unknown_option(const struct cmd_options *o, const char *known, const char *arg)
{
	const char *mine[8] = {0};
	const char *nearest;
	size_t n = 0;

	for (const char *const *name = names; *name; name++)
		if (is_listed(known, *name))
			mine[n++] = *name;
	nearest = command_nearest(arg + 2, mine);
	usage_error(o, "unknown option", arg);
	if (nearest)
		fprintf(stderr, "Did you mean --%s?\n", nearest);
	return -1;
}

static int
add_dir(struct cmd_options *o, const char *dir)
{
	if (o->dir_count == CMD_OPTIONS_DIRS_MAX)
		return usage_error(o, "too many --rules, at", dir);
	o->dirs[o->dir_count++] = dir;
	return 0;
}

static int
take_value(struct cmd_options *o, const char *name, const char *value)
{
	if (!strcmp(name, "rules"))
		return add_dir(o, value);
	if (!strcmp(name, "config"))
		o->config = value;
	else
		o->program = value;
	return 0;
}

static void
take_flag(struct cmd_options *o, const char *name)
{
	o->json |= !strcmp(name, "json");
	o->strict |= !strcmp(name, "strict");
	o->why |= !strcmp(name, "why");
	o->show |= !strcmp(name, "show");
}

/* One option at argv[*i]; moves *i past its value. */
static int
take_option(
    struct cmd_options *o, const char *known, int argc, char **argv, int *i)
{
	const char *arg = argv[*i], *value = strchr(arg, '=');
	char name[16] = "";
	size_t len = value ? (size_t)(value - arg) - 2 : strlen(arg + 2);
	bool valued;

	if (len < sizeof name)
		memcpy(name, arg + 2, len);
	if (!*name || !is_listed(known, name))
		return unknown_option(o, known, arg);
	valued = is_listed("rules config program", name);
	if (!valued) {
		if (value)
			return usage_error(o, "no value belongs to", arg);
		take_flag(o, name);
		return 0;
	}
	if (!value && *i + 1 >= argc)
		return usage_error(o, "a value is missing after", arg);
	return take_value(o, name, value ? value + 1 : argv[++*i]);
}

int
cmd_options_parse(
    struct cmd_options *o, const char *known, int argc, char **argv)
{
	bool only_arguments = false;

	*o = (struct cmd_options){.command = argv[0], .arguments = argv + 1};
	for (int i = 1; i < argc; i++) {
		if (!only_arguments && !strcmp(argv[i], "--"))
			only_arguments = true;
		else if (only_arguments || strncmp(argv[i], "--", 2) != 0)
			o->arguments[o->argument_count++] = argv[i];
		else if (take_option(o, known, argc, argv, &i))
			return -1;
	}
	return 0;
}

static int
check_kafka(const struct options *o, struct problems *p)
{
	struct kafka_properties k;
	int status = publish_conf_read(o, &k, p);

	kafka_properties_clear(&k);
	return status;
}

int
cmd_options_dirs(struct cmd_options *o, struct problems *p)
{
	const char *path = o->config ? o->config : SETTINGS_CONFIG;
	size_t given = o->dir_count;
	const char *const *dir;

	o->options = options_load(settings_table, path, o->config != NULL, p);
	if (!o->options)
		return -1;
	for (size_t i = 0; i < given; i++)
		if (options_set(o->options, "rules", o->dirs[i], p) != 0)
			return -1;
	if (check_kafka(o->options, p) != 0 || settings_derive(o->options) != 0)
		return -1;
	for (dir = options_texts(o->options, "rules"); !given && *dir; dir++)
		if (add_dir(o, *dir))
			return -1;
	if (o->dir_count)
		return 0;
	fprintf(stderr,
	    "assay-agent %s: there are no rules in /usr/share/assay/rules or "
	    "/etc/assay/rules; --rules DIR names a directory\n",
	    o->command);
	return -1;
}

int
cmd_options_need_dirs(struct cmd_options *o, struct problems *p)
{
	struct buf out = {0};
	int result = cmd_options_dirs(o, p);

	problems_print(p, &out);
	if (out.len)
		fwrite(out.ptr, 1, out.len, stderr);
	buf_clear(&out);
	return result;
}

void
cmd_options_clear(struct cmd_options *o)
{
	options_free(o->options);
	o->options = NULL;
}

bool
cmd_options_flush(const struct cmd_options *o, struct buf *out)
{
	struct slice text = buf_slice(out);
	bool good = !out->failed;

	if (!good)
		fprintf(stderr, "assay-agent %s: out of memory\n", o->command);
	else if (out->len &&
		 (fwrite(text.ptr, 1, text.len, stdout) != text.len ||
		     fflush(stdout))) {
		perror("assay-agent: write to standard output");
		good = false;
	}
	buf_reset(out);
	return good;
}

struct ruleset *
cmd_options_load(const struct cmd_options *o, const char *const *files,
    struct problems *p, int *status)
{
	struct ruleset_options options = {
	    .dirs = o->dirs, .files = files, .keep_trees = true};
	struct ruleset *s;
	struct err err;

	s = ruleset_load(&options, p, &err);
	if (s) {
		*status = COMMAND_OK;
		return s;
	}
	*status = COMMAND_NO;
	if (err.text[0]) {
		fprintf(stderr, "assay-agent %s: %s\n", o->command, err.text);
		*status = COMMAND_USAGE;
	}
	return NULL;
}

int
cmd_options_sources(const struct cmd_options *o, const struct ruleset *s,
    struct discover *d, struct problems *p)
{
	struct settings settings = {.options = o->options};
	struct err err = {0};

	*d = (struct discover){0};
	memcpy(settings.rule_dirs, o->dirs, sizeof o->dirs);
	if (settings_sources(&settings, s, d, p, &err) == 0)
		return 0;
	if (err.text[0])
		fprintf(stderr, "assay-agent %s: %s\n", o->command, err.text);
	return -1;
}
