/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_status: the subcommand `status`: the status file, as a page or as it is.
 */
#ifndef ASSAY_AGENT_CMD_STATUS_H
#define ASSAY_AGENT_CMD_STATUS_H

int cmd_status(int argc, char **argv);

#endif
