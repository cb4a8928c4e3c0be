/* SPDX-License-Identifier: Apache-2.0 */
#include "pattern.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "assay/vocab.h"

#define NARROW_MAX 70	    /* different bytes an unbounded repeat may take */
#define BOUND_MAX 8192	    /* of a repeat of one byte: the match window */
#define GROUP_BOUND_MAX 512 /* of a repeat of a group: it is unrolled */
#define NESTING_MAX 24
#define STEPS_MAX 10000 /* of the search for literals */
#define UNBOUNDED (~0u)

enum node_kind {
	SET,	/* one byte out of set */
	CONCAT, /* children in turn; a group is one as well */
	ALT,	/* one of the children */
	REPEAT, /* the one child, min to max times */
	NOTHING /* takes no byte: look-around, \b */
};

struct node {
	enum node_kind kind;
	uint8_t set[32];
	unsigned min;
	unsigned max;
	struct node *first; /* children */
	struct node *next;  /* sibling */
};

struct parser {
	struct slice text;
	size_t at;
	struct buf out; /* expanded */
	pattern_find_fn find;
	const void *pieces;
	struct arena nodes;
	struct pattern_group groups[PATTERN_GROUPS_MAX];
	size_t group_count;
	unsigned depth;
	const struct pattern_piece *piece; /* we are inside of */
	size_t piece_at;		   /* and where it was named */
	struct arena *arena;
	struct pattern_error *error;
};

static struct node *parse_alternatives(struct parser *s);

static int __attribute__((format(printf, 3, 4)))
refuse(struct parser *s, size_t at, const char *format, ...)
{
	va_list args;

	s->error->at = s->piece ? s->piece_at : at;
	va_start(args, format);
	vsnprintf(s->error->text, sizeof s->error->text, format, args);
	va_end(args);
	return -1;
}

static struct node *
new_node(struct parser *s, enum node_kind kind)
{
	struct node *n = arena_alloc(&s->nodes, sizeof *n);

	if (!n)
		refuse(s, s->at, "out of memory");
	else
		n->kind = kind;
	return n;
}

static void
set_add(uint8_t *set, unsigned char c)
{
	set[c / 8] |= (uint8_t)(1u << c % 8);
}

static bool
set_has(const uint8_t *set, unsigned char c)
{
	return set[c / 8] >> c % 8 & 1;
}

static unsigned
set_size(const uint8_t *set)
{
	unsigned n = 0;

	for (size_t i = 0; i < 32; i++)
		n += (unsigned)__builtin_popcount(set[i]);
	return n;
}

static void
set_invert(uint8_t *set)
{
	for (size_t i = 0; i < 32; i++)
		set[i] = (uint8_t)~set[i];
}

/* Add what \d \w \s \D \W \S stand for; false when c is none of them. */
static bool
set_add_class(uint8_t *set, char c)
{
	uint8_t class[32] = {0};

	for (unsigned b = 0; b < 128; b++) {
		bool digit = b >= '0' && b <= '9';
		bool letter = (b | 32) >= 'a' && (b | 32) <= 'z';
		bool blank = b == ' ' || (b >= '\t' && b <= '\r');

		if (((c | 32) == 'd' && digit) ||
		    ((c | 32) == 'w' && (digit || letter || b == '_')) ||
		    ((c | 32) == 's' && blank))
			set_add(class, (unsigned char)b);
	}
	if (!c || !strchr("dwsDWS", c))
		return false;
	if (c < 'a')
		set_invert(class);
	for (size_t i = 0; i < 32; i++)
		set[i] |= class[i];
	return true;
}

static bool
more(const struct parser *s)
{
	return s->at < s->text.len;
}

static char
peek(const struct parser *s)
{
	return more(s) ? s->text.ptr[s->at] : '\0';
}

static bool
looking_at(const struct parser *s, const char *word)
{
	return slice_starts(slice_from(s->text, s->at), slice_of(word));
}

