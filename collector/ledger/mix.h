/* SPDX-License-Identifier: Apache-2.0 */
/* mix: one number from many, to see quickly whether something changed. Not for
 * anything an attacker gains by: equal inputs give equal results within one
 * ledger only, as names are mixed by their addresses. Pure. */
#ifndef COLLECTOR_LEDGER_MIX_H
#define COLLECTOR_LEDGER_MIX_H

#include <stdint.h>

static inline uint64_t
mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
	hash ^= hash >> 32;
	hash *= UINT64_C(0xd6e8feb86659fd93);
	return hash ^ hash >> 29;
}

static inline uint64_t
mix_pointer(uint64_t hash, const void *value)
{
	return mix(hash, (uint64_t)(uintptr_t)value);
}

#endif
