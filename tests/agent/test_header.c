/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>

#include "assay/stamp.h"
#include "assay/zone.h"

#include "header.h"

/* 2026-11-24T12:00:00Z */
#define NOW INT64_C(1795521600000000)

/* What a line should become. NULL: empty, or not looked at for time. */
struct shape {
	const char *line;
	enum header_form form;
	const char *time; /* wire form; NULL: the line has none */
	const char *host;
	const char *program;
	const char *pid;
	const char *message;
	const char *service;
	const char *type;
};

static struct slice
or_empty(const char *text)
{
	return slice_of(text ? text : "");
}

static void
check(const struct header_context *c, const struct shape *s)
{
	struct header h;
	char wire[STAMP_LEN + 1] = "";

	assert_int_equal(
	    header_parse(c, slice_of(s->line), &h), s->form != HEADER_NONE);
	if (h.form != s->form)
		fail_msg("form %d: %s", h.form, s->line);
	assert_slice(h.host, or_empty(s->host));
	assert_slice(h.program, or_empty(s->program));
	assert_slice(h.pid, or_empty(s->pid));
	assert_slice(h.message, or_empty(s->message));
	assert_slice(h.service, or_empty(s->service));
	assert_slice(h.type, or_empty(s->type));
	if (h.has_time)
		stamp_format(wire, h.time_us);
	assert_string_equal(wire, s->time ? s->time : "");
}

static void
check_all(const struct shape *shapes, size_t count)
{
	struct header_context c = {.reference_us = NOW};

	for (size_t i = 0; i < count; i++)
		check(&c, &shapes[i]);
}

#define CHECK(shapes) check_all(shapes, sizeof(shapes) / sizeof *(shapes))

static void
lines_of_syslog_daemons_have_a_host_a_program_and_a_message(void **state)
{
	static const struct shape shapes[] = {
	    {"Mar  4 06:07:08 db1 sshd[3301]: Accepted publickey for alice",
		HEADER_BSD, "2026-03-04T06:07:08.000000Z", "db1", "sshd",
		"3301", "Accepted publickey for alice", NULL, NULL},
	    {"2026-11-22T13:59:14.730009+00:00 vm sshd[4242]: Accepted",
		HEADER_ISO, "2026-11-22T13:59:14.730009Z", "vm", "sshd", "4242",
		"Accepted", NULL, NULL},
	    {"Mar 14 00:13:02 db1 sudo:    alice : user NOT in sudoers",
		HEADER_BSD, "2026-03-14T00:13:02.000000Z", "db1", "sudo", NULL,
		"   alice : user NOT in sudoers", NULL, NULL},
	    {"<38>Mar 14 00:13:02 db1 su[7]: x", HEADER_BSD,
		"2026-03-14T00:13:02.000000Z", "db1", "su", "7", "x", NULL,
		NULL},
	    {"Mar 14 00:13:02 db1 postfix/smtpd[77]: connect from x",
		HEADER_BSD, "2026-03-14T00:13:02.000000Z", "db1",
		"postfix/smtpd", "77", "connect from x", NULL, NULL},
	    {"Mar 14 00:13:02 db1 /USR/SBIN/CROND[9]: (root) CMD (x)",
		HEADER_BSD, "2026-03-14T00:13:02.000000Z", "db1",
		"/USR/SBIN/CROND", "9", "(root) CMD (x)", NULL, NULL},
	    {"Mar 14 00:13:02 db1 gdm-password]: gkr-pam: unlocked", HEADER_BSD,
		"2026-03-14T00:13:02.000000Z", "db1", "gdm-password]", NULL,
		"gkr-pam: unlocked", NULL, NULL},
	    {"Mar 14 00:13:02 db1 kernel: [    1.5] x: y", HEADER_BSD,
		"2026-03-14T00:13:02.000000Z", "db1", "kernel", NULL,
		"[    1.5] x: y", NULL, NULL},
	    {"Mar 14 00:13:02.123 db1 app: x", HEADER_BSD,
		"2026-03-14T00:13:02.123000Z", "db1", "app", NULL, "x", NULL,
		NULL},
	    {"Mar 14 00:13:02 db1 app:x", HEADER_BSD,
		"2026-03-14T00:13:02.000000Z", "db1", "app", NULL, "x", NULL,
		NULL},
	    {"Mar 14 00:13:02 db1 app:", HEADER_BSD,
		"2026-03-14T00:13:02.000000Z", "db1", "app", NULL, "", NULL,
		NULL},
	    {"Mar 14 00:13:02 2001:db8::7 app: x", HEADER_BSD,
		"2026-03-14T00:13:02.000000Z", "2001:db8::7", "app", NULL, "x",
		NULL, NULL},
	    {"Mar 14 00:13:02 - app: x", HEADER_BSD,
		"2026-03-14T00:13:02.000000Z", NULL, "app", NULL, "x", NULL,
		NULL},
	    {"Mar 14 00:13:02 db1 app: x\r", HEADER_BSD,
		"2026-03-14T00:13:02.000000Z", "db1", "app", NULL, "x", NULL,
		NULL},
	    {"Mar 14 00:13:02 db1 app: x\r\r", HEADER_BSD,
		"2026-03-14T00:13:02.000000Z", "db1", "app", NULL, "x\r", NULL,
		NULL},
	};

	(void)state;
	CHECK(shapes);
}

