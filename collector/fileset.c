/* SPDX-License-Identifier: Apache-2.0 */
#include "fileset.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assay/arena.h"
#include "assay/tree.h"
#include "assay/zone.h"
#include "registry.h"

#define FILES_MAX 4096 /* of one set */
#define NAME_BYTES 4096
#define SKIPPED_MAX 16 /* more than a person wants to be told of at once */

struct fileset {
	struct arena arena;
	struct fileset_file files[FILES_MAX];
	size_t count;
	const char *zone_fault;
	const char *skipped[SKIPPED_MAX];
	size_t skipped_count;
};

/* DIR/PATH, or DIR for an empty path. */
static int
join(char name[NAME_BYTES], const char *dir, const char *path, struct err *err)
{
	int len =
	    snprintf(name, NAME_BYTES, "%s%s%s", dir, *path ? "/" : "", path);

	return len >= 0 && len < NAME_BYTES
		   ? 0
		   : err_set(err, "the name of %s is too long", path);
}

static int
no_memory(struct err *err)
{
	return err_set(err, "memory is too short to read the files");
}

/* All bytes of a file, at most TREE_FILE_MAX. */
static int
read_fd(int fd, const char *name, struct buf *bytes, struct err *err)
{
	for (;;) {
		char *room = buf_reserve(bytes, 16384);
		ssize_t got;

		if (!room)
			return no_memory(err);
		got = read(fd, room, 16384);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_sys(err, "cannot read %s", name);
		if (got == 0)
			return 0;
		bytes->len += (size_t)got;
		if (bytes->len > TREE_FILE_MAX)
			return err_set(err,
			    "%s is larger than %zu KiB: split it", name,
			    TREE_FILE_MAX / 1024);
	}
}

static struct fileset_file *
find(struct fileset *s, const char *path)
{
	for (size_t i = 0; i < s->count; i++)
		if (!strcmp(s->files[i].path, path))
			return &s->files[i];
	return NULL;
}

/* Take bytes into the set; a file of the same path is replaced. */
static int
put(struct fileset *s, const char *path, const char *name, struct slice bytes,
    struct err *err)
{
	struct fileset_file *f = find(s, path);

	if (!f && s->count == FILES_MAX)
		return err_set(err, "%s is one file too many: %d are allowed",
		    name, FILES_MAX);
	if (!f)
		f = &s->files[s->count++];
	f->path = arena_copy(&s->arena, slice_of(path));
	f->name = arena_copy(&s->arena, slice_of(name));
	f->bytes = (struct slice){arena_copy(&s->arena, bytes), bytes.len};
	return f->path && f->name && f->bytes.ptr ? 0 : no_memory(err);
}

/* A file that need not exist. */
static int
add_file(struct fileset *s, const char *dir, const char *path, struct err *err)
{
	char name[NAME_BYTES];
	struct buf bytes = {0};
	struct stat st;
	int fd, result;

	if (join(name, dir, path, err))
		return -1;
	fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	/* A link to nothing is there; a file that just went is not. */
	if (fd < 0 && errno == ENOENT && lstat(name, &st))
		return 0;
	if (fd < 0)
		return err_sys(err, "cannot open %s", name);
	result = read_fd(fd, name, &bytes, err);
	if (!result)
		result = put(s, path, name, buf_slice(&bytes), err);
	buf_clear(&bytes);
	close(fd);
	return result;
}

static bool
ends_in(const char *name, const char *end)
{
	size_t len = strlen(name), end_len = strlen(end);

	return *name != '.' && len > end_len &&
	       !strcmp(name + len - end_len, end);
}

static int
skip(struct fileset *s, const char *dir, const char *file, struct err *err)
{
	char name[NAME_BYTES];

	if (s->skipped_count == SKIPPED_MAX)
		return 0;
	if (join(name, dir, file, err))
		return -1;
	s->skipped[s->skipped_count] = arena_copy(&s->arena, slice_of(name));
	return s->skipped[s->skipped_count++] ? 0 : no_memory(err);
}

