/* SPDX-License-Identifier: Apache-2.0 */
#include "discover.h"

#include <fnmatch.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assay/tree.h"

#include "discover_parts.h"
#include "layout.h"

#define DISCOVER_LOGS_MAX 256 /* of one glob: anybody may make files */
/* A complete heartbeat names every source, and is one record of 900 KiB. */
#define TELLING ((size_t)512)
#define TELLING_MAX ((size_t)800 << 10)

/* Bytes that a heartbeat needs at most to tell of a source: its numbers, and
 * texts that may have to be escaped. */
static size_t
telling(const struct source_spec *spec)
{
	size_t size = TELLING;

	for (const char *p = spec->id; *p; p++)
		size += (unsigned char)*p < 0x20   ? 6
			: (unsigned char)*p < 0x80 ? 2
						   : 3;
	if (spec->own)
		size += 2 * strlen(spec->own->programs[0]);
	return size;
}

int
discover_add(struct discover *d, struct source_spec *spec)
{
	struct source_spec **more = NULL;

	if (spec && d->told + telling(spec) > TELLING_MAX) {
		discover_note(d, spec->id,
		    "more logs than a heartbeat can tell of: merge some, or "
		    "let another agent read them");
		source_spec_free(spec);
		return 0;
	}
	if (spec)
		more = reallocarray(d->specs, d->count + 1, sizeof(void *));
	if (!more) {
		source_spec_free(spec);
		return -1;
	}
	d->specs = more;
	more[d->count++] = spec;
	d->told += telling(spec);
	return 0;
}

void
discover_note(struct discover *d, const char *path, const char *why)
{
	struct discover_left *more =
	    reallocarray(d->notes, d->note_count + 1, sizeof *more);
	char *copy = strdup(path);

	if (more)
		d->notes = more;
	if (!more || !copy) {
		free(copy);
		return; /* it is only told */
	}
	more[d->note_count++] = (struct discover_left){copy, why};
}

void
discover_clear(struct discover *d)
{
	for (size_t i = 0; i < d->count; i++)
		source_spec_free(d->specs[i]);
	for (size_t i = 0; i < d->note_count; i++)
		free(d->notes[i].path);
	free(d->specs);
	free(d->notes);
	*d = (struct discover){0};
}

/* ---- what is known ---- */

static bool
find_class(struct slice name, enum rule_class *class)
{
	for (int i = 0; i < RULE_CLASSES; i++)
		if (slice_eq_str(name, rule_class_name((enum rule_class)i))) {
			*class = (enum rule_class)i;
			return true;
		}
	return false;
}

void
discover_classes(struct source_spec *spec, const struct tree_node *list)
{
	bool one = tree_kind(list) == TREE_SCALAR;
	size_t count = one ? 1 : tree_count(list);

	for (size_t i = 0; i < count; i++) {
		const struct tree_node *n = one ? list : tree_item(list, i);
		enum rule_class class;

		if (find_class(tree_text(n), &class))
			source_spec_add_class(spec, class);
	}
}

/* The rule file whose own log this path is. */
const struct rule_file *
discover_owner(const struct ruleset *rules, const char *path)
{
	const struct rule_file *f;

	for (size_t i = 0; (f = ruleset_rule_file(rules, i)); i++)
		for (rule_texts glob = f->files; glob && *glob; glob++)
			if (fnmatch(*glob, path, FNM_PATHNAME) == 0)
				return f;
	return NULL;
}

static char *
escape_glob(const char *path, const char *suffix)
{
	struct buf b = {0};

	for (; *path; path++) {
		if (strchr("*?[]\\", *path))
			buf_putc(&b, '\\');
		buf_putc(&b, *path);
	}
	buf_puts(&b, suffix);
	buf_putc(&b, '\0');
	if (b.failed)
		buf_clear(&b);
	return b.ptr;
}

int
discover_pattern(struct source_spec *spec, const char *path, const char *suffix)
{
	char *pattern = escape_glob(path, suffix);
	int status = pattern ? source_spec_add_pattern(spec, pattern) : -1;

	free(pattern);
	return status;
}

/* ---- this machine ---- */

/* One log's own name and what rotation makes of it. */
static int
add_names(struct source_spec *spec, const char *path)
{
	static const char *const suffixes[] = {"", ".[0-9]*", "-[0-9]*"};

	for (size_t i = 0; i < 3; i++)
		if (discover_pattern(spec, path, suffixes[i]) != 0)
			return -1;
	return 0;
}

/* `/var/log/dpkg.log*`: what follows a whole name can only be rotation. */
static bool
is_one_log(const char *glob)
{
	size_t len = strcspn(glob, "*?[\\");

	return glob[len] == '\0' ||
	       (!strcmp(glob + len, "*") && len > 0 && glob[len - 1] != '/');
}

static struct source_spec *
make_log(const char *stem, const char *glob)
{
	struct source_spec *spec = source_spec_new(stem, stem);

	if (spec && (glob ? source_spec_add_pattern(spec, glob)
			  : add_names(spec, stem)) == 0)
		return spec;
	source_spec_free(spec);
	return NULL;
}

