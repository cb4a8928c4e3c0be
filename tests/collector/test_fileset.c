/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assay/tree.h"
#include "fileset.h"

/* Write text to DIR/NAME, making the directory. */
static void
put(const char *dir, const char *below, const char *name, const char *text)
{
	char path[256];

	snprintf(path, sizeof path, "%s/%s", dir, below);
	mkdir(path, 0700);
	snprintf(path, sizeof path, "%s/%s/%s", dir, below, name);
	test_write(path, slice_of(text));
}

/* The set's paths and texts, "a.yml=text b.yml=text". */
static void
assert_set(const struct fileset *s, const char *wanted)
{
	struct buf got = {0};
	const struct fileset_file *f;

	assert_non_null(s);
	for (size_t i = 0; (f = fileset_file(s, i)); i++)
		buf_printf(&got, "%s%s=%.*s", i ? " " : "", f->path,
		    SLICE_FMT(f->bytes));
	assert_slice(buf_slice(&got), slice_of(wanted));
	buf_clear(&got);
}

static void
a_later_directory_replaces_and_an_empty_file_turns_off(void **state)
{
	const char *vendor, *local;
	char first[128];
	struct err err = {""};
	struct fileset *s;

	(void)state;
	snprintf(first, sizeof first, "%s", test_dir());
	vendor = first;
	local = test_dir();
	put(vendor, "checks", "b.yml", "vendor");
	put(vendor, "checks", "a.yml", "vendor");
	put(vendor, "checks", "c.yml", "vendor");
	put(vendor, "checks", ".hidden.yml", "x");
	put(vendor, "checks", "notes.txt", "x");
	put(vendor, "checks", "late.yaml", "x");
	put(vendor, ".", "events.yml", "vendor");
	put(vendor, ".", "other.yml", "x");
	put(local, "checks", "b.yml", "local");
	put(local, "checks", "c.yml", "");
	s = fileset_checks(
	    (const char *const[]){vendor, local, "/nonexistent", NULL}, &err);
	assert_set(s, "a.yml=vendor b.yml=local events.yml=vendor");
	assert_int_equal(fileset_count(s), 3);
	assert_non_null(strstr(fileset_skipped(s, 0), "/checks/late.yaml"));
	assert_null(fileset_skipped(s, 1));
	assert_non_null(strstr(fileset_file(s, 1)->name, local));
	fileset_free(s);
	s = fileset_rules(
	    (const char *const[]){vendor, NULL}, "other.yml", &err);
	assert_set(s, "other.yml=x");
	fileset_free(s);
}

static void
the_zone_that_the_files_name_is_part_of_the_set(void **state)
{
	const char *dir = test_dir();
	struct err err = {""};
	struct fileset *s;

	(void)state;
	put(dir, ".", "scope.yml", "zone: Europe/Berlin\n");
	s = fileset_isms(dir, &err);
	assert_non_null(s);
	assert_int_equal(fileset_count(s), 2);
	assert_string_equal(fileset_file(s, 1)->path, "zone");
	assert_true(slice_starts(fileset_file(s, 1)->bytes, SLICE("TZif")));
	assert_null(fileset_zone_fault(s));
	fileset_free(s);
}

static void
a_zone_that_does_not_exist_is_a_fault_and_no_failure(void **state)
{
	const char *dir = test_dir();
	struct err err = {""};
	struct fileset *s;

	(void)state;
	put(dir, ".", "scope.yml", "zone: Europe/Atlantis\n");
	s = fileset_isms(dir, &err);
	assert_set(s, "scope.yml=zone: Europe/Atlantis\n");
	assert_non_null(strstr(fileset_zone_fault(s), "Atlantis"));
	fileset_free(s);
}

static void
a_directory_that_is_not_there_is_an_empty_set(void **state)
{
	struct err err = {""};
	struct fileset *s = fileset_isms("/nonexistent/isms", &err);

	(void)state;
	assert_set(s, "");
	fileset_free(s);
}

static void
what_cannot_be_read_is_named(void **state)
{
	const char *dir = test_dir();
	struct buf big = {0};
	struct err err = {""};
	char path[256];

	(void)state;
	snprintf(path, sizeof path, "%s/a.yml", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_null(fileset_isms(dir, &err));
	assert_non_null(strstr(err.text, "a.yml"));
	rmdir(path);
	while (big.len <= TREE_FILE_MAX)
		buf_puts(&big, "# a line of a file that is too large\n");
	test_write(path, buf_slice(&big));
	assert_null(fileset_isms(dir, &err));
	assert_non_null(strstr(err.text, "larger than 256 KiB"));
	buf_clear(&big);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		a_later_directory_replaces_and_an_empty_file_turns_off),
	    cmocka_unit_test(the_zone_that_the_files_name_is_part_of_the_set),
	    cmocka_unit_test(
		a_zone_that_does_not_exist_is_a_fault_and_no_failure),
	    cmocka_unit_test(a_directory_that_is_not_there_is_an_empty_set),
	    cmocka_unit_test(what_cannot_be_read_is_named),
	};

	return cmocka_run_group_tests_name("fileset", tests, NULL, NULL);
}
