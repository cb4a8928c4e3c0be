/* SPDX-License-Identifier: Apache-2.0 */
#include "assay/shape.h"

#include <stdbool.h>
#include <stdio.h>

#include "assay/encode.h"
#include "assay/jsonin.h"
#include "assay/stamp.h"

#define INTEGER_MAX (INT64_C(1) << 53)
#define PATH_MAX_LEN 256

enum kind {
	TEXT,
	INT,
	INT_OR_NULL,
	BOOL,
	STAMP,
	UUID,
	HEX16,	  /* bytes */
	HEX32,	  /* bytes */
	SEQUENCE, /* 20 digits */
	TEXTS,	  /* a list */
	OBJECT,
	OBJECT_OR_NULL,
	OBJECTS, /* a list */
	INTS,	 /* an object whose members are integers */
	FIELDS,	 /* an object whose members are text, integer or bool */
};

static const char *const kind_names[] = {
    [TEXT] = "text",
    [INT] = "an integer",
    [INT_OR_NULL] = "an integer or null",
    [BOOL] = "true or false",
    [STAMP] = "a time like 2026-07-03T14:59:17.000000Z",
    [UUID] = "a UUID in lower case",
    [HEX16] = "32 hex digits in lower case",
    [HEX32] = "64 hex digits in lower case",
    [SEQUENCE] = "a sequence number of 20 digits",
    [TEXTS] = "a list of texts",
    [OBJECT] = "an object",
    [OBJECT_OR_NULL] = "an object or null",
    [OBJECTS] = "a list of objects",
    [INTS] = "an object of integers",
    [FIELDS] = "an object of texts, integers and booleans",
};

struct key {
	const char *name; /* NULL ends a table */
	enum kind kind;
	bool optional;
	const struct key *keys; /* of OBJECT, OBJECT_OR_NULL, OBJECTS */
};

static const struct key host_keys[] = {
    {"name", TEXT, false, NULL},
    {"id", UUID, false, NULL},
    {0},
};

static const struct key public_keys[] = {
    {"id", HEX16, false, NULL},
    {"alg", TEXT, false, NULL},
    {"public", TEXT, false, NULL},
    {0},
};

static const struct key hash_keys[] = {
    {"rules", HEX32, true, NULL},
    {"checks", HEX32, true, NULL},
    {"isms", HEX32, true, NULL},
    {"frameworks", HEX32, true, NULL},
    {0},
};

static const struct key prev_keys[] = {
    {"epoch", HEX16, false, NULL},
    {"last", SEQUENCE, false, NULL},
    {"head", HEX32, false, NULL},
    {0},
};

static const struct key start_keys[] = {
    {"host", OBJECT, false, host_keys},
    {"version", TEXT, false, NULL},
    {"zone", TEXT, false, NULL},
    {"key", OBJECT, false, public_keys},
    {"files", OBJECT, false, hash_keys},
    {"prev", OBJECT_OR_NULL, false, prev_keys},
    {"reason", TEXT, true, NULL},
    {"simulated", BOOL, true, NULL},
    {0},
};

static const struct key origin_keys[] = {
    {"source", TEXT, false, NULL},
    {"path", TEXT, true, NULL},
    {"id", TEXT, false, NULL},
    {"class", TEXT, false, NULL},
    {"gen", HEX16, true, NULL},
    {"offset", INT, true, NULL},
    {"cursor", TEXT, true, NULL},
    {"trust", TEXT, false, NULL},
    {0},
};

static const struct key event_clock_keys[] = {
    {"raw", TEXT, true, NULL},
    {"precision", TEXT, false, NULL},
    {"inferred", TEXTS, false, NULL},
    {"doubtful", BOOL, false, NULL},
    {0},
};

static const struct key raw_keys[] = {
    {"text", TEXT, true, NULL},
    {"hash", HEX32, true, NULL},
    {"len", INT, false, NULL},
    {"cut", BOOL, true, NULL},
    {"enc", TEXT, true, NULL},
    {"eol", BOOL, true, NULL},
    {0},
};

static const struct key event_keys[] = {
    {"host", OBJECT, false, host_keys},
    {"observer", OBJECT, true, host_keys},
    {"event", TEXT, false, NULL},
    {"outcome", TEXT, false, NULL},
    {"rule", TEXT, false, NULL},
    {"controls", TEXTS, false, NULL},
    {"phase", TEXT, true, NULL},
    {"program", TEXT, false, NULL},
    {"pid", INT, true, NULL},
    {"systemd_unit", TEXT, true, NULL},
    {"fields", FIELDS, false, NULL},
    {"count", INT, false, NULL},
    {"origin", OBJECT, false, origin_keys},
    {"header_host", TEXT, true, NULL},
    {"clock", OBJECT, false, event_clock_keys},
    {"ambiguous", BOOL, false, NULL},
    {"raw", OBJECT, true, raw_keys},
    {0},
};

