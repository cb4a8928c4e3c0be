/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdlib.h>

#include "lines.h"

/* The lines of text by a way, one after the other, each in <>. */
static void
walk(lines_way *way, struct slice text, struct buf *out)
{
	struct lines l;
	struct slice line;

	lines_begin(&l, text);
	for (;;) {
		/* What lines_look does, by the way asked for. */
		if (way && l.next == l.count) {
			l.next = l.count = 0;
			way(&l);
		}
		if (!lines_next(&l, &line))
			break;
		buf_putc(out, '<');
		buf_put(out, line);
		buf_putc(out, '>');
	}
}

/* The definition. */
static void
split(struct slice text, struct buf *out)
{
	while (text.len) {
		size_t len = slice_find(text, '\n');

		buf_putc(out, '<');
		buf_put(out, (struct slice){text.ptr, len});
		buf_putc(out, '>');
		text = slice_from(text, len + 1);
	}
}

/* In memory of its own size, so that no byte behind it may be read. */
static void
check(const char *bytes, size_t len)
{
	char *copy = malloc(len ? len : 1);
	struct slice text = {copy, len};
	struct buf wanted = {0}, got = {0};

	if (len)
		memcpy(copy, bytes, len);
	split(text, &wanted);
	walk(NULL, text, &got);
	assert_slice(buf_slice(&got), buf_slice(&wanted));
	for (size_t i = 0; lines_ways[i]; i++) {
		if (!lines_can(i))
			continue;
		buf_reset(&got);
		walk(lines_ways[i], text, &got);
		assert_slice(buf_slice(&got), buf_slice(&wanted));
	}
	free(copy);
	buf_clear(&wanted);
	buf_clear(&got);
}

static void
lines_are_what_stands_between_newlines(void **state)
{
	(void)state;
	check("", 0);
	check("\n", 1);
	check("a", 1);
	check("a\n", 2);
	check("\n\na\n\nb", 6);
	check("a\0b\nc\r\n", 7);
}

static void
every_place_of_a_newline_is_found(void **state)
{
	char text[200];

	(void)state;
	for (size_t len = 1; len < sizeof text; len++)
		for (size_t at = 0; at < len; at += 1 + len / 70) {
			memset(text, 'x', len);
			text[at] = '\n';
			check(text, len);
		}
}

static void
random_texts_are_split_alike_by_every_way(void **state)
{
	char text[3000];

	(void)state;
	srandom(7);
	for (int round = 0; round < 400; round++) {
		size_t len = (size_t)random() % sizeof text;
		long rare = 1 + random() % 200;

		for (size_t i = 0; i < len; i++)
			text[i] = random() % rare ? (char)random() : '\n';
		check(text, len);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lines_are_what_stands_between_newlines),
	    cmocka_unit_test(every_place_of_a_newline_is_found),
	    cmocka_unit_test(random_texts_are_split_alike_by_every_way),
	};

	return cmocka_run_group_tests_name("lines", tests, NULL, NULL);
}
