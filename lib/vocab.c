/* SPDX-License-Identifier: Apache-2.0 */
#include "assay/vocab.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "assay/arena.h"
#include "assay/command.h"
#include "assay/jsonout.h"
#include "assay/printable.h"
#include "assay/stamp.h"

#define KINDS_MAX 256
#define SPAN_MAX (INT64_C(36500) * STAMP_US_PER_DAY)
#define EXACT_MAX ((int64_t)1 << 53) /* beyond it JSON readers round */

struct vocab {
	struct arena arena;
	struct vocab_kind *kinds;
	size_t count;
};

/* In the order of the enums. */
static const char *const type_names[] = {
    "string", "int", "bool", "ip", "time", "duration", NULL};
static const char *const outcome_names[] = {
    "none", "success", "warning", "failure", NULL};

/* lower-case words joined by single dots, at least two for a kind. */
static bool
is_name(struct slice text, bool dotted)
{
	size_t dots = 0;
	bool start = true;

	if (text.len > 63)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (c == '.' && !start && dotted) {
			dots++;
			start = true;
			continue;
		}
		if (!(c >= 'a' && c <= 'z') &&
		    (start || !((c >= '0' && c <= '9') || c == '_')))
			return false;
		start = false;
	}
	return !start && (dots > 0) == dotted;
}

static int
read_fields(struct vocab *v, struct vocab_kind *kind, const struct tree_node *n,
    struct problems *p)
{
	struct vocab_field *fields;
	int result = 0;

	if (tree_map(p, n, "a map of field names and types"))
		return -1;
	if (tree_count(n) > VOCAB_FIELDS_MAX)
		return tree_problem(
		    p, n, "at most %d fields are allowed", VOCAB_FIELDS_MAX);
	fields = arena_array(&v->arena, tree_count(n), sizeof *fields);
	if (!fields)
		return tree_problem(p, n, "out of memory");
	for (size_t i = 0; i < tree_count(n); i++) {
		const struct tree_node *key = tree_key(n, i);
		size_t type = 0;

		if (!is_name(tree_text(key), false))
			result = tree_problem(p, key,
			    "a field name is lower-case letters, digits and _");
		if (tree_word(p, tree_item(n, i), type_names, &type))
			result = -1;
		fields[i].name = arena_copy(&v->arena, tree_text(key));
		fields[i].type = (enum vocab_type)type;
		fields[i].index = i;
		if (!fields[i].name)
			return tree_problem(p, n, "out of memory");
	}
	kind->fields = fields;
	kind->field_count = tree_count(n);
	return result;
}

static int
read_outcomes(
    struct vocab_kind *kind, const struct tree_node *n, struct problems *p)
{
	int result = 0;

	if (tree_list(p, n, "a list of outcomes"))
		return -1;
	if (tree_count(n) == 0)
		return tree_problem(p, n, "the list is empty");
	for (size_t i = 0; i < tree_count(n); i++) {
		size_t outcome = 0;

		if (tree_word(p, tree_item(n, i), outcome_names, &outcome))
			result = -1;
		else
			kind->outcomes |= 1u << outcome;
	}
	return result;
}

static int
read_run(struct vocab_kind *kind, const struct tree_node *n, struct problems *p)
{
	static const char *const known[] = {"limit", "outcome", NULL};
	static const char *const worst[] = {"worst", NULL};
	const struct tree_node *limit, *outcome;
	size_t index;

	if (tree_keys(p, n, known))
		return -1;
	limit = tree_need(p, n, "limit");
	outcome = tree_need(p, n, "outcome");
	if (!limit || !outcome || tree_word(p, outcome, worst, &index) ||
	    tree_duration(p, limit, &kind->run_limit_us))
		return -1;
	if (kind->run_limit_us <= 0)
		return tree_problem(p, limit, "the limit must be positive");
	kind->run = true;
	return 0;
}

static int
read_names(struct vocab *v, struct vocab_kind *kind, const struct tree_node *n,
    struct problems *p)
{
	const struct tree_node *event = tree_need(p, n, "event");
	const struct tree_node *about = tree_need(p, n, "about");
	struct slice text;