static void
copy_out(struct parser *s, size_t from)
{
	buf_put(&s->out, (struct slice){s->text.ptr + from, s->at - from});
}

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
escaped_byte(struct parser *s, size_t from)
{
	static const char letters[] = "tnrfea";
	static const char bytes[] = "\t\n\r\f\033\a";
	char c = peek(s);
	const char *named = c ? strchr(letters, c) : NULL;
	int high, low;

	if (!more(s))
		return refuse(s, from,
		    "a backslash at the end: write \\\\ for "
		    "a backslash");
	s->at++;
	if (named)
		return (unsigned char)bytes[named - letters];
	if (c == 'x') {
		high = hex_digit(peek(s));
		s->at += more(s);
		low = hex_digit(peek(s));
		s->at += more(s);
		if (high < 0 || low < 0)
			return refuse(
			    s, from, "\\x needs two hex digits, like \\x1b");
		return high * 16 + low;
	}
	if ((c >= '0' && c <= '9') || c == 'k' || c == 'g')
		return refuse(s, from,
		    "\\%c is a back reference, which a pattern may not have: "
		    "write the text, or a group of its own",
		    c);
	if (c == 'A' || c == 'z' || c == 'Z')
		return refuse(s, from,
		    "\\%c is not needed: a pattern always takes the whole "
		    "message",
		    c);
	if ((c | 32) >= 'a' && (c | 32) <= 'z')
		return refuse(s, from,
		    "\\%c is not known here: \\d \\w \\s \\D \\W \\S \\b \\t "
		    "\\xNN are",
		    c);
	return (unsigned char)c;
}

/* One byte of a class, or -2 for a class escape (added to set), or -1. */
static int
class_member(struct parser *s, uint8_t *set)
{
	size_t from = s->at;
	char c = peek(s);

	if ((unsigned char)c >= 0x80)
		return refuse(s, from,
		    "a class holds single bytes, and this character is more "
		    "than one: write (?:..|..)");
	if (c == '[' && s->at + 1 < s->text.len &&
	    strchr(":.=", s->text.ptr[s->at + 1]))
		return refuse(s, from,
		    "[:names:] are not known here: write the characters");
	s->at++;
	if (c != '\\')
		return (unsigned char)c;
	if (set_add_class(set, peek(s))) {
		s->at++;
		return -2;
	}
	return escaped_byte(s, from);
}

static int
class_item(struct parser *s, uint8_t *set)
{
	size_t from = s->at;
	int low = class_member(s, set), high = low;

	if (low == -1)
		return -1;
	if (peek(s) == '-' && s->at + 1 < s->text.len &&
	    s->text.ptr[s->at + 1] != ']') {
		s->at++;
		high = class_member(s, set);
		if (high == -1)
			return -1;
		if (low < 0 || high < low)
			return refuse(s, from,
			    "a range of a class runs from the smaller to the "
			    "larger byte");
	}
	for (int b = low; b >= 0 && b <= high; b++)
		set_add(set, (unsigned char)b);
	return 0;
}

static struct node *
parse_class(struct parser *s)
{
	struct node *n = new_node(s, SET);
	size_t from = s->at++;
	bool inverted = peek(s) == '^', first = true;

	if (!n)
		return NULL;
	s->at += inverted;
	for (; more(s) && (first || peek(s) != ']'); first = false)
		if (class_item(s, n->set))
			return NULL;
	if (!more(s)) {
		refuse(s, from, "the class is not closed: a ']' is missing");
		return NULL;
	}
	s->at++;
	if (inverted)
		set_invert(n->set);
	if (set_size(n->set) == 0) {
		refuse(s, from, "no byte can match this class");
		return NULL;
	}
	copy_out(s, from);
	return n;
}

static struct node *
parse_escape(struct parser *s)
{
	size_t from = s->at++;
	char c = peek(s);
	struct node *n = new_node(s, c == 'b' || c == 'B' ? NOTHING : SET);
	int byte;

	if (!n)
		return NULL;
	if (n->kind == NOTHING || set_add_class(n->set, c)) {
		s->at++;
	} else {
		byte = escaped_byte(s, from);
		if (byte < 0)
			return NULL;
		set_add(n->set, (unsigned char)byte);
	}
	copy_out(s, from);
	return n;
}

