/* SPDX-License-Identifier: Apache-2.0 */
#include "assay/command.h"

static const struct command commands[] = {
    {0},
};

int
main(int argc, char **argv)
{
	return command_main("assay-agent", commands, argc, argv);
}
