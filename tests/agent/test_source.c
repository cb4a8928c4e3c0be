/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "assay/jsonin.h"
#include "assay/jsonout.h"
#include "source.h"

#define NOW INT64_C(1795168801000000)

static struct crypto *crypto;

/* A source over DIR/log*, and the lines it gave. */
struct reading {
	char dir[256];
	struct source_spec *spec;
	struct source source;
	struct buf got; /* lines, each with LF */
	int gaps;
	int64_t now_us;
};

static void
open_source(struct reading *r)
{
	struct err err;

	if (source_open(&r->source, r->spec, crypto, &err) != 0)
		fail_msg("%s", err.text);
}

static struct reading
begin(bool live)
{
	struct reading r = {.now_us = (int64_t)time(NULL) * 1000000 + 60000000};
	char path[300];

	snprintf(r.dir, sizeof r.dir, "%s", test_dir());
	snprintf(path, sizeof path, "%s/log", r.dir);
	r.spec = source_spec_new("log", path);
	strcat(path, "*");
	assert_int_equal(source_spec_add_pattern(r.spec, path), 0);
	source_spec_add_class(r.spec, RULE_AUTH);
	r.spec->live = live;
	open_source(&r);
	return r;
}

static void
end(struct reading *r)
{
	source_close(&r->source);
	source_spec_free(r->spec);
	buf_clear(&r->got);
}

