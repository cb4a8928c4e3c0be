/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "assay/jsonin.h"
#include "assay/jsonout.h"
#include "source.h"

#define SECOND INT64_C(1000000)

static struct crypto *crypto;

/* A source over DIR/logs/log*, and what it gave. */
struct reading {
	char dir[256];
	struct source_spec *spec;
	struct source source;
	struct buf got; /* lines, each with LF */
	struct source_gap gaps[8];
	size_t gap_count;
	int64_t now_us;
};

static const char *
path_of(const struct reading *r, const char *name)
{
	static char path[4][300];
	static unsigned turn;

	turn = (turn + 1) % 4;
	snprintf(path[turn], sizeof path[turn], "%s/%s", r->dir, name);
	return path[turn];
}

static void
open_source(struct reading *r)
{
	struct err err;

	if (source_open(&r->source, r->spec, crypto, &err) != 0)
		fail_msg("%s", err.text);
}

static struct reading
begin(void)
{
	struct reading r = {.now_us = (int64_t)time(NULL) * SECOND};
	char pattern[300];

	snprintf(r.dir, sizeof r.dir, "%s/logs", test_dir());
	assert_int_equal(mkdir(r.dir, 0755), 0);
	r.spec = source_spec_new("log", path_of(&r, "log"));
	snprintf(pattern, sizeof pattern, "%s/log*", r.dir);
	assert_int_equal(source_spec_add_pattern(r.spec, pattern), 0);
	source_spec_add_class(r.spec, RULE_AUTH);
	r.spec->live = true;
	open_source(&r);
	return r;
}

static void
end(struct reading *r)
{
	char command[300];

	source_close(&r->source);
	source_spec_free(r->spec);
	buf_clear(&r->got);
	snprintf(command, sizeof command, "rm -rf %s", r->dir);
	assert_int_equal(system(command), 0);
}

static void
append(const struct reading *r, const char *name, const char *text)
{
	FILE *f = fopen(path_of(r, name), "ab");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
	assert_int_equal(fclose(f), 0);
}

static void
copy_file(const struct reading *r, const char *from, const char *to)
{
	struct buf b = test_read(path_of(r, from));

	test_write(path_of(r, to), buf_slice(&b));
	buf_clear(&b);
}

static void
cut(const struct reading *r, const char *name)
{
	assert_int_equal(truncate(path_of(r, name), 0), 0);
}

static void
take_gaps(struct reading *r)
{
	while (r->gap_count < 8 &&
	       r->source.ops->gap(r->source.impl, &r->gaps[r->gap_count]))
		r->gap_count++;
}

static void
take(struct reading *r, const struct source_window *w)
{
	struct slice rest = w->bytes;
	uint64_t passed = 0;

	while (rest.len > 0) {
		size_t len = w->one_line ? rest.len : slice_find(rest, '\n');

		buf_put(&r->got, (struct slice){rest.ptr, len});
		buf_putc(&r->got, '\n');
		passed += w->one_line ? w->line_size : len + 1;
		rest = slice_from(rest, len + 1);
	}
	r->source.ops->advance(r->source.impl, passed, SOURCE_NO_TIME);
}

/* Look, and take all lines there are. Some seconds pass. */
static int
look(struct reading *r)
{
	struct source_window w;
	struct err err = {0};
	int status = r->source.ops->scan(r->source.impl, r->now_us, &err);

	while (r->source.ops->next(r->source.impl, &w, &err) == 1)
		take(r, &w);
	take_gaps(r);
	r->now_us += 4 * SECOND;
	return status;
}

static void
restart(struct reading *r)
{
	struct buf state = {0};
	struct err err;
	json_t *json;

	jsonout_object(&state);
	r->source.ops->save(r->source.impl, true, &state);
	jsonout_object_end(&state);
	source_close(&r->source);
	open_source(r);
	json = jsonin_parse(buf_slice(&state), &err);
	if (!json)
		fail_msg("%s", err.text);
	assert_int_equal(r->source.ops->restore(r->source.impl, json, &err), 0);
	json_decref(json);
	buf_clear(&state);
}