static void
odd_lines_are_read_as_far_as_they_can_be(void **state)
{
	static const struct shape shapes[] = {
	    /* an empty host */
	    {"Mar 14 00:13:02  sshd[9]: last message repeated 2 times",
		HEADER_BSD, "2026-03-14T00:13:02.000000Z", NULL, "sshd", "9",
		"last message repeated 2 times", NULL, NULL},
	    /* a day of one digit after one blank */
	    {"Nov 2 01:02:03 db1 app: x", HEADER_BSD,
		"2026-11-02T01:02:03.000000Z", "db1", "app", NULL, "x", NULL,
		NULL},
	    /* no host at all */
	    {"Nov  2 01:02:03 sshd[9]: x", HEADER_BSD,
		"2026-11-02T01:02:03.000000Z", NULL, "sshd", "9", "x", NULL,
		NULL},
	    /* no tag: the first word only looks like one */
	    {"2026-11-22T13:59:14+00:00 vm no timestamp no tag at all",
		HEADER_ISO, "2026-11-22T13:59:14.000000Z", "vm", NULL, NULL,
		"no timestamp no tag at all", NULL, NULL},
	    {"2026-11-22T13:59:14+00:00 vm my app with spaces: hello",
		HEADER_ISO, "2026-11-22T13:59:14.000000Z", "vm", NULL, NULL,
		"my app with spaces: hello", NULL, NULL},
	    {"2026-11-22T13:59:14+00:00 vm app[notpid]: x", HEADER_ISO,
		"2026-11-22T13:59:14.000000Z", "vm", "app", "notpid", "x", NULL,
		NULL},
	    {"2026-11-22T13:59:14+00:00 vm app[a b]: x", HEADER_ISO,
		"2026-11-22T13:59:14.000000Z", "vm", NULL, NULL, "app[a b]: x",
		NULL, NULL},
	    {"2026-11-22T13:59:14+00:00 vm app[7] x", HEADER_ISO,
		"2026-11-22T13:59:14.000000Z", "vm", NULL, NULL, "app[7] x",
		NULL, NULL},
	    /* a year after the time */
	    {"Oct 11 22:14:15 2003 mymachine su: year in stamp", HEADER_BSD,
		"2003-10-11T22:14:15.000000Z", "mymachine", "su", NULL,
		"year in stamp", NULL, NULL},
	    {"Oct 11 22:14:15 2003 su: a host named like a year", HEADER_BSD,
		"2026-10-11T22:14:15.000000Z", "2003", "su", NULL,
		"a host named like a year", NULL, NULL},
	    /* RFC 5424 input that lost its colon */
	    {"2026-11-22T13:59:14Z mymachine.example.com evntslog "
	     "\xef\xbb\xbf"
	     "An application",
		HEADER_ISO, "2026-11-22T13:59:14.000000Z",
		"mymachine.example.com", NULL, NULL,
		"evntslog \xef\xbb\xbf"
		"An application",
		NULL, NULL},
	    /* a PRI that is none, put into the message by a relay */
	    {"2026-11-22T13:59:14Z localhost  <999>Oct 11 22:14:15 x: y",
		HEADER_ISO, "2026-11-22T13:59:14.000000Z", "localhost", NULL,
		NULL, " <999>Oct 11 22:14:15 x: y", NULL, NULL},
	    /* bytes that are no text */
	    {"Mar 14 00:13:02 db1 app: \xff\xfe \xe2\x80\xae", HEADER_BSD,
		"2026-03-14T00:13:02.000000Z", "db1", "app", NULL,
		"\xff\xfe \xe2\x80\xae", NULL, NULL},
	    /* macOS, and the journal's short-iso */
	    {"2026-11-22 13:59:14.123456-0700 mac app[1]: x", HEADER_ISO,
		"2026-11-22T20:59:14.123456Z", "mac", "app", "1", "x", NULL,
		NULL},
	    {"2026-11-22T13:59:14+0100 vm app[1]: x", HEADER_ISO,
		"2026-11-22T12:59:14.000000Z", "vm", "app", "1", "x", NULL,
		NULL},
	    {"2026-11-22T13:59:14,5Z vm app[1]: x", HEADER_ISO,
		"2026-11-22T13:59:14.500000Z", "vm", "app", "1", "x", NULL,
		NULL},
	    {"2026-11-22T13:59:14.123456789Z vm app: x", HEADER_ISO,
		"2026-11-22T13:59:14.123456Z", "vm", "app", NULL, "x", NULL,
		NULL},
	    {"Mar 14 00:13:02", HEADER_BSD, "2026-03-14T00:13:02.000000Z", NULL,
		NULL, NULL, "", NULL, NULL},
	    {"Mar 14 00:13:02 alone", HEADER_BSD, "2026-03-14T00:13:02.000000Z",
		NULL, NULL, NULL, "alone", NULL, NULL},
	};

	(void)state;
	CHECK(shapes);
}