	if (!event || !about || tree_string(p, event, &text))
		return -1;
	if (!is_name(text, true))
		return tree_problem(p, event,
		    "an event is two or more lower-case words joined by dots, "
		    "like auth.login");
	if (vocab_find(v, text))
		return tree_problem(
		    p, event, "'%.*s' is there already", SLICE_FMT(text));
	kind->event = arena_copy(&v->arena, text);
	if (tree_string(p, about, &text))
		return -1;
	kind->about = arena_copy(&v->arena, text);
	if (!kind->event || !kind->about)
		return tree_problem(p, n, "out of memory");
	return 0;
}

static int
read_kind(struct vocab *v, struct vocab_kind *kind, const struct tree_node *n,
    struct problems *p)
{
	static const char *const known[] = {
	    "event", "about", "outcomes", "fields", "run", NULL};
	const struct tree_node *outcomes, *fields, *run;
	int result = 0;

	if (tree_map(p, n, "an event"))
		return -1;
	result |= tree_keys(p, n, known);
	result |= read_names(v, kind, n, p);
	outcomes = tree_need(p, n, "outcomes");
	fields = tree_get(n, "fields");
	run = tree_get(n, "run");
	if (!outcomes || read_outcomes(kind, outcomes, p))
		result = -1;
	if (fields && read_fields(v, kind, fields, p))
		result = -1;
	if (run && read_run(kind, run, p))
		result = -1;
	return result;
}

static int
read_root(struct vocab *v, const struct tree_node *root, struct problems *p)
{
	static const char *const known[] = {"events", NULL};
	const struct tree_node *list;
	int result = 0;

	if (tree_keys(p, root, known))
		return -1;
	list = tree_need(p, root, "events");
	if (!list || tree_list(p, list, "a list of events"))
		return -1;
	if (tree_count(list) > KINDS_MAX)
		return tree_problem(
		    p, list, "at most %d events are allowed", KINDS_MAX);
	v->kinds = arena_array(&v->arena, tree_count(list), sizeof *v->kinds);
	if (!v->kinds)
		return tree_problem(p, list, "out of memory");
	for (size_t i = 0; i < tree_count(list); i++) {
		struct vocab_kind kind = {0};

		if (read_kind(v, &kind, tree_item(list, i), p))
			result = -1;
		else
			v->kinds[v->count++] = kind;
	}
	return result;
}

struct vocab *
vocab_new(const struct tree *t, struct problems *p)
{
	struct vocab *v = calloc(1, sizeof *v);

	if (!v) {
		tree_problem(p, tree_root(t), "out of memory");
		return NULL;
	}
	if (read_root(v, tree_root(t), p) == 0)
		return v;
	vocab_free(v);
	return NULL;
}

void
vocab_free(struct vocab *v)
{
	if (!v)
		return;
	arena_clear(&v->arena);
	free(v);
}

const struct vocab_kind *
vocab_find(const struct vocab *v, struct slice event)
{
	for (size_t i = 0; i < v->count; i++)
		if (slice_eq_str(event, v->kinds[i].event))
			return &v->kinds[i];
	return NULL;
}

const struct vocab_kind *
vocab_nearest(const struct vocab *v, struct slice event)
{
	const char *names[KINDS_MAX + 1] = {0};
	char text[64];
	const char *nearest;

	if (event.len >= sizeof text)
		return NULL;
	memcpy(text, event.ptr, event.len);
	text[event.len] = '\0';
	for (size_t i = 0; i < v->count; i++)
		names[i] = v->kinds[i].event;
	nearest = command_nearest(text, names);
	return nearest ? vocab_find(v, slice_of(nearest)) : NULL;
}

const struct vocab_kind *
vocab_at(const struct vocab *v, size_t i)
{
	return i < v->count ? &v->kinds[i] : NULL;
}

const struct vocab_field *
vocab_field(const struct vocab_kind *kind, struct slice name)
{
	for (size_t i = 0; i < kind->field_count; i++)
		if (slice_eq_str(name, kind->fields[i].name))
			return &kind->fields[i];
	return NULL;
}

const char *
vocab_type_name(enum vocab_type type)
{
	return type_names[type];
}

const char *
vocab_outcome_name(enum vocab_outcome outcome)
{
	return outcome_names[outcome];
}

bool
vocab_outcome_parse(struct slice text, enum vocab_outcome *outcome)
{
	for (int i = 0; outcome_names[i]; i++)
		if (slice_eq_str(text, outcome_names[i])) {
			*outcome = (enum vocab_outcome)i;
			return true;
		}
	return false;
}

