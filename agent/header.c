/* SPDX-License-Identifier: Apache-2.0 */
#include "header.h"

#include <stdlib.h>
#include <string.h>

#include "instant.h"

#define PRI_MAX 191
#define PROGRAM_MAX 128
#define PID_MAX 128
#define REPEATED_MAX 1000000

/* Member by member: for a struct of this size compilers choose an instruction
 * that takes longer than all the rest of a line. */
static inline void
clear(struct header *out)
{
	const struct slice none = {0};

	out->form = HEADER_NONE;
	out->priority = -1;
	out->host = none;
	out->program = none;
	out->pid = none;
	out->service = none;
	out->type = none;
	out->message = none;
	out->stamp = none;
	out->has_time = false;
	out->time_us = 0;
	out->inferred_year = false;
	out->inferred_zone = false;
	out->precision = "";
	out->repeated = 1;
}

static struct slice
take_token(struct slice *text)
{
	size_t len = slice_find(*text, ' ');
	struct slice token = {text->ptr, len};

	*text = slice_from(*text, len + 1);
	return token;
}

/* Whether the first word is a tag: it ends with a colon. */
static bool
begins_with_tag(struct slice text)
{
	size_t len = slice_find(text, ' ');

	return len > 1 && text.ptr[len - 1] == ':';
}

static bool
take_priority(struct slice *text, int *priority)
{
	unsigned long long value;
	size_t end;

	if (!text->len || *text->ptr != '<')
		return false;
	end = slice_find(*text, '>');
	if (end > 4 ||
	    !slice_uint((struct slice){text->ptr + 1, end ? end - 1 : 0}, 999,
		&value) ||
	    value > PRI_MAX)
		return false;
	*priority = (int)value;
	*text = slice_from(*text, end + 1);
	return true;
}

static void
set_time(
    const struct header_context *c, const struct instant *i, struct header *out)
{
	if (!instant_us(
		i, c->zone, c->reference_us, c->previous_us, &out->time_us))
		return;
	out->has_time = true;
	out->inferred_year = i->year == 0;
	out->inferred_zone = !i->has_offset;
	out->precision = i->fraction_digits == 0   ? "s"
			 : i->fraction_digits <= 3 ? "ms"
						   : "us";
}

/* A program `SERVICE(pam_X)` is the module pam_X asked for by SERVICE. */
static void
split_pam_program(struct header *out)
{
	struct slice p = out->program;
	size_t open;

	if (!p.len || p.ptr[p.len - 1] != ')')
		return;
	open = slice_find(p, '(');
	if (open == 0 || open == p.len ||
	    !slice_starts(slice_from(p, open), SLICE("(pam_")))
		return;
	out->service = (struct slice){p.ptr, open};
	out->program = (struct slice){p.ptr + open + 1, p.len - open - 2};
}

/* A message `pam_X(SERVICE:TYPE): text` is the module's, not the program's that
 * loaded it. */
static void
split_pam_message(struct header *out)
{
	struct slice m = out->message, service;
	size_t open, close, colon;

	if (!slice_starts(m, SLICE("pam_")))
		return;
	open = slice_find(m, '(');
	close = slice_find(m, ')');
	if (open >= close || close - open > PROGRAM_MAX ||
	    slice_find(m, ' ') < close ||
	    !slice_starts(slice_from(m, close), SLICE("): ")))
		return;
	service = (struct slice){m.ptr + open + 1, close - open - 1};
	colon = slice_find(service, ':');
	if (colon == 0 || colon == service.len)
		return;
	out->program = (struct slice){m.ptr, open};
	out->service = (struct slice){service.ptr, colon};
	out->type = slice_from(service, colon + 1);
	out->message = slice_from(m, close + 3);
}

static void
drop_cr(struct slice *text)
{
	if (text->len && text->ptr[text->len - 1] == '\r')
		text->len--;
}

void
header_message(struct slice program, struct slice message, struct header *out)
{
	clear(out);
	out->program = program;
	out->message = message;
	drop_cr(&out->message);
	split_pam_program(out);
	split_pam_message(out);
}

/* rsyslog's `message repeated N times: [ text]` stands for N lines of text. */
static void
unfold_repeated(struct header *out)
{
	static const char opener[] = " times: [";
	struct slice m = out->message;
	unsigned long long n;
	size_t digits;

	if (!slice_starts(m, SLICE("message repeated ")) ||
	    m.ptr[m.len - 1] != ']')
		return;
	m = slice_from(m, strlen("message repeated "));
	digits = slice_find(m, ' ');
	if (!slice_uint((struct slice){m.ptr, digits}, REPEATED_MAX, &n) ||
	    n == 0 || !slice_starts(slice_from(m, digits), slice_of(opener)))
		return;
	m = slice_from(m, digits + strlen(opener));
	m.len--;
	if (m.len && *m.ptr == ' ')
		m = slice_from(m, 1);
	out->repeated = (unsigned)n;
	out->message = m;
}

