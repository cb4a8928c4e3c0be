/* SPDX-License-Identifier: Apache-2.0 */
#include "post.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "assay/buf.h"
#include "assay/stamp.h"
#include "assay/zone.h"

#define SEVERITY 5 /* notice: what every daemon's default keeps */

void
post_write(struct buf *out, const struct post_line *line)
{
	static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May",
	    "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t local = zone_local_us(line->zone, line->now_us) / STAMP_US_PER_S;
	struct tm tm = {0};

	(void)gmtime_r(&local, &tm);
	buf_printf(out, "<%d>%s %2d %02d:%02d:%02d %s[%d]: %.*s",
	    line->facility * 8 + SEVERITY, months[tm.tm_mon % 12], tm.tm_mday,
	    tm.tm_hour, tm.tm_min, tm.tm_sec, line->program, (int)getpid(),
	    SLICE_FMT(line->message));
}

int
post_send(const char *path, const struct post_line *line, struct err *err)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	struct buf text = {0};
	int fd = -1, status = -1;
	ssize_t sent;

	if (strlen(path) >= sizeof to.sun_path)
		return err_set(err,
		    "the syslog socket '%s' has a name of more than %zu bytes",
		    path, sizeof to.sun_path - 1);
	memcpy(to.sun_path, path, strlen(path) + 1);
	post_write(&text, line);
	if (text.failed) {
		err_set(err, "no memory for a line to syslog");
		goto done;
	}
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		err_sys(err, "open a socket for syslog");
		goto done;
	}
	do
		sent = sendto(fd, text.ptr, text.len, MSG_NOSIGNAL,
		    (struct sockaddr *)&to, sizeof to);
	while (sent < 0 && errno == EINTR);
	if (sent < 0)
		err_sys(err, "write to the syslog socket '%s'", path);
	else
		status = 0;
done:
	if (fd >= 0)
		close(fd);
	buf_clear(&text);
	return status;
}
