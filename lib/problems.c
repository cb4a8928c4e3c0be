/* SPDX-License-Identifier: Apache-2.0 */
#include "assay/problems.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "assay/jsonout.h"
#include "assay/printable.h"

#define KEPT_MAX 100
#define EXCERPT_MAX 100 /* characters of a source line shown */
#define EXCERPT_LEFT 60 /* of them at most this many before the caret */

struct problem {
	enum problems_level level;
	size_t file;  /* order in which files were first named */
	size_t order; /* order of arrival */
	size_t line;
	size_t column;
	char *name;
	char *message;
	char *excerpt; /* two lines, or NULL */
};

struct problems {
	size_t errors;
	size_t warnings;
	size_t count;
	size_t files;
	struct problem kept[KEPT_MAX];
};

struct problems *
problems_new(void)
{
	return calloc(1, sizeof(struct problems));
}

void
problems_free(struct problems *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->count; i++) {
		free(p->kept[i].name);
		free(p->kept[i].message);
		free(p->kept[i].excerpt);
	}
	free(p);
}

static struct slice
line_of(struct slice source, size_t line)
{
	size_t end;

	for (; line > 1 && source.len; line--)
		source = slice_from(source, slice_find(source, '\n') + 1);
	end = slice_find(source, '\n');
	if (end && source.ptr[end - 1] == '\r')
		end--;
	return (struct slice){source.ptr, end};
}

static size_t
step(struct slice text)
{
	unsigned code;
	size_t len = printable_decode(text, &code);

	return len ? len : 1;
}

/* Characters as shown: escapes are wider than one. */
static size_t
width(struct slice shown)
{
	size_t n = 0;

	for (; shown.len; n++)
		shown = slice_from(shown, step(shown));
	return n;
}

/* Cut the line to what fits around the column (from 1); *column moves along.
 */
static struct slice
cut_line(struct slice line, size_t *column)
{
	size_t len = 0;

	while (*column > EXCERPT_LEFT && line.len) {
		line = slice_from(line, step(line));
		--*column;
	}
	for (size_t n = 0; n < EXCERPT_MAX && len < line.len; n++)
		len += step(slice_from(line, len));
	return (struct slice){line.ptr, len < line.len ? len : line.len};
}

/* The bytes of the first n characters. */
static struct slice
head_of(struct slice line, size_t n)
{
	size_t len = 0;

	for (; n && len < line.len; n--)
		len += step(slice_from(line, len));
	return (struct slice){line.ptr, len};
}

static char *
excerpt_of(const struct problems_place *at)
{
	size_t column = at->column;
	struct slice line;
	struct buf head = {0}, out = {0};

	if (at->line == 0 || at->source.len == 0)
		return NULL;
	line = cut_line(line_of(at->source, at->line), &column);
	buf_printf(&out, "%6zu | ", at->line);
	printable_put(&out, line);
	if (column) {
		printable_put(&head, head_of(line, column - 1));
		buf_printf(
		    &out, "\n%6s | %*s^", "", (int)width(buf_slice(&head)), "");
	}
	buf_putc(&out, '\0');
	buf_clear(&head);
	if (out.failed)
		buf_clear(&out);
	return out.ptr;
}

static char *__attribute__((format(printf, 1, 0)))
message_of(const char *format, va_list args)
{
	char raw[2048];
	struct buf out = {0};

	vsnprintf(raw, sizeof raw, format, args);
	printable_put(&out, slice_of(raw));
	buf_putc(&out, '\0');
	if (out.failed)
		buf_clear(&out);
	return out.ptr;
}

static size_t
file_order(struct problems *p, const char *name)
{
	for (size_t i = 0; i < p->count; i++)
		if (!strcmp(p->kept[i].name, name))
			return p->kept[i].file;
	return p->files++;
}

void
problems_addv(struct problems *p, enum problems_level level,
    const struct problems_place *at, const char *format, va_list args)
{
	struct problem *new = &p->kept[p->count];

	if (level == PROBLEMS_ERROR)
		p->errors++;
	else
		p->warnings++;
	if (p->count == KEPT_MAX)
		return;
	*new = (struct problem){.level = level, .order = p->count};
	new->name = strdup(at->file);
	new->message = message_of(format, args);
	new->excerpt = excerpt_of(at);
	if (!new->name || !new->message) {
		free(new->name);
		free(new->message);
		free(new->excerpt);
		return;
	}
	new->line = at->line;
	new->column = at->line ? at->column : 0;
	new->file = file_order(p, new->name);
	p->count++;
}

void
problems_add(struct problems *p, enum problems_level level,
    const struct problems_place *at, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	problems_addv(p, level, at, format, args);
	va_end(args);
}

size_t
problems_errors(const struct problems *p)
{
	return p->errors;
}

size_t
problems_warnings(const struct problems *p)
{
	return p->warnings;
}

static int
by_place(const void *left, const void *right)
{
	const struct problem *a = left, *b = right;

	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	if (a->column != b->column)
		return a->column < b->column ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

static void
print_one(const struct problem *one, struct buf *out)
{
	printable_put(out, slice_of(one->name));
	buf_putc(out, ':');
	if (one->line)
		buf_printf(out, "%zu:", one->line);
	if (one->column)
		buf_printf(out, "%zu:", one->column);
	buf_printf(out, " %s%s\n",
	    one->level == PROBLEMS_WARNING ? "warning: " : "", one->message);
	if (one->excerpt)
		buf_printf(out, "%s\n", one->excerpt);
}

void
problems_print(struct problems *p, struct buf *out)
{
	size_t all = p->errors + p->warnings;

	qsort(p->kept, p->count, sizeof *p->kept, by_place);
	for (size_t i = 0; i < p->count; i++)
		print_one(&p->kept[i], out);
	if (all > p->count)
		buf_printf(out, "and %zu more, not shown\n", all - p->count);
}

void
problems_list(struct problems *p, struct buf *out)
{
	qsort(p->kept, p->count, sizeof *p->kept, by_place);
	for (size_t i = 0; i < p->count; i++) {
		const struct problem *one = &p->kept[i];

		printable_put(out, slice_of(one->name));
		if (one->line > 0)
			buf_printf(out, ":%zu", one->line);
		if (one->line > 0 && one->column > 0)
			buf_printf(out, ":%zu", one->column);
		buf_printf(out, ": %s%s\n",
		    one->level == PROBLEMS_ERROR ? "" : "warning: ",
		    one->message);
	}
}

void
problems_json(struct problems *p, struct buf *out)
{
	qsort(p->kept, p->count, sizeof *p->kept, by_place);
	jsonout_array(out);
	for (size_t i = 0; i < p->count; i++) {
		const struct problem *one = &p->kept[i];
		struct buf name = {0};

		printable_utf8(&name, slice_of(one->name));
		jsonout_object(out);
		jsonout_kstr(out, "level",
		    one->level == PROBLEMS_ERROR ? "error" : "warning");
		jsonout_kstring(out, "file", buf_slice(&name));
		jsonout_kint(out, "line", (int64_t)one->line);
		jsonout_kint(out, "column", (int64_t)one->column);
		jsonout_kstr(out, "message", one->message);
		jsonout_object_end(out);
		buf_clear(&name);
	}
	jsonout_array_end(out);
}
