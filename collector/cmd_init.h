/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_init: `assay-collector init`. */
#ifndef COLLECTOR_CMD_INIT_H
#define COLLECTOR_CMD_INIT_H

int cmd_init(int argc, char **argv);

#endif
