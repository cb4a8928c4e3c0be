/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_send_again: `assay-agent send-again`: records that the spool still has
 * are sent to Kafka once more, because a hole was found at the other end. */
#ifndef ASSAY_AGENT_CMD_SEND_AGAIN_H
#define ASSAY_AGENT_CMD_SEND_AGAIN_H

/* Returns the exit code. */
int cmd_send_again(int argc, char **argv);

#endif