static int
add_group(
    struct parser *s, const char *name, enum pattern_check check, size_t at)
{
	if (s->group_count == PATTERN_GROUPS_MAX)
		return refuse(s, s->at,
		    "more than %d named groups and checked pieces",
		    PATTERN_GROUPS_MAX);
	s->groups[s->group_count++] = (struct pattern_group){name, check, at};
	return 0;
}

/* A name of lower-case letters, digits and _ at s->at; its length. */
static size_t
name_length(const struct parser *s)
{
	struct slice rest = slice_from(s->text, s->at);
	size_t n = 0;

	while (n < rest.len && n < 32 &&
	       ((rest.ptr[n] >= 'a' && rest.ptr[n] <= 'z') ||
		   (n && rest.ptr[n] >= '0' && rest.ptr[n] <= '9') ||
		   (n && rest.ptr[n] == '_')))
		n++;
	return n;
}

static const struct pattern_piece *
find_piece(struct parser *s, size_t *len)
{
	struct slice name;

	s->at++;
	*len = name_length(s);
	name = (struct slice){s->text.ptr + s->at, *len};
	s->at--;
	if (*len == 0 || s->at + 1 + *len >= s->text.len ||
	    s->text.ptr[s->at + 1 + *len] != '}') {
		refuse(s, s->at,
		    "a '{' here begins neither {a piece} nor a count: write "
		    "\\{ for the character");
		return NULL;
	}
	*len += 2;
	return s->find ? s->find(s->pieces, name) : NULL;
}

/* The pattern of a piece, at {name}. captured: it stands alone in a named
 * group, which then carries its check. */
static struct node *
parse_piece(struct parser *s, bool captured)
{
	struct slice outer = s->text;
	size_t from = s->at, len;
	const struct pattern_piece *piece = find_piece(s, &len);
	struct node *n;

	if (!piece) {
		if (!s->error->text[0]) {
			struct slice name = {s->text.ptr + from + 1, len - 2};

			refuse(s, from, "there is no piece {%.*s}",
			    SLICE_FMT(name));
			s->error->piece = name;
		}
		return NULL;
	}
	if (s->piece) {
		refuse(s, from, "a piece may not hold another piece");
		return NULL;
	}
	if (piece->check != PATTERN_ANY && !captured) {
		if (add_group(s, NULL, piece->check, from))
			return NULL;
		buf_putc(&s->out, '(');
	} else {
		buf_puts(&s->out, "(?:");
	}
	s->piece = piece;
	s->piece_at = from;
	s->text = slice_of(piece->pattern);
	s->at = 0;
	n = parse_alternatives(s);
	s->text = outer;
	s->at = from + len;
	s->piece = NULL;
	buf_putc(&s->out, ')');
	return n;
}

static int
close_group(struct parser *s, size_t from)
{
	if (peek(s) != ')')
		return refuse(
		    s, from, "the group is not closed: a ')' is missing");
	s->at++;
	buf_putc(&s->out, ')');
	return 0;
}

/* {name} and the end of the group right after it. */
static bool
is_lone_piece(struct parser *s)
{
	size_t end = s->at + slice_find(slice_from(s->text, s->at), '}');

	return peek(s) == '{' && end + 1 < s->text.len &&
	       s->text.ptr[end + 1] == ')';
}