static void
expect(const struct reading *r, const char *text)
{
	assert_slice(buf_slice(&r->got), slice_of(text));
}

#define STAMP "2026-11-20T10:00:00+00:00 h p[1]: "

static void
what_was_cut_is_read_on_in_its_copy(void **state)
{
	(void)state;
	/* With stamps and without, watched and not. */
	for (int k = 0; k < 4; k++) {
		struct reading r = begin();
		const char *first = k % 2 ? STAMP "a\n" : "a\n";
		char want[200];

		append(&r, "log", first);
		(void)look(&r);
		append(&r, "log", "b\n");
		if (k >= 2)
			restart(&r);
		copy_file(&r, "log", "log.1");
		cut(&r, "log");
		append(&r, "log", "c\nd\n");
		(void)look(&r);
		(void)look(&r);
		snprintf(want, sizeof want, "%sb\nc\nd\n", first);
		expect(&r, want);
		assert_int_equal(r.gap_count, 1);
		assert_string_equal(r.gaps[0].reason, "truncated");
		assert_true(r.gaps[0].recovered);
		end(&r);
	}
}

static void
a_copy_that_ends_before_what_was_read_is_not_read_again(void **state)
{
	(void)state;
	for (int k = 0; k < 2; k++) {
		struct reading r = begin();

		append(&r, "log", "a\nb\n");
		(void)look(&r);
		copy_file(&r, "log", "log.1");
		(void)look(&r);
		append(&r, "log", "c\n");
		(void)look(&r);
		if (k)
			restart(&r);
		cut(&r, "log");
		append(&r, "log", "d\n");
		for (int i = 0; i < 4; i++)
			(void)look(&r);
		expect(&r, "a\nb\nc\nd\n");
		assert_int_equal(r.gap_count, 1);
		end(&r);
	}
}

/* The same when the copy was compressed before it could be judged; it goes on
 * being known under other names. */
static void
a_compressed_copy_of_less_is_not_read_when_it_is_renamed(void **state)
{
	struct reading r = begin();
	char command[800];

	(void)state;
	append(&r, "log", "a\nb\n");
	(void)look(&r);
	(void)look(&r);
	copy_file(&r, "log", "log.1");
	append(&r, "log", "c\n");
	(void)look(&r);
	snprintf(command, sizeof command, "gzip %s", path_of(&r, "log.1"));
	assert_int_equal(system(command), 0);
	cut(&r, "log");
	append(&r, "log", "d\n");
	for (int i = 0; i < 14; i++)
		(void)look(&r);
	rename(path_of(&r, "log.1.gz"), path_of(&r, "log.2.gz"));
	restart(&r);
	for (int i = 0; i < 14; i++)
		(void)look(&r);
	expect(&r, "a\nb\nc\nd\n");
	assert_int_equal(r.gap_count, 1);
	end(&r);
}

static void
without_a_copy_the_hole_says_what_is_missing(void **state)
{
	struct reading r = begin();

	(void)state;
	append(&r, "log", "a\n");
	(void)look(&r);
	cut(&r, "log");
	append(&r, "log", "b\n");
	(void)look(&r);
	assert_int_equal(r.gap_count, 1);
	assert_string_equal(r.gaps[0].reason, "truncated");
	assert_false(r.gaps[0].recovered);
	assert_int_equal(r.gaps[0].from_offset, 2);
	assert_true(r.gaps[0].to_us != SOURCE_NO_TIME);
	end(&r);
}

static void
what_was_met_and_not_read_can_be_cut_too(void **state)
{
	static const char *const before[] = {STAMP "a\n" STAMP "b\n", "a\nb\n"};
	static const char *const after[] = {
	    STAMP "c\n" STAMP "d\n" STAMP "e\n", "c\nd\ne\n"};

	(void)state;
	/* Refilled to more than before, with stamps and without. */
	for (int k = 0; k < 2; k++) {
		struct reading r = begin();
		struct err err;

		append(&r, "log", before[k]);
		assert_true(
		    r.source.ops->scan(r.source.impl, r.now_us, &err) >= 0);
		cut(&r, "log");
		append(&r, "log", after[k]);
		(void)look(&r);
		(void)look(&r);
		expect(&r, after[k]);
		assert_int_equal(r.gap_count, 1);
		assert_int_equal(r.gaps[0].from_offset, 0);
		end(&r);
	}
}

