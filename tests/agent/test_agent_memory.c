/* SPDX-License-Identifier: Apache-2.0 */
/* The whole agent, from its start over reading, a rotation, a stop and another
 * start, while memory runs short at one allocation: each one in turn, ours or a
 * library's (jansson's left out: it does not survive that itself). Nothing
 * crashes or leaks; the agent says so or goes on; and the run after it has
 * every line once. The same for loading rules.
 *
 * Each run is a child of its own. ASSAY_EVERY=N tries one allocation of N. */
#include "test.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "assay/log.h"
#include "assay/problems.h"

#include "play.h"

#define EXPORT __attribute__((visibility("default")))
#define LINES 20
#define HANG_S 60

enum { WENT_WELL = 0, SAID_SO = 1, SILENT = 2, LEAKED = 3 };

/* ---- the allocator: the n-th call fails while armed ---- */

/* Volatile: compilers know that malloc does not look at variables of ours. */
static volatile bool armed;
static volatile long number, fail_at; /* of the calls while armed */
static volatile long live;	      /* blocks that are ours to free */
static volatile bool theirs;	      /* this call is OpenSSL's */

static bool
fails(void)
{
	if (!armed || ++number != fail_at)
		return false;
	errno = ENOMEM;
	return true;
}

static void *
counted(void *block)
{
	live += block && !theirs;
	return block;
}

static void *
next_of(const char *name)
{
	void *next = dlsym(RTLD_NEXT, name);

	if (!next)
		abort();
	return next;
}

EXPORT void *
malloc(size_t size)
{
	static void *(*next)(size_t);

	if (!next)
		*(void **)&next = next_of("malloc");
	return fails() ? NULL : counted(next(size));
}

EXPORT void *
calloc(size_t count, size_t size)
{
	static void *(*next)(size_t, size_t);

	if (!next)
		*(void **)&next = next_of("calloc");
	return fails() ? NULL : counted(next(count, size));
}

EXPORT void *
realloc(void *old, size_t size)
{
	static void *(*next)(void *, size_t);
	void *made;

	if (!next)
		*(void **)&next = next_of("realloc");
	if (fails())
		return NULL;
	made = next(old, size);
	live += made && !old && !theirs;
	live -= old && !made && size == 0 && !theirs;
	return made;
}

EXPORT void *
reallocarray(void *old, size_t count, size_t size)
{
	if (size > 0 && count > (size_t)-1 / size) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(old, count * size);
}

/* Sanitizers free before they can be asked who else does; what is left over is
 * counted without them. */
#ifdef __SANITIZE_ADDRESS__
#define COUNTS false
#else
#define COUNTS true
EXPORT void
free(void *block)
{
	static void (*next)(void *);

	if (!next)
		*(void **)&next = next_of("free");
	live -= block && !theirs;
	next(block);
}
#endif

static void
pause_failures(int paused)
{
	armed = !paused;
}

/* For OpenSSL: fails as all do, but what it then forgets to free is not ours.
 */
static void *
their_malloc(size_t size, const char *file, int line)
{
	void *block;

	(void)file;
	(void)line;
	theirs = true;
	block = malloc(size);
	theirs = false;
	return block;
}

static void *
their_realloc(void *old, size_t size, const char *file, int line)
{
	void *made;

	(void)file;
	(void)line;
	theirs = true;
	made = realloc(old, size);
	theirs = false;
	return made;
}

static void
their_free(void *block, const char *file, int line)
{
	(void)file;
	(void)line;
	theirs = true;
	free(block);
	theirs = false;
}

/* For jansson: never fails. */
static void *
sure_malloc(size_t size)
{
	bool was = armed;
	void *block;

	armed = false;
	block = malloc(size);
	armed = was;
	return block;
}

/* ---- the scenarios, within a child ---- */

static char place[] = "/dev/shm/assay-test-XXXXXX";
static struct ruleset *rules;
static struct crypto *crypto;
static long *reached; /* shared: how many allocations a run makes */

static bool said;

static void
note(struct play *p, bool well)
{
	if (well)
		return;
	if (!p->err.text[0])
		_exit(SILENT);
	said = true;
}

static void
start(struct play *p)
{
	for (int tries = 0; !p->agent && tries < 3; tries++) {
		note(p, play_start(p));
		play_pass(p, 2);
	}
}

static void
play_all(struct play *p)
{
	play_append(p, 6);
	start(p);
	play_run(p, 3);
	play_append(p, 2);
	play_rotate(p);
	play_append(p, 4);
	play_run(p, 7);
	play_pass(p, 60);
	play_run(p, 2);
	note(p, play_stop(p));
	play_append(p, 3);
	start(p);
	play_run(p, 3);
	note(p, play_stop(p));
}

static void
be_quiet(void)
{
	alarm(HANG_S);
	log_start(open("/dev/null", O_WRONLY | O_CLOEXEC), LOG_AT_INFO, -1);
}

static int
run_agent(void)
{
	long before;
	struct play p;

	be_quiet();
	play_init(&p, rules, place);
	p.pause = pause_failures;
	before = live;
	pause_failures(0);
	play_all(&p);
	pause_failures(1);
	*reached = number;
	if (COUNTS && live != before) {
		if (fail_at > 0)
			fprintf(
			    stderr, "# %ld blocks are left\n", live - before);
		return LEAKED;
	}
	return said ? SAID_SO : WENT_WELL;
}

