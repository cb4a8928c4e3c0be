/* SPDX-License-Identifier: Apache-2.0 */
/* The whole agent, from its first start over reading, a rotation, a heartbeat,
 * seals and a stop to a second start and stop, while a system call on its state
 * or its logs fails: each one in turn, once and for good, as a bad disk, a full
 * one, an interruption or a short read or write would have it. Nothing crashes,
 * hangs, gets lost or comes twice: after the fault a run without one completes,
 * and then every line is there once or lies in a gap that says so, and chain
 * and seals verify.
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

#include "assay/jsonin.h"
#include "assay/log.h"
#include "assay/problems.h"
#include "assay/record.h"
#include "assay/spoolread.h"
#include "assay/verify.h"

#include "agent.h"
#include "fault.h"

#define SECOND INT64_C(1000000)
#define LINES 40
#define CALLS_MAX 4096
#define HANG_S 60
#define PATH_LEN 200

enum { WENT_WELL = 0, SAID_SO = 1, SILENT = 2 };

static char place[] = "/dev/shm/assay-test-XXXXXX";
static char state_dir[PATH_LEN], log_path[PATH_LEN];
static struct ruleset *rules;
static struct crypto *crypto;
static int64_t start_us;

/* ---- the scenario, within a child ---- */

struct play {
	struct agent *agent;
	int64_t now_us;
	int next; /* line to write */
	struct err err;
	bool said; /* a failure was told */
};

static void
append(struct play *p, int count)
{
	FILE *f;

	fault_pause(1);
	f = fopen(log_path, "ae");
	for (int i = 0; f && i < count; i++) {
		time_t t = (time_t)(p->now_us / SECOND);
		struct tm tm;
		char stamp[32];

		gmtime_r(&t, &tm);
		strftime(stamp, sizeof stamp, "%FT%T", &tm);
		fprintf(f,
		    "%s.%06d+00:00 web01 sshd[100]: Accepted password for "
		    "u%06d from 192.0.2.1 port 50122 ssh2\n",
		    stamp, p->next, p->next);
		p->next++;
	}
	if (!f || fclose(f) != 0)
		_exit(9);
	fault_pause(0);
}

static void
rotate(void)
{
	char to[PATH_LEN + 8];

	fault_pause(1);
	snprintf(to, sizeof to, "%s.1", log_path);
	if (rename(log_path, to) != 0)
		_exit(9);
	fault_pause(0);
}

static struct agent *
try_start(struct play *p)
{
	static const char *const readers[] = {"collector", NULL};
	struct agent_options o = {.state = state_dir,
	    .zone_name = "/usr/share/zoneinfo/UTC",
	    .syslog_socket = "/nonexistent",
	    .max_bytes = 8 << 20,
	    .held_max_bytes = 1 << 30,
	    .keep_us = 86400 * SECOND,
	    .readers = readers};
	struct source_spec *spec;
	struct discover d = {0};
	struct agent *a;
	char pattern[PATH_LEN + 8];

	fault_pause(1);
	snprintf(pattern, sizeof pattern, "%s*", log_path);
	spec = source_spec_new("/var/log/auth.log", log_path);
	if (!spec || source_spec_add_pattern(spec, pattern) != 0)
		_exit(9);
	source_spec_add_class(spec, RULE_AUTH);
	spec->live = true;
	if (discover_add(&d, spec) != 0)
		_exit(9);
	fault_pause(0);
	a = agent_new(&o, rules, &d, p->now_us, &p->err);
	discover_clear(&d);
	return a;
}

/* As a service manager does: again after a while, but not for ever. */
static void
start(struct play *p)
{
	for (int tries = 0; !p->agent && tries < 3; tries++) {
		p->err.text[0] = '\0';
		p->agent = try_start(p);
		p->now_us += 2 * SECOND;
		if (p->agent)
			return;
		if (!p->err.text[0])
			_exit(SILENT);
		p->said = true;
	}
}

static void
run_for(struct play *p, int seconds)
{
	for (int i = 0; i < seconds; i++) {
		int64_t wake = p->agent
				   ? agent_tick(p->agent, p->now_us, p->now_us)
				   : p->now_us + SECOND;

		/* There is more to do, or it is due within the second. */
		for (int n = 0; p->agent && wake <= p->now_us && n < 100; n++)
			wake = agent_tick(p->agent, p->now_us, p->now_us);
		p->now_us += SECOND;
	}
}

/* Time passes in which the agent is not asked. */
static void
let_pass(struct play *p, int seconds)
{
	p->now_us += seconds * SECOND;
}

static void
stop(struct play *p)
{
	p->err.text[0] = '\0';
	if (p->agent && agent_stop(p->agent, p->now_us, &p->err) != 0) {
		if (!p->err.text[0])
			_exit(SILENT);
		p->said = true;
	}
	agent_free(p->agent);
	p->agent = NULL;
	p->now_us += 3 * SECOND;
}

