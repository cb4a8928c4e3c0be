/* SPDX-License-Identifier: Apache-2.0 */
#include "assay/options.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "assay/jsonout.h"
#include "assay/printable.h"

#include "options_parts.h"

#define COMMENT_COLUMN 40

/* ---- values as YAML, on one line ---- */

/* Text that YAML reads as this string without quotes, also between brackets. */
static bool
is_plain(struct slice text)
{
	static const char *const others[] = {
	    "true", "false", "null", "yes", "no", "on", "off", "y", "n"};

	if (text.len == 0 ||
	    !(isalpha((unsigned char)*text.ptr) || *text.ptr == '/'))
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (!isalnum((unsigned char)text.ptr[i]) &&
		    !strchr("/._-*+@%=", text.ptr[i] ? text.ptr[i] : ' '))
			return false;
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (text.len == strlen(others[i]) &&
		    strncasecmp(text.ptr, others[i], text.len) == 0)
			return false;
	return true;
}

/* A JSON string is a double-quoted scalar of YAML. */
static void
put_text(struct buf *out, struct slice text)
{
	struct buf clean = {0}, quoted = {0};

	if (is_plain(text)) {
		buf_put(out, text);
		return;
	}
	printable_utf8(&clean, text);
	jsonout_string(&quoted, buf_slice(&clean));
	printable_json(out, buf_slice(&quoted));
	out->failed |= clean.failed || quoted.failed;
	buf_clear(&clean);
	buf_clear(&quoted);
}

#define MASK "********"

bool
options_is_secret(struct slice key)
{
	static const char *const ends[] = {
	    "password", "secret", "key.pem", "oauthbearer.config", "token"};

	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		struct slice end = slice_of(ends[i]);

		if (key.len >= end.len &&
		    slice_eq(slice_from(key, key.len - end.len), end))
			return true;
	}
	return false;
}

static void put_node(struct buf *out, const struct tree_node *n);

/* The value of a key of a map. */
static void
put_item(struct buf *out, struct slice key, const struct tree_node *n)
{
	if (options_is_secret(key))
		put_text(out, SLICE(MASK));
	else
		put_node(out, n);
}

static void
put_children(struct buf *out, const struct tree_node *n)
{
	for (size_t i = 0; i < tree_count(n); i++) {
		if (i > 0)
			buf_puts(out, ", ");
		if (tree_kind(n) != TREE_MAP) {
			put_node(out, tree_item(n, i));
			continue;
		}
		put_text(out, tree_text(tree_key(n, i)));
		buf_puts(out, ": ");
		put_item(out, tree_text(tree_key(n, i)), tree_item(n, i));
	}
}

/* As deep as a tree may be. */
static void
put_node(struct buf *out, const struct tree_node *n)
{
	bool map = tree_kind(n) == TREE_MAP;

	if (tree_kind(n) != TREE_SCALAR) {
		buf_putc(out, map ? '{' : '[');
		put_children(out, n);
		buf_putc(out, map ? '}' : ']');
	} else if (tree_meaning(n) == TREE_IS_STRING) {
		put_text(out, tree_text(n));
	} else {
		buf_put(out, tree_text(n));
	}
}

static void
put_scaled(struct buf *out, int64_t number, const char *const *units,
    const int64_t *sizes, size_t count)
{
	size_t i = 0;

	while (i < count && (number == 0 || number % sizes[i] != 0))
		i++;
	if (i < count)
		buf_printf(out, "%" PRId64 "%s", number / sizes[i], units[i]);
	else
		buf_printf(out, "%" PRId64, number);
}

void
options_put_number(struct buf *out, enum options_type type, int64_t number)
{
	static const char *const byte_units[] = {"TiB", "GiB", "MiB", "KiB"};
	static const int64_t bytes[] = {
	    INT64_C(1) << 40, 1 << 30, 1 << 20, 1 << 10};
	static const char *const time_units[] = {"d", "h", "m", "s"};
	static const int64_t seconds[] = {86400, 3600, 60, 1};

	if (type == OPTIONS_BOOL)
		buf_puts(out, number ? "true" : "false");
	else if (type == OPTIONS_BYTES)
		put_scaled(out, number, byte_units, bytes, 4);
	else if (type == OPTIONS_DURATION)
		put_scaled(out, number / 1000000, time_units, seconds, 4);
	else
		buf_printf(out, "%" PRId64, number);
}