static void
lines_without_a_header_are_their_own_message(void **state)
{
	static const char *const lines[] = {"", " ", "x", "Mar", "Mar 14",
	    "Mar 14 00:13", "Mar 32 00:13:02 db1 app: x",
	    "Mar 14 24:13:02 db1 app: x", "Feb 30 00:00:00 db1 app: x",
	    "mar 14 00:13:02 db1 app: x", "Mar 14 00:13:02x db1 app: x",
	    "Mar 14 00:13:60 db1 app: x", "2026-02-29T00:00:00Z vm app: x",
	    "2026-11-22T13:59:60Z vm app: x", "2026-11-22T13:59:14.Z vm app: x",
	    "2026-11-22T13:59:14+25:00 vm app: x",
	    "<999>Mar 14 00:13:02 db1 app: x", "<>Mar 14 00:13:02 db1 app: x",
	    "<1", "<192>Mar 14 00:13:02 db1 app: x",
	    "type=USER_LOGIN msg=audit(1700000000.123:4): pid=1", "{\"a\":1}"};

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		struct shape s = {.line = lines[i], .message = lines[i]};
		struct header_context c = {.reference_us = NOW};

		check(&c, &s);
	}
}

static void
rfc_5424_lines_are_read_past_their_structured_data(void **state)
{
	static const struct shape shapes[] = {
	    {"<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog "
	     "- ID47 [exampleSDID@32473 iut=\"3\" eventID=\"1011\"] "
	     "\xef\xbb\xbf"
	     "An application",
		HEADER_5424, "2003-10-11T22:14:15.003000Z",
		"mymachine.example.com", "evntslog", NULL, "An application",
		NULL, NULL},
	    {"<34>1 2003-10-11T22:14:15.003Z h su 7 ID47 - 'su root' failed",
		HEADER_5424, "2003-10-11T22:14:15.003000Z", "h", "su", "7",
		"'su root' failed", NULL, NULL},
	    {"<30>1 2026-11-22T13:59:14.1+01:00 h systemd 1 - - text",
		HEADER_5424, "2026-11-22T12:59:14.100000Z", "h", "systemd", "1",
		"text", NULL, NULL},
	    {"<165>1 - - - - - [a x=\"]\\\"]\"][b] m", HEADER_5424, NULL, NULL,
		NULL, NULL, "m", NULL, NULL},
	    {"<165>1 - h app - - -", HEADER_5424, NULL, "h", "app", NULL, "",
		NULL, NULL},
	    {"<86>1 - h sshd 9 - - pam_unix(sshd:session): session opened",
		HEADER_5424, NULL, "h", "pam_unix", "9", "session opened",
		"sshd", "session"},
	    /* broken: no header */
	    {"<165>1 2003-10-11T22:14:60Z h a - - - m", HEADER_NONE, NULL, NULL,
		NULL, NULL, "<165>1 2003-10-11T22:14:60Z h a - - - m", NULL,
		NULL},
	    {"<165>1 2003-10-11T22:14:15 h a - - - m", HEADER_NONE, NULL, NULL,
		NULL, NULL, "<165>1 2003-10-11T22:14:15 h a - - - m", NULL,
		NULL},
	    {"<165>1 - h a - - [x y=\"1\" m", HEADER_NONE, NULL, NULL, NULL,
		NULL, "<165>1 - h a - - [x y=\"1\" m", NULL, NULL},
	    {"<165>1 - h a - - x m", HEADER_NONE, NULL, NULL, NULL, NULL,
		"<165>1 - h a - - x m", NULL, NULL},
	    {"<165>1 - h a - - [x]m", HEADER_NONE, NULL, NULL, NULL, NULL,
		"<165>1 - h a - - [x]m", NULL, NULL},
	    {"<165>1 ", HEADER_NONE, NULL, NULL, NULL, NULL, "<165>1 ", NULL,
		NULL},
	};

	(void)state;
	CHECK(shapes);
}

