/* SPDX-License-Identifier: Apache-2.0 */
/* log: the daemons' own log, one line a call to standard error: "module: text",
 * with the journal's "<level>" in front when the journal reads it. Only daemons
 * log, never lib/. Whatever a message holds is made printable, so text from log
 * lines cannot forge a line or move a terminal. The level and the descriptor
 * are the one state this module keeps: set once in main. */
#ifndef ASSAY_LOG_H
#define ASSAY_LOG_H

#include <stdbool.h>

#include "assay/buf.h"
#include "assay/slice.h"

enum log_level {
	LOG_AT_ERROR = 3,
	LOG_AT_WARN = 4,
	LOG_AT_INFO = 6,
	LOG_AT_DEBUG = 7
};

/* Log what is at most this level, to fd. journal: -1 finds out whether fd is
 * the journal's (JOURNAL_STREAM), else yes or no. */
void log_start(int fd, enum log_level level, int journal);

#define LOG_FORMAT __attribute__((format(printf, 2, 3)))
void log_debug(const char *module, const char *format, ...) LOG_FORMAT;
void log_info(const char *module, const char *format, ...) LOG_FORMAT;
/* Something is wrong and we carry on: say so. log_warn adds errno's text. */
void log_warn(const char *module, const char *format, ...) LOG_FORMAT;
void log_warnx(const char *module, const char *format, ...) LOG_FORMAT;
/* What the program ends for, or loses something by. */
void log_error(const char *module, const char *format, ...) LOG_FORMAT;
void log_errorx(const char *module, const char *format, ...) LOG_FORMAT;

/* Append text with every byte that is not printable UTF-8 as \xNN, backslash
 * doubled. For all text from logs that is shown to a person. */
void log_escape(struct buf *out, struct slice text);

#endif
