/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char dir[64];

static int
remove_entry(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

static void
remove_dir(void)
{
	nftw(dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

const char *
test_dir(void)
{
	static int serial;
	static char path[96];

	if (!dir[0]) {
		snprintf(dir, sizeof dir, "/tmp/assay-test-XXXXXX");
		if (!mkdtemp(dir))
			abort();
		atexit(remove_dir);
	}
	snprintf(path, sizeof path, "%s/%d", dir, serial++);
	if (mkdir(path, 0700))
		abort();
	return path;
}

struct buf
test_read(const char *path)
{
	struct buf b = {0};
	FILE *f = fopen(path, "rb");

	if (!f)
		fail_msg("cannot open %s", path);
	for (;;) {
		char *room = buf_reserve(&b, 65536);
		size_t got = fread(room, 1, 65536, f);

		b.len += got;
		if (got == 0)
			break;
	}
	fclose(f);
	return b;
}

void
test_write(const char *path, struct slice bytes)
{
	FILE *f = fopen(path, "wb");

	if (!f || fwrite(bytes.ptr, 1, bytes.len, f) != bytes.len || fclose(f))
		fail_msg("cannot write %s", path);
}
