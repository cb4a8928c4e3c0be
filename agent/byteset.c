/* SPDX-License-Identifier: Apache-2.0 */
#include "byteset.h"

#include <string.h>

#define NARROW_MAX 70

void
byteset_add(struct byteset *s, unsigned char c)
{
	s->bits[c / 8] |= (uint8_t)(1u << c % 8);
}

bool
byteset_has(const struct byteset *s, unsigned char c)
{
	return s->bits[c / 8] >> c % 8 & 1;
}

unsigned
byteset_size(const struct byteset *s)
{
	unsigned n = 0;

	for (size_t i = 0; i < BYTESET_BYTES; i++)
		n += (unsigned)__builtin_popcount(s->bits[i]);
	return n;
}

void
byteset_invert(struct byteset *s)
{
	for (size_t i = 0; i < BYTESET_BYTES; i++)
		s->bits[i] = (uint8_t)~s->bits[i];
}

void
byteset_join(struct byteset *s, const struct byteset *other)
{
	for (size_t i = 0; i < BYTESET_BYTES; i++)
		s->bits[i] |= other->bits[i];
}

bool
byteset_add_class(struct byteset *s, char c)
{
	struct byteset class = {0};

	for (unsigned b = 0; b < 128; b++) {
		bool digit = b >= '0' && b <= '9';
		bool letter = (b | 32) >= 'a' && (b | 32) <= 'z';
		bool blank = b == ' ' || (b >= '\t' && b <= '\r');

		if (((c | 32) == 'd' && digit) ||
		    ((c | 32) == 'w' && (digit || letter || b == '_')) ||
		    ((c | 32) == 's' && blank))
			byteset_add(&class, (unsigned char)b);
	}
	if (!c || !strchr("dwsDWS", c))
		return false;
	if (c < 'a')
		byteset_invert(&class);
	byteset_join(s, &class);
	return true;
}

bool
byteset_is_narrow(const struct byteset *s)
{
	if (byteset_size(s) > NARROW_MAX)
		return false;
	for (unsigned b = 0; b < 256; b++)
		if ((b <= ' ' || b >= 0x7f) && byteset_has(s, (unsigned char)b))
			return false;
	return true;
}
