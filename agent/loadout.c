/* SPDX-License-Identifier: Apache-2.0 */
#include "loadout.h"

#include "assay/command.h"

static int
read_rules(struct loadout *l, struct err *err)
{
	struct ruleset_options o = {.dirs = l->settings.rule_dirs};

	if (!l->settings.rule_dirs[0]) {
		err_set(err, "there are no rules: neither "
			     "/usr/share/assay/rules nor /etc/assay/rules; "
			     "name some with --rules");
		return -1;
	}
	l->rules = ruleset_load(&o, l->problems, err);
	return l->rules ? 0 : -1;
}

int
loadout_read(struct loadout *l, int argc, char **argv, struct err *err)
{
	int status;

	*l = (struct loadout){.problems = problems_new()};
	err->text[0] = '\0';
	if (!l->problems) {
		err_set(err, "memory is short");
		return COMMAND_NO;
	}
	status = settings_read(
	    &l->settings, "run", "once logs now", argc, argv, l->problems);
	if (status != COMMAND_OK || l->settings.help)
		return status;
	if (l->settings.simulated && !l->settings.once) {
		err_set(err, "--now goes with --once only");
		return COMMAND_USAGE;
	}
	if (read_rules(l, err) != 0 || settings_sources(&l->settings, l->rules,
					   &l->found, l->problems, err) != 0)
		return COMMAND_USAGE;
	return problems_errors(l->problems) > 0 ? COMMAND_USAGE : COMMAND_OK;
}

void
loadout_clear(struct loadout *l)
{
	discover_clear(&l->found);
	ruleset_free(l->rules);
	problems_free(l->problems);
	settings_clear(&l->settings);
	*l = (struct loadout){0};
}

int
loadout_look(const struct loadout *l, struct discover *d, struct err *err)
{
	struct problems *p = problems_new();
	struct buf text = {0};
	int status;

	*d = (struct discover){0};
	if (!p)
		return err_set(err, "memory is short");
	status = settings_sources(&l->settings, l->rules, d, p, err);
	if (problems_errors(p) > 0) {
		problems_list(p, &text);
		err_set(err, "%.*s", (int)slice_find(buf_slice(&text), '\n'),
		    text.ptr ? text.ptr : "");
		status = -1;
	}
	buf_clear(&text);
	problems_free(p);
	if (status != 0)
		discover_clear(d);
	return status;
}
