/* SPDX-License-Identifier: Apache-2.0 */
#include "assay/encode.h"

#include <string.h>

static const char hex_digits[] = "0123456789abcdef";
static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
encode_hex(char *text, const uint8_t *bytes, size_t len)
{
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
	size_t at = 0;

	encode_hex(hex, uuid, 16);
	for (size_t i = 0; i < 32; i++) {
		if (i == 8 || i == 12 || i == 16 || i == 20)
			text[at++] = '-';
		text[at++] = hex[i];
	}
	text[at] = '\0';
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

bool
encode_is_utf8(struct slice bytes)
{
	const uint8_t *p = (const uint8_t *)bytes.ptr;
	const uint8_t *end = p + bytes.len;

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
