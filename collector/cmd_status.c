/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "assay/command.h"
#include "status.h"

static const struct argument arguments[] = {
    ARGUMENTS_COMMON,
    {"--json", NULL, "the daemon's own file, as it is"},
    {0},
};

static int
show(const struct arguments *a, const char *state)
{
	struct buf json = {0}, text = {0};
	struct err err = {0};
	int64_t now_us = 0;
	int got = status_read(state, &json, &err);

	if (got == 0)
		err_set(&err,
		    "there is no status in '%s': the collector has not run "
		    "there yet; `assay-collector run` starts it",
		    state);
	if (got != 1) {
		buf_clear(&json);
		return cmd_fail(
		    got ? COMMAND_PERMISSION : COMMAND_UNREACHABLE, &err);
	}
	if (arguments_has(a, "--json"))
		return cmd_print(&json);
	cmd_time("now", &now_us);
	if (!status_text(buf_slice(&json), now_us, &text)) {
		err_set(&err, "the status file in '%s' is damaged", state);
		buf_clear(&json);
		buf_clear(&text);
		return cmd_fail(COMMAND_INTEGRITY, &err);
	}
	buf_clear(&json);
	return cmd_print(&text);
}

int
cmd_status(int argc, char **argv)
{
	struct settings settings;
	struct arguments a;
	int code = cmd_settings(
	    &settings, &a, arguments, "status [--json]", 0, argc, argv);

	if (code >= 0)
		return code;
	code = show(&a, settings.state);
	settings_clear(&settings);
	return code;
}
