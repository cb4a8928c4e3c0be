/* SPDX-License-Identifier: Apache-2.0 */
/* ack: how far a reader of a spool has it safe on its own side: the file
 * `ack/<name>` in the spool directory, one line `<epoch 32 hex> <sequence 20
 * digits>`, replaced in place by a rename. It means: this record and all that
 * come before it in the order of the spool. The reader writes it, the spool
 * reads it; a torn or foreign file is no ack. */
#ifndef ASSAY_ACK_H
#define ASSAY_ACK_H

#include <stdint.h>

#include "assay/err.h"

struct ack {
	uint8_t epoch[16];
	uint64_t sequence;
};

/* Write ack/<name> below the spool directory. name is a reader's, as in
 * `spool.readers`: letters, digits, '-', '_'. On failure the one before
 * stands. Not fsynced: an older ack only keeps segments longer. */
int ack_write(const char *spool, const char *name, const struct ack *ack,
    struct err *err);

/* Read it: 1 and *ack, 0 when there is none (yet), -1 and why when there is a
 * file that is not an ack. */
int ack_read(
    const char *spool, const char *name, struct ack *ack, struct err *err);

#endif