/* Of what is no node; false when there is no value. */
static bool
put_value(struct buf *out, const struct options_entry *e,
    const struct options_value *v)
{
	switch (e->type) {
	case OPTIONS_TEXT:
		if (v->count > 0)
			put_text(out, slice_of(v->texts[0]));
		return v->count > 0;
	case OPTIONS_TEXTS:
		buf_putc(out, '[');
		for (size_t i = 0; i < v->count; i++) {
			buf_puts(out, i > 0 ? ", " : "");
			put_text(out, slice_of(v->texts[i]));
		}
		buf_putc(out, ']');
		return v->count > 0;
	case OPTIONS_NODE:
	case OPTIONS_MAP:
		return false;
	default:
		options_put_number(out, e->type, v->number);
		return true;
	}
}

/* ---- the whole, with where each is from ---- */

static void
end_line(struct buf *out, size_t start, const char *format, const char *text,
    const char *note)
{
	do
		buf_putc(out, ' ');
	while (out->len - start < COMMENT_COLUMN && !out->failed);
	buf_puts(out, "# ");
	printable_put(out, slice_of(text));
	if (note && *note) {
		buf_puts(out, format);
		printable_put(out, slice_of(note));
	}
	buf_putc(out, '\n');
}

static void
end_line_at(struct buf *out, size_t start, const struct tree_node *n)
{
	struct buf at = {0};

	buf_printf(&at, "%s:%zu", tree_name(tree_of(n)), tree_line(n));
	buf_putc(&at, '\0');
	end_line(out, start, "", at.failed ? "?" : at.ptr, NULL);
	buf_clear(&at);
}

/* A later file's map has a key that this one has too. */
static bool
is_overruled(const struct options_value *v, size_t i, struct slice key)
{
	for (size_t j = i + 1; j < v->node_count; j++)
		for (size_t k = 0; tree_kind(v->nodes[j]) == TREE_MAP &&
				   k < tree_count(v->nodes[j]);
		     k++)
			if (slice_eq(tree_text(tree_key(v->nodes[j], k)), key))
				return true;
	return false;
}

static void
show_nodes(struct buf *out, const struct options_value *v, const char *indent)
{
	for (size_t i = 0; i < v->node_count; i++) {
		const struct tree_node *n = v->nodes[i];

		for (size_t k = 0; k < tree_count(n); k++) {
			const struct tree_node *key = tree_key(n, k);
			size_t start = out->len;

			if (key && is_overruled(v, i, tree_text(key)))
				continue;
			buf_puts(out, indent);
			if (key) {
				put_text(out, tree_text(key));
				buf_puts(out, ": ");
				put_item(out, tree_text(key), tree_item(n, k));
			} else {
				buf_puts(out, "- ");
				put_node(out, tree_item(n, k));
			}
			end_line_at(out, start, tree_item(n, k));
		}
	}
}

static void
show_one(struct buf *out, const struct options_entry *e,
    const struct options_value *v)
{
	const char *dot = strchr(e->name, '.');
	const char *from = v->origin ? v->origin : "default";
	struct buf value = {0};
	bool any = put_value(&value, e, v);
	size_t start = out->len;

	buf_puts(out, dot ? "  " : "");
	buf_puts(out, any || v->node_count > 0 ? "" : "# ");
	buf_printf(out, "%s:", dot ? dot + 1 : e->name);
	if (any) {
		buf_putc(out, ' ');
		buf_put(out, buf_slice(&value));
	}
	end_line(out, start, ": ", from, v->origin ? NULL : v->note);
	show_nodes(out, v, dot ? "    " : "  ");
	out->failed |= value.failed;
	buf_clear(&value);
}

static struct slice
group_of(const struct options_entry *e)
{
	const char *dot = strchr(e->name, '.');

	return (struct slice){e->name, dot ? (size_t)(dot - e->name) : 0};
}

void
options_show(const struct options *o, struct buf *out)
{
	struct slice open = {"", 0};

	for (size_t i = 0; o->table[i].name; i++) {
		struct slice group = group_of(&o->table[i]);

		if (group.len > 0 && !slice_eq(group, open))
			buf_printf(out, "%.*s:\n", SLICE_FMT(group));
		open = group;
		show_one(out, &o->table[i], &o->values[i]);
	}
}

