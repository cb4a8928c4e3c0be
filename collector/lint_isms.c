/* SPDX-License-Identifier: Apache-2.0 */
#include "lint_isms.h"

#include <stdlib.h>
#include <string.h>

#include "registry.h"

/* What the registers refer to beyond each other. */
static bool
known(void *arg, const char *what, struct slice name, struct buf *advice)
{
	const struct lint_files *f = arg;
	const struct vocab_kind *near;

	if (!strcmp(what, "check")) {
		if (lint_files_has_check(f, name))
			return true;
		lint_files_nearest_check(f, name, advice);
		return false;
	}
	if (!strcmp(what, "control"))
		return f->framework_count == 0 ||
		       lint_files_control(f, name, advice);
	if (!f->vocab || vocab_find(f->vocab, name))
		return true;
	near = vocab_nearest(f->vocab, name);
	if (near)
		buf_printf(advice, "; did you mean '%s'?", near->event);
	return false;
}

/* ---- policy ---- */

/* `set` changes only what the check has. */
static void
check_set(const struct lint_files *f, const struct registry_adopt *a,
    const struct check *c)
{
	const struct tree_node *n =
	    tree_get(tree_get(a->node, "set"), "at_least");

	if (a->at_least && c->kind != CHECK_SHARE)
		tree_problem(f->problems, n,
		    "'%s' asks for %s, not for a share: there is no at_least "
		    "to set",
		    c->id, check_kind_name(c->kind));
	if (a->at_count && c->unit != CHECK_ORGANISATION &&
	    c->unit != CHECK_ROW)
		tree_problem(f->problems, tree_get(a->node, "at"),
		    "'%s' is judged for each %s by itself: 'at' is for checks "
		    "of the whole organisation or of a register's rows",
		    c->id, check_unit_name(c->unit));
}

static void
check_adopts(const struct lint_files *f, const struct registry *r)
{
	const struct registry_adopt *a;

	for (size_t i = 0; (a = registry_adopt(r, i)); i++) {
		const struct check *c = lint_files_check(f, slice_of(a->check));
		const struct registry_soa *soa =
		    c ? registry_decided(r, c->control) : NULL;

		if (!c)
			continue;
		lint_files_fields(f, a->where, c->of.event);
		lint_files_registers(f, a->where);
		check_set(f, a, c);
		if (soa && !soa->applicable)
			tree_warning(f->problems, tree_get(a->node, "check"),
			    "the check is adopted for %s, which the statement "
			    "of applicability excludes",
			    c->control);
	}
}

/* ---- inventory ---- */

static bool
is_looked_for(const struct lint_files *f, const char *event)
{
	const struct check *c;

	for (size_t i = 0; (c = check_set_at(f->set, i)); i++)
		if (c->unit == CHECK_JOB && !strcmp(c->of.event, event))
			return true;
	return false;
}

static void
check_jobs(const struct lint_files *f, const struct registry *r)
{
	const struct registry_job *j;

	for (size_t i = 0; (j = registry_job(r, i)); i++) {
		const struct tree_node *event = tree_get(j->node, "event");

		lint_files_fields(f, j->match_fields, j->event);
		if (event && f->vocab &&
		    vocab_find(f->vocab, slice_of(j->event)) &&
		    !is_looked_for(f, j->event))
			tree_warning(f->problems, event,
			    "no check looks at jobs by events of the kind %s: "
			    "this row changes nothing",
			    j->event);
	}
}

/* ---- statement of applicability ---- */

static void
check_soa(const struct lint_files *f, const struct registry *r)
{
	const struct registry_soa *s;

	for (size_t i = 0; (s = registry_soa(r, i)); i++) {
		if (!s->decided)
			continue;
		if (!s->applicable && !s->reason)
			tree_problem(f->problems, s->node,
			    "%s is excluded without a reason: the statement "
			    "of applicability has to justify it, add 'reason'",
			    s->control);
		if (s->applicable && !s->status)
			tree_warning(f->problems, s->node,
			    "%s applies, and nothing says how far it is in "
			    "place: add 'status', implemented, planned or none",
			    s->control);
	}
}

static size_t
undecided(const struct lint_files *f, const struct registry *r)
{
	const struct framework_control *c;
	size_t n = 0;

	for (size_t i = 0; i < f->framework_count; i++)
		for (size_t j = 0; (c = framework_control(f->frameworks[i], j));
		     j++) {
			const struct registry_soa *s =
			    registry_decided(r, c->id);

			n += !s || !s->decided;
		}
	return n;
}

/* ---- exceptions ---- */

