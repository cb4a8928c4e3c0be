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

static bool
is_fed(const struct feed *feeds, size_t count, const char *id)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(feeds[i].spec->id, id))
			return true;
	return false;
}

/* What is not read now may be read again later. */
static void
save_others(const struct checkpoint *c, const struct feed *feeds, size_t count,
    struct buf *out)
{
	const char *id;
	json_t *state;

	json_object_foreach(c->sources, id, state)
	{
		char *text;

		if (is_fed(feeds, count, id))
			continue;
		text = json_dumps(state, JSON_COMPACT);
		if (text)
			jsonout_raw(out, slice_of(text));
		out->failed |= !text;
		free(text);
	}
}

void
checkpoint_save(const struct checkpoint *c, const struct feed *feeds,
    size_t count, const uint8_t *rules, bool full, struct buf *out)
{
	char hash[65];

	jsonout_object(out);
	if (rules) {
		encode_hex(hash, rules, 32);
		jsonout_kstr(out, "rules", hash);
	}
	jsonout_key(out, "sources");
	jsonout_array(out);
	for (size_t i = 0; i < count; i++)
		if (full || feeds[i].moved)
			feed_save(&feeds[i], out);
	if (full)
		save_others(c, feeds, count, out);
	jsonout_array_end(out);
	jsonout_object_end(out);
}
