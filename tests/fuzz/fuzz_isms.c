/* SPDX-License-Identifier: Apache-2.0 */
/* What an organisation declares, as any bytes: read as a registry, checked by a
 * schema, and tried as a framework and as a table of registers. */
#include <stdint.h>
#include <stdlib.h>

#include "framework.h"
#include "registry.h"
#include "schema.h"

static const char table[] =
    "registers:\n"
    "- {register: scope, about: a, file: f, shape: values, columns: [{column: "
    "organisation, type: text, need: true}, {column: zone, type: zone}]}\n"
    "- {register: hosts, about: a, file: f, unique: [name], order: [from, to], "
    "columns: [{column: name, type: host, need: true}, {column: id, type: "
    "uuid}, {column: from, type: date}, {column: to, type: date}]}\n"
    "- {register: jobs, about: a, file: f, unique: [id], columns: [{column: "
    "id, type: name, need: true}, {column: name, type: text}, {column: was, "
    "type: text, unlike: name}, {column: event, type: event, refers: event}, "
    "{column: host, type: host, refers: hosts.name}, {column: match, type: "
    "row, columns: [{column: fields, type: where}, {column: program, type: "
    "text}]}, {column: starts, type: clock}]}\n"
    "- {register: adopts, about: a, file: f, unique: [check], columns: "
    "[{column: check, type: name, refers: check}, {column: set, type: row, "
    "columns: [{column: grace, type: duration}, {column: at_least, type: "
    "share}, {column: trust, type: word, words: [root, net]}]}, {column: "
    "where, type: where}, {column: at, type: host, list: true, refers: "
    "hosts.name}]}\n"
    "- {register: soa, about: a, file: f, unique: [control], columns: "
    "[{column: control, type: control, refers: control}, {column: applicable, "
    "type: bool}, {column: n, type: count}]}\n"
    "- {register: relays, about: a, file: f, shape: list, columns: [{column: "
    "relay, type: host}]}\n";

static bool
known(void *arg, const char *what, struct slice name, struct buf *advice)
{
	(void)arg;
	(void)what;
	buf_puts(advice, ": advice");
	return name.len % 2;
}

/* The schema above; made once, so that each input costs its own work only. */
static struct schema *
the_schema(void)
{
	static struct schema *schema;
	struct problems *p;
	struct tree *t;

	if (schema)
		return schema;
	p = problems_new();
	t = tree_parse("table", slice_of(table), p);
	schema = t ? schema_new(t, p) : NULL;
	if (!schema)
		abort();
	tree_free(t);
	problems_free(p);
	return schema;
}

static void
read_registry(struct slice text, struct problems *p)
{
	const struct registry_file file = {"a.yml", text};
	struct registry *r = registry_parse(&file, 1, p, NULL);
	const struct registry_row *row;

	if (!r)
		abort();
	for (size_t i = 0; (row = registry_row(r, "hosts", i)); i++)
		if (row->cell_count && !registry_text(row, row->cells->column))
			abort();
	registry_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = {(const char *)data, size};
	struct problems *p = problems_new();
	struct tree *t = tree_parse("a.yml", text, p);
	struct buf out = {0};

	read_registry(text, p);
	if (t) {
		schema_check(the_schema(), &t, 1, known, NULL, p);
		framework_free(framework_new(t, p));
		schema_free(schema_new(t, p));
	}
	problems_print(p, &out);
	buf_clear(&out);
	tree_free(t);
	problems_free(p);
	return 0;
}
