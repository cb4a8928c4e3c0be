/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fileid.h"

/* What the kernel is not asked for: these stand before libc's. */
static bool no_handles, no_versions, no_births;

int
name_to_handle_at(
    int dir, const char *name, struct file_handle *h, int *mount, int flags)
{
	if (no_handles) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return (int)syscall(SYS_name_to_handle_at, dir, name, h, mount, flags);
}

int
ioctl(int fd, unsigned long request, ...)
{
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	if (request == FS_IOC_GETVERSION && no_versions) {
		errno = ENOTTY;
		return -1;
	}
	return (int)syscall(SYS_ioctl, fd, request, arg);
}

int
statx(int dir, const char *restrict path, int flags, unsigned mask,
    struct statx *restrict out)
{
	int got = (int)syscall(SYS_statx, dir, path, flags, mask, out);

	if (no_births)
		out->stx_mask &= ~STATX_BTIME;
	return got;
}

static int
ask_everything(void **state)
{
	(void)state;
	no_handles = no_versions = no_births = false;
	return 0;
}

static struct fileid
look(const char *path)
{
	struct crypto *c = crypto_new(NULL);
	struct fileid_form form = {0};
	struct fileid id;
	struct err err;
	int fd = open(path, O_RDONLY);

	assert_true(fd >= 0);
	assert_non_null(c);
	if (fileid_read(&id, fd, path, &form, c, &err) != 0)
		fail_msg("%s", err.text);
	close(fd);
	crypto_free(c);
	return id;
}

static void
path_in(char path[400], const char *dir, const char *name)
{
	assert_true(snprintf(path, 400, "%s/%s", dir, name) < 400);
}

/* A file keeps its key when it is renamed, written to and looked at again; two
 * files never have one. */
static void
expect_keys(const char *dir, enum fileid_strength at_least)
{
	char one[400], two[400];
	struct fileid a, b, renamed;

	path_in(one, dir, "one");
	path_in(two, dir, "two");
	test_write(one, SLICE("no stamp\n"));
	test_write(two, SLICE("no stamp\n"));
	a = look(one);
	b = look(two);
	assert_true(a.strength >= at_least);
	assert_int_equal(a.strength, b.strength);
	assert_memory_not_equal(a.key, b.key, 16);
	/* What has no stamp is known by its key. */
	assert_false(a.stamped);
	assert_memory_not_equal(a.gen, b.gen, 16);
	assert_int_equal(unlink(two), 0);
	assert_int_equal(rename(one, two), 0);
	test_write(two, SLICE("no stamp\nand more\n"));
	renamed = look(two);
	assert_memory_equal(a.key, renamed.key, 16);
	assert_memory_equal(a.gen, renamed.gen, 16);
	assert_int_equal(unlink(two), 0);
}

/* How many of 50 files that are made and deleted after each other have the key
 * of the one before. */
static int
count_repeats(const char *dir)
{
	struct fileid last = {0}, id;
	int repeats = 0;
	char path[400];

	path_in(path, dir, "again");
	for (int i = 0; i < 50; i++) {
		test_write(path, SLICE("no stamp\n"));
		id = look(path);
		repeats += i > 0 && !memcmp(id.key, last.key, 16);
		last = id;
		assert_int_equal(unlink(path), 0);
	}
	return repeats;
}

static void
a_key_is_the_files_whatever_its_name(void **state)
{
	(void)state;
	expect_keys(test_dir(), FILEID_BIRTH);
}

static void
each_weaker_way_still_tells_files_apart(void **state)
{
	struct fileid id;
	char path[400];

	(void)state;
	no_handles = true;
	expect_keys(test_dir(), FILEID_INODE);
	no_versions = true;
	path_in(path, test_dir(), "some");
	test_write(path, SLICE("x\n"));
	id = look(path);
	assert_true(id.strength <= FILEID_BIRTH);
	expect_keys(test_dir(), FILEID_INODE);
	no_births = true;
	id = look(path);
	assert_int_equal(id.strength, FILEID_INODE);
	assert_string_equal(fileid_strength_name(id.strength), "inode alone");
	expect_keys(test_dir(), FILEID_INODE);
}

static void
the_ways_never_give_one_key(void **state)
{
	struct fileid with, without;
	char path[400];

	(void)state;
	path_in(path, test_dir(), "ways");
	test_write(path, SLICE("x\n"));
	with = look(path);
	if (with.strength != FILEID_HANDLE) {
		print_message("# this file system has no handles\n");
		skip();
	}
	no_handles = true;
	without = look(path);
	assert_memory_not_equal(with.key, without.key, 16);
	no_versions = true;
	with = look(path);
	if (without.strength == FILEID_VERSION)
		assert_memory_not_equal(with.key, without.key, 16);
}

