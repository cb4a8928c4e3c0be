/* SPDX-License-Identifier: Apache-2.0 */
#include "assay/encode.h"

#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

static const char hex_digits[] = "0123456789abcdef";
static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

#ifdef __SSE2__
/* 32 digits of 16 bytes. */
static inline void
hex_of_16(char *text, const uint8_t *bytes)
{
	const __m128i low = _mm_set1_epi8(15);
	const __m128i v = _mm_loadu_si128((const __m128i *)(const void *)bytes);
	__m128i a = _mm_and_si128(_mm_srli_epi16(v, 4), low);
	__m128i b = _mm_and_si128(v, low);
	__m128i first = _mm_unpacklo_epi8(a, b);
	__m128i second = _mm_unpackhi_epi8(a, b);
	const __m128i nine = _mm_set1_epi8(9);
	const __m128i zero = _mm_set1_epi8('0');
	const __m128i more = _mm_set1_epi8('a' - '9' - 1);

	first = _mm_add_epi8(_mm_add_epi8(first, zero),
	    _mm_and_si128(_mm_cmpgt_epi8(first, nine), more));
	second = _mm_add_epi8(_mm_add_epi8(second, zero),
	    _mm_and_si128(_mm_cmpgt_epi8(second, nine), more));
	_mm_storeu_si128((__m128i *)(void *)text, first);
	_mm_storeu_si128((__m128i *)(void *)(text + 16), second);
}
#endif

void
encode_hex(char *text, const uint8_t *bytes, size_t len)
{
#ifdef __SSE2__
	for (; len >= 16; len -= 16, bytes += 16, text += 32)
		hex_of_16(text, bytes);
#endif
	for (size_t i = 0; i < len; i++) {
		*text++ = hex_digits[bytes[i] >> 4];
		*text++ = hex_digits[bytes[i] & 15];
	}
	*text = '\0';
}

static int
digit_value(const char *digits, size_t count, char c)
{
	const char *hit = memchr(digits, c, count);

	return hit ? (int)(hit - digits) : -1;
}

bool
encode_unhex(struct slice text, uint8_t *bytes, size_t len)
{
	if (text.len != 2 * len)
		return false;
	for (size_t i = 0; i < len; i++) {
		int high = digit_value(hex_digits, 16, text.ptr[2 * i]);
		int low = digit_value(hex_digits, 16, text.ptr[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

void
encode_base64(struct buf *out, struct slice bytes)
{
	for (size_t i = 0; i < bytes.len; i += 3) {
		size_t have = bytes.len - i < 3 ? bytes.len - i : 3;
		uint32_t group = (uint32_t)(uint8_t)bytes.ptr[i] << 16;
		char text[4];

		if (have > 1)
			group |= (uint32_t)(uint8_t)bytes.ptr[i + 1] << 8;
		if (have > 2)
			group |= (uint8_t)bytes.ptr[i + 2];
		for (size_t k = 0; k < 4; k++)
			text[k] =
			    k <= have
				? base64_digits[group >> (18 - 6 * k) & 63]
				: '=';
		buf_put(out, (struct slice){text, 4});
	}
}

bool
encode_unbase64(struct buf *out, struct slice text)
{
	if (text.len % 4)
		return false;
	for (size_t i = 0; i < text.len; i += 4) {
		uint32_t group = 0;
		size_t pad = 0;

		for (size_t k = 0; k < 4; k++) {
			char c = text.ptr[i + k];
			int v = digit_value(base64_digits, 64, c);

			if (c == '=' && i + 4 == text.len && k >= 2)
				pad++;
			else if (v < 0 || pad)
				return false;
			group = group << 6 | (uint32_t)(v < 0 ? 0 : v);
		}
		/* Bits that no byte holds must be zero: one text per value. */
		if (group & (pad == 2 ? 0xffffU : pad == 1 ? 0xffU : 0))
			return false;
		for (size_t k = 0; k < 3 - pad; k++)
			buf_putc(out, (char)(group >> (16 - 8 * k) & 255));
	}
	return !out->failed;
}

void
encode_uuid(char text[ENCODE_UUID_LEN + 1], const uint8_t uuid[16])
{
	char hex[33];

	encode_hex(hex, uuid, 16);
	memcpy(text, hex, 8);
	memcpy(text + 9, hex + 8, 4);
	memcpy(text + 14, hex + 12, 4);
	memcpy(text + 19, hex + 16, 4);
	memcpy(text + 24, hex + 20, 12);
	text[8] = text[13] = text[18] = text[23] = '-';
	text[ENCODE_UUID_LEN] = '\0';
}

bool
encode_unuuid(struct slice text, uint8_t uuid[16])
{
	char hex[32];
	size_t used = 0;

	if (text.len != ENCODE_UUID_LEN)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (i == 8 || i == 13 || i == 18 || i == 23) {
			if (text.ptr[i] != '-')
				return false;
		} else {
			hex[used++] = text.ptr[i];
		}
	}
	return encode_unhex((struct slice){hex, used}, uuid, 16);
}

size_t
encode_ascii(struct slice bytes)
{
	size_t n = 0;

#ifdef __SSE2__
	while (bytes.len - n >= 16) {
		int high = _mm_movemask_epi8(_mm_loadu_si128(
		    (const __m128i *)(const void *)(bytes.ptr + n)));

		if (high)
			return n + (size_t)__builtin_ctz((unsigned)high);
		n += 16;
	}
#endif
	while (n < bytes.len && !(bytes.ptr[n] & 0x80))
		n++;
	return n;
}

bool
encode_is_utf8(struct slice bytes)
{
	size_t ascii = encode_ascii(bytes);
	const uint8_t *p = (const uint8_t *)bytes.ptr + ascii;
	const uint8_t *end = p + bytes.len - ascii;

	while (p < end) {
		static const uint32_t least[4] = {0, 0x80, 0x800, 0x10000};
		uint32_t code = *p;
		size_t more;

		if (*p++ < 0x80)
			continue;
		if (code >= 0xc2 && code < 0xe0)
			more = 1;
		else if (code >= 0xe0 && code < 0xf0)
			more = 2;
		else if (code >= 0xf0 && code < 0xf5)
			more = 3;
		else
			return false;
		code &= 0x3fU >> more;
		if ((size_t)(end - p) < more)
			return false;
		for (size_t i = 0; i < more; i++, p++) {
			if ((*p & 0xc0) != 0x80)
				return false;
			code = code << 6 | (*p & 0x3fU);
		}
		if (code < least[more] || code > 0x10ffff ||
		    (code >= 0xd800 && code < 0xe000))
			return false;
	}
	return true;
}
