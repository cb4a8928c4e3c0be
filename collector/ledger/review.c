/* SPDX-License-Identifier: Apache-2.0 */
#include "review.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "assay/buf.h"

/* All of one review on one host. */
struct review {
	struct list rows;     /* in order */
	struct list closings; /* in order */
	int64_t whole_us;     /* of the last closing that is whole */
};

struct closing {
	const struct occurrence_world *world;
	const char *done, *rows, *review, *system, *user, *role;
	struct table reviews; /* host and review -> struct review */
};

static const char *
text_of(const struct occurrence *o, const char *field)
{
	const char *text = occurrence_value(o, field);

	return text ? text : "";
}

static const char *
name_of(const struct closing *c, const char *a, const char *b, const char *d)
{
	struct buf text = {0};
	const char *name;

	buf_printf(&text, "%s\n%s\n%s", a, b, d);
	name =
	    text.failed ? NULL : names_get(c->world->names, buf_slice(&text));
	buf_clear(&text);
	return name;
}

static struct review *
review_of(struct closing *c, const struct occurrence *o)
{
	const char *key = name_of(c, o->host, text_of(o, c->review), "");
	struct review *r = key ? table_get(&c->reviews, key) : NULL;

	if (r || !key)
		return r;
	r = arena_alloc(c->world->arena, sizeof *r);
	if (!r || table_put(&c->reviews, c->world->arena, key, r))
		return NULL;
	r->whole_us = INT64_MIN;
	return r;
}

static int
gather(struct closing *c, const struct list *occurrences)
{
	for (size_t i = 0; i < occurrences->count; i++) {
		struct occurrence *o = occurrences->at[i];
		struct review *r = review_of(c, o);

		o->closing = strcmp(text_of(o, c->done), "true") == 0;
		if (!r || list_add(o->closing ? &r->closings : &r->rows,
			      c->world->arena, o))
			return -1;
	}
	return 0;
}

/* How many different rows there are not later than us; -1 without memory. */
static int64_t
count_rows(const struct closing *c, const struct review *r, int64_t us)
{
	struct table seen = {0};

	for (size_t i = 0; i < r->rows.count; i++) {
		struct occurrence *o = r->rows.at[i];
		const char *key;

		if (o->time_us > us)
			break;
		key = name_of(c, text_of(o, c->system), text_of(o, c->user),
		    text_of(o, c->role));
		if (!key || table_put(&seen, c->world->arena, key, o))
			return -1;
	}
	return (int64_t)seen.count;
}

static int
judge(const struct closing *c, struct review *r)
{
	for (size_t i = 0; i < r->closings.count; i++) {
		struct occurrence *o = r->closings.at[i];
		const char *rows = occurrence_value(o, c->rows);
		int64_t count = count_rows(c, r, o->time_us);

		if (count < 0)
			return -1;
		if (rows && strtoll(rows, NULL, 10) == count &&
		    *text_of(o, c->review))
			r->whole_us = o->time_us;
		else
			o->outcome = VOCAB_FAILURE;
	}
	return 0;
}

int
review_close(struct list *occurrences, const struct occurrence_world *w)
{
	struct names *n = w->names;
	struct closing c = {w, names_of(n, "done"), names_of(n, "rows"),
	    names_of(n, "review"), names_of(n, "system"), names_of(n, "user"),
	    names_of(n, "role"), {0}};
	size_t kept = 0;

	if (!c.done || !c.rows || !c.review || !c.system || !c.user || !c.role)
		return -1;
	if (gather(&c, occurrences))
		return -1;
	for (size_t i = 0; i < c.reviews.room; i++)
		if (c.reviews.at[i].key && judge(&c, c.reviews.at[i].value))
			return -1;
	for (size_t i = 0; i < occurrences->count; i++) {
		struct occurrence *o = occurrences->at[i];
		const struct review *r = review_of(&c, o);

		if (!r)
			return -1;
		if (o->closing || o->time_us <= r->whole_us)
			occurrences->at[kept++] = o;
	}
	occurrences->count = kept;
	return 0;
}
