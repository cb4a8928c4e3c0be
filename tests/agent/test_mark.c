/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "assay/zone.h"

#include "header.h"
#include "mark.h"
#include "post.h"

#define MIN (INT64_C(60) * 1000000)
#define NOW INT64_C(1795168801000000) /* 2026-11-20T10:00:01Z */

static void
nonce_of(uint8_t nonce[MARK_NONCE_LEN], unsigned n)
{
	memset(nonce, 0xab, MARK_NONCE_LEN);
	memcpy(nonce, &n, sizeof n);
}

static void
one_is_due_at_the_start_and_then_every_ten_minutes(void **state)
{
	struct mark m;
	uint8_t nonce[MARK_NONCE_LEN];

	(void)state;
	nonce_of(nonce, 1);
	mark_begin(&m, 10);
	assert_true(mark_is_due(&m, NOW));
	mark_note_sent(&m, nonce, NOW);
	assert_false(mark_is_due(&m, NOW));
	assert_false(mark_is_due(&m, NOW + 10 * MIN - 1));
	assert_true(mark_is_due(&m, NOW + 10 * MIN));
}

static void
one_that_could_not_be_sent_is_tried_again_after_a_minute(void **state)
{
	struct mark m;

	(void)state;
	mark_begin(&m, 10);
	mark_note_failed(&m, NOW);
	assert_false(mark_is_due(&m, NOW + MIN - 1));
	assert_true(mark_is_due(&m, NOW + MIN));
	assert_int_equal(m.sent, 0);
	assert_int_equal(m.sent_us, 0);
}

static void
a_clock_that_goes_back_delays_no_mark(void **state)
{
	struct mark m;
	uint8_t nonce[MARK_NONCE_LEN];

	(void)state;
	nonce_of(nonce, 1);
	mark_begin(&m, 10);
	mark_note_sent(&m, nonce, NOW);
	assert_true(mark_is_due(&m, NOW - 600 * MIN));
	mark_note_sent(&m, nonce, NOW);
	mark_anew(&m);
	assert_true(mark_is_due(&m, NOW));
}

static void
a_mark_counts_once_and_only_with_a_nonce_that_was_sent_here(void **state)
{
	struct mark here, there;
	uint8_t one[MARK_NONCE_LEN], two[MARK_NONCE_LEN];

	(void)state;
	nonce_of(one, 1);
	nonce_of(two, 2);
	mark_begin(&here, 10);
	mark_begin(&there, 3);
	assert_false(mark_take(&here, one, NOW));
	mark_note_sent(&here, one, NOW);
	mark_note_sent(&there, two, NOW);
	assert_false(mark_take(&here, two, NOW));
	assert_int_equal(here.back_us, 0);
	assert_true(mark_take(&here, one, NOW + 5));
	assert_int_equal(here.back_us, NOW + 5);
	assert_false(mark_take(&here, one, NOW + 6));
	assert_int_equal(here.back_us, NOW + 5);
	assert_int_equal(here.back, 1);
}

static void
a_start_forgets_what_was_sent_before_it(void **state)
{
	struct mark m;
	uint8_t nonce[MARK_NONCE_LEN];

	(void)state;
	nonce_of(nonce, 1);
	mark_begin(&m, 10);
	mark_note_sent(&m, nonce, NOW);
	mark_begin(&m, 10);
	assert_false(mark_take(&m, nonce, NOW + 1));
}

static void
the_newest_marks_are_kept_and_come_back_in_any_order(void **state)
{
	struct mark m;
	uint8_t nonce[MARK_NONCE_LEN];

	(void)state;
	mark_begin(&m, 10);
	for (unsigned i = 0; i < MARK_KEPT + 5; i++) {
		nonce_of(nonce, i);
		mark_note_sent(&m, nonce, NOW + i);
	}
	for (unsigned i = MARK_KEPT + 5; i-- > 0;) {
		nonce_of(nonce, i);
		assert_int_equal(mark_take(&m, nonce, NOW), i >= 5);
	}
}

