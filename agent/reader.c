/* SPDX-License-Identifier: Apache-2.0 */
#include "reader.h"

#include <stdlib.h>
#include <string.h>

#include "gap.h"
#include "trust.h"

#define DOUBTFUL_US (INT64_C(3600) * 1000000)
/* -1 in records: none. */
#define NO_OFFSET UINT64_MAX
#define LOSS_TEXT_MAX ((size_t)1024)

struct reader {
	struct reader_parts p;
	struct match_result result;
	struct record_field fields[VOCAB_FIELDS_MAX];
	struct reader_refused refused;
};

/* One line on its way. */
struct line {
	struct feed *feed;
	const struct source_window *window;
	struct slice text; /* without LF */
	uint64_t offset;   /* NO_OFFSET for an entry of the journal */
	struct header header;
	int64_t time_us; /* or RECORD_NO_TIME */
	bool doubtful;
	int64_t stamped_us; /* the last stamp before it in its file, 0 none */
	bool goes_on;	    /* has its time from there */
	int64_t before_us;  /* stamp of the last line before it, 0 none */
};

struct reader *
reader_new(const struct reader_parts *parts)
{
	struct reader *r = calloc(1, sizeof *r);

	if (r)
		r->p = *parts;
	return r;
}

void
reader_free(struct reader *r)
{
	free(r);
}

void
reader_set_match(struct reader *r, struct match *match)
{
	r->p.match = match;
}

struct reader_refused
reader_take_refused(struct reader *r)
{
	struct reader_refused taken = r->refused;

	r->refused = (struct reader_refused){0};
	return taken;
}

/* Lines that come while we watch were written just now. */
static bool
is_live(const struct reader *r, const struct feed *f)
{
	return f->spec->live && f->caught_up && !r->p.simulated;
}

/* A line without a stamp in a file whose rule file says how stamps look goes on
 * with what the line before it began: a stanza, or a text of several lines. */
static void
go_on(struct reader *r, struct line *l, int64_t now_us)
{
	const struct rule_file *own = l->feed->spec->own;

	if (!own || !own->stamp || l->header.has_time || l->stamped_us == 0)
		return;
	if (is_live(r, l->feed) && l->stamped_us < now_us - DOUBTFUL_US)
		return;
	l->header.has_time = l->goes_on = true;
	l->header.time_us = l->stamped_us;
	l->header.precision = "s";
}

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static void
set_time(struct reader *r, struct line *l, int64_t now_us)
{
	bool live = is_live(r, l->feed);

	l->doubtful = false;
	l->time_us = RECORD_NO_TIME;
	if (l->header.has_time) {
		l->time_us = l->header.time_us;
		/* A time to come cannot be right either way. */
		l->doubtful = l->time_us > now_us + DOUBTFUL_US ||
			      (live && l->time_us < now_us - DOUBTFUL_US);
	} else if (live) {
		l->time_us = now_us;
	}
}

static void
set_field(struct record_field *out, const struct match_field *f)
{
	*out = (struct record_field){.name = slice_of(f->field->name),
	    .text = f->value.text,
	    .number = f->value.number};
	switch (f->value.type) {
	case VOCAB_INT:
	case VOCAB_DURATION:
		out->kind = RECORD_INT;
		break;
	case VOCAB_BOOL:
		out->kind = RECORD_BOOL;
		break;
	case VOCAB_TIME:
		out->kind = RECORD_STAMP;
		break;
	default:
		out->kind = RECORD_TEXT;
	}
	/* Beyond what every JSON reader keeps exactly. */
	if (out->kind == RECORD_INT && (out->number > (INT64_C(1) << 53) ||
					   out->number < -(INT64_C(1) << 53)))
		out->kind = RECORD_TEXT;
}

/* Who could have written the line. */
static const char *
trust_of(const struct line *l, const struct rule_file *file)
{
	if (l->feed->spec->relay)
		return "net";
	if (l->window->entry)
		return trust_of_sender(&l->window->entry->sender, file);
	return l->window->trust;
}

static int64_t
pid_of(const struct header *h)
{
	unsigned long long pid;

	return slice_uint(h->pid, INT32_MAX, &pid) ? (int64_t)pid : -1;
}

static enum record_raw
raw_of(const struct rule *rule)
{
	switch (rule->raw) {
	case RULE_RAW_HASH:
		return RECORD_RAW_HASH;
	case RULE_RAW_NONE:
		return RECORD_RAW_NONE;
	default:
		return RECORD_RAW_TEXT;
	}
}

/* A host that relays for others: who it is for whom. */
static void
set_host(struct reader *r, const struct line *l, struct record_event *e,
    struct record_host *observer)
{
	static const uint8_t space[16] = {0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad,
	    0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8};
	const struct slice name = l->header.host;

