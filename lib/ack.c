/* SPDX-License-Identifier: Apache-2.0 */
#include "assay/ack.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "assay/encode.h"

#define LINE_LEN (32 + 1 + 20 + 1)

static bool
is_name(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > 64)
		return false;
	for (const char *p = name; *p; p++)
		if (!isalnum((unsigned char)*p) && *p != '-' && *p != '_')
			return false;
	return true;
}

static int
make_path(char path[PATH_MAX], const char *spool, const char *name,
    const char *suffix, struct err *err)
{
	int len;

	if (!is_name(name))
		return err_set(err,
		    "'%.64s' is no name of a reader: letters, digits, '-' "
		    "and '_'",
		    name);
	len = snprintf(path, PATH_MAX, "%s/ack/%s%s", spool, name, suffix);
	if (len < 0 || len >= PATH_MAX)
		return err_set(err, "the path of the spool is too long");
	return 0;
}

static int
write_file(const char *path, const char *text, struct err *err)
{
	int fd = open(
	    path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0640);
	ssize_t put;

	if (fd < 0)
		return err_sys(err, "open '%s'", path);
	put = write(fd, text, LINE_LEN);
	if (put != LINE_LEN) {
		if (put >= 0)
			errno = ENOSPC;
		err_sys(err, "write '%s'", path);
		close(fd);
		return -1;
	}
	if (close(fd) != 0)
		return err_sys(err, "close '%s'", path);
	return 0;
}

int
ack_write(
    const char *spool, const char *name, const struct ack *ack, struct err *err)
{
	char path[PATH_MAX], temporary[PATH_MAX], text[LINE_LEN + 1];

	if (make_path(path, spool, name, "", err) != 0 ||
	    make_path(temporary, spool, name, ".new", err) != 0)
		return -1;
	encode_hex(text, ack->epoch, 16);
	snprintf(
	    text + 32, sizeof text - 32, " %020" PRIu64 "\n", ack->sequence);
	if (write_file(temporary, text, err) != 0)
		return -1;
	if (rename(temporary, path) != 0)
		return err_sys(err, "rename '%s' to '%s'", temporary, path);
	return 0;
}

int
ack_read(const char *spool, const char *name, struct ack *ack, struct err *err)
{
	char path[PATH_MAX], text[LINE_LEN + 1];
	unsigned long long sequence;
	ssize_t got;
	int fd;

	if (make_path(path, spool, name, "", err) != 0)
		return -1;
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return err_sys(err, "open '%s'", path);
	got = read(fd, text, sizeof text);
	close(fd);
	if (got != LINE_LEN || text[32] != ' ' || text[53] != '\n' ||
	    !slice_uint((struct slice){text + 33, 20}, UINT64_MAX, &sequence) ||
	    !encode_unhex((struct slice){text, 32}, ack->epoch, 16))
		return err_set(err,
		    "'%s' is no acknowledgement (want '<epoch> <sequence>'); "
		    "it is ignored",
		    path);
	ack->sequence = sequence;
	return 1;
}