static const char *
path_of(const struct reading *r, const char *name)
{
	static char path[2][300];
	static int turn;

	turn = !turn;
	snprintf(path[turn], sizeof path[turn], "%s/%s", r->dir, name);
	return path[turn];
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
append_line(const struct reading *r, const char *name, int n)
{
	char line[128];

	snprintf(line, sizeof line,
	    "2026-11-20T10:%02d:%02d.000000+00:00 h p[1]: line %d\n",
	    n / 60 % 60, n % 60, n);
	append(r, name, line);
}

static void
compress_file(const struct reading *r, const char *from, const char *to)
{
	struct buf b = test_read(path_of(r, from));
	gzFile z = gzopen(path_of(r, to), "wb");

	assert_non_null(z);
	if (b.len > 0)
		assert_int_equal(
		    gzwrite(z, b.ptr, (unsigned)b.len), (int)b.len);
	assert_int_equal(gzclose(z), Z_OK);
	unlink(path_of(r, from));
	buf_clear(&b);
}

/* Take lines from windows, at most max of them (-1: all). */
static void
read_lines(struct reading *r, int max)
{
	struct source_window w;
	struct source_gap gap;
	struct err err = {0};

	assert_true(r->source.ops->scan(r->source.impl, r->now_us, &err) >= 0);
	while (max != 0 && r->source.ops->next(r->source.impl, &w, &err) == 1) {
		uint64_t passed = 0;
		struct slice rest = w.bytes;

		while (rest.len > 0 && max != 0) {
			size_t len =
			    w.one_line ? rest.len : slice_find(rest, '\n');

			buf_put(&r->got, (struct slice){rest.ptr, len});
			buf_putc(&r->got, '\n');
			passed += w.one_line ? w.line_size : len + 1;
			rest = slice_from(rest, len + 1);
			max--;
		}
		r->source.ops->advance(r->source.impl, passed, NOW);
	}
	while (r->source.ops->gap(r->source.impl, &gap))
		r->gaps++;
	r->now_us += 10000000;
}

/* End and begin again, with nothing but the saved state. */
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
expect_lines(struct reading *r, int count)
{
	struct buf want = {0};

	for (int n = 0; n < count; n++)
		buf_printf(&want,
		    "2026-11-20T10:%02d:%02d.000000+00:00 h p[1]: line %d\n",
		    n / 60 % 60, n % 60, n);
	assert_slice(buf_slice(&r->got), buf_slice(&want));
	buf_clear(&want);
}

static void
rotated_file_is_read_to_its_end_first(void **state)
{
	struct reading r = begin(true);

	(void)state;
	append_line(&r, "log", 0);
	append_line(&r, "log", 1);
	read_lines(&r, 1);
	append_line(&r, "log", 2);
	rename(path_of(&r, "log"), path_of(&r, "log.1"));
	append_line(&r, "log", 3);
	read_lines(&r, -1);
	read_lines(&r, -1);
	expect_lines(&r, 4);
	assert_int_equal(r.gaps, 0);
	end(&r);
}

static void
a_deleted_file_is_read_to_its_end_from_its_descriptor(void **state)
{
	struct reading r = begin(true);

	(void)state;
	append_line(&r, "log", 0);
	append_line(&r, "log", 1);
	read_lines(&r, 1);
	unlink(path_of(&r, "log"));
	append_line(&r, "log", 2);
	read_lines(&r, -1);
	read_lines(&r, -1);
	expect_lines(&r, 3);
	end(&r);
}

static void
a_writer_that_goes_on_after_the_rename_is_waited_for(void **state)
{
	struct reading r = begin(true);

	(void)state;
	append_line(&r, "log", 0);
	read_lines(&r, -1);
	rename(path_of(&r, "log"), path_of(&r, "log.1"));
	append_line(&r, "log", 2);
	/* The old file was written just now: the new one has to wait. */
	{
		struct stat st;

		assert_int_equal(stat(path_of(&r, "log.1"), &st), 0);
		r.now_us = st.st_mtim.tv_sec * INT64_C(1000000) + 1000000;
	}
	read_lines(&r, -1);
	append_line(&r, "log.1", 1);
	r.now_us += INT64_C(60) * 1000000;
	read_lines(&r, -1);
	expect_lines(&r, 3);
	end(&r);
}

static void
a_truncated_file_is_a_gap_and_then_read_anew(void **state)
{
	struct reading r = begin(true);

	(void)state;
	append_line(&r, "log", 5);
	append_line(&r, "log", 6);
	read_lines(&r, -1);
	buf_reset(&r.got);
	assert_int_equal(truncate(path_of(&r, "log"), 0), 0);
	append_line(&r, "log", 0);
	read_lines(&r, -1);
	read_lines(&r, -1);
	expect_lines(&r, 1);
	assert_int_equal(r.gaps, 1);
	end(&r);
}

static void
truncated_and_refilled_to_the_same_size_is_seen(void **state)
{
	struct reading r = begin(true);

	(void)state;
	append_line(&r, "log", 11);
	read_lines(&r, -1);
	buf_reset(&r.got);
	assert_int_equal(truncate(path_of(&r, "log"), 0), 0);
	append_line(&r, "log", 10);
	append_line(&r, "log", 12);
	read_lines(&r, -1);
	read_lines(&r, -1);
	assert_int_equal(r.gaps, 1);
	assert_non_null(memmem(r.got.ptr, r.got.len, "line 10\n", 8));
	end(&r);
}

static void
a_file_that_is_gone_after_a_restart_is_a_gap(void **state)
{
	struct reading r = begin(true);

	(void)state;
	append_line(&r, "log", 0);
	read_lines(&r, -1);
	restart(&r);
	unlink(path_of(&r, "log"));
	read_lines(&r, -1);
	assert_int_equal(r.gaps, 1);
	end(&r);
}

static void
lines_longer_than_the_window_keep_their_size(void **state)
{
	const char *names[] = {"log", "log.gz"};

	(void)state;
	for (size_t k = 0; k < 2; k++) {
		struct reading r = begin(false);
		struct source_window w;
		struct err err;
		size_t size = 3 * SOURCE_WINDOW + 1234;
		char *text = malloc(size + 1);

		memset(text, 'x', size);
		text[size] = '\0';
		append(&r, "log", text);
		append(&r, "log", "\n");
		append_line(&r, "log", 0);
		if (k == 1)
			compress_file(&r, "log", names[1]);
		assert_true(r.source.ops->scan(r.source.impl, NOW, &err) >= 0);
		for (int again = 0; again < 2; again++) {
			assert_int_equal(
			    r.source.ops->next(r.source.impl, &w, &err), 1);
			assert_true(w.one_line);
			assert_int_equal(w.bytes.len, SOURCE_WINDOW);
			assert_int_equal(w.line_size, size + 1);
			assert_int_equal(w.offset, 0);
		}
		r.source.ops->advance(
		    r.source.impl, w.line_size, SOURCE_NO_TIME);
		restart(&r);
		read_lines(&r, -1);
		expect_lines(&r, 1);
		assert_int_equal(r.gaps, 0);
		free(text);
		end(&r);
	}
}

static void
a_compressed_file_that_is_cut_short_gives_what_it_has_and_a_gap(void **state)
{
	struct reading r = begin(false);
	struct buf b;

	(void)state;
	for (int n = 0; n < 3000; n++)
		append_line(&r, "log", n);
	compress_file(&r, "log", "log.1.gz");
	b = test_read(path_of(&r, "log.1.gz"));
	test_write(path_of(&r, "log.1.gz"), (struct slice){b.ptr, b.len / 2});
	read_lines(&r, -1);
	assert_int_equal(r.gaps, 1);
	assert_true(r.got.len > 1000);
	buf_clear(&b);
	end(&r);
}

static void
the_inode_of_a_closed_file_may_be_anothers(void **state)
{
	struct reading r = begin(false);

	(void)state;
	append_line(&r, "log", 0);
	compress_file(&r, "log", "log.1.gz");
	read_lines(&r, -1);
	/* Removed, and its inode at once used for the next one. */
	unlink(path_of(&r, "log.1.gz"));
	append_line(&r, "log.x", 1);
	rename(path_of(&r, "log.x"), path_of(&r, "raw"));
	compress_file(&r, "raw", "log.1.gz");
	read_lines(&r, -1);
	expect_lines(&r, 2);
	end(&r);
}

/* Random histories: append whole and half lines, rotate, compress, restart,
 * read a little or all. Every line comes once, in order, whatever happened. */
static void
random_rotations_and_restarts_lose_and_repeat_nothing(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 60; seed++) {
		struct reading r = begin(true);
		int written = 0, half = -1, rotated = 0;

		srand(seed);
		for (int step = 0; step < 80; step++) {
			int what = rand() % 20;
			char line[128], name[32], gz[40];

			if (half >= 0) {
				snprintf(line, sizeof line, "line %d\n", half);
				append(&r, "log", line);
				half = -1;
			}
			if (what < 9) {
				append_line(&r, "log", written++);
			} else if (what < 11) {
				snprintf(line, sizeof line,
				    "2026-11-20T10:%02d:%02d.000000+00:00 h "
				    "p[1]: ",
				    written / 60 % 60, written % 60);
				append(&r, "log", line);
				half = written++;
				read_lines(&r, -1);
			} else if (what < 13 &&
				   access(path_of(&r, "log"), F_OK) == 0) {
				for (int i = rotated; i > 0; i--) {
					char to[32];

					snprintf(
					    name, sizeof name, "log.%d", i);
					snprintf(
					    to, sizeof to, "log.%d", i + 1);
					rename(
					    path_of(&r, name), path_of(&r, to));
					strcat(name, ".gz");
					strcat(to, ".gz");
					rename(
					    path_of(&r, name), path_of(&r, to));
				}
				if (rename(path_of(&r, "log"),
					path_of(&r, "log.1")) == 0)
					rotated++;
			} else if (what < 15 && rotated > 1) {
				snprintf(name, sizeof name, "log.%d",
				    2 + rand() % (rotated - 1));
				snprintf(gz, sizeof gz, "%s.gz", name);
				if (access(path_of(&r, name), F_OK) == 0)
					compress_file(&r, name, gz);
			} else if (what < 17) {
				restart(&r);
			} else {
				read_lines(&r, rand() % 2 ? -1 : rand() % 5);
			}
		}
		if (half >= 0) {
			char line[128];

			snprintf(line, sizeof line, "line %d\n", half);
			append(&r, "log", line);
		}
		/* Everything is old by now. */
		r.now_us += INT64_C(1000000000) * 1000000;
		read_lines(&r, -1);
		read_lines(&r, -1);
		expect_lines(&r, written);
		assert_int_equal(r.gaps, 0);
		end(&r);
	}
}

