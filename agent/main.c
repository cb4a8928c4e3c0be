/* SPDX-License-Identifier: Apache-2.0 */
#include "assay/command.h"

#include "cmd_check.h"
#include "cmd_explain.h"
#include "cmd_match.h"

static const struct command commands[] = {
    {"check", "[--rules DIR]... [--json] [--strict]",
	"read all rule files and say everything that is wrong with them",
	cmd_check},
    {"test", "[--rules DIR]... [--json] [--strict] [FILE...]",
	"try the examples, near misses and ambiguous lines of rule files",
	cmd_check_test},
    {"match", "[--rules DIR]... [--program NAME] [--json] [--why] FILE|-",
	"show what each line becomes", cmd_match},
    {"explain", "[--rules DIR]... ID",
	"say what a rule, an event or a control means here", cmd_explain},
    {0},
};

int
main(int argc, char **argv)
{
	return command_main("assay-agent", commands, argc, argv);
}