	e->host = writer_host(r->p.writer);
	if (name.len == 0 || slice_eq_str(name, r->p.host))
		return;
	if (!l->feed->spec->relay) {
		e->header_host = name;
		return;
	}
	*observer = e->host;
	e->observer = observer;
	e->host.name = name;
	/* Its own id is not known here; its name, in the namespace of host
	 * names, stands for it. */
	crypto_uuid5(r->p.crypto, space, &name, 1, e->host.id);
}

static enum spool_put
put_event(struct reader *r, const struct line *l,
    const struct match_event *found, bool rest, int64_t now_us, struct err *err)
{
	const struct rule *rule = found->rule;
	const struct source_spec *spec = l->feed->spec;
	struct slice inferred[3];
	struct record_host observer;
	struct record_event e = {.event = slice_of(rule->kind->event),
	    .outcome = slice_of(vocab_outcome_name(rule->outcome)),
	    .rule = slice_of(rule->id),
	    .head = rule->head,
	    .program = l->header.program,
	    .pid = pid_of(&l->header),
	    .fields = r->fields,
	    .field_count = found->field_count,
	    .count = l->header.repeated > 0 ? l->header.repeated : 1,
	    .clock_raw = l->header.stamp,
	    .clock_inferred = inferred,
	    .clock_doubtful = l->doubtful,
	    .ambiguous = found->ambiguous,
	    .raw = raw_of(rule),
	    .line = l->text,
	    .line_len = l->window->one_line ? l->window->line_len : 0,
	    .line_hash = l->window->line_hash,
	    .line_unended = l->window->one_line &&
			    l->window->line_size == l->window->line_len};

	if (l->header.has_time)
		e.clock_precision = slice_of(l->header.precision);
	if (l->header.inferred_year)
		inferred[e.clock_inferred_count++] = SLICE("year");
	if (l->header.inferred_zone)
		inferred[e.clock_inferred_count++] = SLICE("zone");
	if (l->goes_on)
		inferred[e.clock_inferred_count++] = SLICE("line");
	for (size_t i = 0; i < found->field_count; i++)
		set_field(&r->fields[i], &found->fields[i]);
	set_host(r, l, &e, &observer);
	e.origin = (struct record_origin){
	    .source = slice_of(l->feed->source.ops->kind),
	    .id = slice_of(spec->id),
	    .class = slice_of(rule_class_name(rule->file->class)),
	    .gen = l->window->gen,
	    .offset = (int64_t)l->offset,
	    .trust = slice_of(trust_of(l, rule->file))};
	if (l->window->entry) {
		e.systemd_unit = l->window->entry->sender.unit;
		e.origin.cursor = l->window->entry->cursor;
	}
	if (spec->path)
		e.origin.path = slice_of(spec->path);
	return writer_event(r->p.writer, &e, l->time_us, rest, now_us, err);
}

/* The first line after the host was off. In a journal, where a missing entry
 * would show, no quiet stretch is a hole. */
static bool
explains_quiet(const struct line *l)
{
	const struct header *h = &l->header;

	if (l->window->entry)
		return true;
	if (slice_eq_str(h->program, "kernel"))
		return slice_starts(h->message, SLICE("Linux version ")) ||
		       slice_starts(h->message, SLICE("[    0.000000]"));
	return slice_eq_str(h->program, "systemd-logind") &&
	       slice_starts(h->message, SLICE("New seat "));
}

static enum spool_put
put_quiet(struct reader *r, const struct line *l, const char *reason,
    int64_t hole_us, int64_t now_us, struct err *err)
{
	struct record_gap gap = {.from_us = hole_us,
	    .to_us = earlier(l->time_us, now_us),
	    .gen = l->window->gen,
	    .from_offset = (int64_t)l->offset,
	    .to_offset = (int64_t)l->offset,
	    .reason = slice_of(reason),
	    .lines = 0};

	return gap_put(r->p.writer, l->feed, &gap, now_us, err);
}

/* How far the feed stands after this line. */
static enum spool_put
stand(struct reader *r, const struct line *l, int64_t now_us, struct err *err)
{
	struct feed *f = l->feed;
	struct standing before = f->standing;
	enum standing_rule rule = f->rule;
	enum standing_hole hole;
	int64_t hole_us;
	enum spool_put got;

	if (!l->header.has_time)
		return SPOOL_OK;
	if (f->spec->own)
		rule = STANDING_OWN;
	hole = standing_line(&f->standing, rule, l->time_us, explains_quiet(l),
	    now_us, &hole_us);
	if (hole == STANDING_NO_HOLE)
		return SPOOL_OK;
	got = put_quiet(r, l, hole == STANDING_SILENT ? "silent" : "agent",
	    hole_us, now_us, err);
	if (got != SPOOL_OK)
		f->standing = before; /* the line comes again */
	return got;
}

