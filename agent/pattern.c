/* SPDX-License-Identifier: Apache-2.0 */
#include "pattern.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "assay/vocab.h"

#include "pattern_node.h"

#define BOUND_MAX 8192	    /* of a repeat of one byte: the match window */
#define GROUP_BOUND_MAX 512 /* of a repeat of a group: it is unrolled */
#define NESTING_MAX 24

static struct pattern_node *parse_alternatives(struct pattern_parser *s);

int
pattern_refuse(struct pattern_parser *s, size_t at, const char *format, ...)
{
	va_list args;

	s->error->at = s->piece ? s->piece_at : at;
	va_start(args, format);
	vsnprintf(s->error->text, sizeof s->error->text, format, args);
	va_end(args);
	return -1;
}

struct pattern_node *
pattern_node_new(struct pattern_parser *s, enum pattern_node_kind kind)
{
	struct pattern_node *n = arena_alloc(&s->nodes, sizeof *n);

	if (!n)
		pattern_refuse(s, s->at, "out of memory");
	else
		n->kind = kind;
	return n;
}

static bool
looking_at(const struct pattern_parser *s, const char *word)
{
	return slice_starts(slice_from(s->text, s->at), slice_of(word));
}

static int
add_group(struct pattern_parser *s, const char *name, enum pattern_check check,
    size_t at)
{
	if (s->group_count == PATTERN_GROUPS_MAX)
		return pattern_refuse(s, s->at,
		    "more than %d named groups and checked pieces",
		    PATTERN_GROUPS_MAX);
	s->groups[s->group_count++] = (struct pattern_group){name, check, at};
	return 0;
}

/* A name of lower-case letters, digits and _ at s->at; its length. */
static size_t
name_length(const struct pattern_parser *s)
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
find_piece(struct pattern_parser *s, size_t *len)
{
	struct slice name;

	s->at++;
	*len = name_length(s);
	name = (struct slice){s->text.ptr + s->at, *len};
	s->at--;
	if (*len == 0 || s->at + 1 + *len >= s->text.len ||
	    s->text.ptr[s->at + 1 + *len] != '}') {
		pattern_refuse(s, s->at,
		    "a '{' here begins neither {a piece} nor a count: write "
		    "\\{ for the character");
		return NULL;
	}
	*len += 2;
	return s->find ? s->find(s->pieces, name) : NULL;
}

/* The pattern of a piece, at {name}. captured: it stands alone in a named
 * group, which then carries its check. */
