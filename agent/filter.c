/* SPDX-License-Identifier: Apache-2.0 */
#include "filter.h"

#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

void
filter_init(struct filter *f, const struct rule_pattern *pattern,
    const struct pattern_facts *facts, struct slice literal)
{
	size_t n = facts->prefix.len;

	*f = (struct filter){.pattern = pattern,
	    .prefix = facts->prefix,
	    .literal = literal,
	    .min_len = facts->min_len};
	if (n > FILTER_HEAD)
		n = FILTER_HEAD;
	if (n)
		memcpy(f->head, facts->prefix.ptr, n);
	memset(f->mask, 0xff, n);
}

static bool
holds(struct slice text, struct slice part)
{
	return memmem(text.ptr, text.len, part.ptr, part.len) != NULL;
}

/* Whether messages that both match are thinkable, and hold the literal. */
static bool
shares(const struct pattern_facts *other, const struct pattern_facts *facts,
    struct slice literal)
{
	size_t n = facts->prefix.len < other->prefix.len ? facts->prefix.len
							 : other->prefix.len;

	if (memcmp(facts->prefix.ptr, other->prefix.ptr, n) != 0)
		return false;
	if (holds(other->prefix, literal))
		return true;
	for (size_t i = 0; i < other->literal_count; i++)
		if (holds(other->literals[i], literal))
			return true;
	return false;
}

struct slice
filter_choose(const struct pattern_facts *facts,
    const struct pattern_facts *const *others, size_t count)
{
	struct slice best = {0};
	size_t fewest = SIZE_MAX;

	for (size_t i = 0; i < facts->literal_count; i++) {
		struct slice literal = facts->literals[i];
		size_t sharing = 0;

		for (size_t k = 0; k < count; k++)
			sharing += shares(others[k], facts, literal);
		if (sharing < fewest ||
		    (sharing == fewest && literal.len > best.len)) {
			fewest = sharing;
			best = literal;
		}
	}
	return best;
}

static bool
begins(const struct filter *f, struct slice message)
{
#ifdef __SSE2__
	if (message.len >= FILTER_HEAD) {
		const __m128i *p = (const __m128i *)(const void *)message.ptr;
		const __m128i *mask = (const __m128i *)(const void *)f->mask;
		const __m128i *head = (const __m128i *)(const void *)f->head;
		__m128i same = _mm_cmpeq_epi8(
		    _mm_and_si128(_mm_loadu_si128(p), _mm_loadu_si128(mask)),
		    _mm_loadu_si128(head));

		if (_mm_movemask_epi8(same) != 0xffff)
			return false;
		if (f->prefix.len <= FILTER_HEAD)
			return true;
	}
#endif
	return slice_starts(message, f->prefix);
}

#ifdef __SSE2__
/* Sixteen places at a time where the first and the last byte of the literal
 * stand right; the rest is compared there. */
static bool
finds(struct slice text, struct slice literal)
{
	const size_t last = literal.len - 1;
	const __m128i first_byte = _mm_set1_epi8(literal.ptr[0]);
	const __m128i last_byte = _mm_set1_epi8(literal.ptr[last]);
	size_t places = text.len - last, at = 0;

	if (places < 16)
		return holds(text, literal);
	for (;;) {
		const char *p = text.ptr + at;
		__m128i a = _mm_loadu_si128((const __m128i *)(const void *)p);
		__m128i b =
		    _mm_loadu_si128((const __m128i *)(const void *)(p + last));
		unsigned hits = (unsigned)_mm_movemask_epi8(
		    _mm_and_si128(_mm_cmpeq_epi8(a, first_byte),
			_mm_cmpeq_epi8(b, last_byte)));

		for (; hits; hits &= hits - 1)
			if (!memcmp(p + __builtin_ctz(hits), literal.ptr, last))
				return true;
		if (at + 16 == places)
			return false;
		/* The last look overlaps the one before. */
		at = at + 32 <= places ? at + 16 : places - 16;
	}
}
#else
static bool
finds(struct slice text, struct slice literal)
{
	return holds(text, literal);
}
#endif

bool
filter_passes(const struct filter *f, struct slice message)
{
	if (message.len < f->min_len || !begins(f, message))
		return false;
	if (f->literal.len == 0)
		return true;
	message = slice_from(message, f->prefix.len);
	return message.len >= f->literal.len && finds(message, f->literal);
}
