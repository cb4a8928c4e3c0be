/* SPDX-License-Identifier: Apache-2.0 */
#include "checkpoint.h"

#include <stdlib.h>
#include <string.h>

#include "assay/encode.h"
#include "assay/jsonin.h"
#include "assay/jsonout.h"

static int
take_sources(struct checkpoint *c, const json_t *json)
{
	const json_t *list = json_object_get(json, "sources");

	for (size_t i = 0; i < json_array_size(list); i++) {
		json_t *state = json_array_get(list, i);
		const char *id =
		    json_string_value(json_object_get(state, "id"));

		if (id && json_object_set(c->sources, id, state) != 0)
			return -1;
	}
	return 0;
}

int
checkpoint_load(
    struct checkpoint *c, const struct recover *found, struct err *err)
{
	int status = 0;

	*c = (struct checkpoint){.sources = json_object()};
	if (!c->sources)
		return err_set(err, "no memory for the state");
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
	return status;
}

void
checkpoint_clear(struct checkpoint *c)
{
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

static void
begin(struct buf *out, const uint8_t *rules)
{
	char hash[65];

	jsonout_object(out);
	if (rules) {
		encode_hex(hash, rules, 32);
		jsonout_kstr(out, "rules", hash);
	}
	jsonout_key(out, "sources");
	jsonout_array(out);
}

static void
end(struct buf *out)
{
	jsonout_array_end(out);
	jsonout_object_end(out);
}

void
checkpoint_save(const struct feed *const *feeds, size_t count,
    const uint8_t *rules, struct buf *out)
{
	begin(out, rules);
	for (size_t i = 0; i < count; i++)
		feed_save(feeds[i], out);
	end(out);
}

static bool
is_read(const struct feed *feeds, size_t count, const char *id)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(feeds[i].spec->id, id))
			return true;
	return false;
}

static void
put_state(json_t *state, struct buf *out)
{
	char *text = json_dumps(state, JSON_COMPACT);

	if (text)
		jsonout_raw(out, slice_of(text));
	out->failed |= !text;
	free(text);
}

void
checkpoint_save_others(const struct checkpoint *c, const struct feed *feeds,
    size_t count, size_t part, const uint8_t *rules, struct buf *out)
{
	size_t first = part * CHECKPOINT_PART, seen = 0, put = 0;
	const char *id;
	json_t *state;

	json_object_foreach(c->sources, id, state)
	{
		if (is_read(feeds, count, id) || seen++ < first)
			continue;
		if (put == CHECKPOINT_PART)
			break;
		if (put++ == 0)
			begin(out, rules);
		put_state(state, out);
	}
	if (put > 0)
		end(out);
}
