/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_match: `assay-agent match`: what each line of a file becomes. With --json
 * one object per input line, in order:
 * {"line":1,"program":"sshd","events":[{"rule":..,"event":..,"outcome":..,
 * "ambiguous":false,"fields":{..}}]}; program is null where a line names none.
 * --why adds "kind" (event, ignored, unknown, no program), "limit_hits", and
 * "phase" to the events of a run. */
#ifndef ASSAY_CMD_MATCH_H
#define ASSAY_CMD_MATCH_H

int cmd_match(int argc, char **argv);

#endif