static void
holes_are_not_forgotten_by_a_restart_before_they_are_told(void **state)
{
	struct reading r = begin();
	struct err err;

	(void)state;
	append(&r, "log", "a\n");
	(void)look(&r);
	cut(&r, "log");
	(void)r.source.ops->scan(r.source.impl, r.now_us, &err);
	restart(&r);
	(void)look(&r);
	assert_int_equal(r.gap_count, 1);
	assert_string_equal(r.gaps[0].reason, "truncated");
	end(&r);
}

static void
nuls_where_a_line_begins_are_passed(void **state)
{
	static const off_t sizes[] = {5, 5000, 300000, 5000000};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct reading r = begin();

		append(&r, "log", "");
		assert_int_equal(truncate(path_of(&r, "log"), sizes[i]), 0);
		/* Nothing follows them yet: it may still be written there. */
		(void)look(&r);
		expect(&r, "");
		append(&r, "log", "a\nb\n");
		assert_int_equal(
		    truncate(path_of(&r, "log"), sizes[i] + 4 + 70000), 0);
		append(&r, "log", "c\n");
		(void)look(&r);
		expect(&r, "a\nb\nc\n");
		restart(&r);
		append(&r, "log", "d\n");
		(void)look(&r);
		expect(&r, "a\nb\nc\nd\n");
		assert_int_equal(r.gap_count, 0);
		end(&r);
	}
}

static void
nuls_within_a_line_are_its_bytes(void **state)
{
	struct reading r = begin();

	(void)state;
	test_write(path_of(&r, "log"), SLICE("a\0b\nc\n"));
	(void)look(&r);
	assert_slice(buf_slice(&r.got), SLICE("a\0b\nc\n"));
	end(&r);
}

static void
a_last_line_without_an_end_is_given_once_when_its_file_is_closed(void **state)
{
	struct reading r = begin();

	(void)state;
	append(&r, "log", "a\nb");
	(void)look(&r);
	expect(&r, "a\n");
	rename(path_of(&r, "log"), path_of(&r, "log.1"));
	append(&r, "log", "c\n");
	r.now_us += 10 * SECOND;
	(void)look(&r);
	(void)look(&r);
	expect(&r, "a\nb\nc\n");
	restart(&r);
	(void)look(&r);
	expect(&r, "a\nb\nc\n");
	end(&r);
}

static void
a_link_is_followed_to_another_file_of_its_directory_only(void **state)
{
	struct reading r = begin();
	struct err err;

	(void)state;
	append(&r, "one", "a\n");
	append(&r, "two", "b\n");
	assert_int_equal(symlink("one", path_of(&r, "log")), 0);
	(void)look(&r);
	assert_int_equal(symlink("two", path_of(&r, "next")), 0);
	rename(path_of(&r, "next"), path_of(&r, "log"));
	r.now_us += 70 * SECOND;
	(void)look(&r);
	(void)look(&r);
	expect(&r, "a\nb\n");
	/* Out of where logs are: not read, and said. */
	test_write(path_of(&r, "../secret"), SLICE("s\n"));
	assert_int_equal(symlink("../secret", path_of(&r, "next")), 0);
	rename(path_of(&r, "next"), path_of(&r, "log"));
	assert_int_equal(r.source.ops->scan(r.source.impl, r.now_us, &err), -1);
	assert_non_null(strstr(err.text, "secret"));
	r.now_us += 70 * SECOND;
	assert_int_equal(look(&r), -1);
	r.now_us += 70 * SECOND;
	assert_int_equal(look(&r), -1);
	expect(&r, "a\nb\n");
	assert_true(r.gap_count >= 1);
	assert_string_equal(r.gaps[0].reason, "unreadable");
	unlink(path_of(&r, "../secret"));
	end(&r);
}

