/* SPDX-License-Identifier: Apache-2.0 */
#include "entry.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "assay/encode.h"
#include "assay/jsonin.h"

static const char *const trusts[] = {"kernel", "root", "local", "tls", "net"};

const char *
entry_trust_name(enum entry_trust trust)
{
	return trusts[trust];
}

bool
entry_trust_parse(struct slice text, enum entry_trust *trust)
{
	for (size_t i = 0; i < sizeof trusts / sizeof *trusts; i++)
		if (slice_eq_str(text, trusts[i])) {
			*trust = (enum entry_trust)i;
			return true;
		}
	return false;
}

/* What the readers below share. A reader that is short of memory says so here
 * and goes on; the entry is thrown away at the end. */
struct reading {
	struct arena *arena;
	struct names *names;
	bool failed;
};

static const char *
name_of(struct reading *r, struct slice text)
{
	const char *name = names_get(r->names, text);

	if (!name)
		r->failed = true;
	return name;
}

/* The name of a member's text, NULL when there is none. */
static const char *
member(struct reading *r, const json_t *obj, const char *key)
{
	struct slice text;

	return jsonin_string(obj, key, &text) ? name_of(r, text) : NULL;
}

static const char *
member_or_empty(struct reading *r, const json_t *obj, const char *key)
{
	const char *text = member(r, obj, key);

	return text ? text : name_of(r, SLICE(""));
}

static int64_t
number(const json_t *obj, const char *key, int64_t otherwise)
{
	jsonin_int(obj, key, &otherwise);
	return otherwise;
}

static bool
truth(const json_t *obj, const char *key)
{
	bool value = false;

	return jsonin_bool(obj, key, &value) && value;
}

static int64_t
stamp(const json_t *obj, const char *key, int64_t otherwise)
{
	jsonin_stamp(obj, key, &otherwise);
	return otherwise;
}

static void *
array(struct reading *r, size_t count, size_t size)
{
	void *items = arena_array(r->arena, count ? count : 1, size);

	if (!items)
		r->failed = true;
	return items;
}

static const char **
texts(struct reading *r, const json_t *list, size_t *count)
{
	const char **into = array(r, json_array_size(list), sizeof *into);
	const json_t *item;
	size_t i;

	*count = 0;
	if (!into)
		return NULL;
	json_array_foreach(list, i, item)
	{
		if (json_is_string(item))
			into[(*count)++] =
			    name_of(r, (struct slice){json_string_value(item),
					   json_string_length(item)});
	}
	return into;
}

/* The text of a scalar; NULL for anything else. */
static const char *
value_of(struct reading *r, const json_t *value)
{
	char text[32];

	if (json_is_string(value))
		return name_of(r, (struct slice){json_string_value(value),
				      json_string_length(value)});
	if (json_is_boolean(value))
		return name_of(
		    r, json_is_true(value) ? SLICE("true") : SLICE("false"));
	if (!json_is_integer(value))
		return NULL;
	snprintf(text, sizeof text, "%" JSON_INTEGER_FORMAT,
	    json_integer_value(value));
	return name_of(r, slice_of(text));
}

static void
read_fields(struct reading *r, const json_t *obj, struct entry_event *e)
{
	json_t *fields = json_object_get(obj, "fields");
	const char *key;
	json_t *value;

	e->fields = array(r, json_object_size(fields), sizeof *e->fields);
	if (!e->fields)
		return;
	json_object_foreach(fields, key, value)
	{
		const char *text = value_of(r, value);

		if (text)
			e->fields[e->field_count++] = (struct entry_field){
			    name_of(r, slice_of(key)), text};
	}
}

static enum entry_phase
phase_of(const json_t *data)
{
	struct slice text;

	if (!jsonin_string(data, "phase", &text))
		return ENTRY_WHOLE;
	if (slice_eq_str(text, "start"))
		return ENTRY_BEGINS;
	if (slice_eq_str(text, "note"))
		return ENTRY_NOTE;
	return slice_eq_str(text, "end") ? ENTRY_ENDS : ENTRY_WHOLE;
}