static bool
parse_int(struct slice text, int64_t *number)
{
	bool negative = text.len && *text.ptr == '-';
	unsigned long long size;

	if (text.len && (*text.ptr == '-' || *text.ptr == '+'))
		text = slice_from(text, 1);
	if (!slice_uint(text, INT64_MAX, &size))
		return false;
	*number = negative ? -(int64_t)size : (int64_t)size;
	return true;
}

static bool
parse_bool(struct slice text, int64_t *number)
{
	bool yes = slice_eq_str(text, "true") || slice_eq_str(text, "yes");

	if (!yes && !slice_eq_str(text, "false") && !slice_eq_str(text, "no"))
		return false;
	*number = yes;
	return true;
}

/* Four numbers up to 255 without leading zeros: all that inet_pton takes as
 * IPv4, in a quarter of its time. */
static bool
is_ipv4(struct slice text)
{
	unsigned parts = 0, value = 0;
	size_t digits = 0;

	for (size_t i = 0; i < text.len; i++) {
		unsigned digit = (unsigned char)text.ptr[i] - (unsigned)'0';

		if (digit <= 9) {
			value = 10 * value + digit;
			if (value > 255 || (digits && value == digit))
				return false;
			digits++;
		} else if (text.ptr[i] == '.' && digits) {
			parts++;
			value = 0;
			digits = 0;
		} else {
			return false;
		}
	}
	return parts == 3 && digits;
}

static bool
parse_ip(struct slice text)
{
	char address[INET6_ADDRSTRLEN + 1];
	unsigned char bytes[16];

	if (text.len == 0 || text.len >= sizeof address ||
	    memchr(text.ptr, '\0', text.len))
		return false;
	if (!memchr(text.ptr, ':', text.len))
		return is_ipv4(text);
	memcpy(address, text.ptr, text.len);
	address[text.len] = '\0';
	return inet_pton(AF_INET6, address, bytes) == 1;
}

static size_t
digits(struct slice text)
{
	size_t n = 0;

	while (n < text.len && text.ptr[n] >= '0' && text.ptr[n] <= '9')
		n++;
	return n;
}

/* Take `.ffffff` (or with a comma) off the front as microseconds, at most nine
 * digits; false when there is a point without digits. */
static bool
take_fraction(struct slice *text, int64_t *us)
{
	size_t n;

	*us = 0;
	if (!text->len || (*text->ptr != '.' && *text->ptr != ','))
		return true;
	*text = slice_from(*text, 1);
	n = digits(*text);
	if (n == 0 || n > 9)
		return false;
	for (size_t i = 0; i < 6; i++)
		*us = *us * 10 + (i < n ? text->ptr[i] - '0' : 0);
	*text = slice_from(*text, n);
	return true;
}

/* "Z", "+hh:mm", "-hhmm": microseconds east of UTC. */
static bool
parse_offset(struct slice text, int64_t *us)
{
	unsigned long long hours, minutes;
	bool colon = text.len == 6 && text.ptr[3] == ':';

	*us = 0;
	if (slice_eq_str(text, "Z"))
		return true;
	if ((text.len != 5 && !colon) || !strchr("+-", *text.ptr) ||
	    !slice_uint((struct slice){text.ptr + 1, 2}, 23, &hours) ||
	    !slice_uint(slice_from(text, colon ? 4 : 3), 59, &minutes))
		return false;
	*us = (int64_t)(hours * 60 + minutes) * 60 * STAMP_US_PER_S;
	if (*text.ptr == '-')
		*us = -*us;
	return true;
}

static bool
parse_time(struct slice text, int64_t *us)
{
	char wire[STAMP_LEN + 1];
	int64_t fraction, offset, base;
	unsigned long long seconds;

	if (slice_uint(text, 253402300799, &seconds)) {
		*us = (int64_t)seconds * STAMP_US_PER_S;
		return true;
	}
	if (text.len < 20 || (text.ptr[10] != 'T' && text.ptr[10] != ' '))
		return false;
	memcpy(wire, text.ptr, 19);
	memcpy(wire + 19, ".000000Z", 9);
	wire[10] = 'T';
	text = slice_from(text, 19);
	if (!stamp_parse(slice_of(wire), &base) ||
	    !take_fraction(&text, &fraction) || !parse_offset(text, &offset))
		return false;
	base += fraction - offset;
	if (base < 0 || base >= INT64_C(253402300800) * STAMP_US_PER_S)
		return false;
	*us = base;
	return true;
}

