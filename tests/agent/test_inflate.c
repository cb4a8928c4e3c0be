/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "inflate.h"

static const char *dir; /* of all cases: they run after each other */

static const char *const tools[] = {"gzip", "xz", "zstd"};
#define TOOLS (sizeof tools / sizeof *tools)

/* text as the tool compresses it, with these options, from a pipe. */
static struct buf
compressed(const char *tool, const char *options, struct slice text)
{
	char plain[300], packed[300], command[800];

	snprintf(plain, sizeof plain, "%s/plain", dir);
	snprintf(packed, sizeof packed, "%s/packed", dir);
	test_write(plain, text);
	snprintf(command, sizeof command, "%s -c %s <'%s' >'%s'", tool, options,
	    plain, packed);
	assert_int_equal(system(command), 0);
	return test_read(packed);
}

/* Lines that compress well, but not to nothing. */
static struct buf
some_lines(size_t count)
{
	struct buf b = {0};
	uint32_t seed = 1;

	for (size_t i = 0; i < count; i++) {
		seed = seed * 1664525 + 1013904223;
		buf_printf(&b, "Nov 20 10:00:01 web01 app[%u]: line %zu\n",
		    seed >> 16, i);
	}
	return b;
}

struct outcome {
	struct buf text;
	struct err err;
	bool opened, whole, cut;
};

/* Everything a file of these bytes holds, read in pieces. */
static struct outcome
inflated(struct slice bytes, size_t piece)
{
	struct outcome o = {0};
	char path[300];
	struct inflate *z;
	ssize_t got;
	int fd;

	snprintf(path, sizeof path, "%s/file", dir);
	test_write(path, bytes);
	fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	z = inflate_new(fd, &o.err);
	o.opened = z != NULL;
	while (z) {
		char *room = buf_reserve(&o.text, piece);

		assert_non_null(room);
		got = inflate_read(z, room, piece, &o.err);
		assert_true(got <= (ssize_t)piece);
		o.whole = got == 0;
		o.cut = inflate_is_cut(z);
		assert_true(inflate_at(z) <= (off_t)bytes.len);
		if (got <= 0)
			break;
		o.text.len += (size_t)got;
	}
	if (o.whole)
		assert_int_equal(inflate_at(z), bytes.len);
	inflate_free(z);
	close(fd);
	return o;
}

static void
outcome_clear(struct outcome *o)
{
	buf_clear(&o->text);
}

static void
what_the_tools_write_is_read_back(void **state)
{
	static const struct {
		const char *tool, *options;
	} ways[] = {{"gzip", "-1"}, {"gzip", "-9"}, {"xz", "-0"}, {"xz", "-6"},
	    {"xz", "-T2 --block-size=64KiB"}, {"xz", "--check=none"},
	    {"xz", "--check=sha256"}, {"xz", "--x86 --lzma2=preset=1"},
	    {"zstd", "-q -1"}, {"zstd", "-q -12"}, {"zstd", "-q --no-check"},
	    {"zstd", "-q --long=26"}, {"zstd", "-q -T2 -B512KiB"}};
	struct buf text = some_lines(6000);

	(void)state;
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
		struct buf packed =
		    compressed(ways[i].tool, ways[i].options, buf_slice(&text));
		struct outcome o = inflated(buf_slice(&packed), 4093);

		assert_true(inflate_knows(buf_slice(&packed)));
		assert_false(inflate_is_foreign(buf_slice(&packed)));
		assert_true(packed.len < text.len);
		if (!o.whole)
			fail_msg("%s %s: %s", ways[i].tool, ways[i].options,
			    o.err.text);
		assert_slice(buf_slice(&o.text), buf_slice(&text));
		outcome_clear(&o);
		buf_clear(&packed);
	}
	buf_clear(&text);
}

static void
members_follow_each_other_and_may_be_empty(void **state)
{
	(void)state;
	for (size_t i = 0; i < TOOLS; i++) {
		struct buf one = compressed(tools[i], "", SLICE("one\n"));
		struct buf none = compressed(tools[i], "", SLICE(""));
		struct buf two = compressed(tools[i], "", SLICE("two\n"));
		struct buf all = {0};
		struct outcome o;

		buf_put(&all, buf_slice(&one));
		buf_put(&all, buf_slice(&none));
		buf_put(&all, buf_slice(&two));
		o = inflated(buf_slice(&all), 3);
		assert_true(o.whole);
		assert_slice(buf_slice(&o.text), SLICE("one\ntwo\n"));
		outcome_clear(&o);
		buf_clear(&one);
		buf_clear(&none);
		buf_clear(&two);
		buf_clear(&all);
	}
}