/* The .yml files of DIR or DIR/BELOW. */
static int
add_dir(struct fileset *s, const char *dir, const char *below, struct err *err)
{
	char name[NAME_BYTES];
	struct dirent *entry;
	int result = 0;
	DIR *d;

	if (join(name, dir, below, err))
		return -1;
	d = opendir(name);
	if (!d && errno == ENOENT)
		return 0;
	if (!d)
		return err_sys(err, "cannot open the directory %s", name);
	while (!result && (entry = readdir(d)))
		if (ends_in(entry->d_name, ".yml"))
			result = add_file(s, name, entry->d_name, err);
		else if (ends_in(entry->d_name, ".yaml"))
			result = skip(s, name, entry->d_name, err);
	closedir(d);
	return result;
}

static int
by_path(const void *left, const void *right)
{
	const struct fileset_file *a = left, *b = right;

	return strcmp(a->path, b->path);
}

/* Drop what an empty file turned off, and bring the rest in order. */
static void
settle(struct fileset *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->count; i++)
		if (s->files[i].bytes.len)
			s->files[kept++] = s->files[i];
	s->count = kept;
	qsort(s->files, s->count, sizeof *s->files, by_path);
}

/* From each directory the .yml files below a name (NULL: none) and one more
 * file (NULL: none). */
static struct fileset *
new_set(const char *const *dirs, const char *below, const char *file,
    struct err *err)
{
	struct fileset *s = calloc(1, sizeof *s);

	if (!s) {
		no_memory(err);
		return NULL;
	}
	for (; *dirs; dirs++)
		if ((below && add_dir(s, *dirs, below, err)) ||
		    (file && add_file(s, *dirs, file, err))) {
			fileset_free(s);
			return NULL;
		}
	settle(s);
	return s;
}

struct fileset *
fileset_checks(const char *const *dirs, struct err *err)
{
	return new_set(dirs, "checks", "events.yml", err);
}

struct fileset *
fileset_frameworks(const char *const *dirs, struct err *err)
{
	return new_set(dirs, "frameworks", NULL, err);
}

struct fileset *
fileset_rules(const char *const *dirs, const char *name, struct err *err)
{
	return new_set(dirs, NULL, name, err);
}

/* The bytes of the zone, so that whoever has the records needs no zone database
 * of the same age. */
static int
add_zone(struct fileset *s, const char *zone, struct err *err)
{
	struct buf bytes = {0};
	struct err fault = {""};
	int result = 0;

	if (zone_read(zone, &bytes, &fault))
		s->zone_fault = arena_copy(&s->arena, slice_of(fault.text));
	else
		result = put(s, "zone", zone, buf_slice(&bytes), err);
	buf_clear(&bytes);
	return result;
}

static struct registry *
parse(const struct fileset *s, struct err *err)
{
	struct registry_file *files = calloc(s->count + 1, sizeof *files);
	struct registry *r;

	if (!files) {
		no_memory(err);
		return NULL;
	}
	for (size_t i = 0; i < s->count; i++)
		files[i] =
		    (struct registry_file){s->files[i].path, s->files[i].bytes};
	r = registry_parse(files, s->count, NULL, err);
	free(files);
	return r;
}

struct fileset *
fileset_isms(const char *dir, struct err *err)
{
	const char *const dirs[] = {dir, NULL};
	struct fileset *s = new_set(dirs, "", NULL, err);
	struct registry *r = s ? parse(s, err) : NULL;
	const char *zone = r ? registry_scope(r)->zone : NULL;

	if (!r || (zone && add_zone(s, zone, err))) {
		fileset_free(s);
		s = NULL;
	} else {
		settle(s);
	}
	registry_free(r);
	return s;
}

void
fileset_free(struct fileset *s)
{
	if (!s)
		return;
	arena_clear(&s->arena);
	free(s);
}

const struct fileset_file *
fileset_file(const struct fileset *s, size_t i)
{
	return i < s->count ? &s->files[i] : NULL;
}

size_t
fileset_count(const struct fileset *s)
{
	return s->count;
}

const char *
fileset_skipped(const struct fileset *s, size_t i)
{
	return i < s->skipped_count ? s->skipped[i] : NULL;
}

const char *
fileset_zone_fault(const struct fileset *s)
{
	return s->zone_fault;
}
