/* SPDX-License-Identifier: Apache-2.0 */
#include "fileset.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assay/zone.h"
#include "registry.h"

#define DEPTH_MAX 8 /* directories below each other */

void
fileset_clear(struct fileset *fs)
{
	for (size_t i = 0; i < fs->count; i++) {
		free((void *)(uintptr_t)fs->files[i].path.ptr);
		free((void *)(uintptr_t)fs->files[i].text.ptr);
	}
	free(fs->files);
	memset(fs, 0, sizeof *fs);
}

static struct record_file *
find(struct fileset *fs, struct slice path)
{
	for (size_t i = 0; i < fs->count; i++)
		if (slice_eq(fs->files[i].path, path))
			return &fs->files[i];
	return NULL;
}

static int
grow(struct fileset *fs, struct err *err)
{
	size_t room = fs->room ? fs->room * 2 : 32;
	struct record_file *files;

	if (fs->count < fs->room)
		return 0;
	if (fs->count >= FILESET_COUNT_MAX)
		return err_set(
		    err, "more than %d files in one set", FILESET_COUNT_MAX);
	files = realloc(fs->files, room * sizeof *files);
	if (!files)
		return err_set(err, "no memory for the files");
	fs->files = files;
	fs->room = room;
	return 0;
}

/* Put bytes under path, in the place of an earlier file of that path. Takes the
 * memory of bytes. */
static int
put(struct fileset *fs, struct crypto *c, const char *path, struct buf *bytes,
    struct err *err)
{
	struct record_file *file = find(fs, slice_of(path));
	struct slice text = buf_slice(bytes);
	char *name;

	if (bytes->failed)
		return err_set(err, "no memory for the files");
	if (!file) {
		if (grow(fs, err))
			return -1;
		name = strdup(path);
		if (!name)
			return err_set(err, "no memory for the files");
		file = &fs->files[fs->count++];
		memset(file, 0, sizeof *file);
		file->path = slice_of(name);
	}
	free((void *)(uintptr_t)file->text.ptr);
	file->has_text = true;
	file->text = text;
	crypto_sha256(c, &text, 1, file->sha256);
	memset(bytes, 0, sizeof *bytes);
	return 0;
}

static int
read_file(const char *path, struct buf *bytes, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t got = 1;

	if (fd < 0)
		return err_sys(err, "open '%s'", path);
	while (got > 0 && bytes->len <= FILESET_FILE_MAX) {
		char *room = buf_reserve(bytes, 65536);

		got = room ? read(fd, room, 65536) : 0;
		if (got > 0)
			bytes->len += (size_t)got;
	}
	if (got < 0)
		err_sys(err, "read '%s'", path);
	else if (bytes->len > FILESET_FILE_MAX)
		got = err_set(err, "'%s' is larger than %zu KiB", path,
		    FILESET_FILE_MAX >> 10);
	close(fd);
	return got < 0 ? -1 : 0;
}

static int
put_file(struct fileset *fs, struct crypto *c, const char *on_disk,
    const char *path, struct err *err)
{
	struct buf bytes = {0};

	if (read_file(on_disk, &bytes, err) || put(fs, c, path, &bytes, err)) {
		buf_clear(&bytes);
		return -1;
	}
	return 0;
}

static bool
is_yaml(const char *name)
{
	size_t len = strlen(name);

	return name[0] != '.' && len > 4 && !strcmp(name + len - 4, ".yml");
}

struct walk {
	struct fileset *fs;
	struct crypto *c;
	bool deep;
};

static int walk_dir(struct walk *w, const char *dir, const char *below,
    unsigned depth, struct err *err);

static int
walk_entry(struct walk *w, const char *dir, const char *below, const char *name,
    unsigned depth, struct err *err)
{
	char on_disk[PATH_MAX], path[PATH_MAX];
	struct stat st;

	if (snprintf(on_disk, sizeof on_disk, "%s/%s", dir, name) >=
		(int)sizeof on_disk ||
	    snprintf(path, sizeof path, "%s%s", below, name) >=
		(int)sizeof path - 1)
		return err_set(err, "a path below '%s' is too long", dir);
	if (stat(on_disk, &st))
		return errno == ENOENT ? 0 : err_sys(err, "'%s'", on_disk);
	if (S_ISDIR(st.st_mode) && w->deep) {
		strcat(path, "/");
		return walk_dir(w, on_disk, path, depth + 1, err);
	}
	if (!S_ISREG(st.st_mode) || !is_yaml(name))
		return 0;
	return put_file(w->fs, w->c, on_disk, path, err);
}

