/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assay/kafka.h"

static void
free_one(struct kafka_property *p)
{
	/* Its own, though others may only read them. */
	free((void *)(uintptr_t)p->key);
	free((void *)(uintptr_t)p->value);
	free((void *)(uintptr_t)p->at);
	*p = (struct kafka_property){0};
}

void
kafka_properties_clear(struct kafka_properties *k)
{
	for (size_t i = 0; k->list && i < k->count; i++)
		free_one(&k->list[i]);
	free(k->list);
	free(k->nodes);
	*k = (struct kafka_properties){0};
}

/* The place of a key; a new one at the end. NULL when memory is short. */
static struct kafka_property *
place_of(
    struct kafka_properties *k, struct slice key, const struct tree_node *value)
{
	struct kafka_property *list;
	const struct tree_node **nodes;
	size_t i = 0;

	while (i < k->count && !slice_eq_str(key, k->list[i].key))
		i++;
	if (i == k->count) {
		list = reallocarray(k->list, i + 1, sizeof *list);
		if (!list)
			return NULL;
		k->list = list;
		nodes = reallocarray(k->nodes, i + 1, sizeof(void *));
		if (!nodes)
			return NULL;
		k->nodes = nodes;
		list[k->count++] = (struct kafka_property){0};
	}
	free_one(&k->list[i]);
	k->nodes[i] = value;
	return &k->list[i];
}

/* "file:line:col"; NULL when memory is short. */
static char *
place_text(const struct tree_node *n)
{
	char *at;

	if (asprintf(&at, "%s:%zu:%zu", tree_name(tree_of(n)), tree_line(n),
		tree_column(n)) < 0)
		return NULL;
	return at;
}

static void
remove_one(struct kafka_properties *k, struct kafka_property *p)
{
	size_t last = k->count - 1, i = (size_t)(p - k->list);

	free_one(p);
	if (i != last) {
		k->list[i] = k->list[last];
		k->nodes[i] = k->nodes[last];
	}
	k->count = last;
}

static int
add(struct kafka_properties *k, const struct tree_node *key,
    const struct tree_node *value, struct problems *p)
{
	struct kafka_property *to;

	if (tree_kind(value) != TREE_SCALAR || tree_is_null(value))
		return tree_problem(p, value,
		    "kafka: %.*s takes one value; where it can be several, "
		    "write them in one text with commas between",
		    SLICE_FMT(tree_text(key)));
	to = place_of(k, tree_text(key), value);
	if (!to)
		return tree_problem(p, value, "memory is short");
	to->at = place_text(value);
	to->key = slice_strdup(tree_text(key));
	to->value = slice_strdup(tree_text(value));
	if (to->at && to->key && to->value)
		return 0;
	/* As good as not there. */
	remove_one(k, to);
	return tree_problem(p, value,
	    "this is not taken: a key or value holds a zero byte, or memory "
	    "is short");
}

int
kafka_properties_add(
    struct kafka_properties *k, const struct tree_node *map, struct problems *p)
{
	int status = 0;

	if (tree_is_null(map))
		return 0;
	if (tree_map(p, map, "kafka") != 0)
		return -1;
	for (size_t i = 0; i < tree_count(map); i++)
		if (add(k, tree_key(map, i), tree_item(map, i), p) != 0)
			status = -1;
	return status;
}

int
kafka_properties_copy(
    struct kafka_properties *to, const struct kafka_properties *from)
{
	*to = (struct kafka_properties){0};
	if (from->count == 0)
		return 0;
	to->list = calloc(from->count, sizeof *to->list);
	to->nodes = calloc(from->count, sizeof(void *));
	if (!to->list || !to->nodes)
		goto fail;
	for (; to->count < from->count; to->count++) {
		const struct kafka_property *old = &from->list[to->count];
		struct kafka_property *new = &to->list[to->count];

		new->key = strdup(old->key);
		new->value = strdup(old->value);
		new->at = strdup(old->at);
		if (!new->key || !new->value || !new->at) {
			free_one(new);
			goto fail;
		}
	}
	return 0;
fail:
	kafka_properties_clear(to);
	return -1;
}

/* The problem at the node it speaks of, where it names one. */
static int
report(
    const struct kafka_properties *k, const struct err *err, struct problems *p)
{
	struct problems_place nowhere = {.file = "kafka"};

	for (size_t i = 0; i < k->count; i++) {
		size_t len = strlen(k->list[i].at);

		if (len > 0 && k->nodes[i] &&
		    !strncmp(err->text, k->list[i].at, len) &&
		    err->text[len] == ':')
			return tree_problem(
			    p, k->nodes[i], "%s", err->text + len + 2);
	}
	problems_add(p, PROBLEMS_ERROR, &nowhere, "%s", err->text);
	return -1;
}

int
kafka_properties_check(const struct kafka_properties *k,
    const struct kafka_property *defaults, size_t default_count,
    struct problems *p)
{
	struct err err = {0};
	rd_kafka_conf_t *conf =
	    kafka_conf_new(k->list, k->count, defaults, default_count, &err);

	if (!conf)
		return report(k, &err, p);
	rd_kafka_conf_destroy(conf);
	return 0;
}

bool
kafka_properties_equal(
    const struct kafka_properties *a, const struct kafka_properties *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		const char *other =
		    kafka_value(b->list, b->count, a->list[i].key, NULL);

		if (!other || strcmp(other, a->list[i].value) != 0)
			return false;
	}
	return true;
}