/* ---- marks ---- */

/* A mark of ours proves what any line does, and that marks arrive here. What
 * only looks like one proves nothing: it is no line to stand on. */
static enum spool_put
read_mark(struct reader *r, struct line *l, const uint8_t nonce[MARK_NONCE_LEN],
    int64_t now_us, struct err *err)
{
	struct feed *f = l->feed;
	struct mark before;
	bool answers = f->standing.answers;
	enum spool_put got;

	/* Known, and no event. */
	r->result.kind = MATCH_EVENT;
	r->result.count = 0;
	r->result.limit_hits = r->result.dropped = 0;
	if (!f->mark)
		return SPOOL_OK;
	before = *f->mark;
	if (!mark_take(f->mark, nonce, now_us))
		return SPOOL_OK;
	f->standing.answers = true;
	got = stand(r, l, now_us, err);
	if (got != SPOOL_OK) {
		*f->mark = before;
		f->standing.answers = answers;
	}
	return got;
}

/* ---- lines that say lines were lost ---- */

static const struct match_field *
loss_field(const struct match_event *found, const char *name)
{
	for (size_t i = 0; i < found->field_count; i++)
		if (!strcmp(found->fields[i].field->name, name))
			return &found->fields[i];
	return NULL;
}

static enum spool_put
put_loss(struct reader *r, const struct line *l,
    const struct match_event *found, int64_t now_us, struct err *err)
{
	const struct match_field *lines = loss_field(found, "lines");
	const struct match_field *begins = loss_field(found, "begins");
	int64_t at_us = l->header.has_time ? l->header.time_us
					   : l->feed->standing.through_us;
	struct record_gap gap = {.to_us = earlier(at_us, now_us),
	    .gen = l->window->gen,
	    .from_offset = (int64_t)l->offset,
	    .to_offset = (int64_t)l->offset,
	    .reason = SLICE("dropped"),
	    .lines = lines ? lines->value.number : -1,
	    .rule = slice_of(found->rule->id)};

	if (found->rule->raw == RULE_RAW_TEXT)
		gap.text = (struct slice){l->text.ptr,
		    l->text.len < LOSS_TEXT_MAX ? l->text.len : LOSS_TEXT_MAX};
	return gap_put_loss(r->p.writer, r->p.feeds, l->feed, &gap,
	    begins && begins->value.number, l->before_us, now_us, err);
}

static enum spool_put
put_found(
    struct reader *r, const struct line *l, int64_t now_us, struct err *err)
{
	enum spool_put got = SPOOL_OK;

	for (size_t i = 0; i < r->result.count && got == SPOOL_OK; i++) {
		const struct match_event *found = &r->result.events[i];

		got = found->rule->loss
			  ? put_loss(r, l, found, now_us, err)
			  : put_event(r, l, found, i > 0, now_us, err);
	}
	return got;
}

static int64_t
count_events(const struct match_result *result)
{
	int64_t count = 0;

	for (size_t i = 0; i < result->count; i++)
		count += !result->events[i].rule->loss;
	return count;
}

static enum tally_fate
fate_of(enum match_kind kind)
{
	return kind == MATCH_EVENT     ? TALLY_KNOWN
	       : kind == MATCH_IGNORED ? TALLY_IGNORED
				       : TALLY_UNKNOWN;
}

static void
count_line(struct reader *r, struct line *l, int64_t now_us)
{
	struct feed *f = l->feed;
	int64_t at = l->time_us != RECORD_NO_TIME ? l->time_us
		     : f->standing.known	  ? f->standing.through_us
						  : now_us;

	f->lines++;
	f->total_lines++;
	f->total_events += count_events(&r->result);
	r->refused.limit_hits += r->result.limit_hits;
	r->refused.events_dropped += r->result.dropped;
	tally_add(r->p.tally, l->header.program, fate_of(r->result.kind));
	switch (r->result.kind) {
	case MATCH_EVENT:
		f->known++;
		f->total_known++;
		break;
	case MATCH_IGNORED:
		f->ignored++;
		f->total_ignored++;
		break;
	default:
		f->unknown++;
		f->total_unknown++;
		for (int i = 0; i < 2; i++)
			unknown_add(i == 0 ? r->p.unknown : r->p.today,
			    l->header.program, feed_class(f),
			    r->result.kind == MATCH_UNKNOWN && r->result.closed,
			    earlier(at, now_us));
	}
}

/* The journal says apart what a line holds in one. */
static void
read_entry(struct line *l)
{
	const struct source_entry *e = l->window->entry;

	header_message(e->program, e->message, &l->header);
	l->header.pid = e->pid;
	l->header.host = e->host;
	l->header.has_time = true;
	l->header.time_us = e->time_us;
	l->header.precision = "us";
}