static void
read_event(struct reading *r, const struct record *from, struct entry *into)
{
	const json_t *data = from->data;
	const json_t *origin = json_object_get(data, "origin");
	struct entry_event *e = into->event = array(r, 1, sizeof *e);
	struct slice text;

	if (!e)
		return;
	memcpy(e->id, from->id, sizeof e->id);
	e->kind = member_or_empty(r, data, "event");
	e->outcome = VOCAB_NONE;
	if (jsonin_string(data, "outcome", &text))
		vocab_outcome_parse(text, &e->outcome);
	e->phase = phase_of(data);
	e->trust = ENTRY_NET;
	if (jsonin_string(origin, "trust", &text))
		entry_trust_parse(text, &e->trust);
	e->ambiguous = truth(data, "ambiguous");
	e->doubtful = truth(json_object_get(data, "clock"), "doubtful");
	e->observer = member(r, json_object_get(data, "observer"), "name");
	e->rule = member_or_empty(r, data, "rule");
	e->program = member_or_empty(r, data, "program");
	e->unit = member(r, data, "systemd_unit");
	e->path = member(r, origin, "path");
	e->source = member_or_empty(r, origin, "id");
	e->pid = number(data, "pid", -1);
	e->controls =
	    texts(r, json_object_get(data, "controls"), &e->control_count);
	read_fields(r, data, e);
}

static void
read_source(struct reading *r, const json_t *obj, int64_t through_us,
    struct entry_source *s)
{
	s->id = member(r, obj, "id");
	s->provides =
	    texts(r, json_object_get(obj, "provides"), &s->provide_count);
	s->program = json_is_string(json_object_get(obj, "program"));
	s->through_us = stamp(obj, "through", through_us);
	s->from_us = stamp(obj, "from", s->through_us);
	s->lines = number(obj, "lines", 0);
	s->known = number(obj, "known", 0);
	s->ignored = number(obj, "ignored", 0);
	s->unknown = number(obj, "unknown", 0);
}

static void
read_closed(struct reading *r, const json_t *list, struct entry_heartbeat *h)
{
	const json_t *item;
	size_t i;

	h->closed = array(r, json_array_size(list), sizeof *h->closed);
	if (!h->closed)
		return;
	json_array_foreach(list, i, item)
	{
		struct entry_unknown *u = &h->closed[h->closed_count];

		if (!truth(item, "closed"))
			continue;
		u->program = member_or_empty(r, item, "program");
		u->class = member_or_empty(r, item, "class");
		u->lines = number(item, "lines", 0);
		u->from_us = stamp(item, "from", RECORD_NO_TIME);
		u->through_us = stamp(item, "through", u->from_us);
		if (u->from_us != RECORD_NO_TIME)
			h->closed_count++;
	}
}

static void
read_heartbeat(struct reading *r, const struct record *from, struct entry *into)
{
	const json_t *data = from->data, *item;
	const json_t *list = json_object_get(data, "sources");
	const json_t *clock = json_object_get(data, "clock");
	struct entry_heartbeat *h = into->heartbeat = array(r, 1, sizeof *h);
	size_t i;

	if (!h)
		return;
	h->through_us = stamp(data, "through", from->time_us);
	h->complete = truth(data, "complete");
	h->has_clock = json_is_object(clock);
	h->synced = truth(clock, "synced");
	h->sources = array(r, json_array_size(list), sizeof *h->sources);
	if (!h->sources)
		return;
	json_array_foreach(list, i, item)
	{
		struct entry_source *s = &h->sources[h->source_count];

		read_source(r, item, h->through_us, s);
		if (s->id)
			h->source_count++;
	}
	read_closed(r, json_object_get(data, "unknown"), h);
}

static void
read_gap(struct reading *r, const struct record *from, struct entry *into)
{
	struct entry_gap *g = into->gap = array(r, 1, sizeof *g);

	if (!g)
		return;
	g->source = member_or_empty(r, from->data, "source");
	g->reason = member_or_empty(r, from->data, "reason");
	g->classes =
	    texts(r, json_object_get(from->data, "classes"), &g->class_count);
	g->from_us = stamp(from->data, "from", from->time_us);
	g->to_us = stamp(from->data, "to", g->from_us);
	g->recovered = truth(from->data, "recovered");
}

static int
read_start(struct reading *r, struct crypto *c, const struct record *from,
    struct entry *into, struct err *err)
{
	struct entry_start *s = into->start = array(r, 1, sizeof *s);
	struct crypto_public key;

	if (!s)
		return 0;
	s->simulated = truth(from->data, "simulated");
	return record_read_start(c, from, &key, &s->prev, err);
}

/* The bytes of a file, if they have the hash that the record gives. */
static void
read_text(struct reading *r, struct crypto *c, const json_t *obj,
    struct entry_file *f)
{
	uint8_t hash[CRYPTO_HASH_LEN];
	char hex[2 * CRYPTO_HASH_LEN + 1];
	struct buf bytes = {0};
	struct slice text, enc;
	char *copy = NULL;

