/* SPDX-License-Identifier: Apache-2.0 */
#include "assay/smallfile.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assay/diskio.h"

static int
read_rest(
    int fd, const char *path, size_t max, struct buf *out, struct err *err)
{
	size_t total = 0;
	ssize_t got;

	do {
		char *room = buf_reserve(out, 4096);

		if (!room)
			return err_set(err, "no memory to read '%s'", path);
		got = diskio_pread(fd, room, 4096, total);
		if (got < 0)
			return err_sys(err, "read '%s'", path);
		total += (size_t)got;
		if (total > max)
			return err_set(err,
			    "'%s' is larger than the %zu bytes it may be", path,
			    max);
		out->len += (size_t)got;
	} while (got != 0);
	return 1;
}

int
smallfile_read(const char *path, size_t max, struct buf *out, struct err *err)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	int status;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return err_sys(err, "open '%s'", path);
	if (fstat(fd, &st) == 0 && !S_ISREG(st.st_mode))
		status = err_set(err, "'%s' is not a regular file", path);
	else
		status = read_rest(fd, path, max, out, err);
	close(fd);
	return status;
}

static int
sync_parent(const char *path)
{
	char copy[PATH_MAX];

	snprintf(copy, sizeof copy, "%s", path);
	return diskio_sync_dir(dirname(copy));
}

int
smallfile_write(const char *path, struct slice bytes, unsigned mode,
    bool durable, struct err *err)
{
	char made[PATH_MAX];
	int fd;

	if (snprintf(made, sizeof made, "%s.new", path) >= (int)sizeof made)
		return err_set(err, "the path '%s' is too long", path);
	fd = open(
	    made, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return err_sys(err, "open '%s'", made);
	if (diskio_write(fd, bytes) != 0 || (durable && fsync(fd) != 0)) {
		err_sys(err, "write '%s'", made);
		close(fd);
		goto fail;
	}
	if (close(fd) != 0) {
		err_sys(err, "close '%s'", made);
		goto fail;
	}
	if (rename(made, path) != 0) {
		err_sys(err, "rename '%s' to '%s'", made, path);
		goto fail;
	}
	if (durable && sync_parent(path) != 0)
		return err_sys(err, "sync the directory of '%s'", path);
	return 0;
fail:
	unlink(made);
	return -1;
}
