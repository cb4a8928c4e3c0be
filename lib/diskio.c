/* SPDX-License-Identifier: Apache-2.0 */
#include "assay/diskio.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define INTERRUPTIONS 100 /* in a row */

/* What was written of bytes: goes on, or tells why not. */
static int
note(struct slice *bytes, ssize_t put, int *interrupted)
{
	if (put < 0)
		return errno == EINTR && ++*interrupted < INTERRUPTIONS ? 0
									: -1;
	if (put == 0) {
		errno = ENOSPC;
		return -1;
	}
	*interrupted = 0;
	*bytes = slice_from(*bytes, (size_t)put);
	return 0;
}

int
diskio_write(int fd, struct slice bytes)
{
	int interrupted = 0;

	while (bytes.len > 0)
		if (note(&bytes, write(fd, bytes.ptr, bytes.len),
			&interrupted) != 0)
			return -1;
	return 0;
}

int
diskio_pwrite(int fd, struct slice bytes, uint64_t at)
{
	uint64_t end = at + bytes.len;
	int interrupted = 0;

	while (bytes.len > 0)
		if (note(&bytes,
			pwrite(
			    fd, bytes.ptr, bytes.len, (off_t)(end - bytes.len)),
			&interrupted) != 0)
			return -1;
	return 0;
}

ssize_t
diskio_pread(int fd, void *bytes, size_t len, uint64_t at)
{
	size_t have = 0;
	int interrupted = 0;

	while (have < len) {
		ssize_t got = pread(
		    fd, (char *)bytes + have, len - have, (off_t)(at + have));

		if (got == 0)
			break;
		if (got > 0) {
			have += (size_t)got;
			interrupted = 0;
		} else if (errno != EINTR || ++interrupted >= INTERRUPTIONS) {
			return -1;
		}
	}
	return (ssize_t)have;
}

int
diskio_allocate(int fd, uint64_t size)
{
	int interrupted = 0;

	while (fallocate(fd, 0, 0, (off_t)size) != 0) {
		if (errno == EOPNOTSUPP)
			return 0;
		if (errno != EINTR || ++interrupted >= INTERRUPTIONS)
			return -1;
	}
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