/* Longer than the head, the same in each file of a program. */
static char banner[6000];

static void
lay_banner(void)
{
	banner[0] = '\0';
	for (int i = 0; i < 130; i++)
		strcat(banner, "# this program is always set up like so\n");
}

static void
a_file_that_only_begins_like_the_one_that_was_cut_is_read(void **state)
{
	(void)state;
	lay_banner();
	for (int k = 0; k < 2; k++) {
		struct reading r = begin();

		for (int i = 0; i < 3; i++)
			append(&r, "log", banner);
		(void)look(&r);
		if (k)
			restart(&r);
		/* Cut, rotated, and rotated again between two looks. */
		cut(&r, "log");
		append(&r, "log", "after the cut\n");
		rename(path_of(&r, "log"), path_of(&r, "log.2"));
		append(&r, "log.1", banner);
		append(&r, "log.1", banner);
		append(&r, "log.1", "in the second\n");
		append(&r, "log", "in the third\n");
		r.got.len = 0;
		for (int i = 0; i < 4; i++)
			(void)look(&r);
		assert_true(
		    memmem(r.got.ptr, r.got.len, "in the second\n", 14));
		assert_true(
		    memmem(r.got.ptr, r.got.len, "after the cut\n", 14));
		assert_true(memmem(r.got.ptr, r.got.len, "in the third\n", 13));
		assert_int_equal(r.gap_count, 1);
		end(&r);
	}
}

static void
files_that_begin_alike_are_each_read(void **state)
{
	struct reading r = begin();

	(void)state;
	append(&r, "log", STAMP "log opened\n" STAMP "a\n");
	(void)look(&r);
	rename(path_of(&r, "log"), path_of(&r, "log.1"));
	append(&r, "log", STAMP "log opened\n" STAMP "b\n");
	(void)look(&r);
	(void)look(&r);
	expect(&r,
	    STAMP "log opened\n" STAMP "a\n" STAMP "log opened\n" STAMP "b\n");
	assert_int_equal(r.gap_count, 0);
	end(&r);
}

static void
bytes_of_deleted_files_are_held_and_let_go_as_a_hole(void **state)
{
	struct reading r = begin();
	struct err err;

	(void)state;
	append(&r, "log", "a\n");
	(void)look(&r);
	assert_int_equal(r.source.ops->held(r.source.impl), 0);
	append(&r, "log", "bcd\n");
	(void)r.source.ops->scan(r.source.impl, r.now_us, &err);
	unlink(path_of(&r, "log"));
	append(&r, "log", "e\n");
	r.now_us += SECOND;
	(void)r.source.ops->scan(r.source.impl, r.now_us, &err);
	assert_int_equal(r.source.ops->held(r.source.impl), 4);
	assert_true(r.source.ops->let_go(r.source.impl));
	assert_false(r.source.ops->let_go(r.source.impl));
	assert_int_equal(r.source.ops->held(r.source.impl), 0);
	(void)look(&r);
	expect(&r, "a\ne\n");
	assert_int_equal(r.gap_count, 1);
	assert_string_equal(r.gaps[0].reason, "agent");
	assert_int_equal(r.gaps[0].from_offset, 2);
	assert_int_equal(r.gaps[0].to_offset, 6);
	end(&r);
}

static void
a_long_line_is_told_whole_by_length_and_hash(void **state)
{
	struct reading r = begin();
	size_t size = 3 * SOURCE_WINDOW + 77;
	char *text = malloc(size + 2);
	struct source_window w;
	struct slice line = {text, size};
	uint8_t hash[32];
	struct err err;

	(void)state;
	memset(text, 'x', size);
	memcpy(text + size, "\n", 2);
	append(&r, "log", text);
	append(&r, "log", "a\n");
	crypto_sha256(crypto, &line, 1, hash);
	(void)r.source.ops->scan(r.source.impl, r.now_us, &err);
	assert_int_equal(r.source.ops->next(r.source.impl, &w, &err), 1);
	assert_true(w.one_line);
	assert_int_equal(w.line_len, size);
	assert_int_equal(w.line_size, size + 1);
	assert_memory_equal(w.line_hash, hash, 32);
	r.source.ops->advance(r.source.impl, w.line_size, SOURCE_NO_TIME);
	(void)look(&r);
	expect(&r, "a\n");
	free(text);
	end(&r);
}

