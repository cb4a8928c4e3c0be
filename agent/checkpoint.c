/* SPDX-License-Identifier: Apache-2.0 */
#include "checkpoint.h"

#include <stdlib.h>
#include <string.h>

#include "assay/encode.h"
#include "assay/jsonin.h"
#include "assay/jsonout.h"

/* Well below a frame. */
#define PART_BYTES ((size_t)256 << 10)

/* The file of that number among files, which are mostly asked for in their
 * order: from *at on. */
static json_t *
file_of(const json_t *files, json_int_t number, size_t *at)
{
	size_t count = json_array_size(files);

	for (size_t i = 0; i < count; i++, ++*at) {
		json_t *file;

		if (*at >= count)
			*at = 0;
		file = json_array_get(files, *at);
		if (json_is_integer(json_object_get(file, "n")) &&
		    json_integer_value(json_object_get(file, "n")) == number)
			return file;
	}
	return NULL;
}

/* A new array of files with those of before in place of their numbers. One
 * that is not there (it was in a part that was lost) is met anew: ids make the
 * repeats harmless. */
static json_t *
fill_in(const json_t *files, const json_t *before)
{
	json_t *all = json_array();
	size_t at = 0;

	for (size_t i = 0; all && i < json_array_size(files); i++) {
		json_t *file = json_array_get(files, i);

		if (json_is_integer(file))
			file = file_of(before, json_integer_value(file), &at);
		if (file && json_array_append(all, file) != 0) {
			json_decref(all);
			all = NULL;
		}
	}
	return all;
}

/* The files of a state that was taken apart, to those of its first part. */
static int
take_more(struct checkpoint *c, const char *id, const json_t *state)
{
	json_t *files =
	    json_object_get(json_object_get(c->sources, id), "files");
	json_t *more;
	int status;

	/* Without its first part it is not whole: read from the beginning. */
	if (!files)
		return 0;
	more = fill_in(
	    json_object_get(state, "files"), json_object_get(c->before, id));
	status = more ? json_array_extend(files, more) : -1;
	json_decref(more);
	return status;
}

static int
take_source(struct checkpoint *c, json_t *state)
{
	const char *id = json_string_value(json_object_get(state, "id"));
	json_t *files = json_object_get(state, "files");
	json_t *before;

	if (!id)
		return 0;
	if (json_is_true(json_object_get(state, "more")))
		return take_more(c, id, state);
	before = json_object_get(json_object_get(c->sources, id), "files");
	if (before && json_object_set(c->before, id, before) != 0)
		return -1;
	if (files &&
	    json_object_set_new(state, "files", fill_in(files, before)) != 0)
		return -1;
	return json_object_set(c->sources, id, state);
}

static int
take_sources(struct checkpoint *c, const json_t *json)
{
	const json_t *list = json_object_get(json, "sources");

	for (size_t i = 0; i < json_array_size(list); i++)
		if (take_source(c, json_array_get(list, i)) != 0)
			return -1;
	return 0;
}

int
checkpoint_load(
    struct checkpoint *c, const struct recover *found, struct err *err)
{
	int status = 0;

	*c = (struct checkpoint){
	    .sources = json_object(), .before = json_object()};
	if (!c->sources || !c->before) {
		checkpoint_clear(c);
		return err_set(err, "no memory for the state");
	}
	for (size_t i = 0; i < found->checkpoint_count; i++) {
		json_t *json =
		    jsonin_parse(buf_slice(&found->checkpoints[i]), err);
		struct slice rules;

		if (!json) {
			err_prefix(err, "a checkpoint in the spool");
			status = 1;
			continue;
		}
		if (jsonin_string(json, "rules", &rules) &&
		    encode_unhex(rules, c->rules, sizeof c->rules))
			c->has_rules = true;
		if (take_sources(c, json) != 0) {
			json_decref(json);
			checkpoint_clear(c);
			return err_set(err, "no memory for the state");
		}
		json_decref(json);
	}
	json_decref(c->before);
	c->before = NULL;
	return status;
}

void
checkpoint_clear(struct checkpoint *c)
{
	json_decref(c->before);
	json_decref(c->sources);
	*c = (struct checkpoint){0};
}

const json_t *
checkpoint_source(const struct checkpoint *c, const char *id)
{
	return json_object_get(c->sources, id);
}

int
checkpoint_keep(struct checkpoint *c, struct slice state, struct err *err)
{
	json_t *json = jsonin_parse(state, err);
	const char *id = json_string_value(json_object_get(json, "id"));

	if (!json)
		return -1;
	if (id && json_object_set(c->sources, id, json) == 0) {
		json_decref(json);
		return 0;
	}
	json_decref(json);
	return err_set(err, "no memory for the state of a source");
}

