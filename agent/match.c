/* SPDX-License-Identifier: Apache-2.0 */
#include "match.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct match {
	const struct ruleset *rules;
	struct reading_space *space;
	struct match_counts *counts; /* by index of the pattern */
};

static struct match *
make(const struct ruleset *s, bool plain)
{
	struct match *m = calloc(1, sizeof *m);

	if (!m)
		return NULL;
	m->rules = s;
	m->space = reading_space_new(plain);
	m->counts = calloc(ruleset_patterns(s) + 1, sizeof *m->counts);
	if (m->space && m->counts)
		return m;
	match_free(m);
	return NULL;
}

struct match *
match_new(const struct ruleset *s)
{
	return make(s, false);
}

struct match *
match_new_plain(const struct ruleset *s)
{
	return make(s, true);
}

void
match_free(struct match *m)
{
	if (!m)
		return;
	reading_space_free(m->space);
	free(m->counts);
	free(m);
}

struct match_counts
match_counts(const struct match *m, size_t i)
{
	return m->counts[i];
}

const struct ruleset_bucket *
match_bucket(const struct match *m, struct slice program)
{
	return ruleset_bucket(m->rules, program);
}

/* One search: what its readings have shown so far. */
struct search {
	const struct rule_pattern *pattern;
	const struct header *header;
	struct slice message;
	struct match_event *event; /* NULL for an ignore pattern */
	bool found;
	bool ambiguous;
};

static bool
is_set(const size_t *at, size_t count, unsigned group)
{
	return group < count && at[2 * group] != READING_UNSET;
}

static struct slice
group_text(struct slice message, const size_t *at, unsigned group)
{
	return (struct slice){
	    message.ptr + at[2 * group], at[2 * group + 1] - at[2 * group]};
}

/* Beyond what the types of the fields ask. */
static bool
pieces_are_valid(const struct search *s, const size_t *at, size_t count)
{
	const struct rule_pattern *p = s->pattern;

	for (size_t i = 0; i < p->check_count; i++) {
		const struct rule_check *c = &p->checks[i];

		if (is_set(at, count, c->group) &&
		    !pattern_check(
			c->check, group_text(s->message, at, c->group)))
			return false;
	}
	return true;
}

/* Value of a field in this reading: 1 it has one, 0 it has none, -1 the text is
 * not of the field's type, so that this is no reading at all. */
static int
field_value(const struct search *s, const struct rule_field *f,
    const size_t *at, size_t count, struct vocab_value *value)
{
	struct slice text = {0};

	switch (f->origin) {
	case RULE_SET:
		*value = f->constant;
		return 1;
	case RULE_SERVICE:
		text = s->header->service;
		break;
	case RULE_TYPE:
		text = s->header->type;
		break;
	case RULE_GROUP:
		if (!is_set(at, count, f->group))
			return 0;
		text = group_text(s->message, at, f->group);
		return vocab_parse(f->field->type, text, value) ? 1 : -1;
	}
	return text.len && vocab_parse(f->field->type, text, value);
}

static bool
read_fields(const struct search *s, const size_t *at, size_t count,
    struct match_event *out)
{
	const struct rule *rule = s->pattern->rule;

	out->rule = rule;
	out->ambiguous = false;
	out->field_count = 0;
	for (size_t i = 0; i < rule->field_count; i++) {
		struct match_field *field = &out->fields[out->field_count];
		int there =
		    field_value(s, &rule->fields[i], at, count, &field->value);

		if (there < 0)
			return false;
		field->field = rule->fields[i].field;
		out->field_count += there > 0;
	}
	return true;
}

/* Values as texts: 07 and 7 are two readings. */
static bool
same_fields(const struct match_event *a, const struct match_event *b)
{
	if (a->field_count != b->field_count)
		return false;
	for (size_t i = 0; i < a->field_count; i++)
		if (a->fields[i].field != b->fields[i].field ||
		    !slice_eq(a->fields[i].value.text, b->fields[i].value.text))
			return false;
	return true;
}

static enum reading_next
on_reading(void *arg, const size_t *at, size_t count)
{
	struct search *s = arg;
	struct match_event other;

	if (!pieces_are_valid(s, at, count))
		return READING_GO_ON;
	if (!s->event) {
		s->found = true;
		return READING_STOP;
	}
	if (!s->found) {
		s->found = read_fields(s, at, count, s->event);
		return READING_GO_ON;
	}
	if (!read_fields(s, at, count, &other) || same_fields(&other, s->event))
		return READING_GO_ON;
	s->ambiguous = true;
	return READING_STOP;
}

static struct slice
window_of(const struct header *h)
{
	struct slice message = h->message;

	if (message.len > MATCH_WINDOW)
		message.len = MATCH_WINDOW;
	return message;
}

bool
match_pattern(struct match *m, const struct rule_pattern *pattern,
    const struct header *h, struct match_event *out, bool *limit_hit)
{
	struct search s = {.pattern = pattern,
	    .header = h,
	    .message = window_of(h),
	    .event = pattern->rule ? out : NULL};
	struct match_counts *counts = &m->counts[pattern->index];

	*limit_hit = false;
	counts->candidates++;
	out->rule = pattern->rule;
	out->ambiguous = false;
	out->field_count = 0;
	if (reading_each(m->space, pattern->code, s.message, on_reading, &s) ==
	    READING_LIMITED) {
		*limit_hit = true;
		counts->limit_hits++;
	}
	counts->matches += s.found;
	if (s.found && s.event)
		out->ambiguous =
		    s.ambiguous || *limit_hit || h->message.len > MATCH_WINDOW;
	return s.found;
}

