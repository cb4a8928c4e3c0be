/* SPDX-License-Identifier: Apache-2.0 */
#include "source_journal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "assay/encode.h"
#include "assay/jsonin.h"
#include "assay/jsonout.h"

#define CURSOR_MAX 512
/* A field beyond this is not read whole; matching looks at far less. */
#define FIELD_MAX ((size_t)1 << 20)
#define UNIT "assay-agent.service"

/* Where an entry is, taken apart: s=ID;i=NUMBER;b=BOOT;.. in hex. Sequence
 * numbers of one ID are given densely by one journald. */
struct place {
	bool known;
	char cursor[CURSOR_MAX];
	uint8_t seqnum_id[16];
	uint64_t seqnum;
	uint8_t boot[16];
	int64_t time_us; /* of its entry */
};

struct source_journal {
	const struct source_spec *spec;
	sd_journal *journal; /* NULL: not open */
	struct place last;   /* the last entry that was passed */
	struct place at;     /* the one that is given */
	bool given;	     /* entry below is of `at`, not passed yet */
	bool restored;	     /* nothing was read since the start */
	bool sought;	     /* the next step is the first after a seek */
	bool found;	     /* the seek found the last entry itself */
	/* The hole before `at` was looked at a second time. */
	bool retried;
	struct source_entry entry;
	struct buf text; /* the entry's fields */
	bool has_gap;
	struct source_gap gap;
	int64_t first_us;
};

struct source_journal *
source_journal_new(
    const struct source_spec *spec, struct crypto *c, struct err *err)
{
	struct source_journal *s = calloc(1, sizeof *s);

	(void)c;
	if (!s) {
		err_set(err, "no memory for the journal");
		return NULL;
	}
	s->spec = spec;
	s->first_us = SOURCE_NO_TIME;
	return s;
}

static void
close_source(void *impl)
{
	struct source_journal *s = impl;

	sd_journal_close(s->journal);
	buf_clear(&s->text);
	free(s);
}

static int
fail(const struct source_journal *s, int error, const char *what,
    struct err *err)
{
	errno = -error;
	return err_sys(err, "%s the journal '%s'", what, s->spec->journal);
}

/* ---- places ---- */

static struct slice
cursor_part(const char *cursor, char key)
{
	const char *at = cursor;

	while (at && *at) {
		if (at[0] == key && at[1] == '=')
			return (struct slice){at + 2, strcspn(at + 2, ";")};
		at = strchr(at, ';');
		at = at ? at + 1 : NULL;
	}
	return (struct slice){"", 0};
}

static bool
hex_number(struct slice text, uint64_t *number)
{
	char digits[17];
	char *end;

	if (text.len == 0 || text.len >= sizeof digits)
		return false;
	memcpy(digits, text.ptr, text.len);
	digits[text.len] = '\0';
	errno = 0;
	*number = strtoull(digits, &end, 16);
	return errno == 0 && *end == '\0';
}

/* Take a cursor apart. False when it is not of the form we know. */
static bool
place_set(struct place *p, const char *cursor, int64_t time_us)
{
	if (strlen(cursor) >= sizeof p->cursor ||
	    !encode_unhex(cursor_part(cursor, 's'), p->seqnum_id, 16) ||
	    !encode_unhex(cursor_part(cursor, 'b'), p->boot, 16) ||
	    !hex_number(cursor_part(cursor, 'i'), &p->seqnum))
		return false;
	snprintf(p->cursor, sizeof p->cursor, "%s", cursor);
	p->time_us = time_us;
	p->known = true;
	return true;
}

static bool
same_journald(const struct place *a, const struct place *b)
{
	return memcmp(a->seqnum_id, b->seqnum_id, sizeof a->seqnum_id) == 0;
}

static bool
same_boot(const struct place *a, const struct place *b)
{
	return memcmp(a->boot, b->boot, sizeof a->boot) == 0;
}

/* ---- opening ---- */

