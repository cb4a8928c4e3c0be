/* SPDX-License-Identifier: Apache-2.0 */
#include "host.h"

#include <stdio.h>
#include <string.h>

/* One name and id that occurred, and what its unit is called. */
struct called {
	const char *id; /* "" when the records give none */
	bool by_agent;
	const char *unit;
};

static struct called *
find(const struct list *l, const char *id)
{
	for (size_t i = 0; l && i < l->count; i++) {
		struct called *c = l->at[i];

		if (c->id == id)
			return c;
	}
	return NULL;
}

static int
learn(struct host_names *h, struct arena *a, const struct entry *e)
{
	struct list *l = table_get(&h->by_name, e->host);
	struct called *c = find(l, e->host_id);

	if (!c) {
		if (!l) {
			l = arena_alloc(a, sizeof *l);
			if (!l || table_put(&h->by_name, a, e->host, l))
				return -1;
		}
		c = arena_alloc(a, sizeof *c);
		if (!c || list_add(l, a, c))
			return -1;
		c->id = e->host_id;
	}
	c->by_agent = c->by_agent || !e->from_collector;
	return 0;
}

/* What the inventory calls it, NULL when it does not know it. */
static const char *
row_name(const struct registry *r, const char *name, const char *id)
{
	const struct registry_host *row;

	if (!r)
		return NULL;
	for (size_t i = 0; *id && (row = registry_host(r, i)); i++)
		if (row->id && strcmp(row->id, id) == 0)
			return row->name;
	for (size_t i = 0; (row = registry_host(r, i)); i++)
		if (!row->id && strcmp(row->name, name) == 0)
			return row->name;
	return NULL;
}

static size_t
ids_by_agents(const struct list *l)
{
	size_t count = 0;

	for (size_t i = 0; i < l->count; i++) {
		const struct called *c = l->at[i];

		count += c->by_agent && *c->id;
	}
	return count;
}

static int
call(struct names *n, const struct registry *r, const char *name,
    const struct list *l)
{
	bool several = ids_by_agents(l) > 1;

	for (size_t i = 0; i < l->count; i++) {
		struct called *c = l->at[i];
		const char *row = row_name(r, name, c->id);
		char text[512];

		if (!row && several && *c->id) {
			snprintf(text, sizeof text, "%.400s#%.8s", name, c->id);
			row = text;
		}
		c->unit = names_of(n, row ? row : name);
		if (!c->unit)
			return -1;
	}
	return 0;
}

int
host_build(struct host_names *h, struct arena *a, struct names *n,
    const struct facts *f, const struct list *entries, size_t count,
    const struct registry *r, struct err *err)
{
	*h = (struct host_names){0};
	for (size_t i = 0; i < count; i++) {
		const struct entry *e = entries->at[i];

		if (f->counts[e->place] && e->host && learn(h, a, e))
			goto fail;
	}
	for (size_t i = 0; i < h->by_name.room; i++) {
		const struct table_entry *at = &h->by_name.at[i];

		if (at->key && call(n, r, at->key, at->value))
			goto fail;
	}
	return 0;
fail:
	return err_set(err, "no memory for the names of hosts");
}

const char *
host_of(const struct host_names *h, const struct entry *e)
{
	const struct called *c;

	if (!e->host)
		return NULL;
	c = find(table_get(&h->by_name, e->host), e->host_id);
	return c ? c->unit : e->host;
}
