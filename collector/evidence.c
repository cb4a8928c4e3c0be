/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assay/buf.h"
#include "assay/spooldir.h"
#include "assay/spoolread.h"

struct evidence {
	enum evidence_kind kind;
	uint64_t index; /* of the last one given */
	char where[128];
	struct buf bytes;
	/* store */
	struct store *store;
	uint64_t count;
	struct store_key key;
	uint8_t leaf[STORE_LEAF_LEN];
	bool has_leaf;
	/* export */
	FILE *file;
	char *line;
	size_t room;
	uint64_t offset;
	/* spool */
	struct spoolread *spool;
};

/* ---- which of the three ---- */

static bool
holds_segments(const char *dir)
{
	struct spooldir found;
	bool any;

	if (spooldir_list(dir, &found, NULL))
		return false;
	any = found.count > 0;
	spooldir_clear(&found);
	return any;
}

static bool
is_database(const char *path)
{
	static const char magic[] = "SQLite format 3";
	char first[sizeof magic] = "";
	FILE *f = fopen(path, "rb");
	size_t got = f ? fread(first, 1, sizeof magic, f) : 0;

	if (f)
		fclose(f);
	return got == sizeof magic && memcmp(first, magic, got) == 0;
}

static bool
is_store_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return strcmp(slash ? slash + 1 : path, STORE_NAME) == 0;
}

/* The kind of path, and in real what to open. -1 when it is none of them. */
static int
find_kind(const char *path, enum evidence_kind *kind, char real[PATH_MAX],
    enum evidence_trouble *trouble, struct err *err)
{
	struct stat st;

	*kind = EVIDENCE_EXPORT;
	snprintf(real, PATH_MAX, "%s", path);
	if (strcmp(path, "-") == 0)
		return 0;
	if (stat(path, &st)) {
		if (errno == ENOENT && is_store_name(path)) {
			*kind = EVIDENCE_STORE; /* the store has the words */
			return 0;
		}
		*trouble = errno == EACCES ? EVIDENCE_DENIED : EVIDENCE_MISSING;
		return err_sys(err, "open '%s'", path);
	}
	if (!S_ISDIR(st.st_mode)) {
		if (is_database(path))
			*kind = EVIDENCE_STORE;
		return 0;
	}
	if (snprintf(real, PATH_MAX, "%s/%s", path, STORE_NAME) >= PATH_MAX)
		return err_set(err, "the path '%s' is too long", path);
	*kind = EVIDENCE_STORE;
	if (access(real, F_OK) == 0)
		return 0;
	snprintf(real, PATH_MAX, "%s", path);
	*kind = EVIDENCE_SPOOL;
	if (holds_segments(path))
		return 0;
	*trouble = EVIDENCE_MISSING;
	return err_set(err,
	    "'%s' holds neither a store (%s) nor segments of a spool", path,
	    STORE_NAME);
}

/* ---- opening ---- */

static int
open_store(struct evidence *e, const char *path, enum evidence_trouble *trouble,
    struct err *err)
{
	enum store_trouble why;

	e->store = store_open(path, STORE_READ, &why, err);
	if (e->store && store_count(e->store, &e->count, err) == 0)
		return 0;
	if (e->store)
		why = store_trouble(e->store);
	*trouble = why == STORE_MISSING	 ? EVIDENCE_MISSING
		   : why == STORE_BROKEN ? EVIDENCE_BROKEN
					 : EVIDENCE_DENIED;
	return -1;
}

static int
open_export(struct evidence *e, const char *path,
    enum evidence_trouble *trouble, struct err *err)
{
	e->file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
	if (e->file)
		return 0;
	*trouble = errno == EACCES ? EVIDENCE_DENIED : EVIDENCE_MISSING;
	return err_sys(err, "open '%s'", path);
}

struct evidence *
evidence_open(const char *path, enum evidence_trouble *trouble, struct err *err)
{
	struct evidence *e = calloc(1, sizeof *e);
	char real[PATH_MAX];
	int rc = -1;

	*trouble = EVIDENCE_MISSING;
	if (!e) {
		err_set(err, "no memory to read '%s'", path);
		return NULL;
	}
	if (find_kind(path, &e->kind, real, trouble, err) == 0) {
		if (e->kind == EVIDENCE_STORE)
			rc = open_store(e, real, trouble, err);
		else if (e->kind == EVIDENCE_EXPORT)
			rc = open_export(e, real, trouble, err);
		else
			rc = (e->spool = spoolread_open(real, NULL, err)) ? 0
									  : -1;
	}
	if (rc) {
		evidence_close(e);
		return NULL;
	}
	return e;
}

