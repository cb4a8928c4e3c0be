/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_check: `assay-collector check`. */
#ifndef COLLECTOR_CMD_CHECK_H
#define COLLECTOR_CMD_CHECK_H

int cmd_check(int argc, char **argv);

#endif
