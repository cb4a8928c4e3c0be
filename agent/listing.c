/* SPDX-License-Identifier: Apache-2.0 */
#include "listing.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The clock of file systems may be as coarse as this. */
#define TICK_US INT64_C(2000000)

struct names {
	char **at;
	size_t count, room;
};

/* What one part of a pattern found in one directory. */
struct part {
	char *dir;
	char *glob;
	char *literal; /* no glob: the one path it can be */
	struct names names;
	bool there; /* when it was last looked at */
	struct timespec mtime;
	dev_t dev;
	ino_t ino;
	bool unsure; /* written to so lately that mtime says nothing */
	int blind;   /* errno of reading it */
	bool used;   /* by the walk that is going on */
};

struct listing {
	char *const *patterns;
	struct part *parts;
	size_t count;
	struct names names;
	unsigned version;
	bool walked;
};

static void
names_clear(struct names *n)
{
	for (size_t i = 0; i < n->count; i++)
		free(n->at[i]);
	free(n->at);
	*n = (struct names){0};
}

static int
names_add(struct names *n, const char *name)
{
	if (n->count == n->room) {
		size_t room = n->room ? 2 * n->room : 8;
		char **more = reallocarray(n->at, room, sizeof *more);

		if (!more)
			return -1;
		n->at = more;
		n->room = room;
	}
	n->at[n->count] = strdup(name);
	if (!n->at[n->count])
		return -1;
	n->count++;
	return 0;
}

static void
part_clear(struct part *p)
{
	names_clear(&p->names);
	free(p->dir);
	free(p->glob);
	free(p->literal);
}

struct listing *
listing_new(char *const *patterns)
{
	struct listing *l = calloc(1, sizeof *l);

	if (l)
		l->patterns = patterns;
	return l;
}

void
listing_free(struct listing *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->count; i++)
		part_clear(&l->parts[i]);
	free(l->parts);
	names_clear(&l->names);
	free(l);
}

/* ---- one directory ---- */

static int
read_dir(struct part *p, struct names *found)
{
	DIR *dir = opendir(p->dir);
	struct dirent *e;
	int status = 0;

	if (!dir) {
		p->blind = errno == ENOENT || errno == ENOTDIR ? 0 : errno;
		return 0;
	}
	p->blind = 0;
	errno = 0;
	while (status == 0 && (e = readdir(dir)))
		if (fnmatch(p->glob, e->d_name, FNM_PERIOD) == 0)
			status = names_add(found, e->d_name);
	if (status == 0 && errno != 0)
		p->blind = errno;
	closedir(dir);
	return status;
}

/* Was it written to, made or removed since it was read? */
static bool
has_changed(const struct part *p)
{
	struct stat st;
	bool there;

	if (p->literal)
		return p->blind || p->there != (lstat(p->literal, &st) == 0);
	there = stat(p->dir, &st) == 0;
	if (p->unsure || p->blind || there != p->there)
		return true;
	return there && (st.st_mtim.tv_sec != p->mtime.tv_sec ||
			    st.st_mtim.tv_nsec != p->mtime.tv_nsec ||
			    st.st_ino != p->ino || st.st_dev != p->dev);
}

/* A part without a wildcard is one name: the directory need not be read. */
static int
refresh_literal(struct part *p)
{
	struct stat st;

	names_clear(&p->names);
	p->there = lstat(p->literal, &st) == 0;
	p->blind = p->there || errno == ENOENT || errno == ENOTDIR ? 0 : errno;
	if (!p->there)
		return 0;
	return names_add(&p->names, strrchr(p->literal, '/') + 1);
}

static int
refresh(struct part *p, int64_t file_us)
{
	struct names found = {0};
	struct stat st = {0};

	if (p->literal)
		return refresh_literal(p);
	/* Times first: what comes while it is read changes them. */
	p->there = stat(p->dir, &st) == 0;
	if (read_dir(p, &found) != 0) {
		names_clear(&found);
		p->unsure = true;
		return -1;
	}
	names_clear(&p->names);
	p->names = found;
	p->mtime = st.st_mtim;
	p->dev = st.st_dev;
	p->ino = st.st_ino;
	p->unsure = p->there &&
		    st.st_mtim.tv_sec * INT64_C(1000000) > file_us - TICK_US;
	return 0;
}

/* The name that a part without a wildcard is. */
static void
unescape(char *part)
{
	char *to = part;

	for (; *part; part++) {
		if (*part == '\\' && part[1])
			part++;
		*to++ = *part;
	}
	*to = '\0';
}

static bool
is_plain(const char *part)
{
	return strpbrk(part, "*?[") == NULL;
}

static int
part_init(struct part *p, const char *dir, const char *glob)
{
	char name[NAME_MAX + 1];

	*p = (struct part){.dir = strdup(dir), .glob = strdup(glob)};
	if (!p->dir || !p->glob)
		return -1;
	if (!is_plain(glob))
		return 0;
	snprintf(name, sizeof name, "%s", glob);
	unescape(name);
	return asprintf(&p->literal, "%s/%s", dir, name) < 0 ? -1 : 0;
}

