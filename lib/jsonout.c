/* SPDX-License-Identifier: Apache-2.0 */
#include "assay/jsonout.h"

#include <inttypes.h>
#include <stdio.h>

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

void
jsonout_string(struct buf *b, struct slice text)
{
	size_t plain = 0;

	separate(b);
	buf_putc(b, '"');
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.ptr[i];

		if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f)
			continue;
		buf_put(b, (struct slice){text.ptr + plain, i - plain});
		put_escape(b, c);
		plain = i + 1;
	}
	buf_put(b, slice_from(text, plain));
	buf_putc(b, '"');
}

void
jsonout_str(struct buf *b, const char *text)
{
	jsonout_string(b, slice_of(text));
}

void
jsonout_int(struct buf *b, int64_t value)
{
	separate(b);
	buf_printf(b, "%" PRId64, value);
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
