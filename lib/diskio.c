/* SPDX-License-Identifier: Apache-2.0 */
#include "assay/diskio.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* What was written of bytes: goes on, or tells why not. */
static int
note(struct slice *bytes, ssize_t put)
{
	if (put < 0)
		return errno == EINTR ? 0 : -1;
	if (put == 0) {
		errno = ENOSPC;
		return -1;
	}
	*bytes = slice_from(*bytes, (size_t)put);
	return 0;
}

int
diskio_write(int fd, struct slice bytes)
{
	while (bytes.len > 0)
		if (note(&bytes, write(fd, bytes.ptr, bytes.len)) != 0)
			return -1;
	return 0;
}

int
diskio_pwrite(int fd, struct slice bytes, uint64_t at)
{
	uint64_t end = at + bytes.len;

	while (bytes.len > 0)
		if (note(&bytes, pwrite(fd, bytes.ptr, bytes.len,
				     (off_t)(end - bytes.len))) != 0)
			return -1;
	return 0;
}

int
diskio_sync_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int status, saved;

	if (fd < 0)
		return -1;
	status = fsync(fd);
	saved = errno;
	close(fd);
	errno = saved;
	return status;
}