static void
play_all(struct play *p)
{
	append(p, 10);
	start(p);
	run_for(p, 2);
	append(p, 5);
	run_for(p, 2);
	append(p, 3);
	rotate();
	append(p, 7);
	run_for(p, 2);
	let_pass(p, 4);
	run_for(p, 2);
	append(p, 2);
	run_for(p, 2);
	let_pass(p, 58);
	run_for(p, 2);
	stop(p);
	append(p, 5);
	start(p);
	run_for(p, 2);
	append(p, LINES - p->next);
	run_for(p, 2);
	stop(p);
}

/* Calls on these files fail: all, or those of a part of the place. */
static const char *
only(void)
{
	const char *part = getenv("ASSAY_ONLY");

	return part ? part : "/state/";
}

static int
child(const char *calls, long at, const char *action, int sticky)
{
	struct play p = {.now_us = start_us};

	alarm(HANG_S);
	log_start(open("/dev/null", O_WRONLY), LOG_AT_INFO, -1);
	fault_arm(only(), calls, at, action, sticky);
	play_all(&p);
	return p.said ? SAID_SO : WENT_WELL;
}

/* The run after the fault: everything there is, to the end. */
static int
afterwards(void)
{
	struct play p = {.now_us = start_us + 200 * SECOND};

	alarm(HANG_S);
	log_start(open("/dev/null", O_WRONLY), LOG_AT_INFO, -1);
	start(&p);
	if (!p.agent || p.said)
		return SAID_SO;
	run_for(&p, 12);
	stop(&p);
	return p.said ? SAID_SO : WENT_WELL;
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
	snprintf(state_dir, sizeof state_dir, "%s/state", place);
	snprintf(log_path, sizeof log_path, "%s/auth.log", place);
}

struct sum {
	long runs, said, gaps, lost;
};

struct verdict {
	int seen[LINES];
	int gaps;
	struct err why;
};

static bool
on_finding(void *arg, const struct verify_finding *f)
{
	struct verdict *v = arg;
	struct buf out = {0};

	verify_explain(&out, f);
	/* The very last seal has nobody after it. */
	if (f->kind != VERIFY_TAIL_UNSEALED || f->first != f->last)
		err_set(&v->why, "%.*s", SLICE_FMT(out));
	buf_clear(&out);
	return true;
}

static void
note_record(struct verdict *v, const struct record *r)
{
	struct slice user;
	unsigned long long n;

	v->gaps += r->type == RECORD_GAP;
	if (r->type != RECORD_EVENT ||
	    !jsonin_string(json_object_get(r->data, "fields"), "user", &user))
		return;
	if (slice_uint(slice_from(user, 1), LINES - 1, &n))
		v->seen[n]++;
}

static void
read_spool(struct verdict *v)
{
	char dir[PATH_LEN + 8];
	struct err err = {0};
	struct verify *verify = verify_new(crypto, &err);
	struct spoolread *s;
	struct spoolread_record rec;
	enum spoolread_got got;

	snprintf(dir, sizeof dir, "%s/spool", state_dir);
	s = spoolread_open(dir, NULL, &err);
	while ((got = spoolread_next(s, &rec, &err)) > 0) {
		struct record r;
		enum verify_arrival arrival;

		if (got == SPOOLREAD_DAMAGE ||
		    record_decode(rec.bytes, &r, &err) != 0) {
			err_set(&v->why, "%s", err.text);
			continue;
		}
		if (verify_add(verify, &r, &arrival, &err) != 0 ||
		    arrival != VERIFY_NEW)
			err_set(&v->why, "a record twice");
		note_record(v, &r);
		record_clear(&r);
	}
	if (got < 0)
		err_set(&v->why, "%s", err.text);
	spoolread_close(s);
	(void)verify_findings(verify, on_finding, v, &err);
	verify_free(verify);
}

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
	struct verdict v = {0};
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
	read_spool(&v);
	for (int i = 0; i < LINES; i++) {
		lost += v.seen[i] == 0;
		twice += v.seen[i] > 1;
	}
	sum->gaps += v.gaps;
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
	long step = every ? strtol(every, NULL, 10) : 7;
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
	       "%ld gaps, %ld lines lost\n",
	    action, sticky ? " for good" : "", sum.runs, calls, sum.said,
	    sum.gaps, sum.lost);
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
	assert_int_equal(sum.said + sum.gaps + sum.lost, 0);
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
	static const char *const dirs[] = {SOURCE_DIR "/rules", NULL};
	static const char *const files[] = {
	    SOURCE_DIR "/rules/auth/sshd.yml", NULL};
	struct ruleset_options o = {.dirs = dirs, .files = files};
	struct problems *p = problems_new();
	struct timespec t;
	struct err err = {0};

	(void)state;
	crypto = crypto_new(&err);
	rules = ruleset_load(&o, p, &err);
	problems_free(p);
	if (!mkdtemp(place))
		snprintf(place, sizeof place, "%s", test_dir());
	clock_gettime(CLOCK_REALTIME, &t);
	start_us = t.tv_sec * SECOND;
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
