/* SPDX-License-Identifier: Apache-2.0 */
#include "filewatch.h"

#include <stdlib.h>
#include <string.h>

#include "fileset.h"

struct watched {
	struct fileset *set; /* what files borrows from */
	struct record_file *files;
	size_t count;
	bool news;
	bool has_taken;
	uint8_t hash[32];  /* of files */
	uint8_t taken[32]; /* what the log was told */
	bool has_seen;
	uint8_t seen[32]; /* of the look before */
	bool has_refused;
	uint8_t refused[32];
};

struct filewatch {
	struct crypto *crypto;
	const char *const *rules;
	const char *isms;
	struct watched sets[AUTHOR_SETS];
	bool refused; /* the files as they are have errors */
};

struct filewatch *
filewatch_new(struct crypto *c, const char *const *rules, const char *isms,
    struct err *err)
{
	struct filewatch *w = calloc(1, sizeof *w);

	if (!w) {
		err_set(err, "no memory to watch the files");
		return NULL;
	}
	w->crypto = c;
	w->rules = rules;
	w->isms = isms;
	return w;
}

void
filewatch_free(struct filewatch *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < AUTHOR_SETS; i++) {
		free(w->sets[i].files);
		fileset_free(w->sets[i].set);
	}
	free(w);
}

static struct fileset *
read_set(const struct filewatch *w, enum author_set set, struct err *err)
{
	switch (set) {
	case AUTHOR_CHECKS:
		return fileset_checks(w->rules, err);
	case AUTHOR_FRAMEWORKS:
		return fileset_frameworks(w->rules, err);
	case AUTHOR_ISMS:
		break;
	}
	return fileset_isms(w->isms, err);
}

static struct record_file *
as_record(struct crypto *c, const struct fileset *set)
{
	size_t count = fileset_count(set);
	struct record_file *files = calloc(count + 1, sizeof *files);

	for (size_t i = 0; files && i < count; i++) {
		const struct fileset_file *file = fileset_file(set, i);

		files[i].path = slice_of(file->path);
		files[i].text = file->bytes;
		crypto_sha256(c, &file->bytes, 1, files[i].sha256);
	}
	return files;
}

/* These are the files now. Takes set and files. */
static void
keep(struct filewatch *w, struct watched *set, struct fileset *read,
    struct record_file *files, const uint8_t hash[32])
{
	free(set->files);
	fileset_free(set->set);
	set->set = read;
	set->files = files;
	set->count = fileset_count(read);
	memcpy(set->hash, hash, 32);
	set->news = !set->has_taken || memcmp(set->taken, hash, 32) != 0;
	/* All that was refused stays refused until any of it changes. */
	if (!set->has_refused || memcmp(set->refused, hash, 32) != 0)
		w->refused = false;
}

static int
look_at(
    struct filewatch *w, enum author_set which, bool settled, struct err *err)
{
	struct watched *set = &w->sets[which];
	struct fileset *read = read_set(w, which, err);
	struct record_file *files = NULL;
	uint8_t hash[32];
	bool steady;

	if (!read)
		return -1;
	files = as_record(w->crypto, read);
	if (!files) {
		err_set(err, "no memory for the files");
		goto fail;
	}
	if (record_set_hash(w->crypto, files, fileset_count(read), hash, err))
		goto fail;
	steady = set->has_seen && memcmp(set->seen, hash, 32) == 0;
	set->has_seen = true;
	memcpy(set->seen, hash, 32);
	if (settled && !steady) {
		free(files);
		fileset_free(read);
		return 0;
	}
	keep(w, set, read, files, hash);
	return 0;
fail:
	free(files);
	fileset_free(read);
	return -1;
}

int
filewatch_look(struct filewatch *w, bool settled, struct err *err)
{
	int rc = 0;

	for (int i = 0; i < AUTHOR_SETS; i++)
		if (look_at(w, (enum author_set)i, settled, rc ? NULL : err))
			rc = -1;
	return rc;
}

bool
filewatch_news(const struct filewatch *w, enum author_set set,
    const struct record_file **files, size_t *count)
{
	*files = w->sets[set].files;
	*count = w->sets[set].count;
	return w->sets[set].news && !w->refused;
}

bool
filewatch_has_news(const struct filewatch *w)
{
	bool news = false;

	for (size_t i = 0; i < AUTHOR_SETS; i++)
		news |= w->sets[i].news;
	return news && !w->refused;
}

void
filewatch_refuse(struct filewatch *w)
{
	w->refused = true;
	for (size_t i = 0; i < AUTHOR_SETS; i++) {
		w->sets[i].has_refused = true;
		memcpy(w->sets[i].refused, w->sets[i].hash, 32);
	}
}

struct slice
filewatch_file(const struct filewatch *w, enum author_set set, const char *path)
{
	for (size_t i = 0; i < w->sets[set].count; i++)
		if (slice_eq_str(w->sets[set].files[i].path, path))
			return w->sets[set].files[i].text;
	return (struct slice){"", 0};
}

void
filewatch_taken(struct filewatch *w)
{
	for (size_t i = 0; i < AUTHOR_SETS; i++) {
		struct watched *set = &w->sets[i];

		if (!set->news || w->refused)
			continue;
		set->news = false;
		set->has_taken = true;
		memcpy(set->taken, set->hash, 32);
	}
}

size_t
filewatch_count(const struct filewatch *w, enum author_set set)
{
	return w->sets[set].count;
}