	if (!jsonin_string(obj, "text", &text))
		return;
	if (jsonin_string(obj, "enc", &enc)) {
		if (!encode_unbase64(&bytes, text))
			goto done;
	} else {
		buf_put(&bytes, text);
	}
	text = buf_slice(&bytes);
	crypto_sha256(c, &text, 1, hash);
	encode_hex(hex, hash, sizeof hash);
	if (bytes.failed || strcmp(hex, f->sha256) != 0)
		goto done;
	copy = arena_copy(r->arena, text);
	if (!copy)
		r->failed = true;
	f->text = (struct slice){copy, text.len};
	f->has_text = copy != NULL;
done:
	buf_clear(&bytes);
}

static void
read_files(struct reading *r, struct crypto *c, const struct record *from,
    struct entry *into)
{
	const json_t *list = json_object_get(from->data, "files"), *item;
	struct entry_files *f = into->files = array(r, 1, sizeof *f);
	size_t i;

	if (!f)
		return;
	f->set = member_or_empty(r, from->data, "set");
	f->hash = member_or_empty(r, from->data, "hash");
	f->part = number(from->data, "part", 1);
	f->parts = number(from->data, "parts", 1);
	f->files = array(r, json_array_size(list), sizeof *f->files);
	if (!f->files)
		return;
	json_array_foreach(list, i, item)
	{
		struct entry_file *file = &f->files[f->file_count++];

		file->path = member_or_empty(r, item, "path");
		file->sha256 = member_or_empty(r, item, "sha256");
		read_text(r, c, item, file);
	}
}

static void
read_act(struct reading *r, const struct record *from, struct entry *into)
{
	struct entry_act *a = into->act = array(r, 1, sizeof *a);

	if (!a)
		return;
	a->kind = member_or_empty(r, from->data, "kind");
	a->actor = member_or_empty(r, from->data, "actor");
	a->reason = member_or_empty(r, from->data, "reason");
}

static void
read_envelope(struct reading *r, struct crypto *c, const struct record *from,
    struct entry *e)
{
	const json_t *host = json_object_get(from->data, "host");
	char text[ENCODE_UUID_LEN + 1 + 32 + 1];

	e->type = from->type;
	e->from_collector = from->from_collector;
	encode_uuid(text, from->agent);
	e->agent = name_of(r, slice_of(text));
	text[ENCODE_UUID_LEN] = '/';
	encode_hex(text + ENCODE_UUID_LEN + 1, from->epoch, 16);
	e->epoch = name_of(r, slice_of(text + ENCODE_UUID_LEN + 1));
	e->lineage = name_of(r, slice_of(text));
	e->sequence = from->sequence;
	e->time_us = from->time_us;
	e->readtime_us = from->readtime_us;
	chain_leaf(c, from->bytes, e->leaf);
	e->host = member(r, host, "name");
	if (e->host)
		e->host_id = member_or_empty(r, host, "id");
	if (e->type != RECORD_START && e->type != RECORD_SEAL)
		return;
	e->bytes.ptr = arena_copy(r->arena, from->bytes);
	e->bytes.len = from->bytes.len;
	if (!e->bytes.ptr)
		r->failed = true;
}

struct entry *
entry_new(struct arena *a, struct names *n, struct crypto *c,
    const struct record *from, struct err *err)
{
	struct reading r = {a, n, false};
	struct entry *e = array(&r, 1, sizeof *e);

	if (!e)
		goto fail;
	read_envelope(&r, c, from, e);
	if (e->type == RECORD_EVENT)
		read_event(&r, from, e);
	else if (e->type == RECORD_HEARTBEAT)
		read_heartbeat(&r, from, e);
	else if (e->type == RECORD_GAP)
		read_gap(&r, from, e);
	else if (e->type == RECORD_FILES)
		read_files(&r, c, from, e);
	else if (e->type == RECORD_ACT)
		read_act(&r, from, e);
	else if (e->type == RECORD_START && read_start(&r, c, from, e, err))
		return NULL;
	if (!r.failed)
		return e;
fail:
	err_set(err, "no memory for another record");
	return NULL;
}

bool
entry_is_counted(const struct entry *e)
{
	return !e->from_collector ||
	       (e->type != RECORD_SEAL && e->type != RECORD_RATING);
}

int
entry_order(const struct entry *a, const struct entry *b)
{
	int order;

	if (a->time_us != b->time_us)
		return a->time_us < b->time_us ? -1 : 1;
	/* Names are equal when their pointers are. */
	order = a->agent == b->agent ? 0 : strcmp(a->agent, b->agent);
	if (order == 0 && a->epoch != b->epoch)
		order = strcmp(a->epoch, b->epoch);
	if (order == 0 && a->sequence != b->sequence)
		order = a->sequence < b->sequence ? -1 : 1;
	return order;
}

const char *
entry_field(const struct entry_event *e, const char *name)
{
	for (size_t i = 0; i < e->field_count; i++)
		if (e->fields[i].name == name)
			return e->fields[i].value;
	return NULL;
}