static void
lines_of_pam_modules_belong_to_the_module(void **state)
{
	static const struct shape shapes[] = {
	    {"Mar 14 00:13:02 h sshd[9]: pam_unix(sshd:auth): failure",
		HEADER_BSD, "2026-03-14T00:13:02.000000Z", "h", "pam_unix", "9",
		"failure", "sshd", "auth"},
	    {"Mar 14 00:13:02 h sshd(pam_google_authenticator)[9]: Accepted",
		HEADER_BSD, "2026-03-14T00:13:02.000000Z", "h",
		"pam_google_authenticator", "9", "Accepted", "sshd", NULL},
	    {"Mar 14 00:13:02 h sshd(pam_unix)[9]: session opened", HEADER_BSD,
		"2026-03-14T00:13:02.000000Z", "h", "pam_unix", "9",
		"session opened", "sshd", NULL},
	    /* not a module's */
	    {"Mar 14 00:13:02 h sshd[9]: pam_unix: x", HEADER_BSD,
		"2026-03-14T00:13:02.000000Z", "h", "sshd", "9", "pam_unix: x",
		NULL, NULL},
	    {"Mar 14 00:13:02 h sshd[9]: pam_unix(sshd): x", HEADER_BSD,
		"2026-03-14T00:13:02.000000Z", "h", "sshd", "9",
		"pam_unix(sshd): x", NULL, NULL},
	    {"Mar 14 00:13:02 h sshd[9]: pam_unix (sshd:auth): x", HEADER_BSD,
		"2026-03-14T00:13:02.000000Z", "h", "sshd", "9",
		"pam_unix (sshd:auth): x", NULL, NULL},
	    {"Mar 14 00:13:02 h sshd[9]: xpam_unix(sshd:auth): x", HEADER_BSD,
		"2026-03-14T00:13:02.000000Z", "h", "sshd", "9",
		"xpam_unix(sshd:auth): x", NULL, NULL},
	    {"Mar 14 00:13:02 h sshd[9]: pam_unix(sshd:auth):x", HEADER_BSD,
		"2026-03-14T00:13:02.000000Z", "h", "sshd", "9",
		"pam_unix(sshd:auth):x", NULL, NULL},
	    {"Mar 14 00:13:02 h a(pamx)[9]: x", HEADER_BSD,
		"2026-03-14T00:13:02.000000Z", "h", "a(pamx)", "9", "x", NULL,
		NULL},
	};
	struct header h;

	(void)state;
	CHECK(shapes);
	header_message(
	    SLICE("sudo"), SLICE("pam_unix(sudo:session): opened\r"), &h);
	assert_slice(h.program, SLICE("pam_unix"));
	assert_slice(h.service, SLICE("sudo"));
	assert_slice(h.type, SLICE("session"));
	assert_slice(h.message, SLICE("opened"));
	assert_false(h.has_time);
	header_message(SLICE("sshd(pam_unix)"), SLICE("x"), &h);
	assert_slice(h.program, SLICE("pam_unix"));
	assert_slice(h.service, SLICE("sshd"));
}