static struct node *
parse_named(struct parser *s, size_t from)
{
	size_t len = name_length(s), group = s->group_count;
	const struct pattern_piece *piece = NULL;
	char *name;
	struct node *n;

	if (len == 0 || s->at + len >= s->text.len ||
	    s->text.ptr[s->at + len] != '>') {
		refuse(s, from,
		    "a group's name is lower-case letters, digits and _: "
		    "(?<name>..)");
		return NULL;
	}
	name = arena_copy(s->arena, (struct slice){s->text.ptr + s->at, len});
	for (size_t i = 0; name && i < group; i++)
		if (s->groups[i].name && !strcmp(name, s->groups[i].name)) {
			refuse(s, from, "a second group named '%s'", name);
			return NULL;
		}
	if (s->piece) {
		refuse(s, from, "a piece may not hold a named group");
		return NULL;
	}
	if (!name || add_group(s, name, PATTERN_ANY, from))
		return NULL;
	s->at += len + 1;
	buf_putc(&s->out, '(');
	if (is_lone_piece(s)) {
		size_t ignored;

		piece = find_piece(s, &ignored);
		n = parse_piece(s, true);
	} else {
		n = parse_alternatives(s);
	}
	if (piece)
		s->groups[group].check = piece->check;
	return n && close_group(s, from) == 0 ? n : NULL;
}

static struct node *
parse_look(struct parser *s, size_t from, const char *opener)
{
	size_t groups = s->group_count;
	struct node *inner;

	s->at += strlen(opener);
	buf_puts(&s->out, opener);
	inner = parse_alternatives(s);
	if (!inner || close_group(s, from))
		return NULL;
	if (s->group_count != groups) {
		refuse(s, from,
		    "look-around may not hold named groups or checked pieces");
		return NULL;
	}
	return new_node(s, NOTHING);
}

/* Openers that are refused, and why. */
static const struct {
	const char *opener;
	const char *why;
} refused[] = {
    {"(?>", "an atomic group hides second readings: write (?:..)"},
    {"(?|", "branch reset is not allowed: give each group its own name"},
    {"(?#", "a comment inside a pattern: write it as a YAML comment"},
    {"(?P", "write named groups as (?<name>..)"},
    {"(?'", "write named groups as (?<name>..)"},
    {"(?C", "callouts are not allowed"},
    {"(?R", "recursion is not allowed"},
    {"(?&", "recursion is not allowed"},
    {"(?(", "conditions are not allowed: write two rules"},
    {"(*", "verbs like (*ACCEPT) hide second readings and are not allowed"},
};

static struct node *
parse_group(struct parser *s)
{
	static const char *const looks[] = {"(?=", "(?!", "(?<=", "(?<!"};
	size_t from = s->at;
	struct node *n;

	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
		if (looking_at(s, refused[i].opener)) {
			refuse(s, from, "%s", refused[i].why);
			return NULL;
		}
	for (size_t i = 0; i < sizeof looks / sizeof *looks; i++)
		if (looking_at(s, looks[i]))
			return parse_look(s, from, looks[i]);
	if (looking_at(s, "(?<")) {
		s->at += 3;
		return parse_named(s, from);
	}
	if (looking_at(s, "(?") && !looking_at(s, "(?:")) {
		refuse(s, from,
		    "options inside a pattern are not allowed: write [Aa] for "
		    "either case");
		return NULL;
	}
	s->at += looking_at(s, "(?:") ? 3 : 1;
	buf_puts(&s->out, "(?:");
	n = parse_alternatives(s);
	return n && close_group(s, from) == 0 ? n : NULL;
}

static struct node *
parse_literal(struct parser *s)
{
	struct node *n = new_node(s, SET);
	char c = peek(s);

	if (!n)
		return NULL;
	if (c == '.') {
		set_add(n->set, '\n');
		set_invert(n->set);
	} else {
		set_add(n->set, (unsigned char)c);
	}
	s->at++;
	buf_putc(&s->out, c);
	return n;
}

static struct node *
parse_atom(struct parser *s)
{
	char c = peek(s);

	switch (c) {
	case '(':
		return parse_group(s);
	case '[':
		return parse_class(s);
	case '\\':
		return parse_escape(s);
	case '{':
		if (s->at + 1 < s->text.len && s->text.ptr[s->at + 1] >= '0' &&
		    s->text.ptr[s->at + 1] <= '9')
			break;
		return parse_piece(s, false);
	case '^':
	case '$':
		refuse(s, s->at,
		    "%c is not needed: a pattern always takes the whole "
		    "message; write \\%c for the character",
		    c, c);
		return NULL;
	case '*':
	case '+':
	case '?':
		break;
	default:
		return parse_literal(s);
	}
	refuse(s, s->at, "there is nothing to repeat before this '%c'", c);
	return NULL;
}

