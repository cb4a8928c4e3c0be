/* SPDX-License-Identifier: Apache-2.0 */
/* fault: for a test that is linked with it instead of preloading it: arm it as
 * the environment would (see fault.c), disarm it again. Texts are borrowed
 * while it is armed. */
#ifndef ASSAY_FAULT_H
#define ASSAY_FAULT_H

void fault_arm(const char *path, const char *calls, long at, const char *action,
    int sticky);

/* No more faults; returns how many calls counted. */
long fault_disarm(void);

/* Neither count nor fail what the test itself does in between. */
void fault_pause(int paused);

/* The name of each call that counts goes to log as it is made, 16 bytes each
 * (a name is padded with zeros); size is how many fit. NULL: no more. */
void fault_record(char (*log)[16], long size);

#endif
