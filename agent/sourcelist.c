/* SPDX-License-Identifier: Apache-2.0 */
#include "sourcelist.h"

#include <stdlib.h>
#include <string.h>

#include "facility.h"
#include "layout.h"

static const char *const source_keys[] = {
    "file", "stdin", "journal", "class", "facility", "relay", "id", NULL};

struct class_list {
	struct source_spec *spec;
	struct problems *problems;
};

static int
each_class(void *arg, const struct tree_node *n, struct slice text)
{
	struct class_list *list = arg;

	for (int i = 0; i < RULE_CLASSES; i++)
		if (slice_eq_str(text, rule_class_name((enum rule_class)i))) {
			source_spec_add_class(list->spec, (enum rule_class)i);
			return 0;
		}
	return tree_problem(list->problems, n,
	    "there is no class '%.*s'; the classes are auth, syslog, audit, "
	    "backup, package, app",
	    SLICE_FMT(text));
}

/* Whether syslog writes it, and with which facility: as the entry says, or the
 * layout of this distribution; of others it is not known. */
static int
set_facility(struct source_spec *spec, const struct tree_node *n,
    const struct tree_node *file, const struct layout *layout,
    struct problems *p)
{
	const struct tree_node *given = tree_get(n, "facility");
	struct slice name;

	if (given && (spec->own || !spec->path))
		return tree_problem(p, given,
		    "syslog does not write this source, so it has no "
		    "facility: remove the key");
	spec->syslog = given || file;
	if (!given) {
		spec->facility = file ? layout_facility(layout, file) : -1;
		return 0;
	}
	if (tree_string(p, given, &name) != 0)
		return -1;
	spec->facility = facility_find(name);
	if (spec->facility >= 0)
		return 0;
	return tree_problem(p, given,
	    "there is no facility '%.*s'; write one that your syslog daemon "
	    "sends to this file alone, such as authpriv, daemon or local0",
	    SLICE_FMT(name));
}

static int
set_class(struct source_spec *spec, const struct tree_node *n,
    const struct tree_node *file, struct problems *p)
{
	const struct tree_node *class = tree_get(n, "class");
	struct class_list list = {spec, p};

	if (class)
		return tree_strings(p, class, each_class, &list);
	if (spec->own) {
		source_spec_add_class(spec, spec->own->class);
		return 0;
	}
	if (file)
		return tree_strings(
		    p, tree_get(file, "provides"), each_class, &list);
	return tree_problem(p, n,
	    "this source needs a class; add `class: auth` (or syslog, audit, "
	    "backup, package, app)");
}

/* Finish a spec with the keys that all sources have. */
static int
set_common(struct source_spec *spec, const struct tree_node *n,
    const struct layout *layout, struct problems *p)
{
	const struct tree_node *relay = tree_get(n, "relay");
	const struct tree_node *file =
	    spec->path && !spec->own ? layout_file(layout, spec->path) : NULL;

	spec->chosen = "the configuration names it";
	if (relay && tree_bool(p, relay, &spec->relay) != 0)
		return -1;
	if (spec->journal)
		return 0;
	if (set_class(spec, n, file, p) != 0)
		return -1;
	return set_facility(spec, n, file, layout, p);
}

/* The journal holds lines of every class but the audit daemon's. */
static struct source_spec *
make_journal(struct slice text)
{
	struct source_spec *spec = source_spec_new("journal", NULL);

	if (!spec)
		return NULL;
	spec->journal = slice_strdup(text);
	spec->syslog = true;
	spec->facility = facility_find(SLICE("daemon"));
	for (int i = 0; i < RULE_AGENT; i++)
		if (i != RULE_AUDIT)
			source_spec_add_class(spec, (enum rule_class)i);
	if (spec->journal)
		return spec;
	source_spec_free(spec);
	return NULL;
}

/* The logs of one entry, bare. */
static int
add_bare(struct discover *d, const struct tree_node *n, struct problems *p)
{
	const struct tree_node *file = tree_get(n, "file");
	const struct tree_node *input = tree_get(n, "stdin");
	const struct tree_node *journal = tree_get(n, "journal");
	struct slice text;
	char *glob;
	int status;

	if (!!file + !!input + !!journal != 1)
		return tree_problem(p, n,
		    "a source is one of `file: GLOB`, `journal: default` (or "
		    "a directory) and `stdin: true`");
	if (input)
		status = discover_add(d, source_spec_new("stdin", NULL));
	else if (journal && tree_string(p, journal, &text) == 0)
		status = discover_add(d, make_journal(text));
	else if (journal)
		return -1;
	else if (tree_string(p, file, &text) != 0)
		return -1;
	else if (!slice_starts(text, SLICE("/")))
		return tree_problem(
		    p, file, "the path of a log begins with '/'");
	else {
		glob = slice_strdup(text);
		status = glob ? discover_logs(d, glob) : -1;
		free(glob);
	}
	return status == 0 ? 0
			   : tree_problem(p, n, "no memory for this source");
}

/* What the entry calls the log, when it is one. */
static int
set_id(struct discover *d, size_t first, const struct tree_node *n,
    struct problems *p)
{
	const struct tree_node *id = tree_get(n, "id");
	struct slice text;
	char *copy;

	if (!id || tree_string(p, id, &text) != 0 || d->count == first)
		return 0;
	if (d->count > first + 1)
		return tree_problem(p, id,
		    "there are several logs of this pattern, which cannot "
		    "have one id: remove the key");
	copy = slice_strdup(text);
	if (!copy)
		return tree_problem(p, n, "no memory for this source");
	free(d->specs[first]->id);
	d->specs[first]->id = copy;
	return 0;
}

static int
check_ids(const struct discover *d, size_t first, const struct tree_node *n,
    struct problems *p)
{
	for (size_t i = first; i < d->count; i++)
		for (size_t k = 0; k < first; k++)
			if (!strcmp(d->specs[i]->id, d->specs[k]->id))
				return tree_problem(p, n,
				    "there is a source '%s' already; give one "
				    "of them another `id:`",
				    d->specs[i]->id);
	return 0;
}

static int
add_source(struct discover *d, const struct ruleset *rules,
    const struct layout *layout, const struct tree_node *n, struct problems *p)
{
	size_t first = d->count;

	if (tree_map(p, n, "a source") != 0 ||
	    tree_keys(p, n, source_keys) != 0)
		return -1;
	if (add_bare(d, n, p) != 0)
		return -1;
	for (size_t i = first; i < d->count; i++) {
		struct source_spec *spec = d->specs[i];

		const struct rule_file *own =
		    spec->path ? discover_owner(rules, spec->path) : NULL;

		spec->live = spec->path || spec->journal;
		if (own && source_spec_set_own(spec, own) != 0)
			return tree_problem(p, n, "no memory for this source");
		if (set_common(spec, n, layout, p) != 0)
			return -1;
	}
	if (set_id(d, first, n, p) != 0)
		return -1;
	return check_ids(d, first, n, p);
}

int
sourcelist_read(struct discover *d, const struct tree_node *list,
    const struct ruleset *rules, const char *const *dirs, struct problems *p)
{
	size_t before = problems_errors(p);
	struct tree *tree = layout_read(dirs, p);
	struct layout layout = layout_local(tree);

	*d = (struct discover){0};
	if (tree_list(p, list, "sources") == 0)
		for (size_t i = 0; i < tree_count(list); i++)
			(void)add_source(
			    d, rules, &layout, tree_item(list, i), p);
	tree_free(tree);
	if (problems_errors(p) == before)
		return 0;
	discover_clear(d);
	return -1;
}
