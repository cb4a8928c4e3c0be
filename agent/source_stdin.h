/* SPDX-License-Identifier: Apache-2.0 */
/* source_stdin: standard input as a source: one generation, named by its first
 * stamped line, that begins anew with every start. What was read before a crash
 * cannot be had again; whoever pipes says so by piping. */
#ifndef ASSAY_AGENT_SOURCE_STDIN_H
#define ASSAY_AGENT_SOURCE_STDIN_H

#include "assay/crypto.h"
#include "assay/err.h"

#include "source.h"

struct source_stdin;

extern const struct source_ops source_stdin_ops;

/* For source_open. Reads descriptor 0. */
struct source_stdin *source_stdin_new(
    const struct source_spec *spec, struct crypto *c, struct err *err);

#endif