/* `tag:` or `tag[pid]:` and what follows. Without one the whole is the
 * message. */
static void
take_tag(struct slice text, struct header *out)
{
	size_t end = 0;
	size_t close;

	while (end < text.len && end <= PROGRAM_MAX && text.ptr[end] != ' ' &&
	       text.ptr[end] != ':' && text.ptr[end] != '[')
		end++;
	out->message = text;
	if (end == 0 || end > PROGRAM_MAX || end == text.len ||
	    text.ptr[end] == ' ')
		return;
	close = end;
	if (text.ptr[end] == '[') {
		while (close < text.len && text.ptr[close] != ' ' &&
		       !slice_starts(slice_from(text, close), SLICE("]:")))
			close++;
		if (close >= text.len || text.ptr[close] == ' ' ||
		    close - end - 1 > PID_MAX)
			return;
		out->pid = (struct slice){text.ptr + end + 1, close - end - 1};
		close++;
	}
	out->program = (struct slice){text.ptr, end};
	text = slice_from(text, close + 1);
	if (text.len && *text.ptr == ' ')
		text = slice_from(text, 1);
	out->message = text;
}

static bool
is_year(struct slice token, int *year)
{
	unsigned long long value;

	if (token.len != 4 || !slice_uint(token, 2199, &value) || value < 1970)
		return false;
	*year = (int)value;
	return true;
}

/* Some devices write `Mmm dd hh:mm:ss yyyy host tag:`. A host may be named like
 * a year, so a host must follow, and then a tag. */
static void
take_late_year(struct slice *text, struct instant *i)
{
	struct slice rest = *text, token, after;
	int year;

	if (rest.len < 5 || rest.ptr[4] != ' ')
		return;
	token = take_token(&rest);
	after = rest;
	if (!is_year(token, &year) || begins_with_tag(rest))
		return;
	take_token(&after);
	if (!begins_with_tag(after))
		return;
	i->year = year;
	*text = rest;
	if (!instant_is_valid(i))
		i->year = 0;
}

/* What follows the stamp of a line in a file: ` host tag: message`, ` tag:
 * message`, or two blanks where the host is empty. */
static void
take_host_and_tag(struct slice text, struct header *out)
{
	if (!begins_with_tag(text)) {
		size_t len = slice_find(text, ' ');

		if (len == text.len) {
			out->message = text;
			return;
		}
		out->host = take_token(&text);
		if (slice_eq_str(out->host, "-"))
			out->host.len = 0;
	}
	take_tag(text, out);
}

#ifdef __SSE2__
#include <emmintrin.h>

#define WINDOW 64

/* Where the bytes that matter are in the first of a text. */
struct marks {
	uint64_t blank, colon, open, close;
};

static inline uint64_t
mark(const __m128i part[4], char c)
{
	const __m128i wanted = _mm_set1_epi8(c);
	unsigned a =
	    (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(part[0], wanted));
	unsigned b =
	    (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(part[1], wanted));
	unsigned d =
	    (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(part[2], wanted));
	unsigned e =
	    (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(part[3], wanted));

	return (uint64_t)(e << 16 | d) << 32 | (b << 16 | a);
}

static inline struct marks
find_marks(struct slice text)
{
	char room[WINDOW];
	const __m128i *p = (const __m128i *)(const void *)text.ptr;
	__m128i part[4];

	if (text.len < WINDOW) {
		memset(room, 0, sizeof room);
		memcpy(room, text.ptr, text.len);
		p = (const __m128i *)(const void *)room;
	}
	part[0] = _mm_loadu_si128(p);
	part[1] = _mm_loadu_si128(p + 1);
	part[2] = _mm_loadu_si128(p + 2);
	part[3] = _mm_loadu_si128(p + 3);
	return (struct marks){
	    mark(part, ' '), mark(part, ':'), mark(part, '['), mark(part, ']')};
}

/* The lowest bit from `from` on, WINDOW when there is none. */
static inline size_t
first_from(uint64_t bits, size_t from)
{
	bits = from < WINDOW ? bits >> from << from : 0;
	return bits ? (size_t)__builtin_ctzll(bits) : WINDOW;
}

/* What take_host_and_tag does, in one look at the first bytes. False, and
 * nothing done, when they do not decide. */