static int
open_journal(struct source_journal *s, struct err *err)
{
	int r;

	sd_journal_close(s->journal);
	s->journal = NULL;
	r = strcmp(s->spec->journal, "default") == 0
		? sd_journal_open(&s->journal, SD_JOURNAL_LOCAL_ONLY)
		: sd_journal_open_directory(&s->journal, s->spec->journal, 0);
	if (r < 0)
		return fail(s, r, "open", err);
	(void)sd_journal_set_data_threshold(s->journal, FIELD_MAX);
	r = s->last.known ? sd_journal_seek_cursor(s->journal, s->last.cursor)
			  : sd_journal_seek_head(s->journal);
	if (r < 0)
		return fail(s, r, "seek in", err);
	s->sought = true;
	return 0;
}

static void
find_first(struct source_journal *s)
{
	uint64_t from_us;

	if (sd_journal_get_cutoff_realtime_usec(s->journal, &from_us, NULL) > 0)
		s->first_us = (int64_t)from_us;
}

static int
scan(void *impl, int64_t now_us, struct err *err)
{
	struct source_journal *s = impl;
	int r = 0;

	(void)now_us;
	if (!s->journal && open_journal(s, err) != 0)
		return -1;
	/* New, removed and rotated files are only seen by this. */
	r = sd_journal_get_fd(s->journal);
	if (r >= 0)
		r = sd_journal_process(s->journal);
	if (r < 0) {
		sd_journal_close(s->journal);
		s->journal = NULL;
		return fail(s, r, "follow", err);
	}
	if (s->first_us == SOURCE_NO_TIME)
		find_first(s);
	return 0;
}

/* ---- an entry's fields ---- */

enum field {
	MESSAGE,
	IDENTIFIER,
	COMM,
	SYSLOG_PID,
	PID,
	HOST,
	TRANSPORT,
	UID,
	SYSTEM_UNIT,
	EXE,
	SOURCE_TIME,
	FIELDS
};

static const char *const field_names[FIELDS] = {[MESSAGE] = "MESSAGE",
    [IDENTIFIER] = "SYSLOG_IDENTIFIER",
    [COMM] = "_COMM",
    [SYSLOG_PID] = "SYSLOG_PID",
    [PID] = "_PID",
    [HOST] = "_HOSTNAME",
    [TRANSPORT] = "_TRANSPORT",
    [UID] = "_UID",
    [SYSTEM_UNIT] = "_SYSTEMD_UNIT",
    [EXE] = "_EXE",
    [SOURCE_TIME] = "_SOURCE_REALTIME_TIMESTAMP"};

/* Append a field's value to the text. 0 also when the entry has none. */
static int
copy_field(struct source_journal *s, const char *name, size_t *len)
{
	const void *data;
	size_t size, skip = strlen(name) + 1;
	int r = sd_journal_get_data(s->journal, name, &data, &size);

	*len = 0;
	if (r == -ENOENT || r == -E2BIG || r == -ENOBUFS)
		return 0;
	if (r < 0)
		return r;
	*len = size > skip ? size - skip : 0;
	if (*len > 0)
		buf_put(
		    &s->text, (struct slice){(const char *)data + skip, *len});
	return s->text.failed ? -ENOMEM : 0;
}

static int
copy_fields(struct source_journal *s, struct slice fields[FIELDS])
{
	size_t lens[FIELDS], at = 0;

	buf_reset(&s->text);
	for (int i = 0; i < FIELDS; i++) {
		int r = copy_field(s, field_names[i], &lens[i]);

		if (r < 0)
			return r;
	}
	for (int i = 0; i < FIELDS; i++) {
		fields[i] = (struct slice){s->text.ptr + at, lens[i]};
		if (lens[i] == 0)
			fields[i].ptr = "";
		at += lens[i];
	}
	return 0;
}

static struct slice
either(struct slice a, struct slice b)
{
	return a.len > 0 ? a : b;
}

static void
fill_entry(struct source_journal *s, const struct slice fields[FIELDS])
{
	struct source_entry *e = &s->entry;
	unsigned long long number;

	*e = (struct source_entry){.time_us = s->at.time_us,
	    .message = fields[MESSAGE],
	    .program = either(fields[IDENTIFIER], fields[COMM]),
	    .pid = either(fields[SYSLOG_PID], fields[PID]),
	    .host = fields[HOST],
	    .cursor = slice_of(s->at.cursor),
	    .begins_boot = s->last.known && !same_boot(&s->last, &s->at),
	    .sender = {.transport = fields[TRANSPORT],
		.unit = fields[SYSTEM_UNIT],
		.exe = fields[EXE]}};
	if (slice_uint(fields[UID], UINT32_MAX, &number)) {
		e->sender.has_uid = true;
		e->sender.uid = (unsigned)number;
	}
	/* When it was sent, where the kernel told; else when it arrived. */
	if (slice_uint(fields[SOURCE_TIME], INT64_MAX, &number))
		e->time_us = (int64_t)number;
}