/* ---- into parts ---- */

static void
close_part(struct checkpoint_parts *p)
{
	struct buf *out = &p->list[p->count - 1];

	jsonout_array_end(out);
	jsonout_object_end(out);
	p->failed |= out->failed;
}

static void
open_part(struct checkpoint_parts *p, const uint8_t *rules)
{
	struct buf *more = reallocarray(p->list, p->count + 1, sizeof *more);
	char hash[65];

	if (!more) {
		p->failed = true;
		return;
	}
	p->list = more;
	more = &more[p->count++];
	*more = (struct buf){0};
	jsonout_object(more);
	if (rules) {
		encode_hex(hash, rules, 32);
		jsonout_kstr(more, "rules", hash);
	}
	jsonout_key(more, "sources");
	jsonout_array(more);
}

static void
put(struct checkpoint_parts *p, const uint8_t *rules, struct slice state)
{
	bool fits =
	    p->count > 0 && p->list[p->count - 1].len + state.len <= PART_BYTES;

	if (!fits && p->count > 0)
		close_part(p);
	if (!fits)
		open_part(p, rules);
	if (!p->failed)
		jsonout_raw(&p->list[p->count - 1], state);
}

static void
put_json(struct checkpoint_parts *p, const uint8_t *rules, const json_t *state)
{
	char *text = json_dumps(state, JSON_COMPACT);

	if (text)
		put(p, rules, slice_of(text));
	p->failed |= !text;
	free(text);
}

/* Some of the files, from *at on, as the array of a state of its own. */
static int
cut_files(json_t *state, const json_t *files, size_t *at)
{
	json_t *some = json_array();
	size_t size = 0;

	while (some && *at < json_array_size(files) && size < PART_BYTES / 2) {
		json_t *file = json_array_get(files, *at);

		size +=
		    json_dumpb(file, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY);
		if (json_array_append(some, file) != 0)
			break;
		++*at;
	}
	return json_object_set_new(state, "files", some);
}

static void
put_apart(struct checkpoint_parts *p, const uint8_t *rules, json_t *state)
{
	json_t *files = json_incref(json_object_get(state, "files"));
	json_t *id = json_incref(json_object_get(state, "id"));
	size_t at = 0;

	while (!p->failed && at < json_array_size(files)) {
		size_t from = at;

		p->failed |= cut_files(state, files, &at) != 0 || at == from;
		put_json(p, rules, state);
		/* What follows has nothing but its name and files. */
		p->failed |=
		    json_object_clear(state) != 0 ||
		    json_object_set(state, "id", id) != 0 ||
		    json_object_set_new(state, "more", json_true()) != 0;
	}
	json_decref(id);
	json_decref(files);
}

void
checkpoint_begin(struct checkpoint_parts *p, const uint8_t *rules, bool all)
{
	*p = (struct checkpoint_parts){0};
	if (all)
		open_part(p, rules);
}

void
checkpoint_add(
    struct checkpoint_parts *p, const uint8_t *rules, struct slice state)
{
	json_t *json;

	if (p->failed)
		return;
	if (state.len <= PART_BYTES) {
		put(p, rules, state);
		return;
	}
	json = jsonin_parse(state, NULL);
	if (json && json_array_size(json_object_get(json, "files")) > 0)
		put_apart(p, rules, json);
	else
		p->failed = true;
	json_decref(json);
}

static bool
is_read(const struct feed *feeds, size_t count, const char *id)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(feeds[i].spec->id, id))
			return true;
	return false;
}

void
checkpoint_add_others(struct checkpoint_parts *p, const uint8_t *rules,
    const struct checkpoint *c, const struct feed *feeds, size_t count)
{
	const char *id;
	json_t *state;

	json_object_foreach(c->sources, id, state)
	{
		char *text;

		if (is_read(feeds, count, id))
			continue;
		text = json_dumps(state, JSON_COMPACT);
		if (text)
			checkpoint_add(p, rules, slice_of(text));
		p->failed |= !text;
		free(text);
	}
}

void
checkpoint_end(struct checkpoint_parts *p)
{
	if (p->count > 0 && !p->failed)
		close_part(p);
}

void
checkpoint_parts_clear(struct checkpoint_parts *p)
{
	for (size_t i = 0; i < p->count; i++)
		buf_clear(&p->list[i]);
	free(p->list);
	*p = (struct checkpoint_parts){0};
}