static bool
take_number(struct parser *s, unsigned *number)
{
	size_t from = s->at;

	*number = 0;
	while (more(s) && peek(s) >= '0' && peek(s) <= '9' && s->at - from < 5)
		*number = *number * 10 + (unsigned)(s->text.ptr[s->at++] - '0');
	return s->at > from;
}

/* {n}, {n,} or {n,m} at s->at. */
static int
parse_count(struct parser *s, struct node *repeat)
{
	size_t from = s->at++;

	if (peek(s) == ',')
		return refuse(s, from, "write {0,n} for up to n");
	take_number(s, &repeat->min);
	repeat->max = repeat->min;
	if (peek(s) == ',') {
		s->at++;
		if (!take_number(s, &repeat->max))
			repeat->max = UNBOUNDED;
	}
	if (peek(s) != '}')
		return refuse(s, from, "a count is written {n}, {n,m} or {n,}");
	s->at++;
	if (repeat->max < repeat->min)
		return refuse(s, from, "the smaller count comes first");
	return 0;
}

static bool
is_narrow(const struct node *n)
{
	if (n->kind != SET || set_size(n->set) > NARROW_MAX ||
	    set_has(n->set, ' '))
		return false;
	for (unsigned b = 0; b < 256; b++)
		if ((b < 0x20 || b >= 0x7f) && set_has(n->set, (uint8_t)b))
			return false;
	return true;
}

static int
check_repeat(
    struct parser *s, const struct node *repeat, size_t from, size_t groups)
{
	const struct node *child = repeat->first;
	unsigned most = child->kind == SET ? BOUND_MAX : GROUP_BOUND_MAX;

	if (child->kind == NOTHING)
		return refuse(s, from, "there is nothing to repeat here");
	if (repeat->max == UNBOUNDED && !is_narrow(child))
		return refuse(s, from,
		    "no upper bound: a stranger may write this text; give "
		    "one, like {%u,400}",
		    repeat->min);
	if (repeat->max != UNBOUNDED && repeat->max > most)
		return refuse(
		    s, from, "at most %u repetitions are allowed", most);
	if (repeat->max > 1 && groups != s->group_count)
		return refuse(s, from,
		    "a named group or checked piece may not be repeated: only "
		    "its last text would be kept and checked");
	return 0;
}

static struct node *
parse_quantified(struct parser *s)
{
	size_t groups = s->group_count, from;
	bool high = (unsigned char)peek(s) >= 0x80;
	struct node *atom = parse_atom(s), *repeat;
	char c = peek(s);
	bool counted = c == '{' && s->at + 1 < s->text.len &&
		       (s->text.ptr[s->at + 1] == ',' ||
			   (s->text.ptr[s->at + 1] >= '0' &&
			       s->text.ptr[s->at + 1] <= '9'));

	if (!atom || !more(s) || (!strchr("*+?", c) && !counted))
		return atom;
	from = s->at;
	repeat = new_node(s, REPEAT);
	if (!repeat)
		return NULL;
	repeat->first = atom;
	repeat->min = c == '+';
	repeat->max = c == '?' ? 1 : UNBOUNDED;
	if (c == '{') {
		if (parse_count(s, repeat))
			return NULL;
	} else {
		s->at++;
	}
	if (high) {
		refuse(s, from,
		    "this repeats one byte of a longer character: put it in "
		    "(?:..)");
		return NULL;
	}
	if (check_repeat(s, repeat, from, groups))
		return NULL;
	s->at += peek(s) == '?';
	if (peek(s) == '+' || peek(s) == '*' || peek(s) == '?') {
		refuse(s, from,
		    peek(s) == '+'
			? "a possessive quantifier hides second readings: "
			  "leave the + away"
			: "a repetition of a repetition");
		return NULL;
	}
	copy_out(s, from);
	return repeat;
}

