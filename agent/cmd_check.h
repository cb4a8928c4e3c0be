/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_check: `assay-agent check` and `test`: whether the files people wrote are
 * right. check reads everything, test the named rule files (or all) and says of
 * each rule what it proved. */
#ifndef ASSAY_CMD_CHECK_H
#define ASSAY_CMD_CHECK_H

int cmd_check(int argc, char **argv);
int cmd_check_test(int argc, char **argv);

#endif