static void
a_folded_repetition_stands_for_its_lines(void **state)
{
	static const struct shape shapes[] = {
	    {"Mar 14 00:13:02 h sshd[9]: message repeated 3 times: [ Failed "
	     "x]",
		HEADER_BSD, "2026-03-14T00:13:02.000000Z", "h", "sshd", "9",
		"Failed x", NULL, NULL},
	    {"Mar 14 00:13:02 h sshd[9]: message repeated 3 times: x",
		HEADER_BSD, "2026-03-14T00:13:02.000000Z", "h", "sshd", "9",
		"message repeated 3 times: x", NULL, NULL},
	    {"Mar 14 00:13:02 h sshd[9]: message repeated 0 times: [ x]",
		HEADER_BSD, "2026-03-14T00:13:02.000000Z", "h", "sshd", "9",
		"message repeated 0 times: [ x]", NULL, NULL},
	};
	struct header_context c = {.reference_us = NOW};
	struct header h;

	(void)state;
	CHECK(shapes);
	header_parse(&c, slice_of(shapes[0].line), &h);
	assert_int_equal(h.repeated, 3);
	header_parse(&c, slice_of(shapes[1].line), &h);
	assert_int_equal(h.repeated, 1);
}

static void
declared_stamps_are_read_and_give_the_declared_program(void **state)
{
	struct err err;
	struct header_stamp *s =
	    header_stamp_new(SLICE("%Y-%m-%d %H:%M:%S "), &err);
	struct header_context c = {
	    .reference_us = NOW, .stamp = s, .program = SLICE("dpkg")};
	static const struct shape shapes[] = {
	    {"2026-11-20 10:11:12 status installed bash:amd64 5.2", HEADER_BARE,
		"2026-11-20T10:11:12.000000Z", NULL, "dpkg", NULL,
		"status installed bash:amd64 5.2", NULL, NULL},
	    {"2026-11-31 10:11:12 x", HEADER_NONE, NULL, NULL, NULL, NULL,
		"2026-11-31 10:11:12 x", NULL, NULL},
	    /* a line of another form keeps its own meaning */
	    {"Mar 14 00:13:02 h app: x", HEADER_BSD,
		"2026-03-14T00:13:02.000000Z", "h", "app", NULL, "x", NULL,
		NULL},
	};
	struct header h;

	(void)state;
	assert_non_null(s);
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
		check(&c, &shapes[i]);
	header_parse(&c, slice_of(shapes[0].line), &h);
	assert_slice(h.stamp, SLICE("2026-11-20 10:11:12"));
	assert_true(h.inferred_zone);
	assert_false(h.inferred_year);
	header_stamp_free(s);
	s = header_stamp_new(SLICE("[%e/%b %H:%M:%S.%f %z] %%"), &err);
	c.stamp = s;
	check(&c, &(struct shape){"[ 3/Nov 01:02:03.25 +0100] %m", HEADER_BARE,
		      "2026-11-03T00:02:03.250000Z", NULL, "dpkg", NULL, "m",
		      NULL, NULL});
	header_stamp_free(s);
}