/* What this agent says itself tells nothing about the host; its marks do. */
static bool
is_own(const struct source_journal *s, const struct slice fields[FIELDS])
{
	char pid[24];

	if (slice_starts(fields[MESSAGE], SLICE("mark ")) ||
	    !slice_eq_str(fields[IDENTIFIER], "assay-agent"))
		return false;
	snprintf(pid, sizeof pid, "%ld", (long)getpid());
	(void)s;
	return slice_eq_str(fields[SYSTEM_UNIT], UNIT) ||
	       slice_eq_str(fields[PID], pid);
}

/* ---- holes ---- */

/* Is the entry that was read last still there? Then what is missing behind it
 * was not removed for its age. */
static bool
last_is_there(struct source_journal *s)
{
	uint64_t from_us;

	return sd_journal_get_cutoff_realtime_usec(s->journal, &from_us, NULL) >
		   0 &&
	       (int64_t)from_us <= s->last.time_us;
}

static void
add_gap(struct source_journal *s, uint64_t missing)
{
	const char *reason = s->restored	? "agent"
			     : last_is_there(s) ? "unreadable"
						: "vacuumed";

	s->gap = (struct source_gap){.from_offset = (int64_t)s->last.seqnum + 1,
	    .to_offset = (int64_t)s->at.seqnum,
	    .from_us = s->last.time_us,
	    .to_us = s->at.time_us,
	    .until_next = true,
	    .reason = reason};
	memcpy(s->gap.gen, s->last.seqnum_id, sizeof s->gap.gen);
	if (missing > 0)
		err_set(&s->gap.why,
		    "%" PRIu64 " entries of the journal '%s' are gone that "
		    "were not read, before entry %" PRIu64,
		    missing, s->spec->journal, s->at.seqnum);
	else
		err_set(&s->gap.why,
		    "the place in the journal '%s' up to which it was read is "
		    "gone, and with it what may have followed",
		    s->spec->journal);
	s->has_gap = true;
}

/* Between the last entry and this one: 1 all is there, 0 something is missing
 * that a second look may find (another file was read a moment too early), -1 it
 * is missing; the gap is set. */
static int
compare(struct source_journal *s)
{
	const struct place *last = &s->last, *at = &s->at;

	if (!last->known)
		return 1;
	if (same_journald(last, at) && at->seqnum <= last->seqnum + 1)
		return 1;
	/* Another journald began to count: after a boot, or with new files.
	 * What the one before wrote is all there if its last entry is. */
	if (!same_journald(last, at) && (s->found || !s->restored))
		return 1;
	if (!s->retried)
		return 0;
	add_gap(s, same_journald(last, at) && at->seqnum > last->seqnum
		       ? at->seqnum - last->seqnum - 1
		       : 0);
	return -1;
}

/* ---- reading ---- */

/* The entry the journal stands at: its place. */
static int
read_place(struct source_journal *s)
{
	uint64_t time_us;
	char *cursor = NULL;
	int r = sd_journal_get_realtime_usec(s->journal, &time_us);

	if (r >= 0)
		r = sd_journal_get_cursor(s->journal, &cursor);
	if (r >= 0 && !place_set(&s->at, cursor, (int64_t)time_us))
		r = -EBADMSG;
	free(cursor);
	return r;
}

/* To the entry after the last one. 1, 0 there is none, below 0 -errno. */
static int
step(struct source_journal *s)
{
	int r = sd_journal_next(s->journal);

	/* After a seek the first step leads to the last entry itself, if it is
	 * still there. */
	if (r <= 0 || !s->sought)
		return r;
	s->sought = false;
	s->found = s->last.known &&
		   sd_journal_test_cursor(s->journal, s->last.cursor) > 0;
	return s->found ? sd_journal_next(s->journal) : r;
}

