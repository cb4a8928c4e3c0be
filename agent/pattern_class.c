/* SPDX-License-Identifier: Apache-2.0 */
/* Classes and escapes: what stands for one byte. */
#include "pattern_node.h"

#include <string.h>

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 32) >= 'a' && (c | 32) <= 'f')
		return (c | 32) - 'a' + 10;
	return -1;
}

/* An escape that stands for one byte, after the backslash. -1 and the reason,
 * or the byte. */
static int
escaped_byte(struct pattern_parser *s, size_t from)
{
	static const char letters[] = "tnrfea";
	static const char bytes[] = "\t\n\r\f\033\a";
	char c = pattern_peek(s);
	const char *named = c ? strchr(letters, c) : NULL;
	int high, low;

	if (!pattern_more(s))
		return pattern_refuse(s, from,
		    "a backslash at the end: write \\\\ for "
		    "a backslash");
	s->at++;
	if (named)
		return (unsigned char)bytes[named - letters];
	if (c == 'x') {
		high = hex_digit(pattern_peek(s));
		s->at += pattern_more(s);
		low = hex_digit(pattern_peek(s));
		s->at += pattern_more(s);
		if (high < 0 || low < 0)
			return pattern_refuse(
			    s, from, "\\x needs two hex digits, like \\x1b");
		return high * 16 + low;
	}
	if ((c >= '0' && c <= '9') || c == 'k' || c == 'g')
		return pattern_refuse(s, from,
		    "\\%c is a back reference, which a pattern may not have: "
		    "write the text, or a group of its own",
		    c);
	if (c == 'A' || c == 'z' || c == 'Z')
		return pattern_refuse(s, from,
		    "\\%c is not needed: a pattern always takes the whole "
		    "message",
		    c);
	if ((c | 32) >= 'a' && (c | 32) <= 'z')
		return pattern_refuse(s, from,
		    "\\%c is not known here: \\d \\w \\s \\D \\W \\S \\b \\t "
		    "\\xNN are",
		    c);
	return (unsigned char)c;
}

/* One byte of a class, or -2 for a class escape (added to set), or -1. */
static int
class_member(struct pattern_parser *s, struct byteset *set)
{
	size_t from = s->at;
	char c = pattern_peek(s);

	if ((unsigned char)c >= 0x80)
		return pattern_refuse(s, from,
		    "a class holds single bytes, and this character is more "
		    "than one: write (?:..|..)");
	if (c == '[' && s->at + 1 < s->text.len &&
	    strchr(":.=", s->text.ptr[s->at + 1]))
		return pattern_refuse(s, from,
		    "[:names:] are not known here: write the characters");
	s->at++;
	if (c != '\\')
		return (unsigned char)c;
	if (byteset_add_class(set, pattern_peek(s))) {
		s->at++;
		return -2;
	}
	return escaped_byte(s, from);
}

static int
class_item(struct pattern_parser *s, struct byteset *set)
{
	size_t from = s->at;
	int low = class_member(s, set), high = low;

	if (low == -1)
		return -1;
	if (pattern_peek(s) == '-' && s->at + 1 < s->text.len &&
	    s->text.ptr[s->at + 1] != ']') {
		s->at++;
		high = class_member(s, set);
		if (high == -1)
			return -1;
		if (low < 0 || high < low)
			return pattern_refuse(s, from,
			    "a range of a class runs from the smaller to the "
			    "larger byte");
	}
	for (int b = low; b >= 0 && b <= high; b++)
		byteset_add(set, (unsigned char)b);
	return 0;
}

struct pattern_node *
pattern_class(struct pattern_parser *s)
{
	struct pattern_node *n = pattern_node_new(s, PATTERN_SET);
	size_t from = s->at++;
	bool inverted = pattern_peek(s) == '^', first = true;

	if (!n)
		return NULL;
	s->at += inverted;
	for (; pattern_more(s) && (first || pattern_peek(s) != ']');
	     first = false)
		if (class_item(s, &n->set))
			return NULL;
	if (!pattern_more(s)) {
		pattern_refuse(
		    s, from, "the class is not closed: a ']' is missing");
		return NULL;
	}
	s->at++;
	if (inverted)
		byteset_invert(&n->set);
	if (byteset_size(&n->set) == 0) {
		pattern_refuse(s, from, "no byte can match this class");
		return NULL;
	}
	pattern_copy(s, from);
	return n;
}

struct pattern_node *
pattern_escape(struct pattern_parser *s)
{
	size_t from = s->at++;
	char c = pattern_peek(s);
	struct pattern_node *n = pattern_node_new(
	    s, c == 'b' || c == 'B' ? PATTERN_NOTHING : PATTERN_SET);
	int byte;

	if (!n)
		return NULL;
	if (n->kind == PATTERN_NOTHING || byteset_add_class(&n->set, c)) {
		s->at++;
	} else {
		byte = escaped_byte(s, from);
		if (byte < 0)
			return NULL;
		byteset_add(&n->set, (unsigned char)byte);
	}
	pattern_copy(s, from);
	return n;
}
