/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd_recompute.h"

#include "assay/buf.h"
#include "assay/command.h"
#include "assay/err.h"
#include "arguments.h"
#include "cmd.h"
#include "ledger/ledger.h"
#include "load.h"

static const struct argument arguments[] = {
    {"--as-of", "TIME",
	"judge at this time (default: the newest record that counts)"},
    {"--known-at", "N", "by the first N counted records only"},
    {"--slots", NULL, "one line of JSON for each slot instead"},
    {"--json", NULL, "the bytes of `report --json`; so it is anyway"},
    {0},
};

int
cmd_recompute(int argc, char **argv)
{
	struct load_question question;
	struct arguments a;
	const struct report *r;
	struct ledger *l;
	struct buf out = {0};
	struct err err = {""};
	int code = arguments_parse(
	    &a, arguments, "recompute [OPTIONS] EXPORT|-", 1, argc, argv);

	if (code >= 0)
		return code;
	if (a.operands == 0) {
		err_set(&err, "name the export to recompute, or - for standard "
			      "input");
		return cmd_fail(COMMAND_USAGE, &err);
	}
	l = load_ledger(a.operand[0], &code, &err);
	if (!l)
		return cmd_fail(code, &err);
	question.as_of = arguments_value(&a, "--as-of");
	question.known_at = arguments_value(&a, "--known-at");
	r = load_report(l, &question, &code, &err);
	if (r && arguments_has(&a, "--slots")) {
		report_slots(r, &out);
	} else if (r) {
		report_json(r, &out);
		buf_putc(&out, '\n');
	}
	ledger_free(l);
	return r ? cmd_print(&out) : cmd_fail(code, &err);
}