static struct match_event *
event_of_kind(struct match_result *out, const struct vocab_kind *kind)
{
	for (size_t i = 0; i < out->count; i++)
		if (out->events[i].rule->kind == kind)
			return &out->events[i];
	return NULL;
}

/* Only the fields that are there. */
static void
copy_event(struct match_event *to, const struct match_event *from)
{
	to->rule = from->rule;
	to->ambiguous = from->ambiguous;
	to->field_count = from->field_count;
	memcpy(
	    to->fields, from->fields, from->field_count * sizeof *to->fields);
}

/* A line is one event of a kind. Two rules may say the same of it; when they
 * differ nobody knows which is right. */
static void
add_event(struct match_result *out, const struct match_event *new)
{
	const struct rule *rule = new->rule;
	struct match_event *same;

	assert(rule);
	same = event_of_kind(out, rule->kind);
	if (same) {
		if (new->ambiguous || rule->outcome != same->rule->outcome ||
		    rule->phase != same->rule->phase || !same_fields(new, same))
			same->ambiguous = true;
	} else if (out->count == MATCH_EVENTS_MAX) {
		out->dropped++;
	} else {
		copy_event(&out->events[out->count++], new);
	}
}

/* What the patterns tried so far have shown. */
struct trial {
	struct match *match;
	const struct header *header;
	struct match_result *out;
	bool ignored;
	bool doubt; /* a rule gave up */
};

/* An event of any rule outweighs that the line is ignored. */
static bool
is_moot(const struct trial *t, const struct rule_pattern *pattern)
{
	return !pattern->rule && (t->ignored || t->out->count);
}

static bool
can_match(const struct filter *f, struct slice message)
{
	return filter_passes(f, message) &&
	       (!message.len || pattern_begins(&f->pattern->facts,
				    (unsigned char)*message.ptr));
}

static void
try_pattern(struct trial *t, const struct filter *f)
{
	const struct rule_pattern *pattern = f->pattern;
	struct match_result *out = t->out;
	struct match_event event;
	bool limited;

	if (match_pattern(t->match, pattern, t->header, &event, &limited)) {
		if (pattern->rule)
			add_event(out, &event);
		else
			t->ignored = true;
	} else if (limited) {
		/* One that cannot match has not given up, however long it
		 * looked. */
		limited = can_match(f, window_of(t->header));
		t->doubt |= limited && pattern->rule;
	}
	out->limit_hits += limited;
}

static void
begin(struct trial *t, struct match *m, const struct header *h,
    struct match_result *out)
{
	*t = (struct trial){.match = m, .header = h, .out = out};
	out->kind = MATCH_NO_PROGRAM;
	out->closed = false;
	out->cut = h->message.len > MATCH_WINDOW;
	out->limit_hits = 0;
	out->dropped = 0;
	out->count = 0;
}

static enum match_kind
conclude(const struct trial *t)
{
	struct match_result *out = t->out;

	/* A rule that gave up might have said otherwise. */
	for (size_t i = 0; t->doubt && i < out->count; i++)
		out->events[i].ambiguous = true;
	out->kind = out->count	 ? MATCH_EVENT
		    : t->ignored ? MATCH_IGNORED
				 : MATCH_UNKNOWN;
	return out->kind;
}

enum match_kind
match_line(struct match *m, const struct header *h, struct match_result *out)
{
	const struct ruleset_bucket *bucket = match_bucket(m, h->program);
	struct ruleset_candidates c;
	const struct filter *f;
	struct trial t;

	begin(&t, m, h, out);
	if (!bucket)
		return out->kind;
	out->closed = ruleset_closed(bucket);
	c = ruleset_candidates(bucket, h->message);
	while ((f = ruleset_candidate(&c)))
		if (!is_moot(&t, f->pattern) && filter_passes(f, window_of(h)))
			try_pattern(&t, f);
	return conclude(&t);
}

static bool
names(const struct rule_file *file, struct slice program)
{
	for (rule_texts p = file->programs; *p; p++)
		if (slice_eq_str(program, *p))
			return true;
	return false;
}

enum match_kind
match_line_plain(
    struct match *m, const struct header *h, struct match_result *out)
{
	const struct rule_file *file;
	bool known = false;
	struct trial t;

	begin(&t, m, h, out);
	for (size_t i = 0; (file = ruleset_rule_file(m->rules, i)); i++) {
		if (!names(file, h->program))
			continue;
		known = true;
		out->closed |= file->closed;
		for (size_t k = 0; k < file->pattern_count; k++) {
			const struct rule_pattern *p = &file->patterns[k];
			struct filter f;

			filter_init(&f, p, &p->facts, p->literal);
			if (!is_moot(&t, p))
				try_pattern(&t, &f);
		}
	}
	return known ? conclude(&t) : out->kind;
}
