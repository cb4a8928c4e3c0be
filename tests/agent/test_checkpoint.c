/* SPDX-License-Identifier: Apache-2.0 */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assay/jsonout.h"
#include "checkpoint.h"

#define FILES 40

/* What a source knows of its files: a value each, 0 when it is not there. */
struct world {
	int value[FILES], kept[FILES];
};

static void
put_file(struct buf *out, int number, int value, size_t pad)
{
	jsonout_object(out);
	jsonout_kint(out, "n", number);
	jsonout_kint(out, "value", value);
	jsonout_key(out, "pad");
	buf_putc(out, '"');
	for (size_t i = 0; i < pad; i++)
		buf_putc(out, 'x');
	buf_putc(out, '"');
	jsonout_object_end(out);
}

/* Its state, in full or what changed since it was kept. */
static void
put_state(struct buf *out, const struct world *w, bool full, size_t pad)
{
	jsonout_object(out);
	jsonout_kstr(out, "id", "log");
	jsonout_key(out, "files");
	jsonout_array(out);
	for (int i = 0; i < FILES; i++) {
		if (w->value[i] == 0)
			continue;
		if (full || w->value[i] != w->kept[i])
			put_file(out, i, w->value[i], pad);
		else
			jsonout_int(out, i);
	}
	jsonout_array_end(out);
	jsonout_object_end(out);
}

static void
commit(struct recover *r, struct world *w, bool full, size_t pad)
{
	struct checkpoint_parts parts;
	struct buf state = {0};

	put_state(&state, w, full, pad);
	checkpoint_begin(&parts, NULL, full);
	checkpoint_add(&parts, NULL, buf_slice(&state));
	checkpoint_end(&parts);
	assert_false(parts.failed);
	r->checkpoints = reallocarray(r->checkpoints,
	    r->checkpoint_count + parts.count, sizeof *r->checkpoints);
	for (size_t i = 0; i < parts.count; i++)
		r->checkpoints[r->checkpoint_count++] = parts.list[i];
	free(parts.list);
	buf_clear(&state);
	memcpy(w->kept, w->value, sizeof w->kept);
}

static void
change(struct world *w)
{
	int count = rand() % 4;

	for (int i = 0; i < count; i++) {
		int *value = &w->value[rand() % FILES];

		*value = rand() % 3 == 0 ? 0 : *value + 1;
	}
}

static struct checkpoint
load(const struct recover *r)
{
	struct checkpoint c;
	struct err err;

	if (checkpoint_load(&c, r, &err) != 0)
		fail_msg("%s", err.text);
	return c;
}

static int
value_of(const struct checkpoint *c, int number)
{
	const json_t *files =
	    json_object_get(checkpoint_source(c, "log"), "files");
	int value = 0;

	for (size_t i = 0; i < json_array_size(files); i++) {
		const json_t *file = json_array_get(files, i);

		if (json_integer_value(json_object_get(file, "n")) != number)
			continue;
		assert_int_equal(value, 0); /* once */
		value = (int)json_integer_value(json_object_get(file, "value"));
	}
	return value;
}

static void
forget(struct recover *r)
{
	for (size_t i = 0; i < r->checkpoint_count; i++)
		buf_clear(&r->checkpoints[i]);
	free(r->checkpoints);
	*r = (struct recover){0};
}

static void
what_did_not_change_is_taken_from_the_state_before(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 300; seed++) {
		struct world w = {{0}, {0}};
		struct recover r = {0};
		struct checkpoint c;
		/* So long that one state takes several parts. */
		size_t pad = seed % 10 == 0 ? 20000 : 0;

		srand(seed);
		for (int i = rand() % 30; i >= 0; i--) {
			change(&w);
			commit(&r, &w, r.checkpoint_count == 0, pad);
		}
		c = load(&r);
		for (int i = 0; i < FILES; i++)
			assert_int_equal(value_of(&c, i), w.value[i]);
		checkpoint_clear(&c);
		forget(&r);
	}
}

/* A commit in the middle was damaged: what it said of a file is not known, what
 * the others said is. */
static void
a_file_of_a_lost_state_is_old_or_missing_and_no_other(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 300; seed++) {
		struct world w = {{0}, {0}};
		struct recover r = {0};
		struct checkpoint c;
		size_t lost;

		srand(seed);
		for (int i = 0; i < 20; i++) {
			change(&w);
			commit(&r, &w, i == 0, 0);
		}
		lost = 1 + (size_t)rand() % 18;
		buf_clear(&r.checkpoints[lost]);
		memmove(&r.checkpoints[lost], &r.checkpoints[lost + 1],
		    (r.checkpoint_count - lost - 1) * sizeof *r.checkpoints);
		r.checkpoint_count--;
		c = load(&r);
		for (int i = 0; i < FILES; i++)
			assert_in_range(value_of(&c, i), 0, w.value[i]);
		checkpoint_clear(&c);
		forget(&r);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		what_did_not_change_is_taken_from_the_state_before),
	    cmocka_unit_test(
		a_file_of_a_lost_state_is_old_or_missing_and_no_other),
	};

	return cmocka_run_group_tests_name("checkpoint", tests, NULL, NULL);
}