static void
padding_of_xz_and_skippable_frames_of_zstd_hold_nothing(void **state)
{
	struct buf xz = compressed("xz", "", SLICE("one\n"));
	struct buf zstd = compressed("zstd", "-q", SLICE("one\n"));
	struct outcome o;

	(void)state;
	buf_put(&xz, SLICE("\0\0\0\0\0\0\0\0"));
	o = inflated(buf_slice(&xz), 100);
	assert_true(o.whole);
	assert_slice(buf_slice(&o.text), SLICE("one\n"));
	outcome_clear(&o);
	/* Padding comes in fours. */
	buf_put(&xz, SLICE("\0"));
	o = inflated(buf_slice(&xz), 100);
	assert_false(o.whole);
	outcome_clear(&o);
	buf_put(&zstd, SLICE("\x50\x2a\x4d\x18\x03\0\0\0abc"));
	o = inflated(buf_slice(&zstd), 100);
	assert_true(o.whole);
	assert_slice(buf_slice(&o.text), SLICE("one\n"));
	outcome_clear(&o);
	buf_clear(&xz);
	buf_clear(&zstd);
}

static void
a_file_cut_at_any_byte_gives_what_it_holds_and_says_so(void **state)
{
	struct buf text = some_lines(20);

	(void)state;
	for (size_t i = 0; i < TOOLS; i++) {
		struct buf packed = compressed(tools[i], "", buf_slice(&text));

		for (size_t len = 1; len < packed.len; len++) {
			struct outcome o =
			    inflated((struct slice){packed.ptr, len}, 500);

			assert_false(o.whole);
			if (o.opened) {
				assert_true(o.cut);
				assert_non_null(
				    strstr(o.err.text, "cut short at byte"));
			} else {
				assert_true(len < 6);
			}
			assert_true(
			    slice_starts(buf_slice(&text), buf_slice(&o.text)));
			outcome_clear(&o);
		}
		buf_clear(&packed);
	}
	buf_clear(&text);
}

/* All three check what they hold: nothing wrong is ever believed to be whole.
 */
static void
a_byte_changed_anywhere_is_found_or_harmless(void **state)
{
	struct buf text = some_lines(20);

	(void)state;
	for (size_t i = 0; i < TOOLS; i++) {
		struct buf packed = compressed(tools[i], "", buf_slice(&text));
		size_t found = 0;

		for (size_t at = 0; at < packed.len; at++) {
			struct outcome o;

			packed.ptr[at] ^= (char)(1 << (at % 8));
			o = inflated(buf_slice(&packed), 500);
			if (o.whole)
				assert_slice(
				    buf_slice(&o.text), buf_slice(&text));
			else
				found++;
			packed.ptr[at] ^= (char)(1 << (at % 8));
			outcome_clear(&o);
		}
		/* Only a name or time in gzip's header says nothing. */
		assert_true(found >= packed.len - 10);
		buf_clear(&packed);
	}
	buf_clear(&text);
}

static void
what_follows_the_last_member_and_is_none_is_damage(void **state)
{
	(void)state;
	for (size_t i = 0; i < TOOLS; i++) {
		struct buf packed = compressed(tools[i], "", SLICE("one\n"));
		struct outcome o;

		buf_put(&packed, SLICE("Nov 20 10:00:01 web01 app: plain\n"));
		o = inflated(buf_slice(&packed), 100);
		assert_false(o.whole);
		assert_false(o.cut);
		assert_slice(buf_slice(&o.text), SLICE("one\n"));
		assert_non_null(strstr(o.err.text, "damaged near byte"));
		outcome_clear(&o);
		buf_clear(&packed);
	}
}

