/* SPDX-License-Identifier: Apache-2.0 */
/* A live agent whose spool is on a small file system that somebody fills and
 * frees, over and over; and a spool that nobody acknowledges. It stops reading,
 * says so, still tells that it is there, and goes on when there is room: every
 * line comes once. ASSAY_CYCLES says how often (20). */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assay/ack.h"
#include "assay/log.h"

#include "play.h"

#define LINES_A_CYCLE 2500 /* more than a segment holds */

static struct ruleset *rules;
static struct crypto *crypto;

static int
cycles(void)
{
	const char *text = getenv("ASSAY_CYCLES");
	int n = text ? atoi(text) : 0;

	return n > 0 ? n : 20;
}

static enum agent_phase
phase(const struct play *p, const char **problem)
{
	struct agent_view view;

	agent_look(p->agent, &view);
	*problem = view.problem ? view.problem : "";
	return view.phase;
}

/* Take all the room there is; returns whether there was any. */
static void
fill(const char *path)
{
	static const char zeros[4096];
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	ssize_t put;

	assert_true(fd >= 0);
	do
		put = write(fd, zeros, sizeof zeros);
	while (put > 0);
	assert_int_equal(errno, ENOSPC);
	close(fd);
}

/* What a reader does: read on, and say so. */
static void
read_and_ack(struct play_found *f, const struct play *p, struct spoolread *r,
    struct verify *v)
{
	char dir[PLAY_PATH + 8];
	struct ack ack;

	play_read(f, r, v);
	snprintf(dir, sizeof dir, "%s/spool", p->state);
	memcpy(ack.epoch, f->last.epoch, sizeof ack.epoch);
	ack.sequence = f->last.sequence;
	assert_int_equal(ack_write(dir, "collector", &ack, NULL), 0);
}

static void
expect(struct play_found *f, int lines)
{
	if (f->why.text[0])
		fail_msg("%s", f->why.text);
	for (int i = 0; i < lines; i++)
		if (f->seen[i] != 1)
			fail_msg("line %d of %d comes %d times", i, lines,
			    f->seen[i]);
}

struct desk {
	struct play play;
	struct play_found found;
	struct spoolread *reader;
	struct verify *verify;
};

static void
open_desk(struct desk *d, const char *dir, int lines)
{
	char spool[PLAY_PATH + 8];

	*d = (struct desk){0};
	play_init(&d->play, rules, dir);
	d->found.size = lines;
	d->found.seen = calloc((size_t)lines, sizeof(int));
	snprintf(spool, sizeof spool, "%s/spool", d->play.state);
	d->reader = spoolread_open(spool, NULL, NULL);
	d->verify = verify_new(crypto, NULL);
	assert_non_null(d->found.seen);
	assert_true(d->reader && d->verify);
}

static void
close_desk(struct desk *d)
{
	play_crash(&d->play);
	spoolread_close(d->reader);
	verify_free(d->verify);
	free(d->found.seen);
}

/* Full, and back again. */
static void
one_cycle(struct desk *d, const char *filler, int n)
{
	struct play *p = &d->play;
	const char *problem;
	int heartbeats;

	fill(filler);
	play_append(p, LINES_A_CYCLE);
	play_run(p, 5);
	assert_int_equal(phase(p, &problem), AGENT_FULL);
	assert_non_null(strstr(problem, "No space left"));
	/* Nobody reads meanwhile, but it is there. */
	play_read(&d->found, d->reader, d->verify);
	heartbeats = d->found.heartbeats;
	assert_int_equal(d->found.seen[p->next - 1], 0);
	for (int minutes = 0; minutes < 3; minutes++) {
		play_pass(p, 60);
		play_run(p, 2);
	}
	play_read(&d->found, d->reader, d->verify);
	assert_int_equal(d->found.heartbeats, heartbeats + 3);
	if (n % 5 == 3) {
		/* Gone while it is full, and there again. */
		play_crash(p);
		if (!play_start(p))
			fail_msg("%s", p->err.text);
		play_run(p, 3);
		assert_int_equal(phase(p, &problem), AGENT_FULL);
	}
	assert_int_equal(unlink(filler), 0);
	play_run(p, 4);
	if (phase(p, &problem) != AGENT_WATCHING)
		fail_msg("cycle %d, with room again: %s", n, problem);
	read_and_ack(&d->found, p, d->reader, d->verify);
	expect(&d->found, p->next);
	play_pass(p, 60);
	play_run(p, 2);
}