static void
a_stamp_after_words_is_part_of_the_message(void **state)
{
	struct err err;
	struct header_stamp *s =
	    header_stamp_new(SLICE("%w: %Y-%m-%d  %H:%M:%S"), &err);
	struct header_context c = {
	    .reference_us = NOW, .stamp = s, .program = SLICE("apt")};
	static const struct shape shapes[] = {
	    {"Start-Date: 2026-11-20  10:11:12", HEADER_BARE,
		"2026-11-20T10:11:12.000000Z", NULL, "apt", NULL,
		"Start-Date: 2026-11-20  10:11:12", NULL, NULL},
	    {"Log started: 2026-11-20  10:11:12", HEADER_BARE,
		"2026-11-20T10:11:12.000000Z", NULL, "apt", NULL,
		"Log started: 2026-11-20  10:11:12", NULL, NULL},
	    {": 2026-11-20  10:11:12", HEADER_NONE, NULL, NULL, NULL, NULL,
		": 2026-11-20  10:11:12", NULL, NULL},
	    {"Error: 2026-11-20  10:11:12 x", HEADER_NONE, NULL, NULL, NULL,
		NULL, "Error: 2026-11-20  10:11:12 x", NULL, NULL},
	    {"Commandline: apt-get install x", HEADER_NONE, NULL, NULL, NULL,
		NULL, "Commandline: apt-get install x", NULL, NULL},
	};

	(void)state;
	assert_non_null(s);
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
		check(&c, &shapes[i]);
	header_stamp_free(s);
}

static void
a_stamp_that_cannot_work_is_refused(void **state)
{
	static const char *const bad[] = {"", "x", "%Y-%m-%d ", "%H:%M:%S ",
	    "%Y-%m-%d %H:%M:%S", "%q %m %d %H %M %S ", "%", "%m%d%H%M%S%",
	    "%m %m %d %H %M %S "};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct err err = {""};

		if (header_stamp_new(slice_of(bad[i]), &err))
			fail_msg("'%s' is accepted", bad[i]);
		assert_true(err.text[0]);
	}
}

