/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_run: the subcommand `run`: the agent itself. With --once it reads what
 * there is, commits, seals and stops. With --now STAMP (and --once) it takes
 * STAMP for the time: a clock that is played. What it makes then says that it
 * is simulated, and files that were read to their end count as watched up to
 * that time, quiet stretches too, as if the agent had been there: a history can
 * be run day by day with one call a day against one state while the files grow.
 */
#ifndef ASSAY_AGENT_CMD_RUN_H
#define ASSAY_AGENT_CMD_RUN_H

int cmd_run(int argc, char **argv);

#endif
