/* SPDX-License-Identifier: Apache-2.0 */
#include "discover.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assay/tree.h"

#include "header.h"
#include "inflate.h"
#include "layout.h"

#define LOG_DIR "/var/log"
#define DEPTH_MAX 6
#define FILES_MAX 5000
#define SNIFF ((size_t)16 << 10)
#define SNIFF_LINES 50

int
discover_add(struct discover *d, struct source_spec *spec)
{
	struct source_spec **more = NULL;

	if (spec)
		more = reallocarray(d->specs, d->count + 1, sizeof(void *));
	if (!more) {
		source_spec_free(spec);
		return -1;
	}
	d->specs = more;
	more[d->count++] = spec;
	return 0;
}

static void
note(struct discover *d, const char *path, const char *why)
{
	struct discover_note *more =
	    reallocarray(d->notes, d->note_count + 1, sizeof *more);
	char *copy = strdup(path);

	if (more)
		d->notes = more;
	if (!more || !copy) {
		free(copy);
		return; /* it is only told */
	}
	more[d->note_count++] = (struct discover_note){copy, why};
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

static void
add_classes(struct source_spec *spec, const struct tree_node *list)
{
	for (size_t i = 0; list && i < tree_count(list); i++) {
		enum rule_class class;

		if (find_class(tree_text(tree_item(list, i)), &class))
			source_spec_add_class(spec, class);
	}
}

/* The rule file whose own log this path is. */
static const struct rule_file *
owner_of(const struct ruleset *rules, const char *path)
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

static int
add_pattern_for(struct source_spec *spec, const char *path, const char *suffix)
{
	char *pattern = escape_glob(path, suffix);
	int status = pattern ? source_spec_add_pattern(spec, pattern) : -1;

	free(pattern);
	return status;
}

/* ---- this machine ---- */

static bool
glob_finds(const char *pattern)
{
	glob_t found;
	bool any = glob(pattern, 0, NULL, &found) == 0;

	globfree(&found);
	return any;
}

static int
add_syslog_file(struct discover *d, const struct tree_node *f)
{
	struct slice at = tree_text(tree_get(f, "path"));
	char *path = slice_strdup(at);
	struct source_spec *spec = path ? source_spec_new(path, path) : NULL;

	if (!spec || add_pattern_for(spec, path, "") != 0 ||
	    add_pattern_for(spec, path, ".[0-9]*") != 0 ||
	    add_pattern_for(spec, path, "-[0-9]*") != 0) {
		source_spec_free(spec);
		free(path);
		return -1;
	}
	add_classes(spec, tree_get(f, "provides"));
	spec->live = true;
	spec->syslog = true;
	spec->chosen = "the syslog daemon writes it";
	if (access(path, F_OK) != 0)
		note(d, path, "not there (yet); it is read when it comes");
	free(path);
	return discover_add(d, spec);
}

static int
add_own_files(struct discover *d, const struct rule_file *f)
{
	for (rule_texts glob = f->files; glob && *glob; glob++) {
		size_t len = strcspn(*glob, "*?[");
		char *stem = strndup(*glob, len);
		struct source_spec *spec =
		    stem ? source_spec_new(stem, stem) : NULL;

		free(stem);
		if (!spec || source_spec_add_pattern(spec, *glob) != 0) {
			source_spec_free(spec);
			return -1;
		}
		source_spec_add_class(spec, f->class);
		spec->own = f;
		spec->live = true;
		spec->chosen = "a program's own log";
		if (!glob_finds(*glob))
			note(d, *glob,
			    "not there (yet); it is read when it "
			    "comes");
		if (discover_add(d, spec) != 0)
			return -1;
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
		status = add_syslog_file(d, tree_item(files, i));
	for (size_t i = 0; copies && i < tree_count(copies); i++) {
		char *path = slice_strdup(tree_text(tree_item(copies, i)));

		if (path && access(path, F_OK) == 0)
			note(d, path, "only repeats what another file holds");
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

/* ---- a directory of copied logs ---- */

struct walk {
	struct discover *d;
	const struct ruleset *rules;
	const char *dir;
	char **paths; /* regular files, relative, sorted */
	size_t count;
	struct layout layout;
	struct tree *tree;
	struct err *err;
};

static int
add_path(struct walk *w, const char *path)
{
	char **more;

	if (w->count >= FILES_MAX) {
		note(w->d, path, "more files than are looked at");
		return 0;
	}
	more = reallocarray(w->paths, w->count + 1, sizeof *more);
	if (!more)
		return err_set(w->err, "no memory to look for logs");
	w->paths = more;
	more[w->count] = strdup(path);
	if (!more[w->count])
		return err_set(w->err, "no memory to look for logs");
	w->count++;
	return 0;
}

static int
list_below(struct walk *w, const char *below, int depth)
{
	char full[PATH_MAX], path[PATH_MAX];
	struct dirent *e;
	struct stat st;
	int status = 0;
	DIR *dir;

	if (snprintf(full, sizeof full, "%s%s%s", w->dir, *below ? "/" : "",
		below) >= (int)sizeof full)
		return 0;
	dir = opendir(full);
	if (!dir && depth == 0)
		return err_sys(w->err, "open the directory '%s'", full);
	if (!dir) {
		note(w->d, below, "this directory cannot be opened");
		return 0;
	}
	while (status == 0 && (e = readdir(dir))) {
		if (e->d_name[0] == '.' ||
		    snprintf(path, sizeof path, "%s%s%s", below,
			*below ? "/" : "", e->d_name) >= (int)sizeof path ||
		    fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) !=
			0)
			continue;
		if (S_ISREG(st.st_mode))
			status = add_path(w, path);
		else if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX)
			status = list_below(w, path, depth + 1);
	}
	closedir(dir);
	return status;
}

static int
by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
make_home(char home[PATH_MAX], const char *path, size_t len)
{
	snprintf(home, PATH_MAX, LOG_DIR "/%.*s", (int)len, path);
}

/* The distribution whose files are here. */
static int
guess_layout(struct walk *w)
{
	char **homes = calloc(w->count + 1, sizeof(void *));
	size_t count = 0;

	for (size_t i = 0; homes && i < w->count; i++) {
		size_t len = source_stem(w->paths[i]);
		char home[PATH_MAX];

		make_home(home, w->paths[i], len);
		if (w->paths[i][len] == '\0' && (homes[count] = strdup(home)))
			count++;
	}
	if (homes)
		w->layout =
		    layout_guess(w->tree, (const char *const *)homes, count);
	for (size_t i = 0; i < count; i++)
		free(homes[i]);
	free(homes);
	return homes ? 0 : err_set(w->err, "no memory to look for logs");
}

/* A tag ends with a colon: without it any word may be taken for a program. */
static bool
has_tag(const struct header *h)
{
	const char *end = h->message.ptr;
	const char *start = h->program.ptr + h->program.len;

	while (end > start && end[-1] == ' ')
		end--;
	return h->program.len > 0 && end > start && end[-1] == ':';
}

/* Does a line of it carry a stamp and a program that we know how to read? */
static bool
looks_like_syslog(const char *path, const char **why)
{
	char raw[SNIFF], plain[SNIFF];
	struct slice text;
	struct inflate *z = NULL;
	struct stat st = {0};
	int stamped = 0, tagged = 0;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ssize_t got;

	if (fd < 0) {
		*why = errno == EACCES ? "you may not read it"
				       : "it cannot be opened";
		return false;
	}
	(void)fstat(fd, &st);
	got = pread(fd, raw, sizeof raw, 0);
	text = (struct slice){raw, got > 0 ? (size_t)got : 0};
	*why = text.len == 0 ? "it is empty" : "no line has a header we know";
	if (inflate_knows(text) && (z = inflate_new(fd, NULL))) {
		got = inflate_read(z, plain, sizeof plain, NULL);
		text = (struct slice){plain, got > 0 ? (size_t)got : 0};
		inflate_free(z);
	}
	close(fd);
	for (int i = 0; i < SNIFF_LINES && text.len > 0; i++) {
		size_t len = slice_find(text, '\n');
		struct header_context context = {
		    .reference_us = st.st_mtim.tv_sec * INT64_C(1000000)};
		struct header h;

		if (header_parse(&context, (struct slice){text.ptr, len}, &h) &&
		    h.has_time) {
			stamped++;
			tagged += has_tag(&h);
		}
		text = slice_from(text, len + 1);
	}
	return tagged > 0 && 2 * tagged >= stamped;
}

/* The class of a log that only its name tells of. */
static enum rule_class
class_by_name(const char *path)
{
	static const struct {
		const char *part;
		enum rule_class class;
	} names[] = {{"auth", RULE_AUTH}, {"secure", RULE_AUTH},
	    {"audit", RULE_AUDIT}, {"syslog", RULE_SYSLOG},
	    {"messages", RULE_SYSLOG}, {"dpkg", RULE_PACKAGE},
	    {"apt", RULE_PACKAGE}, {"dnf", RULE_PACKAGE},
	    {"backup", RULE_BACKUP}, {"restic", RULE_BACKUP},
	    {"borg", RULE_BACKUP}};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strstr(path, names[i].part))
			return names[i].class;
	return RULE_APP;
}

/* What is known of the log with this stem: fills in spec, or says why not. */
static const char *
classify(const struct walk *w, struct source_spec *spec, const char *home,
    const char *first)
{
	const struct tree_node *file = layout_file(&w->layout, home);
	const struct rule_file *own = owner_of(w->rules, home);
	const char *why;

	if (own) {
		source_spec_add_class(spec, own->class);
		spec->own = own;
		spec->chosen = "a program's own log";
		return NULL;
	}
	if (file) {
		add_classes(spec, tree_get(file, "provides"));
		spec->syslog = true;
		spec->chosen = "a syslog daemon writes it";
		return NULL;
	}
	if (layout_is_copy(&w->layout, home))
		return "only repeats what another file holds";
	if (!looks_like_syslog(first, &why))
		return why;
	source_spec_add_class(spec, class_by_name(home));
	spec->syslog = true;
	spec->chosen = "its lines have a syslog header";
	return NULL;
}

static bool
is_foreign(const char *path)
{
	char start[16];
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : pread(fd, start, sizeof start, 0);

	if (fd >= 0)
		close(fd);
	return got > 0 &&
	       inflate_is_foreign((struct slice){start, (size_t)got});
}

/* All files of one stem, paths[from..to), become one source. */
static int
add_group(struct walk *w, size_t from, size_t to)
{
	size_t len = source_stem(w->paths[from]);
	char home[PATH_MAX], stem[PATH_MAX], full[PATH_MAX];
	struct source_spec *spec;
	const char *why;

	make_home(home, w->paths[from], len);
	if (snprintf(stem, sizeof stem, "%s/%.*s", w->dir, (int)len,
		w->paths[from]) >= (int)sizeof stem)
		return 0;
	spec = source_spec_new(stem, stem);
	if (!spec)
		return -1;
	for (size_t i = from; i < to; i++) {
		if (snprintf(full, sizeof full, "%s/%s", w->dir, w->paths[i]) >=
		    (int)sizeof full)
			continue;
		if (is_foreign(full)) {
			note(w->d, w->paths[i],
			    "compressed in a way that is not read; gzip, xz "
			    "and zstd are");
			continue;
		}
		if (add_pattern_for(spec, full, "") != 0) {
			source_spec_free(spec);
			return -1;
		}
	}
	snprintf(full, sizeof full, "%s/%s", w->dir, w->paths[from]);
	why = classify(w, spec, home, full);
	if (!why)
		return discover_add(w->d, spec);
	note(w->d, stem, why);
	source_spec_free(spec);
	return 0;
}

static bool
same_stem(const char *a, const char *b)
{
	size_t len = source_stem(a);

	return len == source_stem(b) && !strncmp(a, b, len);
}

static int
by_stem(const void *left, const void *right)
{
	const char *a = *(char *const *)left, *b = *(char *const *)right;
	struct slice x = {a, source_stem(a)}, y = {b, source_stem(b)};
	int order = slice_cmp(x, y);

	return order ? order : by_bytes(left, right);
}

static int
add_groups(struct walk *w)
{
	for (size_t i = 0, end; i < w->count; i = end) {
		for (end = i + 1;
		     end < w->count && same_stem(w->paths[i], w->paths[end]);)
			end++;
		if (add_group(w, i, end) != 0)
			return err_set(w->err, "no memory to look for logs");
	}
	return 0;
}

int
discover_dir(struct discover *d, const char *dir, const struct ruleset *rules,
    const char *const *dirs, struct problems *p, struct err *err)
{
	struct walk w = {.d = d, .rules = rules, .dir = dir, .err = err};
	int status = -1;

	*d = (struct discover){0};
	w.tree = layout_read(dirs, p);
	if (problems_errors(p) == 0 && list_below(&w, "", 0) == 0) {
		if (w.count > 1)
			qsort(w.paths, w.count, sizeof *w.paths, by_stem);
		status = guess_layout(&w);
		if (status == 0)
			status = add_groups(&w);
	}
	for (size_t i = 0; i < w.count; i++)
		free(w.paths[i]);
	free(w.paths);
	tree_free(w.tree);
	if (status != 0)
		discover_clear(d);
	return status;
}
