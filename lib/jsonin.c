/* SPDX-License-Identifier: Apache-2.0 */
#include "assay/jsonin.h"

#include "assay/stamp.h"

#define DEPTH_MAX 32

/* jansson recurses up to 2048 deep: look before it does. */
static bool
depth_is_fine(struct slice text)
{
	bool in_string = false;
	int depth = 0;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
		} else if (c == '"') {
			in_string = true;
		} else if (c == '{' || c == '[') {
			if (++depth > DEPTH_MAX)
				return false;
		} else if (c == '}' || c == ']') {
			depth--;
		}
	}
	return true;
}

static bool
holds_real(const json_t *value)
{
	const char *key;
	json_t *member;
	size_t i;

	if (json_is_real(value))
		return true;
	json_array_foreach(
	    value, i, member) if (holds_real(member)) return true;
	json_object_foreach((json_t *)(uintptr_t)value, key,
	    member) if (holds_real(member)) return true;
	return false;
}

json_t *
jsonin_parse(struct slice text, struct err *err)
{
	json_error_t why;
	json_t *value;

	if (text.len > JSONIN_MAX) {
		err_set(err, "JSON of %zu bytes is over the limit of %zu",
		    text.len, JSONIN_MAX);
		return NULL;
	}
	if (!depth_is_fine(text)) {
		err_set(err, "JSON is nested deeper than %d", DEPTH_MAX);
		return NULL;
	}
	value = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, &why);
	if (!value) {
		err_set(err, "not JSON at byte %d: %s", why.position, why.text);
		return NULL;
	}
	if (holds_real(value)) {
		json_decref(value);
		err_set(err, "JSON holds a number that is not an integer");
		return NULL;
	}
	return value;
}

bool
jsonin_string(const json_t *obj, const char *key, struct slice *value)
{
	const json_t *member = json_object_get(obj, key);

	if (!json_is_string(member))
		return false;
	*value = (struct slice){
	    json_string_value(member), json_string_length(member)};
	return true;
}

bool
jsonin_int(const json_t *obj, const char *key, int64_t *value)
{
	const json_t *member = json_object_get(obj, key);

	if (!json_is_integer(member))
		return false;
	*value = json_integer_value(member);
	return true;
}

bool
jsonin_bool(const json_t *obj, const char *key, bool *value)
{
	const json_t *member = json_object_get(obj, key);

	if (!json_is_boolean(member))
		return false;
	*value = json_is_true(member);
	return true;
}

bool
jsonin_stamp(const json_t *obj, const char *key, int64_t *us)
{
	struct slice text;

	return jsonin_string(obj, key, &text) && stamp_parse(text, us);
}
