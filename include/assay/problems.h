/* SPDX-License-Identifier: Apache-2.0 */
/* problems: what is wrong with the files people write, all of it, each with its
 * place: `file:line:col: what, and what to do`, then the source line and a
 * caret. Collected first and shown in the order of files and lines, so that one
 * run names everything. Errors make a file unusable, warnings do not. At most
 * 100 are kept; the others are counted. */
#ifndef ASSAY_PROBLEMS_H
#define ASSAY_PROBLEMS_H

#include <stdarg.h>
#include <stddef.h>

#include "assay/buf.h"
#include "assay/slice.h"

enum problems_level { PROBLEMS_ERROR, PROBLEMS_WARNING };

struct problems_place {
	const char *file;    /* as the person named it */
	struct slice source; /* the whole text of the file; may be empty */
	size_t line;	     /* from 1; 0: the file as a whole */
	size_t column;	     /* from 1, in characters; 0: the line */
};

struct problems;

/* A new, empty list, or NULL when memory is short. */
struct problems *problems_new(void);
void problems_free(struct problems *p);

/* Add one: a sentence without a final stop, `what, and what to do`. Copies what
 * it needs from the place. Always counted, even when memory is too short to
 * keep the text. */
void problems_add(struct problems *p, enum problems_level level,
    const struct problems_place *at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void problems_addv(struct problems *p, enum problems_level level,
    const struct problems_place *at, const char *format, va_list args)
    __attribute__((format(printf, 4, 0)));

size_t problems_errors(const struct problems *p);
size_t problems_warnings(const struct problems *p);

/* Append all for a person; ends with a newline when there are any. */
void problems_print(struct problems *p, struct buf *out);

/* Append each as one line, "file:line:col: what", without the source: for a
 * log. */
void problems_list(struct problems *p, struct buf *out);

/* Append a JSON array of {"level","file","line","column","message"}. */
void problems_json(struct problems *p, struct buf *out);

#endif
