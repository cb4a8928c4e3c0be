/* SPDX-License-Identifier: Apache-2.0 */
#include "assay/jsonout.h"

#include <stdio.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "assay/stamp.h"

static void
separate(struct buf *b)
{
	char last = b->len ? b->ptr[b->len - 1] : '[';

	if (last != '[' && last != '{' && last != ':' && last != '\n')
		buf_putc(b, ',');
}

void
jsonout_object(struct buf *b)
{
	separate(b);
	buf_putc(b, '{');
}

void
jsonout_object_end(struct buf *b)
{
	buf_putc(b, '}');
}

void
jsonout_array(struct buf *b)
{
	separate(b);
	buf_putc(b, '[');
}

void
jsonout_array_end(struct buf *b)
{
	buf_putc(b, ']');
}

void
jsonout_key(struct buf *b, const char *key)
{
	jsonout_str(b, key);
	buf_putc(b, ':');
}

static void
put_escape(struct buf *b, unsigned char c)
{
	static const char named[] = "btn\0fr"; /* 8 9 10 - 12 13 */
	char text[8];

	if (c == '"' || c == '\\')
		snprintf(text, sizeof text, "\\%c", c);
	else if (c >= 8 && c <= 13 && c != 11)
		snprintf(text, sizeof text, "\\%c", named[c - 8]);
	else
		snprintf(text, sizeof text, "\\u%04x", c);
	buf_puts(b, text);
}

static inline bool
is_special(unsigned char c)
{
	return c < 0x20 || c == '"' || c == '\\' || c == 0x7f;
}

#ifdef __SSE2__
static inline __m128i
load(const char *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

/* Bits of the bytes that are special. */
static inline __m128i
specials(__m128i v)
{
	const __m128i low = _mm_set1_epi8(0x1f);
	__m128i hit = _mm_cmpeq_epi8(_mm_min_epu8(v, low), v);

	hit = _mm_or_si128(hit, _mm_cmpeq_epi8(v, _mm_set1_epi8('"')));
	hit = _mm_or_si128(hit, _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
	return _mm_or_si128(hit, _mm_cmpeq_epi8(v, _mm_set1_epi8(0x7f)));
}

/* Whether none is special or beyond ASCII. */
static inline bool
is_simple(__m128i v)
{
	return _mm_movemask_epi8(_mm_or_si128(specials(v), v)) == 0;
}

/* 4 to 15 bytes, some of them twice. */
static inline bool
copy_short(char *to, struct slice text)
{
	uint64_t first, last;
	uint32_t a, b;

	if (text.len >= 8) {
		memcpy(&first, text.ptr, 8);
		memcpy(&last, text.ptr + text.len - 8, 8);
		memcpy(to, &first, 8);
		memcpy(to + text.len - 8, &last, 8);
	} else {
		memcpy(&a, text.ptr, 4);
		memcpy(&b, text.ptr + text.len - 4, 4);
		memcpy(to, &a, 4);
		memcpy(to + text.len - 4, &b, 4);
		first = last = (uint64_t)a << 32 | b;
	}
	return is_simple(_mm_set_epi64x((long long)last, (long long)first));
}

static inline bool
copy_long(char *to, struct slice text)
{
	size_t last = text.len - 16;
	__m128i v;

	for (size_t n = 0; n < last; n += 16) {
		v = load(text.ptr + n);
		if (!is_simple(v))
			return false;
		_mm_storeu_si128((__m128i *)(void *)(to + n), v);
	}
	/* The last look overlaps the one before. */
	v = load(text.ptr + last);
	_mm_storeu_si128((__m128i *)(void *)(to + last), v);
	return is_simple(v);
}
#endif

static inline bool
copy_bytes(char *to, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (is_special((unsigned char)text.ptr[i]) ||
		    text.ptr[i] & 0x80)
			return false;
		to[i] = text.ptr[i];
	}
	return true;
}

bool
jsonout_copy(char *to, struct slice text)
{
#ifdef __SSE2__
	if (text.len >= 16)
		return copy_long(to, text);
	if (text.len >= 4)
		return copy_short(to, text);
#endif
	return copy_bytes(to, text);
}

/* How many of the first bytes are not special. */
static inline size_t
plain_run(struct slice text)
{
	size_t n = 0;

#ifdef __SSE2__
	for (; text.len - n >= 16; n += 16) {
		int bits = _mm_movemask_epi8(specials(load(text.ptr + n)));

		if (bits)
			return n + (size_t)__builtin_ctz((unsigned)bits);
	}
#endif
	while (n < text.len && !is_special((unsigned char)text.ptr[n]))
		n++;
	return n;
}

void
jsonout_chars(struct buf *b, struct slice text)
{
	for (;;) {
		size_t n = plain_run(text);

		buf_put(b, (struct slice){text.ptr, n});
		if (n == text.len)
			return;
		put_escape(b, (unsigned char)text.ptr[n]);
		text = slice_from(text, n + 1);
	}
}

void
jsonout_string(struct buf *b, struct slice text)
{
	char *room;

	separate(b);
	buf_putc(b, '"');
	room = buf_reserve(b, text.len + 1);
	if (room && jsonout_copy(room, text)) {
		room[text.len] = '"';
		b->len += text.len + 1;
		return;
	}
	jsonout_chars(b, text);
	buf_putc(b, '"');
}

void
jsonout_str(struct buf *b, const char *text)
{
	jsonout_string(b, slice_of(text));
}

void
jsonout_digits(struct buf *b, int64_t value)
{
	uint64_t rest = value < 0 ? -(uint64_t)value : (uint64_t)value;
	char text[20];
	size_t at = sizeof text;

	while (rest > 99) {
		unsigned pair = (unsigned)(rest % 100);

		rest /= 100;
		text[--at] = (char)('0' + pair % 10);
		text[--at] = (char)('0' + pair / 10);
	}
	if (rest > 9)
		text[--at] = (char)('0' + rest % 10);
	text[--at] = (char)('0' + (rest > 9 ? rest / 10 : rest));
	if (value < 0)
		buf_putc(b, '-');
	buf_put(b, (struct slice){text + at, sizeof text - at});
}

void
jsonout_int(struct buf *b, int64_t value)
{
	separate(b);
	jsonout_digits(b, value);
}

void
jsonout_bool(struct buf *b, bool value)
{
	separate(b);
	buf_puts(b, value ? "true" : "false");
}

void
jsonout_null(struct buf *b)
{
	separate(b);
	buf_puts(b, "null");
}

void
jsonout_raw(struct buf *b, struct slice json)
{
	separate(b);
	buf_put(b, json);
}

void
jsonout_kstring(struct buf *b, const char *key, struct slice text)
{
	jsonout_key(b, key);
	jsonout_string(b, text);
}

void
jsonout_kstr(struct buf *b, const char *key, const char *text)
{
	jsonout_key(b, key);
	jsonout_str(b, text);
}

void
jsonout_kint(struct buf *b, const char *key, int64_t value)
{
	jsonout_key(b, key);
	jsonout_int(b, value);
}

void
jsonout_kbool(struct buf *b, const char *key, bool value)
{
	jsonout_key(b, key);
	jsonout_bool(b, value);
}

void
jsonout_kstamp(struct buf *b, const char *key, int64_t us)
{
	char text[STAMP_LEN + 1];

	stamp_format(text, us);
	jsonout_kstr(b, key, text);
}