void
options_help(const struct options_entry *table, struct buf *out)
{
	struct slice open = {"", 0};

	for (const struct options_entry *e = table; e->name; e++) {
		struct slice group = group_of(e);
		const char *indent = group.len > 0 ? "  " : "";

		if (group.len > 0 && !slice_eq(group, open))
			buf_printf(out, "%.*s:\n", SLICE_FMT(group));
		open = group;
		buf_printf(out, "%s%s: %s\n%s      # %s\n", indent,
		    e->name + group.len + (group.len > 0),
		    e->fallback ? e->fallback : "", indent, e->help);
	}
}

/* ---- the same for programs ---- */

static void json_node(struct buf *out, const struct tree_node *n);

static void
json_pair(struct buf *out, struct slice key, const struct tree_node *n)
{
	jsonout_string(out, key);
	buf_putc(out, ':');
	if (options_is_secret(key))
		jsonout_str(out, MASK);
	else
		json_node(out, n);
}

static void
json_node(struct buf *out, const struct tree_node *n)
{
	if (tree_kind(n) == TREE_SCALAR) {
		if (tree_meaning(n) == TREE_IS_BOOL)
			jsonout_bool(out, slice_eq_str(tree_text(n), "true"));
		else
			jsonout_string(out, tree_text(n));
		return;
	}
	if (tree_kind(n) == TREE_LIST) {
		jsonout_array(out);
		for (size_t i = 0; i < tree_count(n); i++)
			json_node(out, tree_item(n, i));
		jsonout_array_end(out);
		return;
	}
	jsonout_object(out);
	for (size_t i = 0; i < tree_count(n); i++)
		json_pair(out, tree_text(tree_key(n, i)), tree_item(n, i));
	jsonout_object_end(out);
}

static void
json_nodes(struct buf *out, const struct options_value *v)
{
	if (v->node_count == 0) {
		jsonout_null(out);
		return;
	}
	if (tree_kind(v->nodes[0]) != TREE_MAP) {
		json_node(out, v->nodes[v->node_count - 1]);
		return;
	}
	jsonout_object(out);
	for (size_t i = 0; i < v->node_count; i++)
		for (size_t k = 0; k < tree_count(v->nodes[i]); k++) {
			struct slice key = tree_text(tree_key(v->nodes[i], k));

			if (!is_overruled(v, i, key))
				json_pair(out, key, tree_item(v->nodes[i], k));
		}
	jsonout_object_end(out);
}

static void
json_text(struct buf *out, const char *text)
{
	struct buf clean = {0};

	printable_utf8(&clean, slice_of(text));
	jsonout_string(out, buf_slice(&clean));
	out->failed |= clean.failed;
	buf_clear(&clean);
}

static void
json_value(struct buf *out, const struct options_entry *e,
    const struct options_value *v)
{
	switch (e->type) {
	case OPTIONS_TEXT:
		if (v->count > 0)
			json_text(out, v->texts[0]);
		else
			jsonout_null(out);
		break;
	case OPTIONS_TEXTS:
		jsonout_array(out);
		for (size_t i = 0; i < v->count; i++)
			json_text(out, v->texts[i]);
		jsonout_array_end(out);
		break;
	case OPTIONS_NODE:
	case OPTIONS_MAP:
		json_nodes(out, v);
		break;
	case OPTIONS_BOOL:
		jsonout_bool(out, v->number != 0);
		break;
	default:
		jsonout_int(out, v->number);
	}
}

void
options_json(const struct options *o, struct buf *out)
{
	jsonout_array(out);
	for (size_t i = 0; o->table[i].name; i++) {
		const struct options_value *v = &o->values[i];

		jsonout_object(out);
		jsonout_kstr(out, "key", o->table[i].name);
		jsonout_key(out, "value");
		json_value(out, &o->table[i], v);
		jsonout_key(out, "from");
		json_text(out, v->origin ? v->origin : "default");
		if (!v->origin && v->note) {
			jsonout_key(out, "note");
			json_text(out, v->note);
		}
		jsonout_object_end(out);
	}
	jsonout_array_end(out);
}
