/* SPDX-License-Identifier: Apache-2.0 */
/* publish_files: whether the files that a Kafka client was made with (CA, own
 * certificate, key) are still the same. librdkafka reads them once, so a
 * renewed certificate takes a new client. */
#ifndef ASSAY_AGENT_PUBLISH_FILES_H
#define ASSAY_AGENT_PUBLISH_FILES_H

#include <stdbool.h>
#include <stdint.h>

#include "assay/kafka.h"

/* What the files were like at a look: 0 when none is named. Files that are not
 * there count as such. Different content gives different numbers, as far as
 * inode, size and times tell. */
uint64_t publish_files_look(const struct kafka_properties *k);

#endif
