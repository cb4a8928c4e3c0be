/* SPDX-License-Identifier: Apache-2.0 */
/* err: one sentence that tells a person what failed, where and why. The place
 * that detects a failure sets it; each caller may put what it was doing in
 * front. lib/ explains, the daemon decides and logs. */
#ifndef ASSAY_ERR_H
#define ASSAY_ERR_H

struct err {
	char text[1024]; /* always NUL-terminated; "" when nothing failed */
};

/* Set the sentence (cut at the end when too long). err may be NULL. Returns -1,
 * so that a function can `return err_set(...)`. */
int err_set(struct err *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The same, followed by ": " and the text of errno. */
int err_sys(struct err *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Put "format: " in front of what err holds. Returns -1. */
int err_prefix(struct err *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
