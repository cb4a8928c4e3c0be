/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assay/jsonin.h"

#include "feeds.h"

static const uint8_t hash[32] = {7};

struct world {
	struct crypto *crypto;
	struct recover found;
	struct feeds feeds;
	const char *dir;
};

static void
begin(struct world *w)
{
	struct feeds_options o = {0};

	*w = (struct world){.crypto = crypto_new(NULL), .dir = test_dir()};
	o.crypto = w->crypto;
	assert_non_null(w->crypto);
	assert_int_equal(feeds_init(&w->feeds, &o, &w->found, NULL), 0);
}

static void
end(struct world *w)
{
	feeds_clear(&w->feeds);
	crypto_free(w->crypto);
}

static void
add(struct world *w, int number)
{
	char path[300];
	struct source_spec *spec;
	struct err err;

	snprintf(path, sizeof path, "%s/log%03d", w->dir, number);
	spec = source_spec_new(path, path);
	assert_non_null(spec);
	assert_int_equal(source_spec_add_pattern(spec, path), 0);
	spec->live = true;
	assert_int_equal(feeds_add(&w->feeds, spec, &err), 0);
}

/* How often the source occurs in all parts of the state; each part fits. */
static int
occurs(struct world *w, bool full, int number)
{
	int count = 0;

	for (size_t part = 0;; part++) {
		struct buf out = {0};
		char end[20];

		feeds_append(&w->feeds, hash, full, part, &out);
		assert_false(out.failed);
		if (out.len == 0)
			return count;
		buf_putc(&out, '\0');
		assert_true(strstr(out.ptr, "\"rules\":\"07") == out.ptr + 1);
		snprintf(end, sizeof end, "/log%03d\"", number);
		for (char *at = out.ptr; (at = strstr(at, "\"id\":\""));) {
			at += 6;
			count += !strncmp(strchr(at, '"') - strlen(end) + 1,
			    end, strlen(end));
		}
		buf_clear(&out);
	}
}

static void
what_moved_is_saved_wherever_it_stands(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	for (int i = 0; i < 100; i++)
		add(&w, i);
	assert_int_equal(occurs(&w, false, 99), 0);
	w.feeds.list[99].moved = true;
	for (int i = 0; i < 100; i++)
		assert_int_equal(occurs(&w, false, i), i == 99);
	for (int i = 0; i < 100; i++)
		w.feeds.list[i].moved = i % 2 == 0;
	for (int i = 0; i < 100; i++)
		assert_int_equal(occurs(&w, false, i), i % 2 == 0);
	end(&w);
}

static void
a_full_state_has_each_source_once_read_or_not(void **state)
{
	struct world w;
	struct err err;

	(void)state;
	begin(&w);
	assert_int_equal(occurs(&w, true, 0), 0);
	for (int i = 0; i < 100; i++)
		add(&w, i);
	/* Every third is not read any more. */
	for (int i = 99; i >= 0; i -= 3)
		assert_int_equal(feeds_remove(&w.feeds, (size_t)i, &err), 0);
	assert_int_equal(w.feeds.count, 66);
	for (int i = 0; i < 100; i++)
		assert_int_equal(occurs(&w, true, i), 1);
	while (w.feeds.count > 0)
		assert_int_equal(feeds_remove(&w.feeds, 0, &err), 0);
	for (int i = 0; i < 100; i++)
		assert_int_equal(occurs(&w, true, i), 1);
	end(&w);
}

static void
a_source_that_comes_back_goes_on_where_it_was(void **state)
{
	struct world w;
	struct source_window window;
	struct feed *f;
	struct err err;
	char path[300];

	(void)state;
	begin(&w);
	snprintf(path, sizeof path, "%s/log500", w.dir);
	test_write(path, SLICE("one\ntwo\n"));
	add(&w, 500);
	add(&w, 501);
	f = &w.feeds.list[0];
	feed_scan(f, INT64_C(1795521600000000));
	assert_int_equal(f->source.ops->next(f->source.impl, &window, &err), 1);
	f->source.ops->advance(f->source.impl, 4, SOURCE_NO_TIME);
	assert_int_equal(feeds_remove(&w.feeds, 0, &err), 0);
	assert_int_equal(feeds_find(&w.feeds, path), w.feeds.count);
	assert_int_equal(w.feeds.count, 1);
	add(&w, 500);
	assert_int_equal(feeds_find(&w.feeds, path), 1);
	f = &w.feeds.list[1];
	feed_scan(f, INT64_C(1795521600000000));
	assert_int_equal(f->source.ops->next(f->source.impl, &window, &err), 1);
	assert_slice(window.bytes, SLICE("two\n"));
	end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_moved_is_saved_wherever_it_stands),
	    cmocka_unit_test(a_full_state_has_each_source_once_read_or_not),
	    cmocka_unit_test(a_source_that_comes_back_goes_on_where_it_was)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
