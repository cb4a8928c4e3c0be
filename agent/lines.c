/* SPDX-License-Identifier: Apache-2.0 */
#include "lines.h"

#define BLOCK 64

void
lines_begin(struct lines *l, struct slice bytes)
{
	l->bytes = bytes;
	l->at = l->looked = l->count = l->next = 0;
}

static void
look_by_bytes(struct lines *l)
{
	while (l->looked < l->bytes.len && l->count < LINES_BATCH) {
		struct slice rest = slice_from(l->bytes, l->looked);
		size_t len = slice_find(rest, '\n');

		if (len < rest.len)
			l->ends[l->count++] = l->looked + len;
		l->looked += len < rest.len ? len + 1 : len;
	}
}

/* Take the newlines of one block from its bit mask. */
static inline void
take_mask(struct lines *l, uint64_t mask)
{
	while (mask) {
		l->ends[l->count++] = l->looked + (size_t)__builtin_ctzll(mask);
		mask &= mask - 1;
	}
	l->looked += BLOCK;
}

static inline bool
has_block(const struct lines *l)
{
	return l->count < LINES_BATCH && l->bytes.len - l->looked >= BLOCK;
}

#ifdef __x86_64__
#include <immintrin.h>

static void
look_by_sse2(struct lines *l)
{
	const __m128i lf = _mm_set1_epi8('\n');

	while (has_block(l)) {
		const __m128i *p =
		    (const __m128i *)(const void *)(l->bytes.ptr + l->looked);
		uint64_t mask = 0;

		for (unsigned i = 0; i < 4; i++)
			mask |= (uint64_t)(unsigned)_mm_movemask_epi8(
				    _mm_cmpeq_epi8(_mm_loadu_si128(p + i), lf))
				<< 16 * i;
		take_mask(l, mask);
	}
	look_by_bytes(l);
}

__attribute__((target("avx2,bmi"))) static void
look_by_avx2(struct lines *l)
{
	const __m256i lf = _mm256_set1_epi8('\n');

	while (has_block(l)) {
		const __m256i *p =
		    (const __m256i *)(const void *)(l->bytes.ptr + l->looked);
		uint64_t low = (unsigned)_mm256_movemask_epi8(
		    _mm256_cmpeq_epi8(_mm256_loadu_si256(p), lf));
		uint64_t high = (unsigned)_mm256_movemask_epi8(
		    _mm256_cmpeq_epi8(_mm256_loadu_si256(p + 1), lf));

		take_mask(l, low | high << 32);
	}
	look_by_bytes(l);
}

lines_way *const lines_ways[] = {
    look_by_avx2, look_by_sse2, look_by_bytes, NULL};

bool
lines_can(size_t way)
{
	return way != 0 || (__builtin_cpu_supports("avx2") &&
			       __builtin_cpu_supports("bmi"));
}
#else
lines_way *const lines_ways[] = {look_by_bytes, NULL};

bool
lines_can(size_t way)
{
	(void)way;
	return true;
}
#endif

bool
lines_look(struct lines *l)
{
	size_t way = 0;

	l->count = l->next = 0;
	while (!lines_can(way))
		way++;
	lines_ways[way](l);
	return l->count > 0;
}