static struct node *
parse_sequence(struct parser *s)
{
	struct node *sequence = new_node(s, CONCAT);
	struct node **tail = sequence ? &sequence->first : NULL;

	while (sequence && more(s) && peek(s) != '|' && peek(s) != ')') {
		*tail = parse_quantified(s);
		if (!*tail)
			return NULL;
		tail = &(*tail)->next;
	}
	return sequence;
}

static struct node *
parse_alternatives(struct parser *s)
{
	struct node *alt, *one;
	struct node **tail;

	if (++s->depth > NESTING_MAX) {
		refuse(
		    s, s->at, "groups are nested deeper than %d", NESTING_MAX);
		return NULL;
	}
	one = parse_sequence(s);
	if (one && peek(s) == '|') {
		alt = new_node(s, ALT);
		if (!alt)
			return NULL;
		alt->first = one;
		tail = &one->next;
		while (one && peek(s) == '|') {
			s->at++;
			buf_putc(&s->out, '|');
			one = *tail = parse_sequence(s);
			if (one)
				tail = &one->next;
		}
		one = one ? alt : NULL;
	}
	s->depth--;
	return one;
}

static size_t
capped(size_t n)
{
	return n > 100000 ? 100000 : n;
}

static size_t
smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t
min_length(const struct node *n)
{
	size_t sum = 0;

	switch (n->kind) {
	case SET:
		return 1;
	case NOTHING:
		return 0;
	case REPEAT:
		return capped(n->min * min_length(n->first));
	case CONCAT:
		for (const struct node *c = n->first; c; c = c->next)
			sum += min_length(c);
		return capped(sum);
	case ALT:
		sum = SIZE_MAX;
		for (const struct node *c = n->first; c; c = c->next)
			sum = smaller(min_length(c), sum);
		return sum;
	}
	return 0;
}

static size_t
fixed_bytes(const struct node *n)
{
	size_t sum = 0;

	switch (n->kind) {
	case SET:
		return set_size(n->set) == 1;
	case NOTHING:
		return 0;
	case REPEAT:
		return capped(n->min * fixed_bytes(n->first));
	case CONCAT:
		for (const struct node *c = n->first; c; c = c->next)
			sum += fixed_bytes(c);
		return capped(sum);
	case ALT:
		sum = SIZE_MAX;
		for (const struct node *c = n->first; c; c = c->next)
			sum = smaller(fixed_bytes(c), sum);
		return sum;
	}
	return 0;
}

/* Add the bytes n can begin with; true when n can be empty. */
static bool
first_bytes(const struct node *n, uint8_t *set)
{
	bool empty = n->kind != ALT;

	switch (n->kind) {
	case SET:
		for (size_t i = 0; i < 32; i++)
			set[i] |= n->set[i];
		return false;
	case NOTHING:
		return true;
	case REPEAT:
		empty = first_bytes(n->first, set);
		return empty || n->min == 0;
	case CONCAT:
		for (const struct node *c = n->first; c && empty; c = c->next)
			empty = first_bytes(c, set);
		return empty;
	case ALT:
		for (const struct node *c = n->first; c; c = c->next)
			empty |= first_bytes(c, set);
		return empty;
	}
	return true;
}

/* The literal runs of a pattern, in order: the first is its prefix when it
 * begins at the beginning; of the others the longest is kept. */
struct runs {
	struct buf run;
	struct buf prefix;
	struct buf best;
	bool first; /* no run has ended yet */
	unsigned steps;
};

static void
end_run(struct runs *r)
{
	if (r->first)
		buf_put(&r->prefix, buf_slice(&r->run));
	else if (r->run.len > r->best.len) {
		buf_reset(&r->best);
		buf_put(&r->best, buf_slice(&r->run));
	}
	r->first = false;
	buf_reset(&r->run);
}