static bool
same_log(const struct source_spec *spec, const char *path, size_t len)
{
	return strlen(spec->path) == len && !strncmp(spec->path, path, len);
}

/* The files of a glob that several logs share, a source for each log. */
static int
add_logs(struct discover *d, const char *pattern)
{
	size_t first = d->count;
	glob_t found = {0};
	struct stat st;
	int status = 0;

	if (glob(pattern, 0, NULL, &found) == GLOB_NOSPACE)
		status = -1;
	for (size_t i = 0; status == 0 && i < found.gl_pathc; i++) {
		const char *path = found.gl_pathv[i];
		size_t len = source_stem(path), known = first;
		char *stem;

		while (
		    known < d->count && !same_log(d->specs[known], path, len))
			known++;
		if (known < d->count || stat(path, &st) != 0 ||
		    !S_ISREG(st.st_mode))
			continue;
		if (d->count - first >= DISCOVER_LOGS_MAX) {
			discover_note(
			    d, path, "more logs of one pattern than are read");
			continue;
		}
		stem = strndup(path, len);
		status = stem ? discover_add(d, make_log(stem, NULL)) : -1;
		free(stem);
	}
	globfree(&found);
	return status;
}

int
discover_logs(struct discover *d, const char *glob)
{
	size_t before = d->count;
	size_t len = strcspn(glob, "*");
	char *stem;
	int status;

	if (!is_one_log(glob)) {
		status = add_logs(d, glob);
		if (status == 0 && d->count == before)
			discover_note(d, glob,
			    "not there (yet); it is looked for each minute");
		return status;
	}
	stem = strndup(glob, len);
	status = stem ? discover_add(d, make_log(stem, glob)) : -1;
	if (status == 0 && access(stem, F_OK) != 0)
		discover_note(
		    d, stem, "not there (yet); it is read when it comes");
	free(stem);
	return status;
}

static int
add_syslog_file(
    struct discover *d, const struct layout *layout, const struct tree_node *f)
{
	char *path = slice_strdup(tree_text(tree_get(f, "path")));
	struct source_spec *spec = path ? make_log(path, NULL) : NULL;

	if (spec) {
		discover_classes(spec, tree_get(f, "provides"));
		spec->live = true;
		spec->syslog = true;
		spec->facility = layout_facility(layout, f);
		spec->chosen = "the syslog daemon writes it";
		if (access(path, F_OK) != 0)
			discover_note(d, path,
			    "not there (yet); it is read when it comes");
	}
	free(path);
	return discover_add(d, spec);
}

/* A log that something else reads already is not read twice. */
static void
drop_doubles(struct discover *d, size_t first)
{
	for (size_t i = first; i < d->count;) {
		size_t k = 0;

		while (k < i && strcmp(d->specs[k]->id, d->specs[i]->id) != 0)
			k++;
		if (k == i) {
			i++;
			continue;
		}
		source_spec_free(d->specs[i]);
		d->count--;
		memmove(d->specs + i, d->specs + i + 1,
		    (d->count - i) * sizeof(void *));
	}
}

static int
add_own_files(struct discover *d, const struct rule_file *f)
{
	size_t first = d->count;

	for (rule_texts glob = f->files; glob && *glob; glob++)
		if (discover_logs(d, *glob) != 0)
			return -1;
	drop_doubles(d, first);
	for (size_t i = first; i < d->count; i++) {
		if (source_spec_set_own(d->specs[i], f) != 0)
			return -1;
		source_spec_add_class(d->specs[i], f->class);
		d->specs[i]->live = true;
		d->specs[i]->chosen = "a program's own log";
	}
	return 0;
}

int
discover_host(struct discover *d, const struct ruleset *rules,
    const char *const *dirs, struct problems *p, struct err *err)
{
	struct tree *tree = layout_read(dirs, p);
	struct layout layout = layout_local(tree);
	const struct tree_node *files = layout.files;
	const struct tree_node *copies = layout.copies;
	const struct rule_file *f;
	int status = 0;

	*d = (struct discover){0};
	if (problems_errors(p) > 0)
		goto fail;
	for (size_t i = 0; files && i < tree_count(files) && status == 0; i++)
		status = add_syslog_file(d, &layout, tree_item(files, i));
	for (size_t i = 0; copies && i < tree_count(copies); i++) {
		char *path = slice_strdup(tree_text(tree_item(copies, i)));

		if (path && access(path, F_OK) == 0)
			discover_note(
			    d, path, "only repeats what another file holds");
		free(path);
	}
	for (size_t i = 0; status == 0 && (f = ruleset_rule_file(rules, i));
	     i++)
		status = add_own_files(d, f);
	if (status != 0) {
		err_set(err, "no memory to look for logs");
		goto fail;
	}
	tree_free(tree);
	return 0;
fail:
	tree_free(tree);
	discover_clear(d);
	return -1;
}