static const struct key source_keys[] = {
    {"id", TEXT, false, NULL},
    {"provides", TEXTS, false, NULL},
    {"program", TEXT, true, NULL},
    {"gen", HEX16, true, NULL},
    {"offset", INT, true, NULL},
    {"cursor", TEXT, true, NULL},
    {"from", STAMP, false, NULL},
    {"through", STAMP, false, NULL},
    {"lines", INT, false, NULL},
    {"known", INT, false, NULL},
    {"ignored", INT, false, NULL},
    {"unknown", INT, false, NULL},
    {"lag_us", INT, false, NULL},
    {0},
};

static const struct key unknown_keys[] = {
    {"program", TEXT, false, NULL},
    {"class", TEXT, false, NULL},
    {"closed", BOOL, false, NULL},
    {"lines", INT, false, NULL},
    {"from", STAMP, false, NULL},
    {"through", STAMP, false, NULL},
    {0},
};

static const struct key clock_keys[] = {
    {"synced", BOOL, false, NULL},
    {"offset_us", INT, false, NULL},
    {"maxerror_us", INT, false, NULL},
    {0},
};

static const struct key spool_keys[] = {
    {"bytes", INT, false, NULL},
    {"unsent", INT, false, NULL},
    {0},
};

static const struct key heartbeat_keys[] = {
    {"host", OBJECT, false, host_keys},
    {"through", STAMP, false, NULL},
    {"complete", BOOL, false, NULL},
    {"sources", OBJECTS, false, source_keys},
    {"unknown", OBJECTS, false, unknown_keys},
    {"clock", OBJECT, false, clock_keys},
    {"spool", OBJECT, false, spool_keys},
    {"refused", INTS, false, NULL},
    {0},
};

static const struct key what_keys[] = {
    {"gen", HEX16, true, NULL},
    {"from_offset", INT, true, NULL},
    {"to_offset", INT, true, NULL},
    {"epoch", HEX16, true, NULL},
    {"first", SEQUENCE, true, NULL},
    {"last", SEQUENCE, true, NULL},
    {0},
};

static const struct key gap_keys[] = {
    {"host", OBJECT, false, host_keys},
    {"source", TEXT, false, NULL},
    {"classes", TEXTS, false, NULL},
    {"from", STAMP, false, NULL},
    {"to", STAMP, false, NULL},
    {"what", OBJECT, false, what_keys},
    {"reason", TEXT, false, NULL},
    {"recovered", BOOL, true, NULL},
    {"lines", INT_OR_NULL, false, NULL},
    {"rule", TEXT, true, NULL},
    {"text", TEXT, true, NULL},
    {0},
};

static const struct key file_keys[] = {
    {"path", TEXT, false, NULL},
    {"sha256", HEX32, false, NULL},
    {"text", TEXT, true, NULL},
    {"enc", TEXT, true, NULL},
    {0},
};

static const struct key files_keys[] = {
    {"host", OBJECT, false, host_keys},
    {"set", TEXT, false, NULL},
    {"hash", HEX32, false, NULL},
    {"part", INT, false, NULL},
    {"parts", INT, false, NULL},
    {"files", OBJECTS, false, file_keys},
    {0},
};

static const struct key seal_keys[] = {
    {"host", OBJECT, false, host_keys},
    {"first", SEQUENCE, false, NULL},
    {"last", SEQUENCE, false, NULL},
    {"prev", HEX32, false, NULL},
    {"head", HEX32, false, NULL},
    {"key", HEX16, false, NULL},
    {"alg", TEXT, false, NULL},
    {"sig", TEXT, false, NULL},
    {0},
};

static const struct key act_keys[] = {
    {"kind", TEXT, false, NULL},
    {"actor", TEXT, false, NULL},
    {"at", STAMP, false, NULL},
    {"reason", TEXT, false, NULL},
    {"body", OBJECT, false, NULL},
    {0},
};

static const struct key period_keys[] = {
    {"from", STAMP, false, NULL},
    {"to", STAMP, false, NULL},
    {0},
};

static const struct key rating_keys[] = {
    {"framework", TEXT, false, NULL},
    {"control", TEXT, false, NULL},
    {"check", TEXT, true, NULL},
    {"as_of", STAMP, false, NULL},
    {"known_at", INT, false, NULL},
    {"period", OBJECT, false, period_keys},
    {"rating", TEXT, false, NULL},
    {"reason", TEXT, false, NULL},
    {"ledger", INT, false, NULL},
    {"files", OBJECT, false, hash_keys},
    {0},
};