static bool
is_row(const struct registry *r, const struct check *c, const char *unit)
{
	const struct registry_row *row;
	bool found = false;

	for (size_t i = 0;
	     !found && (row = registry_row(r, c->register_name, i)); i++) {
		struct buf id = {0};

		for (size_t k = 0; k < c->key_count; k++) {
			const char *text = registry_text(row, c->key[k]);

			buf_printf(&id, "%s%s", k ? "/" : "", text ? text : "");
		}
		found = !id.failed && slice_eq_str(buf_slice(&id), unit);
		buf_clear(&id);
	}
	return found;
}

static bool
is_host(const struct registry *r, struct slice name)
{
	const struct registry_host *h;

	if (!registry_host(r, 0))
		return true;
	for (size_t i = 0; (h = registry_host(r, i)); i++)
		if (slice_eq_str(name, h->name))
			return true;
	return false;
}

/* The part of "user@host" after the last @; the whole without one. */
static struct slice
host_part(const char *unit)
{
	const char *at = strrchr(unit, '@');

	return slice_of(at ? at + 1 : unit);
}

/* What a unit of this check must look like, when this one does not; else NULL.
 */
static const char *
unit_fault(const struct registry *r, const struct check *c, const char *unit)
{
	const struct registry_job *j;

	switch (c->unit) {
	case CHECK_HOST:
		return is_host(r, slice_of(unit))
			   ? NULL
			   : "the name of a host of the inventory";
	case CHECK_USER:
		return strchr(unit, '@') && is_host(r, host_part(unit))
			   ? NULL
			   : "user@host, the host one of the inventory";
	case CHECK_ORGANISATION:
		return strcmp(unit, "organisation") ? "organisation" : NULL;
	case CHECK_ROW:
		return is_row(r, c, unit)
			   ? NULL
			   : "the key of a row of the register, its values "
			     "joined by '/'";
	default:
		break;
	}
	for (size_t i = 0; (j = registry_job(r, i)); i++)
		if (!strcmp(j->id, unit))
			return NULL;
	return strchr(unit, '@') && is_host(r, host_part(unit))
		   ? NULL
		   : "the id of a job of the inventory, or job@host";
}

static void
check_exceptions(const struct lint_files *f, const struct registry *r)
{
	const struct registry_exception *e;

	for (size_t i = 0; (e = registry_exception(r, i)); i++) {
		const struct check *c = lint_files_check(f, slice_of(e->check));
		const char *fault =
		    c && e->unit ? unit_fault(r, c, e->unit) : NULL;

		if (fault)
			tree_problem(f->problems, tree_get(e->node, "unit"),
			    "'%s' excepts nothing: a unit of %s is %s", e->unit,
			    c->id, fault);
	}
}

/* ---- all ---- */

static void
check_zone(const struct lint_files *f)
{
	for (size_t i = 0; f->zone_fault && i < f->isms.count; i++) {
		const struct tree_node *n =
		    tree_get(tree_root(f->isms.tree[i]), "zone");

		if (!n)
			continue;
		tree_problem(f->problems, n,
		    "%s: name one of the time zone database, like "
		    "Europe/Berlin",
		    f->zone_fault);
		return;
	}
}

static struct registry *
parse(const struct lint_files *f, struct err *err)
{
	struct registry_file *files = calloc(f->isms.count + 1, sizeof *files);
	struct registry *r;

	if (!files) {
		err_set(err, "memory is short");
		return NULL;
	}
	for (size_t i = 0; i < f->isms.count; i++)
		files[i] = (struct registry_file){
		    tree_name(f->isms.tree[i]), tree_source(f->isms.tree[i])};
	r = registry_parse(files, f->isms.count, NULL, err);
	free(files);
	return r;
}

static void
count(const struct lint_files *f, const struct registry *r,
    struct lint_counts *counts)
{
	while (registry_host(r, counts->hosts))
		counts->hosts++;
	while (registry_job(r, counts->jobs))
		counts->jobs++;
	while (registry_adopt(r, counts->adopted))
		counts->adopted++;
	counts->undecided = undecided(f, r);
}

int
lint_isms(
    const struct lint_files *f, struct lint_counts *counts, struct err *err)
{
	struct lint_files *arg = (void *)(uintptr_t)f;
	struct registry *r = parse(f, err);

	if (!r)
		return -1;
	if (f->schema)
		schema_check(f->schema, f->isms.tree, f->isms.count, known, arg,
		    f->problems);
	check_zone(f);
	check_adopts(f, r);
	check_jobs(f, r);
	check_soa(f, r);
	check_exceptions(f, r);
	count(f, r, counts);
	registry_free(r);
	return 0;
}