static enum spool_put
read_line(struct reader *r, struct line *l, int64_t now_us, struct err *err)
{
	const struct rule_file *own = l->feed->spec->own;
	const struct source_window *w = l->window;
	struct header_context context = {
	    .reference_us = w->reference_us && !is_live(r, l->feed)
				? w->reference_us
				: now_us,
	    .previous_us = l->feed->standing.last_us,
	    .zone = r->p.zone};
	uint8_t nonce[MARK_NONCE_LEN];
	enum spool_put got;

	if (own) {
		context.stamp = own->stamp;
		context.program = slice_of(own->programs[0]);
		context.previous_us = l->stamped_us;
	}
	if (w->entry)
		read_entry(l);
	else if (!header_parse(&context, l->text, &l->header) && own)
		header_message(context.program, l->text, &l->header);
	if (own && l->header.form == HEADER_NONE && !l->header.message.len) {
		/* An empty line of a program's own only sets lines apart. */
		r->result = (struct match_result){.kind = MATCH_IGNORED};
		count_line(r, l, now_us);
		return SPOOL_OK;
	}
	go_on(r, l, now_us);
	set_time(r, l, now_us);
	l->before_us = l->feed->standing.last_us;
	if (mark_read(l->header.program, l->header.message, nonce)) {
		got = read_mark(r, l, nonce, now_us, err);
	} else {
		got = stand(r, l, now_us, err);
		if (got == SPOOL_OK) {
			match_line(r->p.match, &l->header, &r->result);
			got = put_found(r, l, now_us, err);
		}
	}
	if (got == SPOOL_OK)
		count_line(r, l, now_us);
	return got;
}

static enum reader_got
result_of(enum spool_put got)
{
	return got == SPOOL_OK	   ? READER_READ
	       : got == SPOOL_FULL ? READER_FULL
				   : READER_FAILED;
}

static enum spool_put
read_lines(struct reader *r, struct feed *f, const struct source_window *w,
    int64_t now_us, uint64_t *passed, int64_t *last_us, struct err *err)
{
	struct slice rest = w->bytes;
	enum spool_put got = SPOOL_OK;

	*passed = 0;
	*last_us = SOURCE_NO_TIME;
	if (w->entry) {
		struct line l = {.feed = f,
		    .window = w,
		    .text = w->entry->message,
		    .offset = NO_OFFSET};

		got = read_line(r, &l, now_us, err);
		*passed = got == SPOOL_OK;
		return got;
	}
	while (rest.len > 0 && got == SPOOL_OK &&
	       !(*passed > 0 && writer_wants_commit(r->p.writer))) {
		size_t len = w->one_line ? rest.len : slice_find(rest, '\n');
		struct line l = {.feed = f,
		    .window = w,
		    .text = {rest.ptr, len},
		    .offset = w->offset + *passed,
		    .stamped_us =
			*last_us != SOURCE_NO_TIME ? *last_us : w->previous_us};

		got = read_line(r, &l, now_us, err);
		if (got != SPOOL_OK)
			break;
		*passed += w->one_line ? w->line_size : len + 1;
		rest = slice_from(rest, len + 1);
		if (l.header.has_time)
			*last_us = l.header.time_us;
	}
	return got;
}

enum reader_got
reader_step(struct reader *r, struct feed *f, int64_t now_us, struct err *err)
{
	struct source_window w;
	uint64_t passed;
	int64_t last_us;
	enum spool_put got;
	int more = f->source.ops->next(f->source.impl, &w, err);

	if (more != 1) {
		f->at_end = more == 0 && !f->blocked;
		f->caught_up |= f->at_end;
		if (more < 0) {
			f->blocked = true;
			f->err = *err;
		}
		return READER_NOTHING;
	}
	f->at_end = false;
	got = read_lines(r, f, &w, now_us, &passed, &last_us, err);
	if (passed > 0) {
		f->source.ops->advance(f->source.impl, passed, last_us);
		f->moved = true;
	}
	return result_of(got);
}

enum reader_got
reader_gaps(struct reader *r, struct feed *f, int64_t now_us, struct err *err)
{
	for (;;) {
		enum spool_put got;

		if (!f->has_hole)
			f->has_hole =
			    f->source.ops->gap(f->source.impl, &f->hole);
		if (!f->has_hole)
			return READER_READ;
		got = gap_put_hole(r->p.writer, f, r->p.simulated, now_us, err);
		if (got != SPOOL_OK)
			return result_of(got);
		f->has_hole = false;
		f->err = f->hole.why;
		f->moved = true;
	}
}
