/* SPDX-License-Identifier: Apache-2.0 */
#include "assay/printable.h"

size_t
printable_decode(struct slice text, unsigned *code)
{
	static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *s = (const unsigned char *)text.ptr;
	unsigned value;
	size_t len;

	if (text.len == 0)
		return 0;
	if (s[0] < 0x80) {
		*code = s[0];
		return 1;
	}
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	len = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (text.len < len)
		return 0;
	value = s[0] & (0xffu >> (len + 1));
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (s[i] & 0x3f);
	}
	if (value < least[len] || value > 0x10ffff ||
	    (value >= 0xd800 && value <= 0xdfff))
		return 0;
	*code = value;
	return len;
}

bool
printable_is_hostile(unsigned code)
{
	return (code >= 0x80 && code < 0xa0) || code == 0x061c ||
	       code == 0x200e || code == 0x200f ||
	       (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
}

static void
put_ascii(struct buf *out, unsigned char c)
{
	if (c == '\n')
		buf_puts(out, "\\n");
	else if (c == '\t')
		buf_puts(out, "\\t");
	else if (c < 0x20 || c == 0x7f)
		buf_printf(out, "\\x%02x", c);
	else
		buf_putc(out, (char)c);
}

/* Copy the run of visible ASCII that text begins with. */
static void
take_plain(struct buf *out, struct slice *text)
{
	size_t n = 0;

	while (n < text->len && text->ptr[n] >= 0x20 && text->ptr[n] < 0x7f)
		n++;
	if (n == 0)
		return;
	buf_put(out, (struct slice){text->ptr, n});
	*text = slice_from(*text, n);
}

void
printable_put(struct buf *out, struct slice text)
{
	for (take_plain(out, &text); text.len; take_plain(out, &text)) {
		unsigned code = 0;
		size_t len = printable_decode(text, &code);

		if (len == 0)
			buf_printf(out, "\\x%02x", (unsigned char)*text.ptr);
		else if (len == 1)
			put_ascii(out, (unsigned char)*text.ptr);
		else if (printable_is_hostile(code))
			buf_printf(out, "\\u{%04x}", code);
		else
			buf_put(out, (struct slice){text.ptr, len});
		text = slice_from(text, len ? len : 1);
	}
}

void
printable_utf8(struct buf *out, struct slice text)
{
	for (take_plain(out, &text); text.len; take_plain(out, &text)) {
		unsigned code;
		size_t len = printable_decode(text, &code);

		if (len)
			buf_put(out, (struct slice){text.ptr, len});
		else
			buf_printf(out, "\\x%02x", (unsigned char)*text.ptr);
		text = slice_from(text, len ? len : 1);
	}
}

void
printable_json(struct buf *out, struct slice json)
{
	for (take_plain(out, &json); json.len; take_plain(out, &json)) {
		unsigned code = 0;
		size_t len = printable_decode(json, &code);

		if (len > 1 && printable_is_hostile(code))
			buf_printf(out, "\\u%04x", code);
		else
			buf_put(out, (struct slice){json.ptr, len ? len : 1});
		json = slice_from(json, len ? len : 1);
	}
}