static void
with_few_descriptors_idle_files_are_closed_and_found_again(void **state)
{
	struct reading r = begin();
	char name[32], want[200] = "";

	(void)state;
	r.spec->open_max = 1;
	free(r.spec->path);
	r.spec->path = strdup(path_of(&r, "log*"));
	for (int round = 0; round < 3; round++)
		for (int i = 0; i < 5; i++) {
			char line[32];

			snprintf(name, sizeof name, "log%c", 'a' + i);
			snprintf(line, sizeof line, "%d%d\n", round, i);
			append(&r, name, line);
			strcat(want, line);
			(void)look(&r);
			(void)look(&r);
		}
	expect(&r, want);
	assert_int_equal(r.gap_count, 0);
	end(&r);
}

static void
a_directory_that_comes_late_is_found(void **state)
{
	struct reading r = begin();

	(void)state;
	rmdir(r.dir);
	(void)look(&r);
	assert_int_equal(mkdir(r.dir, 0755), 0);
	append(&r, "log", "a\r\nb\n");
	(void)look(&r);
	expect(&r, "a\r\nb\n");
	end(&r);
}

static void
what_may_not_be_read_is_not_taken_for_gone(void **state)
{
	struct reading r;

	(void)state;
	if (geteuid() == 0)
		skip(); /* root may read everything */
	r = begin();
	append(&r, "log", "a\n");
	(void)look(&r);
	restart(&r);
	chmod(path_of(&r, "log"), 0);
	assert_int_equal(look(&r), -1);
	assert_int_equal(r.gap_count, 0);
	chmod(r.dir, 0);
	assert_int_equal(look(&r), -1);
	chmod(r.dir, 0755);
	chmod(path_of(&r, "log"), 0644);
	append(&r, "log", "b\n");
	r.now_us += 70 * SECOND;
	(void)look(&r);
	expect(&r, "a\nb\n");
	end(&r);
}

static int
set_up(void **state)
{
	(void)state;
	crypto = crypto_new(NULL);
	return crypto ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	crypto_free(crypto);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_cut_is_read_on_in_its_copy),
	    cmocka_unit_test(
		a_copy_that_ends_before_what_was_read_is_not_read_again),
	    cmocka_unit_test(
		a_compressed_copy_of_less_is_not_read_when_it_is_renamed),
	    cmocka_unit_test(without_a_copy_the_hole_says_what_is_missing),
	    cmocka_unit_test(what_was_met_and_not_read_can_be_cut_too),
	    cmocka_unit_test(
		holes_are_not_forgotten_by_a_restart_before_they_are_told),
	    cmocka_unit_test(nuls_where_a_line_begins_are_passed),
	    cmocka_unit_test(nuls_within_a_line_are_its_bytes),
	    cmocka_unit_test(
		a_last_line_without_an_end_is_given_once_when_its_file_is_closed),
	    cmocka_unit_test(
		a_link_is_followed_to_another_file_of_its_directory_only),
	    cmocka_unit_test(
		a_file_that_only_begins_like_the_one_that_was_cut_is_read),
	    cmocka_unit_test(files_that_begin_alike_are_each_read),
	    cmocka_unit_test(
		bytes_of_deleted_files_are_held_and_let_go_as_a_hole),
	    cmocka_unit_test(a_long_line_is_told_whole_by_length_and_hash),
	    cmocka_unit_test(
		with_few_descriptors_idle_files_are_closed_and_found_again),
	    cmocka_unit_test(a_directory_that_comes_late_is_found),
	    cmocka_unit_test(what_may_not_be_read_is_not_taken_for_gone),
	};

	return cmocka_run_group_tests_name(
	    "source_file", tests, set_up, tear_down);
}