static int
afterwards(void)
{
	struct play p;

	be_quiet();
	play_init(&p, rules, place);
	p.now_us += 200 * PLAY_SECOND;
	p.next = 15;
	play_append(&p, LINES - p.next);
	start(&p);
	if (!p.agent || said)
		return SAID_SO;
	play_run(&p, 12);
	note(&p, play_stop(&p));
	return said ? SAID_SO : WENT_WELL;
}

static int
load_rules(void)
{
	static const char *const dirs[] = {SOURCE_DIR "/rules", NULL};
	static const char *const files[] = {
	    SOURCE_DIR "/rules/auth/sshd.yml", NULL};
	struct ruleset_options o = {.dirs = dirs, .files = files};
	struct problems *p;
	struct ruleset *set = NULL;
	struct err err = {0};
	long before = live;
	int status = WENT_WELL;

	be_quiet();
	pause_failures(0);
	p = problems_new();
	if (p)
		set = ruleset_load(&o, p, &err);
	pause_failures(1);
	*reached = number;
	if (p && !set)
		status =
		    err.text[0] || problems_errors(p) > 0 ? SAID_SO : SILENT;
	ruleset_free(set);
	problems_free(p);
	return COUNTS && live != before ? LEAKED : status;
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

static int
in_child(int (*what)(void), long at)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		number = 0;
		fail_at = at;
		_exit(what());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? 1000 + WTERMSIG(status)
				   : WEXITSTATUS(status);
}

static void
judge_lines(struct err *wrong)
{
	int seen[LINES] = {0};
	uint8_t ids[LINES][16];
	struct play_found f = {.seen = seen, .size = LINES, .ids = ids};
	struct play p;
	int lost = 0, twice = 0;

	play_init(&p, rules, place);
	play_read_all(&f, &p, crypto);
	for (int i = 0; i < LINES; i++) {
		lost += seen[i] == 0;
		twice += seen[i] > 1;
	}
	if (f.why.text[0])
		err_set(wrong, "%s", f.why.text);
	else if (twice > 0 || (lost > 0 && f.gaps == 0))
		err_set(wrong, "%d lines lost, %d twice", lost, twice);
}

static long
step(long other)
{
	const char *text = getenv("ASSAY_EVERY");
	long n = text ? strtol(text, NULL, 10) : 0;

	return n > 0 ? n : other;
}

static void
sweep(int (*what)(void), bool is_agent, long by)
{
	long count, runs = 0, told = 0;
	int failures = 0;

	begin_anew();
	assert_int_equal(in_child(what, 0), WENT_WELL);
	count = *reached;
	for (long at = 1; at <= count; at += by) {
		struct err wrong = {0};
		int status;

		begin_anew();
		status = in_child(what, at);
		runs++;
		told += status == SAID_SO;
		if (status > SAID_SO)
			err_set(&wrong, "ends with %d", status);
		if (is_agent && !wrong.text[0]) {
			status = in_child(afterwards, 0);
			if (status != WENT_WELL)
				err_set(&wrong, "does not go on: %d", status);
			else
				judge_lines(&wrong);
		}
		if (wrong.text[0] && failures++ < 40)
			printf("# allocation %ld: %s\n", at, wrong.text);
	}
	printf("# %ld runs of %ld allocations, %ld said that something "
	       "failed\n",
	    runs, count, told);
	assert_true(runs > 0 && told > 0);
	assert_int_equal(failures, 0);
}

static void
the_agent_survives_each_allocation_that_fails(void **state)
{
	(void)state;
	sweep(run_agent, true, step(97));
}

static void
loading_rules_survives_each_allocation_that_fails(void **state)
{
	(void)state;
	sweep(load_rules, false, step(97));
}

static int
set_up(void **state)
{
	char junk[PLAY_PATH];
	struct err err;

	(void)state;
	if (!CRYPTO_set_mem_functions(their_malloc, their_realloc, their_free))
		return -1;
	json_set_alloc_funcs(sure_malloc, free);
	crypto = crypto_new(NULL);
	rules = play_rules();
	reached = mmap(NULL, sizeof *reached, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!mkdtemp(place))
		snprintf(place, sizeof place, "%s", test_dir());
	if (!crypto || !rules || reached == MAP_FAILED)
		return -1;
	/* What libraries make once and keep, also for their first error, is
	 * there before it is counted. */
	snprintf(junk, sizeof junk, "%s/junk", place);
	test_write(junk, SLICE("no key\n"));
	assert_int_equal(chmod(junk, 0600), 0);
	assert_null(crypto_key_load(crypto, junk, &err));
	(void)run_agent();
	alarm(0);
	said = false;
	(void)load_rules();
	alarm(0);
	begin_anew();
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	begin_anew();
	rmdir(place);
	munmap(reached, sizeof *reached);
	ruleset_free(rules);
	crypto_free(crypto);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_agent_survives_each_allocation_that_fails),
	    cmocka_unit_test(loading_rules_survives_each_allocation_that_fails),
	};

	return cmocka_run_group_tests_name(
	    "agent_memory", tests, set_up, tear_down);
}
