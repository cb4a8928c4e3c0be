/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "assay/machine.h"
#include "assay/smallfile.h"

static void
what_is_written_reads_back_and_replaces_the_old(void **state)
{
	char path[300];
	struct buf b = {0};
	struct stat st;
	struct err err;

	(void)state;
	snprintf(path, sizeof path, "%s/f", test_dir());
	assert_int_equal(smallfile_read(path, 10, &b, &err), 0);
	assert_int_equal(
	    smallfile_write(path, SLICE("one"), 0640, true, &err), 0);
	assert_int_equal(
	    smallfile_write(path, SLICE("two!"), 0640, false, &err), 0);
	assert_int_equal(smallfile_read(path, 4, &b, &err), 1);
	assert_slice(buf_slice(&b), SLICE("two!"));
	stat(path, &st);
	assert_int_equal(st.st_mode & 0777 & ~0640u, 0);
	buf_clear(&b);
}

static void
too_large_or_no_file_is_refused(void **state)
{
	char path[300];
	const char *dir = test_dir();
	struct buf b = {0};
	struct err err;

	(void)state;
	snprintf(path, sizeof path, "%s/f", dir);
	test_write(path, SLICE("12345"));
	assert_int_equal(smallfile_read(path, 4, &b, &err), -1);
	assert_non_null(strstr(err.text, "larger than the 4 bytes"));
	assert_int_equal(smallfile_read(dir, 4, &b, &err), -1);
	buf_clear(&b);
}

static void
a_failed_write_leaves_the_old_file(void **state)
{
	char path[300], blocker[304];
	const char *dir = test_dir();
	struct buf b = {0};
	struct err err;

	(void)state;
	snprintf(path, sizeof path, "%s/f", dir);
	test_write(path, SLICE("old"));
	snprintf(blocker, sizeof blocker, "%s.new", path);
	assert_int_equal(mkdir(blocker, 0700), 0);
	assert_int_equal(
	    smallfile_write(path, SLICE("new"), 0640, false, &err), -1);
	assert_int_equal(smallfile_read(path, 10, &b, &err), 1);
	assert_slice(buf_slice(&b), SLICE("old"));
	buf_clear(&b);
}

static void
a_machine_is_the_same_each_time_and_its_ids_differ(void **state)
{
	struct machine a, b;
	struct crypto *c = crypto_new(NULL);
	char spare[300];

	(void)state;
	snprintf(spare, sizeof spare, "%s/machine-id", test_dir());
	assert_int_equal(machine_read(&a, c, spare, NULL), 0);
	assert_int_equal(machine_read(&b, c, spare, NULL), 0);
	assert_memory_equal(a.host, b.host, 16);
	assert_memory_equal(a.space, b.space, 16);
	assert_memory_not_equal(a.host, a.space, 16);
	assert_int_equal(a.host[6] >> 4, 8);
	assert_true(strlen(a.name) > 0);
	crypto_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_written_reads_back_and_replaces_the_old),
	    cmocka_unit_test(too_large_or_no_file_is_refused),
	    cmocka_unit_test(a_failed_write_leaves_the_old_file),
	    cmocka_unit_test(
		a_machine_is_the_same_each_time_and_its_ids_differ),
	};

	return cmocka_run_group_tests_name("smallfile", tests, NULL, NULL);
}