static int
walk_dir(struct walk *w, const char *dir, const char *below, unsigned depth,
    struct err *err)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	int rc = 0;

	if (!d && (errno == ENOENT || errno == ENOTDIR) && depth == 0)
		return 0;
	if (!d)
		return err_sys(err, "open directory '%s'", dir);
	if (depth > DEPTH_MAX)
		rc = err_set(err, "'%s' is too deep", dir);
	while (rc == 0 && (entry = readdir(d)))
		if (entry->d_name[0] != '.')
			rc = walk_entry(
			    w, dir, below, entry->d_name, depth, err);
	closedir(d);
	return rc;
}

static int
compare(const void *a, const void *b)
{
	const struct record_file *left = a, *right = b;

	return slice_cmp(left->path, right->path);
}

/* Sort, or empty it when something failed. */
static int
finish(struct fileset *fs, int rc)
{
	if (rc)
		fileset_clear(fs);
	else if (fs->count)
		qsort(fs->files, fs->count, sizeof *fs->files, compare);
	return rc;
}

static int
read_below(struct fileset *fs, struct crypto *c, const char *const *rules,
    size_t rule_count, const char *name, struct err *err)
{
	struct walk w = {.fs = fs, .c = c};

	for (size_t i = 0; i < rule_count; i++) {
		char dir[PATH_MAX];

		if (snprintf(dir, sizeof dir, "%s/%s", rules[i], name) >=
		    (int)sizeof dir)
			return err_set(err, "'%s' is too long", rules[i]);
		if (walk_dir(&w, dir, "", 0, err))
			return -1;
	}
	return 0;
}

static int
read_events(struct fileset *fs, struct crypto *c, const char *const *rules,
    size_t rule_count, struct err *err)
{
	for (size_t i = 0; i < rule_count; i++) {
		char path[PATH_MAX];

		if (snprintf(path, sizeof path, "%s/events.yml", rules[i]) >=
		    (int)sizeof path)
			return err_set(err, "'%s' is too long", rules[i]);
		if (access(path, F_OK) == 0 &&
		    put_file(fs, c, path, "events.yml", err))
			return -1;
	}
	return 0;
}

int
fileset_checks(struct fileset *fs, struct crypto *c, const char *const *rules,
    size_t rule_count, struct err *err)
{
	int rc;

	memset(fs, 0, sizeof *fs);
	rc = read_below(fs, c, rules, rule_count, "checks", err);
	if (rc == 0)
		rc = read_events(fs, c, rules, rule_count, err);
	return finish(fs, rc);
}

int
fileset_frameworks(struct fileset *fs, struct crypto *c,
    const char *const *rules, size_t rule_count, struct err *err)
{
	memset(fs, 0, sizeof *fs);
	return finish(
	    fs, read_below(fs, c, rules, rule_count, "frameworks", err));
}

/* The zone that the scope names, as bytes: the ledger has no other source. */
static int
put_zone(struct fileset *fs, struct crypto *c, struct err *err)
{
	struct registry_file *files = calloc(fs->count + 1, sizeof *files);
	struct registry *registry = NULL;
	struct buf tzif = {0};
	const char *zone = NULL;
	int rc = 0;

	if (!files)
		return err_set(err, "no memory for the files");
	for (size_t i = 0; i < fs->count; i++) {
		files[i].path = fs->files[i].path.ptr;
		files[i].bytes = fs->files[i].text;
	}
	registry = registry_parse(files, fs->count, NULL, err);
	if (!registry)
		rc = -1;
	else
		zone = registry_scope(registry)->zone;
	if (zone && (rc = zone_read(zone, &tzif, err)) != 0)
		err_prefix(err, "the zone of the scope");
	if (zone && rc == 0)
		rc = put(fs, c, "zone", &tzif, err);
	buf_clear(&tzif);
	registry_free(registry);
	free(files);
	return rc;
}

int
fileset_isms(
    struct fileset *fs, struct crypto *c, const char *isms, struct err *err)
{
	struct walk w = {.fs = fs, .c = c, .deep = true};
	int rc;

	memset(fs, 0, sizeof *fs);
	rc = walk_dir(&w, isms, "", 0, err);
	if (rc == 0)
		rc = put_zone(fs, c, err);
	return finish(fs, rc);
}