static void
an_inode_that_is_used_again_gets_another_key(void **state)
{
	struct fileid id;
	char path[400];

	(void)state;
	path_in(path, test_dir(), "kind");
	test_write(path, SLICE("x\n"));
	id = look(path);
	if (id.strength < FILEID_VERSION) {
		print_message("# this file system has no generations\n");
		skip();
	}
	assert_int_equal(count_repeats(test_dir()), 0);
}

/* A mount namespace of our own; false (and why) where that is not allowed. */
static bool
own_mounts(void)
{
	static bool tried, got;

	if (!tried)
		got = unshare(CLONE_NEWNS) == 0 &&
		      mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
	if (!got)
		print_message("# may not mount: %s\n", strerror(errno));
	tried = true;
	return got;
}

static void
make_dir(char path[400], const char *dir, const char *name)
{
	path_in(path, dir, name);
	assert_true(mkdir(path, 0755) == 0 || errno == EEXIST);
}

static void
mount_tmpfs(char path[400], const char *name)
{
	make_dir(path, test_dir(), name);
	assert_int_equal(mount("tmpfs", path, "tmpfs", 0, "size=8m"), 0);
}

static void
files_of_tmpfs_have_strong_keys(void **state)
{
	char one[400], two[400], path[400];
	struct fileid a, b;

	(void)state;
	if (!own_mounts())
		skip();
	mount_tmpfs(one, "tmpfs1");
	mount_tmpfs(two, "tmpfs2");
	expect_keys(one, FILEID_VERSION);
	assert_int_equal(count_repeats(one), 0);
	/* Of two of them, too. */
	path_in(path, one, "log");
	test_write(path, SLICE("x\n"));
	a = look(path);
	path_in(path, two, "log");
	test_write(path, SLICE("x\n"));
	b = look(path);
	assert_memory_not_equal(a.key, b.key, 16);
	assert_int_equal(umount(one), 0);
	assert_int_equal(umount(two), 0);
}

static void
files_of_an_overlay_are_told_apart(void **state)
{
	char base[400], lower[400], upper[400], work[400], top[400], path[400];
	char options[1400];
	struct fileid before, after;

	(void)state;
	if (!own_mounts())
		skip();
	mount_tmpfs(base, "layers");
	make_dir(lower, base, "lower");
	make_dir(upper, base, "upper");
	make_dir(work, base, "work");
	make_dir(top, base, "top");
	path_in(path, lower, "log");
	test_write(path, SLICE("a log that came with the image\n"));
	snprintf(options, sizeof options, "lowerdir=%s,upperdir=%s,workdir=%s",
	    lower, upper, work);
	if (mount("overlay", top, "overlay", 0, options) != 0) {
		print_message("# no overlay here: %s\n", strerror(errno));
		assert_int_equal(umount(base), 0);
		skip();
	}
	expect_keys(top, FILEID_BIRTH);
	no_handles = true;
	expect_keys(top, FILEID_BIRTH);
	no_handles = false;
	/* What lay below is looked at, then written to. */
	path_in(path, top, "log");
	before = look(path);
	after = look(path);
	assert_memory_equal(before.key, after.key, 16);
	print_message("# overlay: %s\n", fileid_strength_name(after.strength));
	assert_int_equal(umount(top), 0);
	assert_int_equal(umount(base), 0);
}

static void
a_stamped_first_line_names_the_content(void **state)
{
	char one[400], two[400];
	struct fileid a, b;

	(void)state;
	path_in(one, test_dir(), "stamped");
	path_in(two, test_dir(), "copy");
	test_write(one, SLICE("rubbish\nNov 20 10:00:01 web01 app: x\n"));
	test_write(
	    two, SLICE("rubbish\nNov 20 10:00:01 web01 app: x\nand more\n"));
	a = look(one);
	b = look(two);
	assert_true(a.stamped && b.stamped);
	assert_memory_equal(a.gen, b.gen, 16);
	assert_memory_not_equal(a.key, b.key, 16);
}

#define CASE(f) cmocka_unit_test_setup(f, ask_everything)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(a_key_is_the_files_whatever_its_name),
	    CASE(each_weaker_way_still_tells_files_apart),
	    CASE(the_ways_never_give_one_key),
	    CASE(an_inode_that_is_used_again_gets_another_key),
	    CASE(files_of_tmpfs_have_strong_keys),
	    CASE(files_of_an_overlay_are_told_apart),
	    CASE(a_stamped_first_line_names_the_content)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
