/* SPDX-License-Identifier: Apache-2.0 */
#include "assay/command.h"
#include "cmd.h"
#include "cmd_check.h"
#include "cmd_init.h"
#include "cmd_recompute.h"

static const struct command commands[] = {
    {"run", "[--once]", "collect evidence; --once reads what there is",
	cmd_run},
    {"report", "[--all] [--json]", "rate the controls", cmd_report},
    {"timeline", "--control ID", "what happened to one control, and when",
	cmd_timeline},
    {"coverage", "[--json]", "which time was read without a gap", cmd_coverage},
    {"export", "[--from N] [--to N]", "the records' own bytes, one a line",
	cmd_export},
    {"verify", "[PATH]",
	"check chain and seals of a store, an export or a spool", cmd_verify},
    {"status", "[--json]", "how the daemon is", cmd_status},
    {"init", "[--from-observed [FILE]] [--isms DIR]",
	"write a first version of what the organisation declares, with "
	"comments",
	cmd_init},
    {"check", "[--rules DIR] [--isms DIR] [--strict]",
	"say what is wrong with the configuration, the checks and what the "
	"organisation declares",
	cmd_check},
    {"recompute", "[--as-of TIME] [--known-at N] [--slots] [STORE|EXPORT|-]",
	"every verdict once more, from the evidence alone", cmd_recompute},
    {0},
};

int
main(int argc, char **argv)
{
	return command_main("assay-collector", commands, argc, argv);
}