/* "[H:]M:SS" */
static bool
parse_clock(struct slice text, int64_t *us)
{
	int64_t sum = 0, fraction;
	size_t parts = 0;

	while (text.len && parts < 3) {
		size_t n = digits(text);
		unsigned long long part;

		if (!slice_uint((struct slice){text.ptr, n},
			parts ? 59 : 1000000, &part))
			return false;
		sum = sum * 60 + (int64_t)part;
		parts++;
		text = slice_from(text, n);
		if (!text.len || *text.ptr != ':')
			break;
		text = slice_from(text, 1);
	}
	if (parts < 2 || !take_fraction(&text, &fraction) || text.len)
		return false;
	*us = sum * STAMP_US_PER_S + fraction;
	return true;
}

/* "1h2m3.5s", or "12.5": seconds. */
static bool
parse_span(struct slice text, int64_t *us)
{
	int64_t sum = 0;

	if (!text.len)
		return false;
	while (text.len) {
		size_t n = digits(text);
		unsigned long long count;
		int64_t fraction, unit = STAMP_US_PER_S, part;

		if (!slice_uint(
			(struct slice){text.ptr, n}, 1000000000, &count))
			return false;
		text = slice_from(text, n);
		if (!take_fraction(&text, &fraction))
			return false;
		if (slice_starts(text, SLICE("ms")))
			unit = 1000;
		else if (slice_starts(text, SLICE("us")))
			unit = 1;
		else if (text.len && *text.ptr == 'd')
			unit *= 86400;
		else if (text.len && *text.ptr == 'h')
			unit *= 3600;
		else if (text.len && *text.ptr == 'm')
			unit *= 60;
		else if (text.len && *text.ptr != 's')
			return false;
		if (__builtin_mul_overflow((int64_t)count, unit, &part) ||
		    part > SPAN_MAX)
			return false;
		sum += part + fraction * unit / STAMP_US_PER_S;
		if (sum > SPAN_MAX)
			return false;
		text = slice_from(text, unit < STAMP_US_PER_S ? 2 : 1);
	}
	*us = sum;
	return true;
}

bool
vocab_parse(enum vocab_type type, struct slice text, struct vocab_value *value)
{
	struct vocab_value new = {.type = type, .text = text};
	bool good = true;

	switch (type) {
	case VOCAB_STRING:
		break;
	case VOCAB_INT:
		good = parse_int(text, &new.number);
		break;
	case VOCAB_BOOL:
		good = parse_bool(text, &new.number);
		break;
	case VOCAB_IP:
		good = parse_ip(text);
		break;
	case VOCAB_TIME:
		good = parse_time(text, &new.number);
		break;
	case VOCAB_DURATION:
		good = parse_clock(text, &new.number) ||
		       parse_span(text, &new.number);
		break;
	}
	if (good)
		*value = new;
	return good;
}

bool
vocab_equal(const struct vocab_value *a, const struct vocab_value *b)
{
	if (a->type != b->type)
		return false;
	if (a->type == VOCAB_STRING || a->type == VOCAB_IP)
		return slice_eq(a->text, b->text);
	return a->number == b->number;
}

void
vocab_json(struct buf *out, const struct vocab_value *value)
{
	struct buf text = {0};
	char stamp[STAMP_LEN + 1];

	switch (value->type) {
	case VOCAB_STRING:
	case VOCAB_IP:
		printable_utf8(&text, value->text);
		jsonout_string(out, buf_slice(&text));
		out->failed |= text.failed;
		buf_clear(&text);
		break;
	case VOCAB_TIME:
		stamp_format(stamp, value->number);
		jsonout_str(out, stamp);
		break;
	case VOCAB_BOOL:
		jsonout_bool(out, value->number);
		break;
	case VOCAB_INT:
	case VOCAB_DURATION:
		if (value->number > EXACT_MAX || value->number < -EXACT_MAX) {
			buf_printf(&text, "%lld", (long long)value->number);
			jsonout_string(out, buf_slice(&text));
			out->failed |= text.failed;
			buf_clear(&text);
		} else {
			jsonout_int(out, value->number);
		}
		break;
	}
}
