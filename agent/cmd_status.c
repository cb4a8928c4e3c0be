/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd_status.h"

#include <limits.h>
#include <stdio.h>

#include "assay/clock.h"
#include "assay/command.h"
#include "assay/smallfile.h"

#include "settings.h"
#include "status.h"

#define STATUS_MAX ((size_t)1 << 20)

/* The file at path as it is wanted; the exit code. */
static int
show(const char *path, bool json, int64_t now_us)
{
	struct buf text = {0}, page = {0};
	struct err err = {0};
	int status = COMMAND_UNREACHABLE;
	int got = smallfile_read(path, STATUS_MAX, &text, &err);
	int answer = -1;

	if (got == 0)
		fprintf(stderr,
		    "assay-agent status: there is no '%s': the agent has not "
		    "run with this state directory (name it with --state)\n",
		    path);
	else if (got > 0)
		answer =
		    json ? status_judge(buf_slice(&text), now_us, &err)
			 : status_show(buf_slice(&text), now_us, &page, &err);
	if (answer >= 0) {
		const struct buf *out = json ? &text : &page;

		fwrite(out->ptr, 1, out->len, stdout);
		status =
		    answer > 0 || fflush(stdout) != 0 ? COMMAND_NO : COMMAND_OK;
	} else if (got != 0) {
		fprintf(stderr, "assay-agent status: %s\n", err.text);
	}
	buf_clear(&text);
	buf_clear(&page);
	return status;
}

static int
tell(struct problems *p, int status)
{
	struct buf out = {0};

	problems_print(p, &out);
	fwrite(out.ptr ? out.ptr : "", 1, out.len, stderr);
	buf_clear(&out);
	return status;
}

int
cmd_status(int argc, char **argv)
{
	struct problems *p = problems_new();
	struct clock *clock = clock_new();
	struct settings s = {0};
	char path[PATH_MAX];
	int status = COMMAND_NO;

	if (p && clock)
		status =
		    tell(p, settings_read(&s, "status", "json", argc, argv, p));
	if (status == COMMAND_OK && !s.help)
		status = settings_status_path(&s, path, sizeof path) == 0
			     ? show(path, s.json, clock_now_us(clock))
			     : COMMAND_USAGE;
	settings_clear(&s);
	clock_free(clock);
	problems_free(p);
	return status;
}
