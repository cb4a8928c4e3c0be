/* SPDX-License-Identifier: Apache-2.0 */
#include "fit.h"

#include <string.h>

#include "mix.h"

struct asking {
	struct registers *registers;
	struct fit_moment at;
};

struct fit_moment
fit_at_end(const struct scene *s, int64_t end_us)
{
	/* A row that begins when the slot ends is not of the slot. */
	return (struct fit_moment){scene_registry(s, end_us), end_us - 1};
}

struct fit_moment
fit_at(const struct scene *s, int64_t us)
{
	return (struct fit_moment){scene_registry(s, us), us};
}

static bool
holds(void *arg, const char *name, const char *column, const char *value)
{
	struct asking *a = arg;

	return a->at.registry && register_holds(a->registers, a->at.registry,
				     name, column, value, a->at.us);
}

static bool
clause_holds(struct scene *s, const struct where *w, const struct occurrence *o,
    struct fit_moment at)
{
	struct asking asking = {&s->registers, at};
	struct where_subject subject = {occurrence_value, o, holds, &asking};

	return !w || where_holds(w, &subject);
}

static bool
outcome_is(unsigned outcomes, const struct occurrence *o)
{
	return outcomes == 0 || (outcomes & 1u << o->outcome);
}

bool
fit_selector(struct scene *s, const struct check_selector *selector,
    const struct occurrence *o, struct fit_moment at)
{
	return selector->event == o->kind &&
	       outcome_is(selector->outcomes, o) &&
	       clause_holds(s, selector->where, o, at);
}

/* Rows of a review are for units that are rows, closing lines for the others,
 * unless the check says itself which it wants. */
static bool
is_its_part_of_review(const struct definition *d, const struct occurrence *o)
{
	if (strcmp(o->kind, "access.review") != 0 ||
	    where_names(d->check->of.where, "done") ||
	    (d->narrow && where_names(d->narrow, "done")))
		return true;
	return o->closing == (d->check->unit != CHECK_ROW);
}

static bool
is_of_watched_class(const struct definition *d, const struct occurrence *o)
{
	if (!o->classes)
		return true;
	for (size_t i = 0; i < o->class_count; i++)
		for (size_t k = 0; k < d->check->watch_count; k++)
			if (o->classes[i] == d->check->watch[k])
				return true;
	return false;
}

bool
fit_definition(struct scene *s, const struct definition *d,
    const struct occurrence *o, struct fit_moment at)
{
	return fit_selector(s, &d->check->of, o, at) &&
	       clause_holds(s, d->narrow, o, at) &&
	       is_its_part_of_review(d, o) && is_of_watched_class(d, o);
}

bool
fit_is_good(struct scene *s, const struct definition *d,
    const struct occurrence *o, struct fit_moment at)
{
	return outcome_is(d->check->good.outcomes, o) &&
	       clause_holds(s, d->check->good.where, o, at);
}

/* The i-th register that a definition names: of its unit, its events, its
 * needs, what is good, the policy's clause. NULL past the last. */
static const char *
register_at(const struct definition *d, size_t i)
{
	const struct check *c = d->check;
	const char *name;

	if (c->unit == CHECK_ROW && i-- == 0)
		return c->register_name;
	for (size_t k = 0; k < c->need_count + 3; k++) {
		const struct where *w = k == 0 ? c->of.where
					: k <= c->need_count
					    ? c->needs[k - 1].where
					: k == c->need_count + 1 ? c->good.where
								 : d->narrow;

		for (size_t n = 0; w && (name = where_register(w, n)); n++)
			if (i-- == 0)
				return name;
	}
	return NULL;
}

const char *
fit_missing_register(const struct definition *d, const struct registry *r)
{
	const char *name;

	for (size_t i = 0; (name = register_at(d, i)); i++)
		if (!r || !registry_has(r, name))
			return name;
	return NULL;
}

uint64_t
fit_registers(struct scene *s, const struct definition *d,
    const struct registry *r, uint64_t hash)
{
	const char *name;

	for (size_t i = 0; (name = register_at(d, i)); i++)
		hash = mix(hash, r ? register_hash(&s->registers, r, name) : 3);
	return hash;
}
