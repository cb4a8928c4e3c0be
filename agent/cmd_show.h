/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_show: `check --show`: each setting as it is in force, with the file and
 * line or the option it is from, and what the agent would read. */
#ifndef ASSAY_CMD_SHOW_H
#define ASSAY_CMD_SHOW_H

#include "assay/buf.h"
#include "assay/problems.h"

#include "cmd_options.h"

/* Append the page, or with --json one object; what is wrong goes to stderr. The
 * exit code. */
int cmd_show(struct cmd_options *o, struct problems *p, struct buf *out);

#endif
