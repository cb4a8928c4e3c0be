/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd_recompute.h"

#include <stdlib.h>

#include "assay/buf.h"
#include "assay/command.h"
#include "assay/err.h"
#include "arguments.h"
#include "cmd.h"
#include "ledger/ledger.h"
#include "load.h"

static const struct argument arguments[] = {
    ARGUMENTS_COMMON,
    {"--as-of", "TIME",
	"judge at this time (default: the newest record that counts)"},
    {"--known-at", "N", "by the first N counted records only"},
    {"--slots", NULL, "one line of JSON for each slot instead"},
    {"--json", NULL, "the bytes of `report --json`; so it is anyway"},
    {0},
};

static int
recompute(const struct arguments *a, const char *path)
{
	const struct cmd_question question = {
	    .as_of = arguments_value(a, "--as-of"),
	    .known_at = arguments_value(a, "--known-at"),
	};
	const struct report *r;
	struct buf out = {0};
	struct err err = {""};
	int code;
	struct ledger *l = load_ledger(path, &code, &err);

	if (!l)
		return cmd_fail(code, &err);
	r = cmd_ask(l, &question, &code, &err);
	if (r && arguments_has(a, "--slots")) {
		report_slots(r, &out);
	} else if (r) {
		report_json(r, &out);
		buf_putc(&out, '\n');
	}
	ledger_free(l);
	return r ? cmd_print(&out) : cmd_fail(code, &err);
}

int
cmd_recompute(int argc, char **argv)
{
	struct settings settings;
	struct arguments a;
	char *path = NULL;
	int code = cmd_settings(&settings, &a, arguments,
	    "recompute [--as-of TIME] [--known-at N] [--slots] "
	    "[STORE|EXPORT|-]",
	    1, argc, argv);

	if (code >= 0)
		return code;
	if (a.operands == 0)
		path = settings_store(&settings);
	if (a.operands || path)
		code = recompute(&a, path ? path : a.operand[0]);
	else
		code = COMMAND_UNREACHABLE;
	free(path);
	settings_clear(&settings);
	return code;
}
