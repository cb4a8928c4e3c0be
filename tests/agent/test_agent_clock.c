/* SPDX-License-Identifier: Apache-2.0 */
/* The clock of a live agent is set, forward and back, by a second and by ten
 * years: what is written is read and committed within five seconds all the
 * same, heartbeats go on, records keep their order, nothing is lost or comes
 * twice, and no heartbeat says more than the time it was made at. */
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assay/log.h"

#include "play.h"

#define YEAR (INT64_C(31557600) * PLAY_SECOND)

static struct ruleset *rules;
static struct crypto *crypto;

static const int64_t steps[] = {PLAY_SECOND, 5 * PLAY_SECOND, 61 * PLAY_SECOND,
    3600 * PLAY_SECOND, 86400 * PLAY_SECOND, YEAR, 10 * YEAR};
#define STEPS (sizeof steps / sizeof steps[0])

struct desk {
	struct play play;
	struct play_found found;
	int *seen;
	struct spoolread *reader;
	struct verify *verify;
};

static void
open_desk(struct desk *d)
{
	char spool[PLAY_PATH + 8];

	*d = (struct desk){0};
	play_init(&d->play, rules, test_dir());
	snprintf(spool, sizeof spool, "%s/spool", d->play.state);
	d->found.size = 4096;
	d->found.seen = calloc(4096, sizeof(int));
	d->reader = spoolread_open(spool, NULL, NULL);
	d->verify = verify_new(crypto, NULL);
	assert_true(d->found.seen && d->reader && d->verify);
	assert_true(play_start(&d->play));
	play_run(&d->play, 3);
}

static void
close_desk(struct desk *d)
{
	assert_true(play_stop(&d->play));
	play_read(&d->found, d->reader, d->verify);
	play_verify(&d->found, d->verify);
	if (d->found.why.text[0])
		fail_msg("%s", d->found.why.text);
	for (int i = 0; i < d->play.next; i++)
		if (d->found.seen[i] != 1)
			fail_msg("line %d comes %d times", i, d->found.seen[i]);
	spoolread_close(d->reader);
	verify_free(d->verify);
	free(d->found.seen);
}

/* After a step: lines come through within five seconds, a heartbeat within a
 * minute and a little, and it does not say more than it can know. */
static void
go_on(struct desk *d, int64_t step_us)
{
	struct play *p = &d->play;
	int heartbeats;

	p->now_us += step_us;
	play_append(p, 3);
	play_run(p, 5);
	play_read(&d->found, d->reader, d->verify);
	for (int i = p->next - 3; i < p->next; i++)
		if (d->found.seen[i] != 1)
			fail_msg("a step of %lld s: line %d comes %d times",
			    (long long)(step_us / PLAY_SECOND), i,
			    d->found.seen[i]);
	heartbeats = d->found.heartbeats;
	play_run(p, 61);
	play_read(&d->found, d->reader, d->verify);
	assert_true(d->found.heartbeats > heartbeats);
	assert_true(d->found.through_us <= p->now_us);
	if (d->found.why.text[0])
		fail_msg("a step of %lld s: %s",
		    (long long)(step_us / PLAY_SECOND), d->found.why.text);
}

static void
a_step_either_way_stalls_nothing(void **state)
{
	struct desk d;

	(void)state;
	open_desk(&d);
	for (size_t i = 0; i < STEPS; i++) {
		go_on(&d, steps[i]);
		go_on(&d, -steps[i]);
		go_on(&d, -steps[i]);
		go_on(&d, steps[i]);
	}
	close_desk(&d);
}

/* With a commit open, which a line not yet committed is in. */
static void
a_step_back_between_put_and_commit_does_not_hold_it_back(void **state)
{
	struct desk d;

	(void)state;
	open_desk(&d);
	for (size_t i = 0; i < STEPS; i++) {
		play_append(&d.play, 2);
		d.play.now_us += PLAY_SECOND;
		(void)agent_tick(d.play.agent, d.play.now_us, d.play.mono_us);
		go_on(&d, -steps[i]);
	}
	close_desk(&d);
}

static void
a_start_after_a_step_goes_on_where_the_last_one_ended(void **state)
{
	struct desk d;

	(void)state;
	open_desk(&d);
	for (size_t i = 0; i < 2 * STEPS; i++) {
		play_append(&d.play, 2);
		play_run(&d.play, 2);
		assert_true(play_stop(&d.play));
		d.play.now_us += i % 2 ? steps[i / 2] : -steps[i / 2];
		play_append(&d.play, 2);
		assert_true(play_start(&d.play));
		play_run(&d.play, 5);
		play_read(&d.found, d.reader, d.verify);
		assert_int_equal(d.found.seen[d.play.next - 1], 1);
	}
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
	    cmocka_unit_test(a_step_either_way_stalls_nothing),
	    cmocka_unit_test(
		a_step_back_between_put_and_commit_does_not_hold_it_back),
	    cmocka_unit_test(
		a_start_after_a_step_goes_on_where_the_last_one_ended),
	};

	return cmocka_run_group_tests_name(
	    "agent_clock", tests, set_up, tear_down);
}
