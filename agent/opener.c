/* SPDX-License-Identifier: Apache-2.0 */
#include "opener.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FLAGS (O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

static bool
is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	if (strncmp(path, dir, len) != 0)
		return false;
	return path[len] == '/' || (len > 0 && dir[len - 1] == '/');
}

/* The directory of a pattern before its first wildcard. */
static bool
root_of(const char *pattern, char dir[PATH_MAX])
{
	size_t end = strcspn(pattern, "*?[");
	char *to = dir;

	while (end > 0 && pattern[end - 1] != '/')
		end--;
	if (end >= PATH_MAX)
		return false;
	for (size_t i = 0; i < end; i++) {
		if (pattern[i] == '\\' && i + 1 < end)
			i++;
		*to++ = pattern[i];
	}
	if (to == dir)
		*to++ = '.';
	*to = '\0';
	return true;
}

static bool
is_allowed(char *const *patterns, const char *target)
{
	char dir[PATH_MAX], real[PATH_MAX];

	if (realpath("/var/log", real) && is_below(target, real))
		return true;
	for (; *patterns; patterns++)
		if (root_of(*patterns, dir) && realpath(dir, real) &&
		    is_below(target, real))
			return true;
	return false;
}

/* A resolved path: nothing in it is a link, unless somebody just made it one.
 */
static int
open_resolved(const char *path)
{
	struct open_how how = {.flags = FLAGS, .resolve = RESOLVE_NO_SYMLINKS};
	long fd = syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);

	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		fd = open(path, FLAGS | O_NOFOLLOW);
	return (int)fd;
}

static enum opener_got
failed(const char *path, struct err *err)
{
	int why = errno;

	err_sys(err, "open '%s'", path);
	switch (why) {
	case ENOENT:
	case ENOTDIR:
		return OPENER_GONE;
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case EINTR:
	case ELOOP: /* it was just changed; or it leads round and round */
		return OPENER_LATER;
	default:
		return OPENER_REFUSED;
	}
}

enum opener_got
opener_open(char *const *patterns, const char *path, int *fd, struct err *err)
{
	char target[PATH_MAX];
	struct stat st;

	if (!realpath(path, target))
		return failed(path, err);
	if (!is_allowed(patterns, target)) {
		err_set(err,
		    "'%s' leads to '%s', which is not below a directory that "
		    "logs are read from; name that file's directory as a "
		    "source to have it read",
		    path, target);
		return OPENER_REFUSED;
	}
	*fd = open_resolved(target);
	if (*fd < 0)
		return failed(path, err);
	if (fstat(*fd, &st) == 0 && S_ISREG(st.st_mode))
		return OPENER_OK;
	close(*fd);
	err_set(err, "'%s' is not a file", path);
	return OPENER_GONE;
}