static void
a_disk_filled_and_freed_over_and_over_loses_nothing(void **state)
{
	static char place[] = "/tmp/assay-disk-XXXXXX";
	char filler[PLAY_PATH];
	struct desk d;
	struct stat st;

	(void)state;
	/* A place of our own, that goes with us. */
	if (!mkdtemp(place) || unshare(CLONE_NEWNS) != 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("tmpfs", place, "tmpfs", 0, "size=14m") != 0) {
		rmdir(place);
		printf("# cannot mount a small file system here\n");
		skip();
	}
	open_desk(&d, place, (cycles() + 1) * LINES_A_CYCLE);
	snprintf(d.play.log, sizeof d.play.log, "%s/auth.log", test_dir());
	snprintf(filler, sizeof filler, "%s/filler", place);
	d.play.max_bytes = 8 << 20;
	d.play.keep_us = 0;
	play_append(&d.play, 10);
	assert_true(play_start(&d.play));
	play_run(&d.play, 2);
	for (int n = 0; n < cycles(); n++) {
		one_cycle(&d, filler, n);
		/* What it had read is not read again. */
		assert_int_equal(truncate(d.play.log, 0), 0);
		play_run(&d.play, 2);
	}
	assert_true(play_stop(&d.play));
	play_read(&d.found, d.reader, d.verify);
	play_verify(&d.found, d.verify);
	expect(&d.found, d.play.next);
	assert_int_equal(stat(place, &st), 0);
	printf("# %d cycles, %d lines, %d records, %d heartbeats\n", cycles(),
	    d.play.next, d.found.records, d.found.heartbeats);
	close_desk(&d);
	umount2(place, MNT_DETACH);
	rmdir(place);
}

static void
a_spool_nobody_acknowledges_stops_reading_and_goes_on(void **state)
{
	const char *problem;
	struct desk d;

	(void)state;
	open_desk(&d, test_dir(), 40000);
	d.play.max_bytes = 4 << 20;
	d.play.keep_us = 0;
	play_append(&d.play, 12000);
	assert_true(play_start(&d.play));
	for (int rounds = 0; rounds < 12; rounds++) {
		struct agent_view view;
		int heartbeats;

		play_run(&d.play, 4);
		if (phase(&d.play, &problem) == AGENT_WATCHING)
			break;
		assert_int_equal(phase(&d.play, &problem), AGENT_FULL);
		assert_non_null(
		    strstr(problem, "until a reader has caught up"));
		agent_look(d.play.agent, &view);
		assert_true(view.spool_bytes <= d.play.max_bytes);
		play_read(&d.found, d.reader, d.verify);
		heartbeats = d.found.heartbeats;
		play_pass(&d.play, 60);
		play_run(&d.play, 2);
		read_and_ack(&d.found, &d.play, d.reader, d.verify);
		assert_int_equal(d.found.heartbeats, heartbeats + 1);
	}
	assert_int_equal(phase(&d.play, &problem), AGENT_WATCHING);
	assert_string_equal(problem, "");
	assert_true(play_stop(&d.play));
	play_read(&d.found, d.reader, d.verify);
	play_verify(&d.found, d.verify);
	expect(&d.found, d.play.next);
	assert_int_equal(d.found.gaps, 0);
	close_desk(&d);
}

static int
set_up(void **state)
{
	(void)state;
	crypto = crypto_new(NULL);
	rules = play_rules();
	log_start(open("/dev/null", O_WRONLY | O_CLOEXEC), LOG_AT_INFO, -1);
	return crypto && rules ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	ruleset_free(rules);
	crypto_free(crypto);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		a_spool_nobody_acknowledges_stops_reading_and_goes_on),
	    cmocka_unit_test(
		a_disk_filled_and_freed_over_and_over_loses_nothing),
	};

	return cmocka_run_group_tests_name(
	    "full_disk", tests, set_up, tear_down);
}
