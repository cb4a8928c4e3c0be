/* SPDX-License-Identifier: Apache-2.0 */
#include "header_stamp.h"

#include <stdlib.h>
#include <string.h>

#define STAMP_ITEMS_MAX 64

struct header_stamp {
	bool inside; /* part of the message, which is the whole line */
	size_t count;
	struct {
		char code; /* of strptime, or 0 for a literal byte */
		char byte;
	} items[STAMP_ITEMS_MAX];
};

static int
add_item(struct header_stamp *s, char code, char byte, struct err *err)
{
	if (s->count == STAMP_ITEMS_MAX)
		return err_set(err, "the stamp is too long");
	s->items[s->count].code = code;
	s->items[s->count++].byte = byte;
	return 0;
}

static int
compile_stamp(struct header_stamp *s, struct slice format, struct err *err)
{
	char seen[STAMP_ITEMS_MAX] = "";
	size_t n = 0;

	for (size_t i = 0; i < format.len; i++) {
		char c = format.ptr[i];

		if (c != '%') {
			if (add_item(s, 0, c, err))
				return -1;
			continue;
		}
		c = ++i < format.len ? format.ptr[i] : '\0';
		if (!c || !strchr("YmdebHMSfzw%", c))
			return err_set(err,
			    "a stamp knows %%Y %%m %%b %%d %%e %%H %%M %%S %%f "
			    "%%z %%w and %%%%");
		if (c != '%' && strchr(seen, c))
			return err_set(err, "%%%c stands there twice", c);
		seen[n++] = c;
		s->inside |= c == 'w';
		if (add_item(s, c == '%' ? 0 : c, '%', err))
			return -1;
	}
	if (!(strchr(seen, 'm') || strchr(seen, 'b')) ||
	    !(strchr(seen, 'd') || strchr(seen, 'e')) || !strchr(seen, 'H') ||
	    !strchr(seen, 'M') || !strchr(seen, 'S'))
		return err_set(err,
		    "a stamp needs a day (%%m or %%b, %%d or %%e) and a time "
		    "(%%H, %%M, %%S)");
	if (s->items[s->count - 1].code && !s->inside)
		return err_set(err,
		    "a stamp ends with the character before the message, like "
		    "a blank");
	return 0;
}

struct header_stamp *
header_stamp_new(struct slice format, struct err *err)
{
	struct header_stamp *s;

	if (format.len >= STAMP_ITEMS_MAX) {
		err_set(err, "the stamp is too long");
		return NULL;
	}
	s = calloc(1, sizeof *s);
	if (!s) {
		err_set(err, "out of memory");
		return NULL;
	}
	if (compile_stamp(s, format, err) == 0)
		return s;
	header_stamp_free(s);
	return NULL;
}

void
header_stamp_free(struct header_stamp *s)
{
	free(s);
}

/* Words before a stamp that is part of the message. */
static bool
take_label(struct slice *text)
{
	size_t n = 0;

	while (
	    n < text->len && (text->ptr[n] == '-' || text->ptr[n] == ' ' ||
				 (text->ptr[n] >= 'A' && text->ptr[n] <= 'Z') ||
				 (text->ptr[n] >= 'a' && text->ptr[n] <= 'z')))
		n++;
	*text = slice_from(*text, n);
	return n > 0;
}

/* Take one item of a declared stamp. */
static bool
take_item(struct slice *text, char code, struct instant *i)
{
	switch (code) {
	case 'Y':
		return instant_take_digits(text, 4, 4, &i->year);
	case 'm':
		return instant_take_digits(text, 2, 2, &i->month);
	case 'd':
		return instant_take_digits(text, 2, 2, &i->day);
	case 'e':
		if (text->len && *text->ptr == ' ')
			*text = slice_from(*text, 1);
		return instant_take_digits(text, 1, 2, &i->day);
	case 'b':
		return instant_take_month(text, &i->month);
	case 'H':
		return instant_take_digits(text, 2, 2, &i->hour);
	case 'M':
		return instant_take_digits(text, 2, 2, &i->minute);
	case 'S':
		return instant_take_digits(text, 2, 2, &i->second);
	case 'f':
		return instant_take_fraction(text, i);
	case 'w':
		return take_label(text);
	default:
		return instant_take_offset(text, i);
	}
}

bool
header_stamp_take(
    const struct header_stamp *s, struct slice text, struct header_stamped *out)
{
	struct slice rest = text;
	struct instant i = {0};

	for (size_t n = 0; n < s->count; n++) {
		if (s->items[n].code) {
			if (!take_item(&rest, s->items[n].code, &i))
				return false;
			continue;
		}
		if (!rest.len || *rest.ptr != s->items[n].byte)
			return false;
		rest = slice_from(rest, 1);
	}
	if (!instant_is_valid(&i) || (s->inside && rest.len))
		return false;
	out->instant = i;
	out->stamp = (struct slice){text.ptr, text.len - rest.len};
	for (size_t n = s->count; n && !s->items[n - 1].code; n--)
		out->stamp.len--;
	out->message = s->inside ? text : rest;
	return true;
}
