/* SPDX-License-Identifier: Apache-2.0 */
#include "assay/command.h"

#include "cmd_check.h"
#include "cmd_explain.h"
#include "cmd_match.h"
#include "cmd_run.h"
#include "cmd_send_again.h"
#include "cmd_status.h"

static const struct command commands[] = {
    {"run",
	"[--once [--now TIME]] [--logs DIR] [--config FILE] [--state DIR] "
	"[--rules DIR]...",
	"read logs and write sealed records; --once: what there is now; "
	"--logs: a copied /var/log",
	cmd_run},
    {"status", "[--json] [--config FILE] [--state DIR]",
	"say how the agent is, what it reads and what it does not; exit 1 "
	"when something is not read that should be",
	cmd_status},
    {"send-again", "--from SEQ [--epoch E] [--config FILE] [--state DIR]",
	"send records that the spool still has to Kafka once more: by the "
	"running agent, or at once when there is none",
	cmd_send_again},
    {"check", "[--show] [--rules DIR]... [--config FILE] [--json] [--strict]",
	"read all rule files and the configuration and say everything that "
	"is wrong with them; --show: each setting as it is in force and where "
	"it is from, and what is read",
	cmd_check},
    {"test", "[--rules DIR]... [--config FILE] [--json] [--strict] [FILE...]",
	"try the examples, near misses and ambiguous lines of rule files",
	cmd_check_test},
    {"match",
	"[--rules DIR]... [--config FILE] [--program NAME] [--json] [--why] "
	"FILE|-",
	"show what each line becomes", cmd_match},
    {"explain", "[--rules DIR]... [--config FILE] ID",
	"say what a rule, an event or a control means here", cmd_explain},
    {0},
};

int
main(int argc, char **argv)
{
	return command_main("assay-agent", commands, argc, argv);
}