static struct pattern_node *
parse_piece(struct pattern_parser *s, bool captured)
{
	struct slice outer = s->text;
	size_t from = s->at, len;
	const struct pattern_piece *piece = find_piece(s, &len);
	struct pattern_node *n;

	if (!piece) {
		if (!s->error->text[0]) {
			struct slice name = {s->text.ptr + from + 1, len - 2};

			pattern_refuse(s, from, "there is no piece {%.*s}",
			    SLICE_FMT(name));
			s->error->piece = name;
		}
		return NULL;
	}
	if (s->piece) {
		pattern_refuse(s, from, "a piece may not hold another piece");
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
close_group(struct pattern_parser *s, size_t from)
{
	if (pattern_peek(s) != ')')
		return pattern_refuse(
		    s, from, "the group is not closed: a ')' is missing");
	s->at++;
	buf_putc(&s->out, ')');
	return 0;
}

/* {name} and the end of the group right after it. */
static bool
is_lone_piece(struct pattern_parser *s)
{
	size_t end = s->at + slice_find(slice_from(s->text, s->at), '}');

	return pattern_peek(s) == '{' && end + 1 < s->text.len &&
	       s->text.ptr[end + 1] == ')';
}

static struct pattern_node *
parse_named(struct pattern_parser *s, size_t from)
{
	size_t len = name_length(s), group = s->group_count;
	const struct pattern_piece *piece = NULL;
	char *name;
	struct pattern_node *n;

	if (len == 0 || s->at + len >= s->text.len ||
	    s->text.ptr[s->at + len] != '>') {
		pattern_refuse(s, from,
		    "a group's name is lower-case letters, digits and _: "
		    "(?<name>..)");
		return NULL;
	}
	name = arena_copy(s->arena, (struct slice){s->text.ptr + s->at, len});
	for (size_t i = 0; name && i < group; i++)
		if (s->groups[i].name && !strcmp(name, s->groups[i].name)) {
			pattern_refuse(
			    s, from, "a second group named '%s'", name);
			return NULL;
		}
	if (s->piece) {
		pattern_refuse(s, from, "a piece may not hold a named group");
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

static struct pattern_node *
parse_look(struct pattern_parser *s, size_t from, const char *opener)
{
	size_t groups = s->group_count;
	struct pattern_node *inner;

	s->at += strlen(opener);
	buf_puts(&s->out, opener);
	inner = parse_alternatives(s);
	if (!inner || close_group(s, from))
		return NULL;
	if (s->group_count != groups) {
		pattern_refuse(s, from,
		    "look-around may not hold named groups or checked pieces");
		return NULL;
	}
	return pattern_node_new(s, PATTERN_NOTHING);
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

static struct pattern_node *
parse_group(struct pattern_parser *s)
{
	static const char *const looks[] = {"(?=", "(?!", "(?<=", "(?<!"};
	size_t from = s->at;
	struct pattern_node *n;

	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
		if (looking_at(s, refused[i].opener)) {
			pattern_refuse(s, from, "%s", refused[i].why);
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
		pattern_refuse(s, from,
		    "options inside a pattern are not allowed: write [Aa] for "
		    "either case");
		return NULL;
	}
	s->at += looking_at(s, "(?:") ? 3 : 1;
	buf_puts(&s->out, "(?:");
	n = parse_alternatives(s);
	return n && close_group(s, from) == 0 ? n : NULL;
}

static struct pattern_node *
parse_literal(struct pattern_parser *s)
{
	struct pattern_node *n = pattern_node_new(s, PATTERN_SET);
	char c = pattern_peek(s);

	if (!n)
		return NULL;
	if (c == '.') {
		byteset_add(&n->set, '\n');
		byteset_invert(&n->set);
	} else {
		byteset_add(&n->set, (unsigned char)c);
	}
	s->at++;
	buf_putc(&s->out, c);
	return n;
}

static struct pattern_node *
parse_atom(struct pattern_parser *s)
{
	char c = pattern_peek(s);

	switch (c) {
	case '(':
		return parse_group(s);
	case '[':
		return pattern_class(s);
	case '\\':
		return pattern_escape(s);
	case '{':
		if (s->at + 1 < s->text.len && s->text.ptr[s->at + 1] >= '0' &&
		    s->text.ptr[s->at + 1] <= '9')
			break;
		return parse_piece(s, false);
	case '^':
	case '$':
		pattern_refuse(s, s->at,
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
	pattern_refuse(
	    s, s->at, "there is nothing to repeat before this '%c'", c);
	return NULL;
}

static bool
take_number(struct pattern_parser *s, unsigned *number)
{
	size_t from = s->at;

	*number = 0;
	while (pattern_more(s) && pattern_peek(s) >= '0' &&
	       pattern_peek(s) <= '9' && s->at - from < 5)
		*number = *number * 10 + (unsigned)(s->text.ptr[s->at++] - '0');
	return s->at > from;
}

/* {n}, {n,} or {n,m} at s->at. */
static int
parse_count(struct pattern_parser *s, struct pattern_node *repeat)
{
	size_t from = s->at++;

	if (pattern_peek(s) == ',')
		return pattern_refuse(s, from, "write {0,n} for up to n");
	take_number(s, &repeat->min);
	repeat->max = repeat->min;
	if (pattern_peek(s) == ',') {
		s->at++;
		if (!take_number(s, &repeat->max))
			repeat->max = PATTERN_UNBOUNDED;
	}
	if (pattern_peek(s) != '}')
		return pattern_refuse(
		    s, from, "a count is written {n}, {n,m} or {n,}");
	s->at++;
	if (repeat->max < repeat->min)
		return pattern_refuse(s, from, "the smaller count comes first");
	return 0;
}

static int
check_repeat(struct pattern_parser *s, const struct pattern_node *repeat,
    size_t from, size_t groups)
{
	const struct pattern_node *child = repeat->first;
	unsigned most =
	    child->kind == PATTERN_SET ? BOUND_MAX : GROUP_BOUND_MAX;

	if (child->kind == PATTERN_NOTHING)
		return pattern_refuse(
		    s, from, "there is nothing to repeat here");
	if (repeat->max == PATTERN_UNBOUNDED &&
	    (child->kind != PATTERN_SET || !byteset_is_narrow(&child->set)))
		return pattern_refuse(s, from,
		    "no upper bound: a stranger may write this text; give "
		    "one, like {%u,400}",
		    repeat->min);
	if (repeat->max != PATTERN_UNBOUNDED && repeat->max > most)
		return pattern_refuse(
		    s, from, "at most %u repetitions are allowed", most);
	if (repeat->max > 1 && groups != s->group_count)
		return pattern_refuse(s, from,
		    "a named group or checked piece may not be repeated: only "
		    "its last text would be kept and checked");
	return 0;
}

static struct pattern_node *
parse_quantified(struct pattern_parser *s)
{
	size_t groups = s->group_count, from;
	bool high = (unsigned char)pattern_peek(s) >= 0x80;
	struct pattern_node *atom = parse_atom(s), *repeat;
	char c = pattern_peek(s);
	bool counted = c == '{' && s->at + 1 < s->text.len &&
		       (s->text.ptr[s->at + 1] == ',' ||
			   (s->text.ptr[s->at + 1] >= '0' &&
			       s->text.ptr[s->at + 1] <= '9'));

	if (!atom || !pattern_more(s) || (!strchr("*+?", c) && !counted))
		return atom;
	from = s->at;
	repeat = pattern_node_new(s, PATTERN_REPEAT);
	if (!repeat)
		return NULL;
	repeat->first = atom;
	repeat->min = c == '+';
	repeat->max = c == '?' ? 1 : PATTERN_UNBOUNDED;
	if (c == '{') {
		if (parse_count(s, repeat))
			return NULL;
	} else {
		s->at++;
	}
	if (high) {
		pattern_refuse(s, from,
		    "this repeats one byte of a longer character: put it in "
		    "(?:..)");
		return NULL;
	}
	if (check_repeat(s, repeat, from, groups))
		return NULL;
	s->at += pattern_peek(s) == '?';
	if (pattern_peek(s) == '+' || pattern_peek(s) == '*' ||
	    pattern_peek(s) == '?') {
		pattern_refuse(s, from,
		    pattern_peek(s) == '+'
			? "a possessive quantifier hides second readings: "
			  "leave the + away"
			: "a repetition of a repetition");
		return NULL;
	}
	pattern_copy(s, from);
	return repeat;
}

static struct pattern_node *
parse_sequence(struct pattern_parser *s)
{
	struct pattern_node *sequence = pattern_node_new(s, PATTERN_CONCAT);
	struct pattern_node **tail = sequence ? &sequence->first : NULL;

	while (sequence && pattern_more(s) && pattern_peek(s) != '|' &&
	       pattern_peek(s) != ')') {
		*tail = parse_quantified(s);
		if (!*tail)
			return NULL;
		tail = &(*tail)->next;
	}
	return sequence;
}

static struct pattern_node *
parse_alternatives(struct pattern_parser *s)
{
	struct pattern_node *alt, *one;
	struct pattern_node **tail;

	if (++s->depth > NESTING_MAX) {
		pattern_refuse(
		    s, s->at, "groups are nested deeper than %d", NESTING_MAX);
		return NULL;
	}
	one = parse_sequence(s);
	if (one && pattern_peek(s) == '|') {
		alt = pattern_node_new(s, PATTERN_ALT);
		if (!alt)
			return NULL;
		alt->first = one;
		tail = &one->next;
		while (one && pattern_peek(s) == '|') {
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

/* A pattern of (?!.{N}) and more says how long a message may be: that is told
 * faster without running it. */
static void
split_limit(struct pattern_facts *facts, const struct pattern_node *root)
{
	static const char opener[] = "(?!.{";
	struct slice rest = slice_of(facts->expanded);
	unsigned long long below;
	size_t digits;

	facts->code = facts->expanded;
	if (root->kind == PATTERN_ALT || !slice_starts(rest, slice_of(opener)))
		return;
	rest = slice_from(rest, strlen(opener));
	digits = slice_find(rest, '}');
	if (!slice_uint((struct slice){rest.ptr, digits}, BOUND_MAX, &below) ||
	    !slice_starts(slice_from(rest, digits), SLICE("})")) || !below)
		return;
	rest = slice_from(rest, digits + 2);
	if (rest.len && strchr("?*+{", *rest.ptr))
		return;
	facts->below = (size_t)below;
	facts->code = rest.ptr;
}

static int
finish(struct pattern_parser *s, struct pattern_facts *out,
    const struct pattern_node *root)
{
	struct pattern_group *groups =
	    arena_array(s->arena, s->group_count, sizeof *groups);
	char *expanded = arena_copy(s->arena, buf_slice(&s->out));

	if (s->out.len > PATTERN_MAX)
		return pattern_refuse(s, 0,
		    "with its pieces written out the pattern has %zu bytes; "
		    "%zu are allowed",
		    s->out.len, PATTERN_MAX);
	if (!groups || !expanded || s->out.failed ||
	    pattern_measure(out, root, s->arena))
		return pattern_refuse(s, 0, "out of memory");
	if (s->group_count)
		memcpy(groups, s->groups, s->group_count * sizeof *groups);
	out->expanded = expanded;
	split_limit(out, root);
	out->groups = groups;
	out->group_count = s->group_count;
	return 0;
}

int
pattern_parse(struct pattern_facts *out, struct slice text,
    pattern_find_fn find, const void *pieces, struct arena *arena,
    struct pattern_error *error)
{
	struct pattern_parser s = {.text = text,
	    .find = find,
	    .pieces = pieces,
	    .arena = arena,
	    .error = error};
	struct pattern_facts facts = {0};
	struct pattern_node *root;
	int result = -1;

	*error = (struct pattern_error){0};
	if (text.len > PATTERN_MAX)
		return pattern_refuse(&s, 0,
		    "the pattern has %zu bytes; %zu are allowed", text.len,
		    PATTERN_MAX);
	root = parse_alternatives(&s);
	if (root && pattern_more(&s))
		pattern_refuse(&s, s.at,
		    "a ')' that closes nothing: write \\) for the character");
	else if (root)
		result = finish(&s, &facts, root);
	if (result == 0)
		*out = facts;
	else if (!error->text[0])
		pattern_refuse(&s, s.at, "out of memory");
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
