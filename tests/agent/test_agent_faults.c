/* SPDX-License-Identifier: Apache-2.0 */
/* The whole agent, from its first start over reading, a rotation, a heartbeat,
 * seals and a stop to a second start and stop, while a system call on its state
 * or its logs fails: each one in turn, once and for good, as a bad disk, a full
 * one, an interruption or a short read or write would have it. Nothing crashes,
 * hangs, gets lost or comes twice: after the fault a run without one completes,
 * and then every line is there once or lies in a gap that says so, and chain
 * and seals verify. Where a log could not be looked at, its lines may be read
 * again: under the same ids, which count once.
 *
 * Each run is a child of its own. ASSAY_EVERY=N tries one call of N. */
#include "test.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "assay/log.h"

#include "fault.h"
#include "play.h"

#define LINES 40
#define CALLS_MAX 4096
#define HANG_S 60

enum { WENT_WELL = 0, SAID_SO = 1, SILENT = 2 };

static char place[] = "/dev/shm/assay-test-XXXXXX";
static struct ruleset *rules;
static struct crypto *crypto;
static int64_t start_us;

/* ---- the scenario, within a child ---- */

static bool said; /* a failure was told */

static void
note(struct play *p, bool well)
{
	if (well)
		return;
	if (!p->err.text[0])
		_exit(SILENT);
	said = true;
}

/* As a service manager does: again after a while, but not for ever. */
static void
start(struct play *p)
{
	for (int tries = 0; !p->agent && tries < 3; tries++) {
		note(p, play_start(p));
		play_pass(p, 2);
	}
}

static void
stop(struct play *p)
{
	note(p, play_stop(p));
	play_pass(p, 3);
}

static void
play_all(struct play *p)
{
	play_append(p, 10);
	start(p);
	play_run(p, 2);
	play_append(p, 5);
	play_run(p, 2);
	play_append(p, 3);
	play_rotate(p);
	play_append(p, 7);
	play_run(p, 2);
	play_pass(p, 4);
	play_run(p, 2);
	play_append(p, 2);
	play_run(p, 2);
	play_pass(p, 58);
	play_run(p, 2);
	stop(p);
	play_append(p, 5);
	start(p);
	play_run(p, 2);
	play_append(p, LINES - p->next);
	play_run(p, 2);
	stop(p);
}

/* Calls on these files fail: all, or those of a part of the place. */
static const char *
only(void)
{
	const char *part = getenv("ASSAY_ONLY");

	return part ? part : place;
}

static int
child(const char *calls, long at, const char *action, int sticky)
{
	struct play p;

	alarm(HANG_S);
	log_start(open("/dev/null", O_WRONLY), LOG_AT_INFO, -1);
	play_init(&p, rules, place);
	p.now_us = start_us;
	p.pause = fault_pause;
	fault_arm(only(), calls, at, action, sticky);
	play_all(&p);
	return said ? SAID_SO : WENT_WELL;
}

/* The run after the fault: everything there is, to the end. */
static int
afterwards(void)
{
	struct play p;

	alarm(HANG_S);
	log_start(open("/dev/null", O_WRONLY), LOG_AT_INFO, -1);
	play_init(&p, rules, place);
	p.now_us = start_us + 200 * PLAY_SECOND;
	start(&p);
	if (!p.agent || said)
		return SAID_SO;
	play_run(&p, 75);
	stop(&p);
	return said ? SAID_SO : WENT_WELL;
}

/* ---- the judge ---- */

static int
remove_entry(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	return at->level == 0 ? 0 : remove(path);
}