static void
pass(struct source_journal *s)
{
	s->last = s->at;
	s->given = s->retried = s->restored = false;
}

static int
look_again(struct source_journal *s, struct err *err)
{
	s->retried = true;
	return open_journal(s, err);
}

/* Errors of one file: libsystemd may keep it mapped after it is gone. */
static int
recover(struct source_journal *s, int error, struct err *err)
{
	if (!s->retried && look_again(s, err) == 0)
		return 1;
	s->retried = false;
	sd_journal_close(s->journal);
	s->journal = NULL; /* the next scan opens it again */
	return fail(s, error, "read", err);
}

/* 1 an entry is there, 0 none, 2 try again, -1. */
static int
fetch(struct source_journal *s, struct err *err)
{
	struct slice fields[FIELDS];
	int r = step(s);

	if (r == 0) {
		/* At the end: what goes from here on goes while we run. */
		s->restored &= !s->found;
		return 0;
	}
	if (r > 0)
		r = read_place(s);
	if (r >= 0)
		r = copy_fields(s, fields);
	if (r < 0)
		return recover(s, r, err) == 1 ? 2 : -1;
	r = compare(s);
	if (r == 0)
		return look_again(s, err) == 0 ? 2 : -1;
	fill_entry(s, fields);
	s->given = true;
	if (r > 0 && is_own(s, fields)) {
		pass(s);
		return 2;
	}
	return 1;
}

static int
next(void *impl, struct source_window *w, struct err *err)
{
	struct source_journal *s = impl;
	int got = s->given ? 1 : 2;

	*w = (struct source_window){0};
	if (!s->journal)
		return 0;
	while (got == 2)
		got = fetch(s, err);
	if (got != 1)
		return got;
	w->entry = &s->entry;
	w->bytes = s->entry.message;
	w->previous_us = s->last.known ? s->last.time_us : 0;
	w->trust = "local";
	return 1;
}

static void
advance(void *impl, uint64_t bytes, int64_t last_us)
{
	(void)bytes;
	(void)last_us;
	pass(impl);
}

static bool
take_gap(void *impl, struct source_gap *gap)
{
	struct source_journal *s = impl;

	if (!s->has_gap)
		return false;
	*gap = s->gap;
	s->has_gap = false;
	return true;
}

/* ---- state ---- */

static void
save(void *impl, bool full, struct buf *out)
{
	const struct source_journal *s = impl;

	(void)full;
	if (!s->last.known)
		return;
	jsonout_kstr(out, "cursor", s->last.cursor);
	jsonout_kint(out, "entry_time", s->last.time_us);
}

static int
restore(void *impl, const json_t *state, struct err *err)
{
	struct source_journal *s = impl;
	struct slice text;
	char cursor[CURSOR_MAX];
	int64_t time_us;

	if (!jsonin_string(state, "cursor", &text))
		return 0;
	if (text.len >= sizeof cursor ||
	    !jsonin_int(state, "entry_time", &time_us))
		return err_set(err, "the saved place in the journal is not "
				    "understood");
	memcpy(cursor, text.ptr, text.len);
	cursor[text.len] = '\0';
	s->restored = true;
	if (!place_set(&s->last, cursor, time_us))
		return err_set(err, "the saved place in the journal is not "
				    "understood");
	return 0;
}

static const uint8_t *
position(const void *impl, uint64_t *offset)
{
	const struct source_journal *s = impl;

	*offset = s->last.seqnum;
	return s->last.known ? s->last.seqnum_id : NULL;
}

static struct slice
cursor(const void *impl)
{
	const struct source_journal *s = impl;

	return s->last.known ? slice_of(s->last.cursor) : (struct slice){"", 0};
}

static void
progress(const void *impl, uint64_t *done, uint64_t *total)
{
	(void)impl;
	*done = *total = 0;
}

static int64_t
first(const void *impl)
{
	return ((const struct source_journal *)impl)->first_us;
}

const struct source_ops source_journal_ops = {
    .kind = "journal",
    .scan = scan,
    .next = next,
    .advance = advance,
    .gap = take_gap,
    .save = save,
    .restore = restore,
    .position = position,
    .cursor = cursor,
    .progress = progress,
    .first = first,
    .close = close_source,
};
