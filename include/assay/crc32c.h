/* SPDX-License-Identifier: Apache-2.0 */
/* crc32c: the Castagnoli CRC (RFC 3720 B.4), as SSE4.2 computes it. Finds
 * damage, proves nothing: whoever can write can also compute it. Pure. */
#ifndef ASSAY_CRC32C_H
#define ASSAY_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* CRC of len bytes that follow others whose CRC is crc (0: none before). */
uint32_t crc32c(uint32_t crc, const void *bytes, size_t len);

/* The same from the table alone, whatever the processor can do. */
uint32_t crc32c_table(uint32_t crc, const void *bytes, size_t len);

#endif