static void
only_the_exact_form_is_a_mark(void **state)
{
	static const char *const others[] = {"mark", "mark ", "mark xyz",
	    "mark 000102030405060708090a0b0c0d0e0",
	    "mark 000102030405060708090a0b0c0d0e0f0",
	    "mark 000102030405060708090A0B0C0D0E0F",
	    "mark 000102030405060708090a0b0c0d0e0f ",
	    "Mark 000102030405060708090a0b0c0d0e0f",
	    "mark  00102030405060708090a0b0c0d0e0f"};
	uint8_t nonce[MARK_NONCE_LEN], got[MARK_NONCE_LEN];
	struct buf b = {0};

	(void)state;
	for (unsigned i = 0; i < MARK_NONCE_LEN; i++)
		nonce[i] = (uint8_t)i;
	mark_write(&b, nonce);
	assert_slice(
	    buf_slice(&b), SLICE("mark 000102030405060708090a0b0c0d0e0f"));
	assert_true(mark_read(SLICE("assay-agent"), buf_slice(&b), got));
	assert_memory_equal(nonce, got, MARK_NONCE_LEN);
	assert_false(mark_read(SLICE("assay-agen"), buf_slice(&b), got));
	assert_false(mark_read(SLICE(""), buf_slice(&b), got));
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		assert_false(
		    mark_read(SLICE("assay-agent"), slice_of(others[i]), got));
	buf_clear(&b);
}

/* ---- sending ---- */

static int
listen_at(struct sockaddr_un *to, const char *name)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	*to = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(to->sun_path, sizeof to->sun_path, "%s/%s", test_dir(), name);
	assert_int_equal(bind(fd, (struct sockaddr *)to, sizeof *to), 0);
	return fd;
}

static void
a_line_goes_out_as_syslog_writes_it_and_reads_back(void **state)
{
	struct zone *berlin = zone_load_file("Europe/Berlin", NULL);
	struct post_line line = {.facility = 10,
	    .program = MARK_PROGRAM,
	    .message = SLICE("mark 000102030405060708090a0b0c0d0e0f"),
	    .zone = berlin,
	    .now_us = NOW};
	struct header_context context = {.reference_us = NOW, .zone = berlin};
	struct sockaddr_un to;
	int fd = listen_at(&to, "log");
	char got[512], wanted[512];
	struct header h;
	struct err err;
	ssize_t len;

	(void)state;
	assert_int_equal(post_send(to.sun_path, &line, &err), 0);
	len = recv(fd, got, sizeof got - 1, 0);
	assert_true(len > 0);
	got[len] = '\0';
	snprintf(wanted, sizeof wanted,
	    "<85>Nov 20 11:00:01 assay-agent[%d]: mark "
	    "000102030405060708090a0b0c0d0e0f",
	    (int)getpid());
	assert_string_equal(got, wanted);
	assert_true(header_parse(&context, slice_of(got), &h));
	assert_int_equal(h.priority, 85);
	assert_int_equal(h.time_us, NOW);
	close(fd);
	zone_free(berlin);
}

static void
a_daemon_that_is_dead_or_does_not_read_holds_nobody_up(void **state)
{
	struct zone *utc = zone_new_utc();
	struct post_line line = {.facility = 3,
	    .program = MARK_PROGRAM,
	    .message = SLICE("x"),
	    .zone = utc,
	    .now_us = NOW};
	struct sockaddr_un to;
	int fd = listen_at(&to, "full");
	struct err err = {0};
	char path[200];
	int sent = 0;

	(void)state;
	while (sent < 100000 && post_send(to.sun_path, &line, &err) == 0)
		sent++;
	assert_true(sent > 0 && sent < 100000);
	assert_non_null(strstr(err.text, to.sun_path));
	close(fd);
	assert_int_equal(post_send(to.sun_path, &line, &err), -1);
	assert_non_null(strstr(err.text, "refused"));
	assert_int_equal(post_send("/nowhere/log", &line, &err), -1);
	assert_non_null(strstr(err.text, "/nowhere/log"));
	memset(path, 'x', sizeof path - 1);
	path[sizeof path - 1] = '\0';
	assert_int_equal(post_send(path, &line, &err), -1);
	zone_free(utc);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		one_is_due_at_the_start_and_then_every_ten_minutes),
	    cmocka_unit_test(
		one_that_could_not_be_sent_is_tried_again_after_a_minute),
	    cmocka_unit_test(a_clock_that_goes_back_delays_no_mark),
	    cmocka_unit_test(
		a_mark_counts_once_and_only_with_a_nonce_that_was_sent_here),
	    cmocka_unit_test(a_start_forgets_what_was_sent_before_it),
	    cmocka_unit_test(
		the_newest_marks_are_kept_and_come_back_in_any_order),
	    cmocka_unit_test(only_the_exact_form_is_a_mark),
	    cmocka_unit_test(
		a_line_goes_out_as_syslog_writes_it_and_reads_back),
	    cmocka_unit_test(
		a_daemon_that_is_dead_or_does_not_read_holds_nobody_up),
	};

	return cmocka_run_group_tests_name("mark", tests, NULL, NULL);
}