/* As gzip and xz compute it. */
static uint32_t
crc32_of(const char *bytes, size_t len)
{
	uint32_t crc = ~0U;

	for (size_t i = 0; i < len; i++) {
		crc ^= (unsigned char)bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

/* The dictionary that the first block of a piped xz file asks for. */
static void
set_dictionary(struct buf *xz, char size)
{
	uint32_t crc;

	assert_memory_equal(xz->ptr + 12, "\x02\0\x21\x01", 4);
	xz->ptr[16] = size;
	crc = crc32_of(xz->ptr + 12, 8);
	memcpy(xz->ptr + 20, &crc, 4);
}

static void
an_xz_file_that_asks_for_much_memory_is_refused(void **state)
{
	struct buf xz = compressed("xz", "", SLICE("one\n"));
	struct outcome o;

	(void)state;
	set_dictionary(&xz, 28); /* 64 MiB */
	o = inflated(buf_slice(&xz), 100);
	assert_true(o.whole);
	assert_slice(buf_slice(&o.text), SLICE("one\n"));
	outcome_clear(&o);
	set_dictionary(&xz, 30); /* 128 MiB */
	o = inflated(buf_slice(&xz), 100);
	assert_false(o.whole);
	assert_false(o.cut);
	assert_int_equal(o.text.len, 0);
	assert_non_null(strstr(o.err.text, "asks for 129 MiB of memory"));
	assert_non_null(strstr(o.err.text, "xz -9 or less"));
	outcome_clear(&o);
	set_dictionary(&xz, 40); /* 4 GiB */
	o = inflated(buf_slice(&xz), 100);
	assert_false(o.whole);
	outcome_clear(&o);
	buf_clear(&xz);
}

static void
a_zstd_frame_that_asks_for_much_memory_is_refused(void **state)
{
	const struct slice fine = SLICE("\x28\xb5\x2f\xfd\0\x80\x19\0\0hi\n");
	const struct slice hostile[] = {
	    /* A window of 128 MiB, of 2 GiB, a content of 1 TiB. */
	    SLICE("\x28\xb5\x2f\xfd\0\x88\x19\0\0hi\n"),
	    SLICE("\x28\xb5\x2f\xfd\0\xa8\x19\0\0hi\n"),
	    SLICE("\x28\xb5\x2f\xfd\xe0\0\0\0\0\0\1\0\0\x19\0\0hi\n")};
	struct outcome o = inflated(fine, 100);

	(void)state;
	assert_true(o.whole);
	assert_slice(buf_slice(&o.text), SLICE("hi\n"));
	outcome_clear(&o);
	for (size_t i = 0; i < 3; i++) {
		o = inflated(hostile[i], 100);
		assert_true(o.opened);
		assert_false(o.whole);
		assert_int_equal(o.text.len, 0);
		assert_non_null(strstr(o.err.text, "more than 64 MiB"));
		outcome_clear(&o);
	}
}

static void
a_zstd_frame_that_needs_a_dictionary_says_so(void **state)
{
	struct outcome o =
	    inflated(SLICE("\x28\xb5\x2f\xfd\1\x50\x07\x19\0\0hi\n"), 100);

	(void)state;
	assert_false(o.whole);
	assert_non_null(strstr(o.err.text, "dictionary"));
	outcome_clear(&o);
}

static void
other_ways_are_foreign_and_text_is_neither(void **state)
{
	const struct slice foreign[] = {SLICE("BZh91AY&SY"),
	    SLICE("\x1f\x9d\x90whatever"), SLICE("\x04\x22\x4d\x18whatever"),
	    SLICE("LZIP\1whatever"), SLICE("PK\x03\x04whatever"),
	    SLICE("7z\xbc\xaf\x27\x1cwhatever")};
	const struct slice text[] = {SLICE(""), SLICE("\x1f"),
	    SLICE("\xfd"
		  "7zXZ"),
	    SLICE("Nov 20 10:00:01 web01 app: x\n"), SLICE("BZ"),
	    SLICE("<30>Nov 20 10:00:01 web01")};
	struct outcome o;

	(void)state;
	for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
		assert_true(inflate_is_foreign(foreign[i]));
		assert_false(inflate_knows(foreign[i]));
	}
	for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
		assert_false(inflate_is_foreign(text[i]));
		assert_false(inflate_knows(text[i]));
	}
	o = inflated(foreign[0], 10);
	assert_false(o.opened);
	assert_true(o.err.text[0] != '\0');
	outcome_clear(&o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_the_tools_write_is_read_back),
	    cmocka_unit_test(members_follow_each_other_and_may_be_empty),
	    cmocka_unit_test(
		padding_of_xz_and_skippable_frames_of_zstd_hold_nothing),
	    cmocka_unit_test(
		a_file_cut_at_any_byte_gives_what_it_holds_and_says_so),
	    cmocka_unit_test(a_byte_changed_anywhere_is_found_or_harmless),
	    cmocka_unit_test(
		what_follows_the_last_member_and_is_none_is_damage),
	    cmocka_unit_test(an_xz_file_that_asks_for_much_memory_is_refused),
	    cmocka_unit_test(a_zstd_frame_that_asks_for_much_memory_is_refused),
	    cmocka_unit_test(a_zstd_frame_that_needs_a_dictionary_says_so),
	    cmocka_unit_test(other_ways_are_foreign_and_text_is_neither)};

	dir = test_dir();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