static void
a_year_is_inferred_from_the_reference(void **state)
{
	static const struct {
		const char *stamp;
		const char *reference;
		const char *previous;
		const char *wanted;
	} cases[] = {
	    {"Nov 24 11:00:00", "2026-11-24T12:00:00.000000Z", NULL,
		"2026-11-24T11:00:00.000000Z"},
	    /* up to 48 h ahead it is still this year */
	    {"Nov 26 12:00:00", "2026-11-24T12:00:00.000000Z", NULL,
		"2026-11-26T12:00:00.000000Z"},
	    {"Nov 26 12:00:01", "2026-11-24T12:00:00.000000Z", NULL,
		"2025-11-26T12:00:01.000000Z"},
	    {"Dec 31 23:59:59", "2026-01-01T00:00:05.000000Z", NULL,
		"2025-12-31T23:59:59.000000Z"},
	    {"Jan  1 00:00:01", "2026-12-31T23:59:59.000000Z", NULL,
		"2027-01-01T00:00:01.000000Z"},
	    {"Feb 29 10:00:00", "2026-11-24T12:00:00.000000Z", NULL,
		"2024-02-29T10:00:00.000000Z"},
	    {"Feb 29 10:00:00", "2028-02-28T12:00:00.000000Z", NULL,
		"2028-02-29T10:00:00.000000Z"},
	    {"Feb 29 10:00:00", "2028-02-20T12:00:00.000000Z", NULL,
		"2024-02-29T10:00:00.000000Z"},
	    /* a file whose own time is too old: lines follow each other */
	    {"Jan  2 10:00:00", "2025-12-20T12:00:00.000000Z",
		"2025-12-31T23:00:00.000000Z", "2026-01-02T10:00:00.000000Z"},
	    /* but a small step back is a step back */
	    {"Oct  1 10:00:00", "2025-12-20T12:00:00.000000Z",
		"2025-12-01T23:00:00.000000Z", "2025-10-01T10:00:00.000000Z"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct header_context c = {0};
		struct header h;
		char line[64], wire[STAMP_LEN + 1];

		assert_true(
		    stamp_parse(slice_of(cases[i].reference), &c.reference_us));
		if (cases[i].previous)
			assert_true(stamp_parse(
			    slice_of(cases[i].previous), &c.previous_us));
		snprintf(line, sizeof line, "%s h a: m", cases[i].stamp);
		assert_true(header_parse(&c, slice_of(line), &h));
		assert_true(h.has_time);
		assert_true(h.inferred_year);
		assert_true(h.inferred_zone);
		assert_string_equal(h.precision, "s");
		stamp_format(wire, h.time_us);
		assert_string_equal(wire, cases[i].wanted);
	}
}

static void
a_local_stamp_is_of_the_zone_and_nearest_to_the_reference(void **state)
{
	struct err err;
	struct zone *z = zone_load_file("Europe/Berlin", &err);
	struct header_context c = {.zone = z};
	struct header h;
	char wire[STAMP_LEN + 1];

	(void)state;
	if (!z)
		fail_msg("%s", err.text);
	stamp_parse(SLICE("2026-07-01T00:00:00.000000Z"), &c.reference_us);
	header_parse(&c, SLICE("Jun 30 14:00:00 h a: m"), &h);
	stamp_format(wire, h.time_us);
	assert_string_equal(wire, "2026-06-30T12:00:00.000000Z");
	/* 25 October 2026, 02:30 occurs twice there. */
	stamp_parse(SLICE("2026-10-25T00:31:00.000000Z"), &c.reference_us);
	header_parse(&c, SLICE("Oct 25 02:30:00 h a: m"), &h);
	stamp_format(wire, h.time_us);
	assert_string_equal(wire, "2026-10-25T00:30:00.000000Z");
	stamp_parse(SLICE("2026-10-25T01:31:00.000000Z"), &c.reference_us);
	header_parse(&c, SLICE("Oct 25 02:30:00 h a: m"), &h);
	stamp_format(wire, h.time_us);
	assert_string_equal(wire, "2026-10-25T01:30:00.000000Z");
	/* A written zone is believed. */
	header_parse(&c, SLICE("2026-10-25T02:30:00.5Z h a: m"), &h);
	stamp_format(wire, h.time_us);
	assert_string_equal(wire, "2026-10-25T02:30:00.500000Z");
	assert_false(h.inferred_zone);
	assert_string_equal(h.precision, "ms");
	zone_free(z);
}

/* The slices of a header lie inside its line, whatever the line holds. */
static void
no_line_makes_a_slice_leave_it(void **state)
{
	static const char *const seeds[] = {
	    "Mar  4 06:07:08 db1 sshd[3301]: pam_unix(sshd:auth): x",
	    "<165>1 2003-10-11T22:14:15.003Z h e - ID [a b=\"c\"] m",
	    "2026-11-22T13:59:14.730009+00:00 vm sshd(pam_x)[4]: m",
	    "Mar  4 06:07:08 h x: message repeated 3 times: [ y]"};
	struct header_context c = {.reference_us = NOW};

	(void)state;
	srandom(5);
	for (int i = 0; i < 100000; i++) {
		const char *seed = seeds[random() % 4];
		size_t len = (size_t)random() % (strlen(seed) + 1);
		char *line = malloc(len + 1);
		struct slice whole = {line, len};
		struct header h;
		const struct slice *parts[] = {&h.host, &h.program, &h.pid,
		    &h.service, &h.type, &h.message, &h.stamp};

		memcpy(line, seed, len);
		for (int n = (int)(random() % 4); n && len; n--)
			line[(size_t)random() % len] =
			    " :[]()<>-1\0a\xff"[random() % 13];
		header_parse(&c, whole, &h);
		for (size_t k = 0; k < sizeof parts / sizeof *parts; k++)
			assert_true(
			    parts[k]->len == 0 ||
			    (parts[k]->ptr >= line &&
				parts[k]->ptr + parts[k]->len <= line + len));
		free(line);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		lines_of_syslog_daemons_have_a_host_a_program_and_a_message),
	    cmocka_unit_test(odd_lines_are_read_as_far_as_they_can_be),
	    cmocka_unit_test(lines_without_a_header_are_their_own_message),
	    cmocka_unit_test(
		rfc_5424_lines_are_read_past_their_structured_data),
	    cmocka_unit_test(lines_of_pam_modules_belong_to_the_module),
	    cmocka_unit_test(a_folded_repetition_stands_for_its_lines),
	    cmocka_unit_test(
		declared_stamps_are_read_and_give_the_declared_program),
	    cmocka_unit_test(a_stamp_after_words_is_part_of_the_message),
	    cmocka_unit_test(a_stamp_that_cannot_work_is_refused),
	    cmocka_unit_test(a_year_is_inferred_from_the_reference),
	    cmocka_unit_test(
		a_local_stamp_is_of_the_zone_and_nearest_to_the_reference),
	    cmocka_unit_test(no_line_makes_a_slice_leave_it),
	};

	return cmocka_run_group_tests_name("header", tests, NULL, NULL);
}
