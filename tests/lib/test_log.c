/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assay/log.h"

static char path[128];
static int fd;

static int
setup(void **state)
{
	(void)state;
	snprintf(path, sizeof path, "%s/log", test_dir());
	fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	return fd < 0 ? -1 : 0;
}

static int
teardown(void **state)
{
	(void)state;
	return close(fd);
}

static void
assert_logged(const char *wanted)
{
	struct buf got = test_read(path);

	assert_slice(buf_slice(&got), slice_of(wanted));
	buf_clear(&got);
	assert_int_equal(ftruncate(fd, 0), 0);
}

static void
a_line_names_its_module_and_warn_adds_the_reason(void **state)
{
	(void)state;
	log_start(fd, LOG_AT_INFO, 0);
	log_info("spool", "%d segments", 3);
	errno = ENOENT;
	log_warn("follow", "'%s', skipping", "/var/log/x");
	assert_int_equal(errno, ENOENT);
	log_warnx("rule", "nothing to do");
	log_errorx("agent", "stopping");
	assert_logged("spool: 3 segments\n"
		      "follow: '/var/log/x', skipping: No such file or "
		      "directory\n"
		      "rule: nothing to do\n"
		      "agent: stopping\n");
}

static void
what_is_below_the_level_is_not_written(void **state)
{
	(void)state;
	log_start(fd, LOG_AT_WARN, 0);
	log_debug("a", "no");
	log_info("a", "no");
	log_warnx("a", "yes");
	assert_logged("a: yes\n");
}

static void
the_journal_gets_the_level_in_front(void **state)
{
	char stream[64];
	struct stat st;

	(void)state;
	assert_int_equal(fstat(fd, &st), 0);
	snprintf(stream, sizeof stream, "%llu:%llu",
	    (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_start(fd, LOG_AT_DEBUG, -1);
	log_debug("a", "x");
	log_warnx("a", "x");
	assert_logged("<7>a: x\n<4>a: x\n");
	setenv("JOURNAL_STREAM", "1:1", 1);
	log_start(fd, LOG_AT_DEBUG, -1);
	log_warnx("a", "x");
	assert_logged("a: x\n");
	unsetenv("JOURNAL_STREAM");
}

static void
text_from_a_log_cannot_forge_a_line_or_move_a_terminal(void **state)
{
	(void)state;
	log_start(fd, LOG_AT_INFO, 0);
	log_info("a", "user '%s'",
	    "x\n<1>a: forged\r\x1b[2J\x7f\\ \xc3\xa4\xff\xc2\x9b"
	    "\xe2\x80\xae\xe2\x80\xa8\xe2\x82\xac");
	assert_logged("a: user 'x\\x0a<1>a: forged\\x0d\\x1b[2J\\x7f\\\\ "
		      "\xc3\xa4\\xff\\xc2\\x9b\\xe2\\x80\\xae\\xe2\\x80\\xa8"
		      "\xe2\x82\xac'\n");
}

static void
a_long_message_is_cut_and_ends_its_line(void **state)
{
	char text[9000];
	struct buf got;

	(void)state;
	memset(text, '\x01', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	log_info("a", "%s", text);
	got = test_read(path);
	assert_in_range(got.len, 4096, 5 * 4096);
	assert_int_equal(got.ptr[got.len - 1], '\n');
	buf_clear(&got);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_line_names_its_module_and_warn_adds_the_reason),
	    cmocka_unit_test(what_is_below_the_level_is_not_written),
	    cmocka_unit_test(the_journal_gets_the_level_in_front),
	    cmocka_unit_test(
		text_from_a_log_cannot_forge_a_line_or_move_a_terminal),
	    cmocka_unit_test(a_long_message_is_cut_and_ends_its_line),
	};

	return cmocka_run_group_tests_name("log", tests, setup, teardown);
}
