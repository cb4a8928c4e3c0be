/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_explain: `assay-agent explain ID`: what a rule, an event of the
 * vocabulary or a control means on this host, and for a rule how lines are
 * found that it may match. */
#ifndef ASSAY_CMD_EXPLAIN_H
#define ASSAY_CMD_EXPLAIN_H

int cmd_explain(int argc, char **argv);

#endif
