/* SPDX-License-Identifier: Apache-2.0 */
#include "assay/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assay/encode.h"

#define MESSAGE_MAX 4096

static struct {
	int fd;
	enum log_level level;
	bool journal;
} target = {STDERR_FILENO, LOG_AT_INFO, false};

/* systemd names the device and inode of the stream it reads. */
static bool
is_journal(int fd)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char wanted[64];
	struct stat st;

	if (!stream || fstat(fd, &st))
		return false;
	snprintf(wanted, sizeof wanted, "%llu:%llu",
	    (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
	return !strcmp(stream, wanted);
}

void
log_start(int fd, enum log_level level, int journal)
{
	target.fd = fd;
	target.level = level;
	target.journal = journal < 0 ? is_journal(fd) : journal != 0;
}

/* Bytes of the printable character at the start of text; 0 when it is none.
 * C1 controls, line separators and what turns the direction of text count as
 * unprintable: a terminal or a person would be misled. */
static size_t
printable(struct slice text)
{
	const uint8_t *p = (const uint8_t *)text.ptr;
	size_t n = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

	if (n > text.len || !encode_is_utf8((struct slice){text.ptr, n}))
		return 0;
	if (n == 1)
		return p[0] >= 0x20 && p[0] != 0x7f && p[0] != '\\';
	if (n == 2)
		return p[0] == 0xc2 && p[1] < 0xa0 ? 0 : n;
	if (n == 3 && p[0] == 0xe2 &&
	    ((p[1] == 0x80 && p[2] >= 0x8b && p[2] <= 0xae &&
		 (p[2] <= 0x8f || p[2] >= 0xa8)) ||
		(p[1] == 0x81 && p[2] >= 0xa0 && p[2] <= 0xaf)))
		return 0;
	return n;
}

void
log_escape(struct buf *out, struct slice text)
{
	for (size_t i = 0; i < text.len;) {
		size_t n = printable(slice_from(text, i));

		if (n)
			buf_put(out, (struct slice){text.ptr + i, n});
		else if (text.ptr[i] == '\\')
			buf_puts(out, "\\\\");
		else
			buf_printf(out, "\\x%02x",
			    (unsigned)(unsigned char)text.ptr[i]);
		i += n ? n : 1;
	}
}

/* One write, so that lines of several processes do not mix. */
static void
put_line(enum log_level level, const char *module, const char *message)
{
	struct buf line = {.max = 5 * MESSAGE_MAX};

	if (target.journal)
		buf_printf(&line, "<%d>", level);
	buf_printf(&line, "%s: ", module);
	log_escape(&line, slice_of(message));
	buf_putc(&line, '\n');
	if (!line.failed && write(target.fd, line.ptr, line.len) < 0)
		errno = 0; /* whom could we tell? */
	buf_clear(&line);
}

static void __attribute__((format(printf, 4, 0))) put(enum log_level level,
    int why, const char *module, const char *format, va_list ap)
{
	char message[MESSAGE_MAX];
	int saved = errno;
	size_t used;

	if (level > target.level)
		return;
	vsnprintf(message, sizeof message, format, ap);
	used = strlen(message);
	if (why)
		snprintf(message + used, sizeof message - used, ": %s",
		    strerror(why));
	put_line(level, module, message);
	errno = saved;
}

#define DEFINE(name, level, why)                               \
	void name(const char *module, const char *format, ...) \
	{                                                      \
		int reason = (why);                            \
		va_list ap;                                    \
                                                               \
		va_start(ap, format);                          \
		put((level), reason, module, format, ap);      \
		va_end(ap);                                    \
	}

DEFINE(log_debug, LOG_AT_DEBUG, 0)
DEFINE(log_info, LOG_AT_INFO, 0)
DEFINE(log_warn, LOG_AT_WARN, errno)
DEFINE(log_warnx, LOG_AT_WARN, 0)
DEFINE(log_error, LOG_AT_ERROR, errno)
DEFINE(log_errorx, LOG_AT_ERROR, 0)