static void
begin_anew(void)
{
	nftw(place, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

struct sum {
	long runs, said, gaps, repeats, lost;
};

static int
in_child(int (*what)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(what());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		return 1000 + WTERMSIG(status);
	return WEXITSTATUS(status);
}

static struct {
	const char *calls;
	long at;
	const char *action;
	int sticky;
} now;

static int
faulty(void)
{
	return child(now.calls, now.at, now.action, now.sticky);
}

/* What is wrong with this run; "" nothing. */
static void
judge(struct sum *sum, struct err *wrong)
{
	int seen[LINES] = {0};
	uint8_t ids[LINES][16];
	struct play_found v = {.seen = seen, .size = LINES, .ids = ids};
	struct play p;
	int status, lost = 0, twice = 0;

	wrong->text[0] = '\0';
	begin_anew();
	status = in_child(faulty);
	sum->runs++;
	sum->said += status == SAID_SO;
	if (status > SAID_SO)
		err_set(wrong, "ends with %d", status);
	status = in_child(afterwards);
	if (!wrong->text[0] && status != 0)
		err_set(wrong, "does not go on: %d", status);
	play_init(&p, rules, place);
	play_read_all(&v, &p, crypto);
	for (int i = 0; i < LINES; i++) {
		lost += seen[i] == 0;
		twice += seen[i] > 1;
	}
	sum->gaps += v.gaps;
	sum->repeats += v.repeats;
	sum->lost += lost;
	if (!wrong->text[0] && v.why.text[0])
		err_set(wrong, "%s", v.why.text);
	if (!wrong->text[0] && twice > 0)
		err_set(wrong, "%d lines twice", twice);
	if (!wrong->text[0] && lost > 0 && v.gaps == 0)
		err_set(wrong, "%d lines lost without a word", lost);
}

/* ---- the sweeps ---- */

static char (*names)[16]; /* of the calls of an undisturbed run, shared */
static long calls;

static int
undisturbed(void)
{
	fault_record(names, CALLS_MAX);
	return child("every", 0, NULL, 0);
}

static bool
is_for(const char *action, const char *call)
{
	static const char *const writing[] = {"write", "fallocate", "open",
	    "mkdir", "rename", "link", "fsync", "fdatasync", NULL};
	bool moves = !strcmp(call, "read") || !strcmp(call, "write");

	if (!strcmp(action, "short"))
		return moves;
	if (!strcmp(action, "ENOSPC")) {
		for (size_t i = 0; writing[i]; i++)
			if (!strcmp(call, writing[i]))
				return true;
		return false;
	}
	if (!strcmp(action, "EINTR"))
		return moves || !strncmp(call, "open", 4) ||
		       !strcmp(call, "fallocate") || !strcmp(call, "flock") ||
		       !strcmp(call, "ftruncate") || !strcmp(call, "fsync") ||
		       !strcmp(call, "fdatasync");
	return true;
}

static void
sweep(const char *action, int sticky)
{
	const char *every = getenv("ASSAY_EVERY");
	long step = every ? strtol(every, NULL, 10) : 13;
	struct sum sum = {0};
	int failures = 0;

	for (long at = 1; at <= calls; at += step > 0 ? step : 1) {
		struct err wrong;

		if (!is_for(action, names[at - 1]))
			continue;
		now.calls = "every";
		now.at = at;
		now.action = action;
		now.sticky = sticky;
		judge(&sum, &wrong);
		if (wrong.text[0] && failures++ < 40)
			printf("# %s%s at call %ld (%s): %s\n", action,
			    sticky ? " for good" : "", at, names[at - 1],
			    wrong.text);
	}
	printf("# %s%s: %ld runs of %ld calls, %ld said that something failed, "
	       "%ld gaps, %ld lines repeated under their ids, %ld lost\n",
	    action, sticky ? " for good" : "", sum.runs, calls, sum.said,
	    sum.gaps, sum.repeats, sum.lost);
	assert_true(sum.runs > 0);
	assert_int_equal(failures, 0);
}

static void
without_a_fault_all_is_there(void **state)
{
	struct sum sum = {0};
	struct err wrong;

	(void)state;
	now.calls = "none";
	now.at = 0;
	now.action = NULL;
	judge(&sum, &wrong);
	assert_string_equal(wrong.text, "");
	assert_int_equal(sum.said + sum.gaps + sum.repeats + sum.lost, 0);
	begin_anew();
	assert_int_equal(in_child(undisturbed), 0);
	for (calls = 0; calls < CALLS_MAX && names[calls][0];)
		calls++;
	printf("# an undisturbed run makes %ld calls\n", calls);
	assert_true(calls > 100 && calls < CALLS_MAX);
}

static void
an_input_output_error_at_any_one_call(void **state)
{
	(void)state;
	sweep("EIO", 0);
}

static void
input_output_errors_from_any_call_on(void **state)
{
	(void)state;
	sweep("EIO", 1);
}

static void
a_full_disk_at_any_one_call(void **state)
{
	(void)state;
	sweep("ENOSPC", 0);
}

static void
a_full_disk_from_any_call_on(void **state)
{
	(void)state;
	sweep("ENOSPC", 1);
}

static void
an_interruption_at_any_one_call(void **state)
{
	(void)state;
	sweep("EINTR", 0);
}

static void
interruptions_from_any_call_on(void **state)
{
	(void)state;
	sweep("EINTR", 1);
}

static void
a_short_read_or_write_at_any_one_call(void **state)
{
	(void)state;
	sweep("short", 0);
}

static void
short_reads_and_writes_from_any_call_on(void **state)
{
	(void)state;
	sweep("short", 1);
}

static int
set_up(void **state)
{
	struct timespec t;
	struct err err = {0};

	(void)state;
	crypto = crypto_new(&err);
	rules = play_rules();
	if (!mkdtemp(place))
		snprintf(place, sizeof place, "%s", test_dir());
	clock_gettime(CLOCK_REALTIME, &t);
	start_us = t.tv_sec * PLAY_SECOND;
	names = mmap(NULL, CALLS_MAX * sizeof *names, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return crypto && rules && names != MAP_FAILED ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	begin_anew();
	rmdir(place);
	munmap(names, CALLS_MAX * sizeof *names);
	ruleset_free(rules);
	crypto_free(crypto);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(without_a_fault_all_is_there),
	    cmocka_unit_test(an_input_output_error_at_any_one_call),
	    cmocka_unit_test(input_output_errors_from_any_call_on),
	    cmocka_unit_test(a_full_disk_at_any_one_call),
	    cmocka_unit_test(a_full_disk_from_any_call_on),
	    cmocka_unit_test(an_interruption_at_any_one_call),
	    cmocka_unit_test(interruptions_from_any_call_on),
	    cmocka_unit_test(a_short_read_or_write_at_any_one_call),
	    cmocka_unit_test(short_reads_and_writes_from_any_call_on),
	};

	return cmocka_run_group_tests_name(
	    "agent_faults", tests, set_up, tear_down);
}