static bool
take_quickly(struct slice text, struct header *out)
{
	const struct marks m = find_marks(text);
	size_t blank = first_from(m.blank, 0), from = 0, end, close;
	struct slice host = {0};

	if (blank == WINDOW)
		return false;
	if (blank < 2 || text.ptr[blank - 1] != ':') {
		host = (struct slice){text.ptr, blank};
		from = blank + 1;
		blank = first_from(m.blank, from);
	}
	end = first_from(m.blank | m.colon | m.open, from);
	if (end == WINDOW)
		return false;
	close = end;
	if (text.ptr[end] == '[') {
		close = first_from(m.close & m.colon >> 1, end);
		if (close == WINDOW && blank == WINDOW)
			return false;
		if (close > blank)
			end = from; /* no tag */
	}
	out->host = slice_eq(host, SLICE("-")) ? (struct slice){0} : host;
	if (end == from || text.ptr[end] == ' ') {
		out->message = slice_from(text, from);
		return true;
	}
	out->program = (struct slice){text.ptr + from, end - from};
	if (close > end) {
		out->pid = (struct slice){text.ptr + end + 1, close - end - 1};
		close++;
	}
	text = slice_from(text, close + 1);
	if (text.len && *text.ptr == ' ')
		text = slice_from(text, 1);
	out->message = text;
	return true;
}
#else
static bool
take_quickly(struct slice text, struct header *out)
{
	(void)text;
	(void)out;
	return false;
}
#endif

static bool
parse_file_line(
    const struct header_context *c, struct slice text, struct header *out)
{
	struct slice rest = text;
	struct instant i;

	if (instant_take_bsd(&rest, &i))
		out->form = HEADER_BSD;
	else if (instant_take_iso(&rest, &i))
		out->form = HEADER_ISO;
	else
		return false;
	if (rest.len && *rest.ptr != ' ') {
		out->form = HEADER_NONE;
		return false;
	}
	out->stamp = (struct slice){text.ptr, text.len - rest.len};
	rest = slice_from(rest, 1);
	if (out->form == HEADER_BSD)
		take_late_year(&rest, &i);
	set_time(c, &i, out);
	if (c->plain || !take_quickly(rest, out))
		take_host_and_tag(rest, out);
	unfold_repeated(out);
	return true;
}

/* One element `[id name="value" ...]` of structured data, after its '['; the
 * bytes it takes, or 0 when it is broken. */
static size_t
element_length(struct slice text)
{
	bool quoted = false;

	for (size_t i = 0; i < text.len; i++) {
		char ch = text.ptr[i];

		if (quoted && ch == '\\')
			i++;
		else if (ch == '"')
			quoted = !quoted;
		else if (ch == ']' && !quoted)
			return i + 1;
	}
	return 0;
}

static bool
skip_structured_data(struct slice *text)
{
	if (text->len && *text->ptr == '-') {
		*text = slice_from(*text, 1);
	} else {
		if (!text->len || *text->ptr != '[')
			return false;
		while (text->len && *text->ptr == '[') {
			size_t len = element_length(slice_from(*text, 1));

			if (len == 0)
				return false;
			*text = slice_from(*text, len + 1);
		}
	}
	if (text->len && *text->ptr != ' ')
		return false;
	*text = slice_from(*text, 1);
	return true;
}

static struct slice
or_nil(struct slice token)
{
	return slice_eq_str(token, "-") ? SLICE("") : token;
}

static bool
take_5424_stamp(
    const struct header_context *c, struct slice *text, struct header *out)
{
	struct slice token = take_token(text), rest = token;
	struct instant i;

	if (slice_eq_str(token, "-"))
		return true;
	if (token.len < 20 || token.ptr[10] != 'T' ||
	    !instant_take_iso(&rest, &i) || rest.len || !i.has_offset)
		return false;
	out->stamp = token;
	set_time(c, &i, out);
	return true;
}

static bool
parse_5424(
    const struct header_context *c, struct slice text, struct header *out)
{
	struct header new = *out;

	if (!take_5424_stamp(c, &text, &new))
		return false;
	new.host = or_nil(take_token(&text));
	new.program = or_nil(take_token(&text));
	new.pid = or_nil(take_token(&text));
	take_token(&text); /* message id */
	if (!skip_structured_data(&text))
		return false;
	if (slice_starts(text, SLICE("\xef\xbb\xbf")))
		text = slice_from(text, 3);
	new.message = text;
	new.form = HEADER_5424;
	*out = new;
	return true;
}

static bool
parse_bare(
    const struct header_context *c, struct slice text, struct header *out)
{
	struct header_stamped stamped;

	if (!header_stamp_take(c->stamp, text, &stamped))
		return false;
	out->form = HEADER_BARE;
	out->stamp = stamped.stamp;
	set_time(c, &stamped.instant, out);
	out->program = c->program;
	out->message = stamped.message;
	return true;
}

bool
header_parse(
    const struct header_context *c, struct slice line, struct header *out)
{
	struct slice text;

	clear(out);
	drop_cr(&line);
	text = line;
	if (take_priority(&text, &out->priority) &&
	    slice_starts(text, SLICE("1 "))) {
		if (!parse_5424(c, slice_from(text, 2), out))
			out->form = HEADER_NONE;
	} else if (!c->stamp || !parse_bare(c, line, out)) {
		parse_file_line(c, text, out);
	}
	if (out->form == HEADER_NONE) {
		clear(out);
		out->message = line;
		return false;
	}
	split_pam_program(out);
	split_pam_message(out);
	return true;
}