static const struct key *const shapes[] = {
    [RECORD_OTHER] = NULL,
    [RECORD_START] = start_keys,
    [RECORD_EVENT] = event_keys,
    [RECORD_HEARTBEAT] = heartbeat_keys,
    [RECORD_GAP] = gap_keys,
    [RECORD_FILES] = files_keys,
    [RECORD_SEAL] = seal_keys,
    [RECORD_ACT] = act_keys,
    [RECORD_RATING] = rating_keys,
};

static bool
is_hex(struct slice text, size_t bytes)
{
	uint8_t sink[32];

	return encode_unhex(text, sink, bytes);
}

static bool
text_fits(enum kind kind, struct slice text)
{
	unsigned long long number;
	uint8_t uuid[16];
	int64_t us;

	switch (kind) {
	case STAMP:
		return stamp_parse(text, &us);
	case UUID:
		return encode_unuuid(text, uuid);
	case HEX16:
		return is_hex(text, 16);
	case HEX32:
		return is_hex(text, 32);
	case SEQUENCE:
		return text.len == RECORD_SEQUENCE_LEN &&
		       slice_uint(text, RECORD_SEQUENCE_MAX, &number) &&
		       number > 0;
	default:
		return kind == TEXT;
	}
}

static bool
all_members_fit(enum kind kind, const json_t *object)
{
	const char *name;
	json_t *member;

	json_object_foreach((json_t *)(uintptr_t)object, name, member)
	{
		if (json_is_integer(member))
			continue;
		if (kind == INTS ||
		    (!json_is_string(member) && !json_is_boolean(member)))
			return false;
	}
	return true;
}

static bool
all_elements_are(json_type type, const json_t *list)
{
	json_t *element;
	size_t i;

	json_array_foreach(list, i, element)
	{
		if (json_typeof(element) != type)
			return false;
	}
	return true;
}

static bool
fits(enum kind kind, const json_t *value)
{
	switch (kind) {
	case INT:
		return json_is_integer(value);
	case INT_OR_NULL:
		return json_is_integer(value) || json_is_null(value);
	case BOOL:
		return json_is_boolean(value);
	case TEXTS:
		return json_is_array(value) &&
		       all_elements_are(JSON_STRING, value);
	case OBJECTS:
		return json_is_array(value) &&
		       all_elements_are(JSON_OBJECT, value);
	case OBJECT:
		return json_is_object(value);
	case OBJECT_OR_NULL:
		return json_is_object(value) || json_is_null(value);
	case INTS:
	case FIELDS:
		return json_is_object(value) && all_members_fit(kind, value);
	default:
		return json_is_string(value) &&
		       text_fits(kind, (struct slice){json_string_value(value),
					   json_string_length(value)});
	}
}

static int check_object(const struct key *keys, const json_t *object,
    const char *path, struct err *err);

static int
check_below(const struct key *key, const json_t *value, const char *path,
    struct err *err)
{
	char below[PATH_MAX_LEN];
	json_t *element;
	size_t i;

	if (!key->keys || json_is_null(value))
		return 0;
	if (key->kind != OBJECTS)
		return check_object(key->keys, value, path, err);
	json_array_foreach(value, i, element)
	{
		snprintf(below, sizeof below, "%.200s[%zu]", path, i);
		if (check_object(key->keys, element, below, err))
			return -1;
	}
	return 0;
}

static int
check_object(const struct key *keys, const json_t *object, const char *path,
    struct err *err)
{
	for (const struct key *k = keys; k->name; k++) {
		const json_t *value = json_object_get(object, k->name);
		char below[PATH_MAX_LEN];

		if (!value && k->optional)
			continue;
		snprintf(below, sizeof below, "%.200s.%s", path, k->name);
		if (!value)
			return err_set(err, "%s is missing", below);
		if (!fits(k->kind, value))
			return err_set(
			    err, "%s must be %s", below, kind_names[k->kind]);
		if (check_below(k, value, below, err))
			return -1;
	}
	return 0;
}

int
shape_check(enum record_type type, const json_t *data, struct err *err)
{
	const struct key *keys = shapes[type];

	return keys ? check_object(keys, data, "data", err) : 0;
}

int
shape_check_integers(const json_t *value, struct err *err)
{
	const char *name;
	json_t *below;
	size_t i;

	if (json_is_integer(value)) {
		json_int_t n = json_integer_value(value);

		if (n > INTEGER_MAX || n < -INTEGER_MAX)
			return err_set(err,
			    "integer %" JSON_INTEGER_FORMAT
			    " is beyond 2^53; larger ones travel as text",
			    n);
	}
	json_array_foreach(value, i, below)
	{
		if (shape_check_integers(below, err))
			return -1;
	}
	json_object_foreach((json_t *)(uintptr_t)value, name, below)
	{
		if (shape_check_integers(below, err))
			return -1;
	}
	return 0;
}
