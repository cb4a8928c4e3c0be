/* SPDX-License-Identifier: Apache-2.0 */
#include "discover.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assay/tree.h"

#include "discover_parts.h"
#include "header.h"
#include "inflate.h"
#include "layout.h"

#define LOG_DIR "/var/log"
#define DEPTH_MAX 6
#define FILES_MAX 5000
#define SNIFF ((size_t)16 << 10)
#define SNIFF_LINES 50

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
		discover_note(w->d, path, "more files than are looked at");
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
		discover_note(w->d, below, "this directory cannot be opened");
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
	const struct rule_file *own = discover_owner(w->rules, home);
	const char *why;

	if (own) {
		if (source_spec_set_own(spec, own) != 0)
			return "memory is short";
		source_spec_add_class(spec, own->class);
		spec->chosen = "a program's own log";
		return NULL;
	}
	if (file) {
		discover_classes(spec, tree_get(file, "provides"));
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
			discover_note(w->d, w->paths[i],
			    "compressed in a way that is not read; gzip, xz "
			    "and zstd are");
			continue;
		}
		if (discover_pattern(spec, full, "") != 0) {
			source_spec_free(spec);
			return -1;
		}
	}
	snprintf(full, sizeof full, "%s/%s", w->dir, w->paths[from]);
	why = classify(w, spec, home, full);
	if (!why)
		return discover_add(w->d, spec);
	discover_note(w->d, stem, why);
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