static void
collect_runs(struct runs *r, const struct node *n)
{
	/* Nested repeats could take for ever; what is found so far will do. */
	if (r->steps++ > STEPS_MAX) {
		if (r->steps == STEPS_MAX + 2)
			end_run(r);
		return;
	}
	switch (n->kind) {
	case SET:
		if (set_size(n->set) != 1) {
			end_run(r);
			return;
		}
		for (unsigned b = 0; b < 256; b++)
			if (set_has(n->set, (uint8_t)b))
				buf_putc(&r->run, (char)b);
		return;
	case NOTHING:
		return;
	case CONCAT:
		for (const struct node *c = n->first; c; c = c->next)
			collect_runs(r, c);
		return;
	case ALT:
		end_run(r);
		return;
	case REPEAT:
		if (n->min == n->max && n->max <= 16) {
			for (unsigned i = 0;
			     i < n->min && r->steps <= STEPS_MAX; i++)
				collect_runs(r, n->first);
			return;
		}
		if (n->min)
			collect_runs(r, n->first);
		end_run(r);
		return;
	}
}

static int
keep(struct slice *out, const struct buf *from, struct arena *arena)
{
	out->ptr = arena_copy(arena, buf_slice(from));
	out->len = from->len;
	return out->ptr && !from->failed ? 0 : -1;
}

static int
measure(struct pattern_facts *out, const struct node *root, struct arena *arena)
{
	struct runs r = {.first = true};
	int result;

	out->min_len = min_length(root);
	out->fixed = fixed_bytes(root);
	first_bytes(root, out->first);
	collect_runs(&r, root);
	end_run(&r);
	result = keep(&out->prefix, &r.prefix, arena) ||
		 keep(&out->literal, &r.best, arena) || r.run.failed;
	buf_clear(&r.run);
	buf_clear(&r.prefix);
	buf_clear(&r.best);
	return result ? -1 : 0;
}

static int
finish(struct parser *s, struct pattern_facts *out, const struct node *root)
{
	struct pattern_group *groups =
	    arena_array(s->arena, s->group_count, sizeof *groups);
	char *expanded = arena_copy(s->arena, buf_slice(&s->out));

	if (s->out.len > PATTERN_MAX)
		return refuse(s, 0,
		    "with its pieces written out the pattern has %zu bytes; "
		    "%zu are allowed",
		    s->out.len, PATTERN_MAX);
	if (!groups || !expanded || s->out.failed ||
	    measure(out, root, s->arena))
		return refuse(s, 0, "out of memory");
	if (s->group_count)
		memcpy(groups, s->groups, s->group_count * sizeof *groups);
	out->expanded = expanded;
	out->groups = groups;
	out->group_count = s->group_count;
	return 0;
}

int
pattern_parse(struct pattern_facts *out, struct slice text,
    pattern_find_fn find, const void *pieces, struct arena *arena,
    struct pattern_error *error)
{
	struct parser s = {.text = text,
	    .find = find,
	    .pieces = pieces,
	    .arena = arena,
	    .error = error};
	struct pattern_facts facts = {0};
	struct node *root;
	int result = -1;

	*error = (struct pattern_error){0};
	if (text.len > PATTERN_MAX)
		return refuse(&s, 0,
		    "the pattern has %zu bytes; %zu are allowed", text.len,
		    PATTERN_MAX);
	root = parse_alternatives(&s);
	if (root && more(&s))
		refuse(&s, s.at,
		    "a ')' that closes nothing: write \\) for the character");
	else if (root)
		result = finish(&s, &facts, root);
	if (result == 0)
		*out = facts;
	else if (!error->text[0])
		refuse(&s, s.at, "out of memory");
	buf_clear(&s.out);
	arena_clear(&s.nodes);
	return result;
}

bool
pattern_check(enum pattern_check check, struct slice text)
{
	struct vocab_value value;
	unsigned long long number;

	switch (check) {
	case PATTERN_ANY:
		return true;
	case PATTERN_IP:
		return vocab_parse(VOCAB_IP, text, &value);
	case PATTERN_PORT:
		return slice_uint(text, 65535, &number);
	case PATTERN_INT:
		return slice_uint(text, 1ULL << 53, &number);
	}
	return false;
}
