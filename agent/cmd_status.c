/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd_status.h"

#include <limits.h>
#include <stdio.h>

#include "assay/command.h"
#include "assay/smallfile.h"

#include "settings.h"
#include "status.h"

#define STATUS_MAX ((size_t)1 << 20)

int
cmd_status(int argc, char **argv)
{
	struct settings s;
	struct buf json = {0}, page = {0};
	struct err err = {0};
	char path[PATH_MAX];
	int status = settings_read(&s, "status", "json", argc, argv);
	int got;

	if (status != COMMAND_OK || s.help)
		return status;
	if (settings_status_path(&s, path, sizeof path) != 0) {
		settings_clear(&s);
		return COMMAND_USAGE;
	}
	got = smallfile_read(path, STATUS_MAX, &json, &err);
	status = COMMAND_UNREACHABLE;
	if (got == 0)
		fprintf(stderr,
		    "assay-agent status: there is no '%s': the agent has not "
		    "run with this state directory (name it with --state)\n",
		    path);
	else if (got < 0 ||
		 (!s.json && status_show(buf_slice(&json), &page, &err) != 0))
		fprintf(stderr, "assay-agent status: %s\n", err.text);
	else {
		const struct buf *out = s.json ? &json : &page;

		fwrite(out->ptr, 1, out->len, stdout);
		status = fflush(stdout) == 0 ? COMMAND_OK : COMMAND_NO;
	}
	buf_clear(&json);
	buf_clear(&page);
	settings_clear(&s);
	return status;
}