static struct part *
part_of(struct listing *l, const char *dir, const char *glob, int64_t file_us)
{
	struct part *more;

	for (size_t i = 0; i < l->count; i++)
		if (!strcmp(l->parts[i].dir, dir) &&
		    !strcmp(l->parts[i].glob, glob))
			return &l->parts[i];
	more = reallocarray(l->parts, l->count + 1, sizeof *more);
	if (!more)
		return NULL;
	l->parts = more;
	more += l->count;
	if (part_init(more, dir, glob) == 0 && refresh(more, file_us) == 0) {
		l->count++;
		return more;
	}
	part_clear(more);
	return NULL;
}

/* ---- patterns ---- */

/* Take one part, up to the next slash, off a pattern. */
static bool
take_part(const char **pattern, char part[NAME_MAX + 1])
{
	size_t len = strcspn(*pattern, "/");

	if (len > NAME_MAX)
		return false;
	memcpy(part, *pattern, len);
	part[len] = '\0';
	*pattern += len;
	*pattern += strspn(*pattern, "/");
	return true;
}

static int
add_name(struct listing *l, struct names *out, const char *path)
{
	/* Only two patterns can find one name twice. */
	for (size_t i = 0; l->patterns[0] && l->patterns[1] && i < out->count;
	     i++)
		if (!strcmp(out->at[i], path))
			return 0;
	return names_add(out, path);
}

static int walk(struct listing *l, const char *dir, const char *pattern,
    int64_t file_us, struct names *out);

/* dir/name with the rest of the pattern behind it. */
static int
step(struct listing *l, const char *dir, const char *name, const char *rest,
    int64_t file_us, struct names *out)
{
	char path[PATH_MAX];
	int len = snprintf(path, sizeof path, "%s%s%s", dir,
	    *dir && dir[strlen(dir) - 1] != '/' ? "/" : "", name);

	if (len >= (int)sizeof path)
		return 0;
	return *rest ? walk(l, path, rest, file_us, out)
		     : add_name(l, out, path);
}

static int
walk(struct listing *l, const char *dir, const char *pattern, int64_t file_us,
    struct names *out)
{
	char part[NAME_MAX + 1];
	struct part *p;
	int status = 0;

	if (!take_part(&pattern, part))
		return 0;
	if (is_plain(part) && *pattern) {
		unescape(part);
		return step(l, dir, part, pattern, file_us, out);
	}
	p = part_of(l, *dir ? dir : ".", part, file_us);
	if (!p)
		return -1;
	p->used = true;
	/* The parts may move while we go down. */
	for (size_t at = (size_t)(p - l->parts), i = 0;
	     status == 0 && i < l->parts[at].names.count; i++)
		status = step(
		    l, dir, l->parts[at].names.at[i], pattern, file_us, out);
	return status;
}

static void
drop_unused(struct listing *l)
{
	size_t kept = 0;

	for (size_t i = 0; i < l->count; i++) {
		if (l->parts[i].used)
			l->parts[kept++] = l->parts[i];
		else
			part_clear(&l->parts[i]);
	}
	l->count = kept;
}

static bool
same_names(const struct names *a, const struct names *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->at[i], b->at[i]) != 0)
			return false;
	return true;
}

static int
walk_all(struct listing *l, int64_t file_us)
{
	struct names found = {0};

	for (size_t i = 0; i < l->count; i++)
		l->parts[i].used = false;
	for (char *const *p = l->patterns; *p; p++) {
		bool absolute = **p == '/';

		if (walk(l, absolute ? "/" : "", *p + absolute, file_us,
			&found) != 0) {
			names_clear(&found);
			return -1;
		}
	}
	drop_unused(l);
	l->version += !same_names(&l->names, &found);
	names_clear(&l->names);
	l->names = found;
	l->walked = true;
	return 0;
}

int
listing_look(struct listing *l, int64_t file_us, struct err *err)
{
	bool changed = !l->walked;

	for (size_t i = 0; i < l->count; i++) {
		if (!has_changed(&l->parts[i]))
			continue;
		if (refresh(&l->parts[i], file_us) != 0)
			goto no_memory;
		changed = true;
	}
	if (!changed)
		return 0;
	if (walk_all(l, file_us) == 0)
		return 1;
no_memory:
	l->walked = false;
	return err_set(err, "no memory to look for logs");
}

unsigned
listing_version(const struct listing *l)
{
	return l->version;
}

size_t
listing_count(const struct listing *l)
{
	return l->names.count;
}

const char *
listing_name(const struct listing *l, size_t i)
{
	return l->names.at[i];
}

const char *
listing_blind(const struct listing *l, struct err *why)
{
	for (size_t i = 0; i < l->count; i++) {
		const struct part *p = &l->parts[i];

		if (p->blind == 0)
			continue;
		errno = p->blind;
		err_sys(why, "read the directory '%s'", p->dir);
		return p->dir;
	}
	return NULL;
}

bool
listing_hides(const struct listing *l, const char *path)
{
	for (size_t i = 0; i < l->count; i++) {
		const struct part *p = &l->parts[i];
		size_t len = strlen(p->dir);

		if (p->blind && !strncmp(p->dir, path, len) &&
		    (path[len] == '/' || (len && p->dir[len - 1] == '/')))
			return true;
	}
	return false;
}
