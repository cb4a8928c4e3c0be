/* SPDX-License-Identifier: Apache-2.0 */
/* recompute: the verdicts once more, from the evidence alone. */
#ifndef COLLECTOR_CMD_RECOMPUTE_H
#define COLLECTOR_CMD_RECOMPUTE_H

/* A subcommand (command.h): prints what `report --json` prints, for a store or
 * an export. */
int cmd_recompute(int argc, char **argv);

#endif