void
evidence_close(struct evidence *e)
{
	if (!e)
		return;
	store_close(e->store);
	if (e->file && e->file != stdin)
		fclose(e->file);
	spoolread_close(e->spool);
	free(e->line);
	buf_clear(&e->bytes);
	free(e);
}

enum evidence_kind
evidence_kind(const struct evidence *e)
{
	return e->kind;
}

struct store *
evidence_store(struct evidence *e)
{
	return e->store;
}

/* ---- the next one ---- */

static int
keep_row(void *arg, const struct store_row *row)
{
	struct evidence *e = arg;

	buf_put(&e->bytes, row->bytes);
	e->key = row->key;
	e->has_leaf = row->leaf.len == STORE_LEAF_LEN;
	if (e->has_leaf)
		memcpy(e->leaf, row->leaf.ptr, STORE_LEAF_LEN);
	return 1;
}

static int
next_row(struct evidence *e, struct evidence_item *item, struct err *err)
{
	int got;

	if (e->index >= e->count)
		return 0;
	buf_reset(&e->bytes);
	got =
	    store_rows(e->store, e->index + 1, e->index + 1, keep_row, e, err);
	if (got < 0)
		return -1;
	if (e->bytes.failed)
		return err_set(err, "no memory to read the log");
	e->index++;
	snprintf(e->where, sizeof e->where, "record %" PRIu64, e->index);
	if (got == 0) {
		/* The index is dense: somebody took it out. */
		item->broken = true;
		err_set(err, "%s is not in the log any more", e->where);
		return 1;
	}
	item->bytes = buf_slice(&e->bytes);
	item->key = &e->key;
	item->leaf = e->has_leaf ? e->leaf : NULL;
	item->erased = item->bytes.len == 0;
	return 1;
}

static int
next_line(struct evidence *e, struct evidence_item *item, struct err *err)
{
	ssize_t got;

	errno = 0;
	got = getline(&e->line, &e->room, e->file);
	if (got < 0 && (ferror(e->file) || errno == ENOMEM))
		return err_sys(err, "reading the export");
	if (got < 0)
		return 0;
	e->index++;
	snprintf(e->where, sizeof e->where,
	    "line %" PRIu64 " (byte %" PRIu64 ")", e->index, e->offset);
	e->offset += (uint64_t)got;
	item->bytes = (struct slice){e->line, (size_t)got};
	if (e->line[got - 1] == '\n')
		item->bytes.len--;
	if (item->bytes.len > 0 && item->bytes.len <= EVIDENCE_LINE_MAX)
		return 1;
	item->broken = true;
	err_set(err, "%s %s", e->where,
	    item->bytes.len ? "is longer than a record may be" : "is empty");
	item->bytes.len = 0;
	return 1;
}

static int
next_frame(struct evidence *e, struct evidence_item *item, struct err *err)
{
	struct spoolread_record record = {0};
	enum spoolread_got got = spoolread_next(e->spool, &record, err);

	if (got == SPOOLREAD_ERROR)
		return -1;
	if (got == SPOOLREAD_NOTHING)
		return 0;
	e->index++;
	snprintf(e->where, sizeof e->where, "%s at byte %" PRIu64,
	    record.segment, record.offset);
	item->bytes = record.bytes;
	item->broken = got == SPOOLREAD_DAMAGE;
	return 1;
}

int
evidence_next(struct evidence *e, struct evidence_item *item, struct err *err)
{
	int got = 0;

	memset(item, 0, sizeof *item);
	switch (e->kind) {
	case EVIDENCE_STORE:
		got = next_row(e, item, err);
		break;
	case EVIDENCE_EXPORT:
		got = next_line(e, item, err);
		break;
	case EVIDENCE_SPOOL:
		got = next_frame(e, item, err);
		break;
	}
	item->index = e->index;
	item->where = e->where;
	return got;
}
