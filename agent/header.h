/* SPDX-License-Identifier: Apache-2.0 */
/* header: the bytes of one log line -> who wrote it, when, and the message.
 * Knows RFC 3164 (as syslog daemons write it to files, with and without PRI),
 * RFC 5424, ISO 8601 stamps and stamps a rule file declares. Pure; allocates
 * nothing per line; every slice it gives points into the line. A line it cannot
 * read has no header; that is an answer, never a failure.
 *
 * The message is what follows `tag:` and one space, which is what the journal
 * keeps as MESSAGE; one trailing CR is dropped. */
#ifndef ASSAY_HEADER_H
#define ASSAY_HEADER_H

#include <stdbool.h>
#include <stdint.h>

#include "assay/slice.h"

#include "header_stamp.h"

struct zone;

enum header_form {
	HEADER_NONE, /* no header: only message is set, to the line */
	HEADER_BSD,  /* Mmm dd hh:mm:ss, RFC 3164 */
	HEADER_ISO,  /* yyyy-mm-ddThh:mm:ss */
	HEADER_5424, /* <PRI>1 stamp host app procid msgid sd msg */
	HEADER_BARE, /* a stamp the rule file declares, then the message */
};

struct header {
	enum header_form form;
	int priority;	      /* PRI, or -1 */
	struct slice host;    /* empty when the line names none */
	struct slice program; /* empty when there is no tag; pam_X for lines
				 of a pam module */
	struct slice pid;     /* text between [ and ], may be no number */
	struct slice service; /* pam lines: SERVICE and TYPE, else empty */
	struct slice type;
	struct slice message;
	struct slice stamp; /* as written; empty when there is none */
	bool has_time;
	int64_t time_us;
	bool inferred_year;
	bool inferred_zone;
	const char *precision; /* "s" "ms" "us", or "" without a time; finer
				  digits are cut to us. Constant text. */
	unsigned repeated;     /* N of rsyslog's `message repeated N times: [
				  message]`, which is read as the message; else 1 */
};

/* What a line alone does not say. */
struct header_context {
	int64_t reference_us; /* live: now; a file: when it was last written */
	int64_t previous_us;  /* stamp of the line before in the file, or 0: a
				 stamp without a year that would jump back more
				 than 180 days belongs to the next year */
	const struct zone *zone; /* of stamps without one; NULL is UTC */
	const struct header_stamp *stamp; /* HEADER_BARE lines, or NULL */
	struct slice program;		  /* of HEADER_BARE lines */
	bool plain; /* byte by byte: what the quick way is held against */
};

/* Read one line (without its LF). Always sets all of *out, which borrows from
 * line and context. Returns out->form != HEADER_NONE. */
bool header_parse(
    const struct header_context *c, struct slice line, struct header *out);

/* A message that came without a header line (the journal's MESSAGE, or a line
 * whose program is known): sets program and message of *out, moves it to the
 * pam module where the message or the program name one, and drops one trailing
 * CR. pid and the rest are empty. */
void header_message(
    struct slice program, struct slice message, struct header *out);

#endif