static void
a_stem_is_the_name_without_what_rotation_adds(void **state)
{
	static const char *const names[][2] = {{"auth.log", "auth.log"},
	    {"auth.log.1", "auth.log"}, {"auth.log.12.gz", "auth.log"},
	    {"secure-20260703", "secure"}, {"secure-20260703.gz", "secure"},
	    {"secure-20260703.xz", "secure"}, {"dpkg.log.old", "dpkg.log"},
	    {"syslog.1.zst", "syslog"}, {"app-2", "app-2"}, {"7.log", "7.log"},
	    {"log.2026-11-20", "log"},
	    {"postgresql-15-main.log", "postgresql-15-main.log"}, {".1", ".1"}};

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct slice stem = {names[i][0], source_stem(names[i][0])};

		assert_slice(stem, slice_of(names[i][1]));
	}
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
	    cmocka_unit_test(rotated_file_is_read_to_its_end_first),
	    cmocka_unit_test(
		a_deleted_file_is_read_to_its_end_from_its_descriptor),
	    cmocka_unit_test(
		a_writer_that_goes_on_after_the_rename_is_waited_for),
	    cmocka_unit_test(a_truncated_file_is_a_gap_and_then_read_anew),
	    cmocka_unit_test(truncated_and_refilled_to_the_same_size_is_seen),
	    cmocka_unit_test(a_file_that_is_gone_after_a_restart_is_a_gap),
	    cmocka_unit_test(lines_longer_than_the_window_keep_their_size),
	    cmocka_unit_test(
		a_compressed_file_that_is_cut_short_gives_what_it_has_and_a_gap),
	    cmocka_unit_test(the_inode_of_a_closed_file_may_be_anothers),
	    cmocka_unit_test(
		random_rotations_and_restarts_lose_and_repeat_nothing),
	    cmocka_unit_test(a_stem_is_the_name_without_what_rotation_adds),
	};

	return cmocka_run_group_tests_name("source", tests, set_up, tear_down);
}
